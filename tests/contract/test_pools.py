"""All pools keep one contract, against real servers that behave and that do not."""

import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Balance, Pool, PoolError
from console.market.pool_registry import connect_pool, pool_kinds
from tests.contract.hostile import WAYS, Handler, Hostile, answer, packed, routes, serving
from tests.contract.test_feeds import bent

DATA = Path(__file__).parents[1] / "data" / "pools"
NOW = 1_795_392_700.0
WALLET = "9hInvented:Wallet/of-nobody"
ORGANISATION, KEY, SECRET = "0rg-anisation", "k3y-1d", "s3cret-that-nobody-may-see"


class Case(NamedTuple):
    """One kind: its table, what the pool answers by path, where the account is named, and what must come of it."""

    table: Mapping[str, Any]
    answers: Mapping[str, str]
    account: str
    expected: Balance


CASES = {
    "twominers": Case(
        table={"coin": "ERG", "wallet": WALLET},
        answers={"/api/accounts/9hInvented%3AWallet%2Fof-nobody": "twominers.account.json"},
        account="/api/accounts/9hInvented%3AWallet%2Fof-nobody",
        expected=Balance(
            at=NOW,
            unpaid=0.43275,
            immature=0.08325,
            paid=1.50322,
            payout_min=1.5,
            hashrate_h_per_s=1067500000.0,
        ),
    ),
    "herominers": Case(
        table={"coin": "RVN", "wallet": WALLET},
        answers={"/api/stats": "herominers.stats.json", "/api/stats_address": "herominers.account.json"},
        account="address=9hInvented%3AWallet%2Fof-nobody",
        expected=Balance(
            at=NOW, unpaid=2.3145, immature=0.049, paid=771.25, payout_min=5.0, hashrate_h_per_s=118400000.0
        ),
    ),
    "nicehash": Case(
        table={"coin": "BTC"},
        answers={"/main/api/v2/mining/rigs2": "nicehash.rigs2.json"},
        account="/main/api/v2/mining/rigs2",
        expected=Balance(at=NOW, unpaid=0.00003127),
    ),
}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{ORGANISATION}:{KEY}:{SECRET}\n")
    path.chmod(0o600)
    return path


def connected(kind: str, url: str, key_file: Path, **more: object) -> Pool:
    keyed = {"key_file": str(key_file)} if kind == "nicehash" else {}
    table = {"kind": kind, **CASES[kind].table, **keyed, "url": url, **more}
    return connect_pool("mine", msgspec.convert(table, PoolSettings))


def read(kind: str, url: str, key_file: Path, timeout_s: float = 5.0, **more: object) -> Balance:
    """One reading of a pool that is closed afterwards."""
    pool = connected(kind, url, key_file, **more)
    try:
        return pool.read(NOW, timeout_s)
    finally:
        pool.close()


def bodies(kind: str) -> dict[str, bytes]:
    return {path: (DATA / name).read_bytes() for path, name in CASES[kind].answers.items()}


def speaking(kind: str, made: Callable[[bytes], Callable[[Handler], None]] = answer) -> Callable[[Handler], None]:
    return routes({path: made(body) for path, body in bodies(kind).items()})


def saying(kind: str, **changes: object) -> Callable[[Handler], None]:
    """The account's answer with other parts: ``stats={"balance": 1}`` replaces within, None takes a part away."""
    made = bodies(kind)
    path = max(made, key=len)  # the account's own
    tree = json.loads(made[path])
    for name, change in changes.items():
        if isinstance(change, dict) and isinstance(tree.get(name), dict):
            tree[name] = {**tree[name], **change}
        elif change is None:
            tree.pop(name, None)
        else:
            tree[name] = change
    return routes({**{where: answer(body) for where, body in made.items()}, path: answer(json.dumps(tree).encode())})


def test_every_pool_is_under_the_contract() -> None:
    """A new file in the registry needs a case here."""
    assert sorted(pool_kinds()) == sorted(CASES)


@pytest.mark.parametrize("made", [answer, packed], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", CASES)
def test_an_answer_becomes_a_balance(
    kind: str, made: Callable[[bytes], Callable[[Handler], None]], key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part in coins, of the account that was asked for; proxies of the environment unused."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(speaking(kind, made)) as server:
        found = read(kind, server.url, key_file)
    expected = msgspec.structs.asdict(CASES[kind].expected)
    for name, value in msgspec.structs.asdict(found).items():
        assert value == (None if expected[name] is None else pytest.approx(expected[name], rel=1e-12)), name
    assert CASES[kind].account in server.seen[-1][0]


def test_what_is_not_said_is_unknown(key_file: Path) -> None:
    """No total of payouts, nothing immature, no minimum: None, and never 0."""
    with serving(saying("twominers", stats={"paid": None, "immature": None}, config=None)) as server:
        found = read("twominers", server.url, key_file)
    assert (found.paid, found.immature, found.payout_min) == (None, None, None)
    assert found.unpaid == pytest.approx(0.43275)


@pytest.mark.parametrize(
    ("written", "coins"),
    [("412750000", 0.41275), (412750000.0, 0.41275), (10**24, 1e15), (0, 0.0), ("0", 0.0), ("1e9", 1.0)],
)
def test_amounts_come_as_numbers_and_as_text(written: object, coins: float, key_file: Path) -> None:
    """Whatever holds more than 53 bits comes as text somewhere."""
    with serving(saying("twominers", stats={"balance": written, "pending": None})) as server:
        assert read("twominers", server.url, key_file).unpaid == pytest.approx(coins)


@pytest.mark.parametrize("written", [None, "", "much", -1, "-1", "NaN", "inf", "1" * 41, "1e999"])
@pytest.mark.parametrize(("kind", "part"), [("twominers", "stats"), ("herominers", "stats"), ("nicehash", "")])
def test_what_is_no_amount_is_no_balance(kind: str, part: str, written: object, key_file: Path) -> None:
    """An unpaid balance that cannot be is told as missing, and never counted as nothing."""
    name = {"nicehash": "unpaidAmount"}.get(kind, "balance")
    change = {part: {name: written}} if part else {name: written if written is not None else []}
    with serving(saying(kind, **change)) as server, pytest.raises(PoolError, match=server.url):
        read(kind, server.url, key_file)


@pytest.mark.parametrize(
    ("blocks", "immature"),
    [
        ([], 0.0),
        (["1:2:3:4:5:250000000:1"], 2.5),
        (["1:2:3:4:5:250000000:1", "somebody:else's words"], None),
        (["1:2:3:4:5:250000000:1", 7], None),
        (["1:2:3:4:5:" + "9" * 60 + ":1"], None),
    ],
)
def test_a_block_that_cannot_be_read_leaves_what_matures_unknown(
    blocks: list[object], immature: float | None, key_file: Path
) -> None:
    """A part of what matures is not shown as all of it."""
    with serving(saying("herominers", blocks=blocks)) as server:
        assert read("herominers", server.url, key_file).immature == immature


def test_what_matures_is_read_in_the_newer_form_too(key_file: Path) -> None:
    """Objects with a reward, as text or number, beside blocks as text; one without makes it unknown."""
    rewards = [{"height": 1, "reward": "150000000"}, {"height": 2, "reward": 50000000}]
    with serving(saying("herominers", blocks=None, unconfirmed=rewards)) as server:
        assert read("herominers", server.url, key_file).immature == pytest.approx(2.0)
    with serving(saying("herominers", blocks=None, unconfirmed=[*rewards, {"height": 3}])) as server:
        assert read("herominers", server.url, key_file).immature is None


def test_what_a_coin_is_counted_in_is_asked_once(key_file: Path) -> None:
    """It does not change; the account is asked each time."""
    with serving(speaking("herominers")) as server:
        pool = connected("herominers", server.url, key_file)
        for _ in range(3):
            pool.read(NOW)
        pool.close()
    assert [path.partition("?")[0] for path, _ in server.seen] == ["/api/stats", *["/api/stats_address"] * 3]


def test_a_coin_without_units_is_no_balance(key_file: Path) -> None:
    """Nothing is divided by a unit that was not told."""
    made = {"/api/stats": answer(b'{"config": {"coinUnits": 0}}'), "/api/stats_address": answer(b"{}")}
    with serving(routes(made)) as server, pytest.raises(PoolError, match=r"answers without config\.coinUnits"):
        read("herominers", server.url, key_file)


def test_units_of_the_config_win(key_file: Path) -> None:
    """A coin that the table does not know, or knows wrongly, is counted as the config says."""
    with serving(speaking("twominers")) as server:
        assert read("twominers", server.url, key_file, coin="NEW", units=1e3).unpaid == pytest.approx(432750.0)
    with pytest.raises(PoolError, match=r"in which units 2Miners counts NEW is not known: set units \(known: AE, BEAM"):
        connected("twominers", "http://127.0.0.1:1", key_file, coin="NEW")


def test_a_coin_without_a_known_address_needs_one() -> None:
    """HeroMiners has an address per coin, by names of its own."""
    with pytest.raises(PoolError, match="what HeroMiners calls NEW is not known: set url"):
        connect_pool("herominers", PoolSettings(coin="NEW", wallet=WALLET))
    with pytest.raises(PoolError, match="twominer is no kind of pool; did you mean twominers"):
        connect_pool("twominer", PoolSettings(coin="ERG", wallet=WALLET))


@pytest.mark.parametrize(
    ("kind", "coin", "address"),
    [
        ("twominers", "ERG", "https://erg.2miners.com"),
        ("herominers", "ERG", "https://ergo.herominers.com"),
        ("herominers", "rvn", "https://ravencoin.herominers.com"),
        ("nicehash", "BTC", "https://api2.nicehash.com"),
    ],
)
def test_without_an_address_the_pools_own_is_asked(kind: str, coin: str, address: str) -> None:
    """Each coin has its own where the pool has one per coin."""
    assert connect_pool(kind, PoolSettings(coin=coin, wallet=WALLET))._api.url == address


def test_an_account_that_is_not_known_yet_is_told_as_that(key_file: Path) -> None:
    """404 at one, 200 with an error inside at the other: in both cases the first share opens it."""
    with serving(routes({})) as server, pytest.raises(PoolError, match="knows no such account: it begins with") as one:
        read("twominers", server.url, key_file)
    pages = {"/api/stats": answer(bodies("herominers")["/api/stats"])}
    pages["/api/stats_address"] = answer(b'{"error": "Not found"}')
    with serving(routes(pages)) as server, pytest.raises(PoolError, match="knows no such account: it begins with"):
        read("herominers", server.url, key_file)
    assert "Wallet" not in str(one.value), "an account is nobody's business in a log"


def test_a_request_is_signed_as_the_documentation_says(key_file: Path) -> None:
    """Key, time, nonce, organisation, method, path and query, parted by NUL; the secret itself goes nowhere."""
    with serving(speaking("nicehash")) as server:
        read("nicehash", server.url, key_file)
        read("nicehash", server.url, key_file)
    nonces = set()
    for path, sent in server.seen:
        assert path == "/main/api/v2/mining/rigs2"
        headers = {name.lower(): value for name, value in sent.items()}
        assert headers["x-time"] == "1795392700000" and headers["x-organization-id"] == ORGANISATION
        text = f"{KEY}\0{headers['x-time']}\0{headers['x-nonce']}\0\0{ORGANISATION}\0\0GET\0{path}\0"
        assert headers["x-auth"] == f"{KEY}:{hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()}"
        assert headers["x-request-id"] and SECRET not in f"{path} {sent}"
        nonces.add(headers["x-nonce"])
    assert len(nonces) == 2, "a nonce is used once"


@pytest.mark.parametrize("text", ["", "one", f"{KEY}:{SECRET}", f"a:{KEY}:{SECRET}:b", f":{KEY}:{SECRET}"])
def test_a_key_of_another_form_is_not_sent(text: str, key_file: Path) -> None:
    """Nothing of it stands in the error."""
    key_file.write_text(text)
    with serving(speaking("nicehash")) as server:
        with pytest.raises(PoolError) as caught:
            read("nicehash", server.url, key_file)
        assert server.seen == [] and SECRET not in repr(caught.value) and "pools.mine" in str(caught.value)


def test_a_key_that_others_can_read_is_not_sent(key_file: Path) -> None:
    """As with every secret."""
    key_file.chmod(0o644)
    with serving(speaking("nicehash")) as server:
        with pytest.raises(PoolError, match="can be read by others: chmod 0600"):
            read("nicehash", server.url, key_file)
        assert server.seen == []


def test_a_refusal_says_what_to_look_at(key_file: Path) -> None:
    """A clock that is off is refused like a wrong key."""
    with serving(answer(b"{}", 401)) as server, pytest.raises(PoolError, match="or this host's clock is more than 5"):
        read("nicehash", server.url, key_file)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CASES)
def test_a_misbehaving_pool_is_a_sentence_in_time(kind: str, way: str, key_file: Path) -> None:
    """PoolError with the address, within the time-out, and neither account nor secret in it or behind it."""
    with serving(WAYS[way]) as server:
        begun = time.monotonic()
        with pytest.raises(PoolError, match=server.url) as caught:
            read(kind, server.url, key_file, 0.3)
        assert time.monotonic() - begun < 1.5
    said = repr(caught.value)
    assert SECRET not in said and "Wallet" not in said and caught.value.__cause__ is None


@pytest.mark.parametrize("kind", CASES)
def test_too_many_requests_says_when_to_come_again(kind: str, key_file: Path) -> None:
    """429 with Retry-After is obeyed by whoever asks again."""
    with serving(answer(b"{}", 429, Retry_After="77")) as server:
        with pytest.raises(PoolError, match="HTTP status 429 and asks to wait 77 s") as caught:
            read(kind, server.url, key_file)
        assert caught.value.retry_after_s == 77


@pytest.mark.parametrize("kind", CASES)
def test_a_redirect_is_not_followed(kind: str, key_file: Path) -> None:
    """Account and key go to the configured address and nowhere else."""
    with serving(answer(b"{}")) as elsewhere, serving(answer(b"", 302, Location=elsewhere.url)) as server:
        with pytest.raises(PoolError, match="HTTP status 302"):
            read(kind, server.url, key_file)
        assert elsewhere.seen == []


BODIES = {
    "nothing": b"",
    "HTML": b"<html><body>Just a moment...</body></html>",
    "no text": b"\xff\xfe",
    "deep": b"[" * 50_000,
    "null": b"null",
    "empty list": b"[]",
    "empty object": b"{}",
    "infinite": b"1e999",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("kind", CASES)
def test_a_foreign_body_is_no_balance(kind: str, body: bytes, key_file: Path) -> None:
    """HTML, nothing, other JSON, the wrong encoding: a sentence with the address."""
    with serving(answer(body)) as server, pytest.raises(PoolError, match=server.url):
        read(kind, server.url, key_file)


@pytest.mark.parametrize("kind", CASES)
def test_nobody_listening_is_told_at_once(kind: str, key_file: Path) -> None:
    """A refused connection costs no time-out."""
    begun = time.monotonic()
    with pytest.raises(PoolError, match=r"nothing listens at http://127\.0\.0\.1:1"):
        read(kind, "http://127.0.0.1:1", key_file)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("kind", CASES)
def test_closing_ends_a_reading_under_way(kind: str, key_file: Path) -> None:
    """A pool that another thread closes raises PoolError in the one that reads."""
    with serving(WAYS["silence"]) as server:
        pool = connected(kind, server.url, key_file)
        closing = threading.Timer(0.1, pool.close)
        closing.start()
        with pytest.raises(PoolError):
            pool.read(NOW, 2.0)
        closing.join()


@pytest.fixture(scope="module")
def module_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pools") / "key"
    path.write_text(f"{ORGANISATION}:{KEY}:{SECRET}")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def said() -> dict[str, bytes]:
    return {}


@pytest.fixture(scope="module")
def bending(said: dict[str, bytes]) -> Any:
    """One server for all examples, which says what the example wants."""
    with serving(lambda handler: answer(said[handler.path.partition("?")[0]])(handler)) as server:
        yield server


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=60, deadline=None)
@given(choice=st.data())
def test_a_nearly_right_answer_is_a_balance_or_a_sentence(
    kind: str, choice: st.DataObject, bending: Hostile, said: dict[str, bytes], module_key: Path
) -> None:
    """Never a crash; every part that comes out is an amount, and there is an unpaid one."""
    said.update({path: choice.draw(bent(body)) for path, body in bodies(kind).items()})
    sentence = ""
    try:
        parts = msgspec.structs.asdict(read(kind, bending.url, module_key))
    except PoolError as error:
        parts, sentence = {}, str(error)
    assert bending.url in sentence if sentence else parts["unpaid"] is not None
    assert all(value is None or (type(value) is float and 0 <= value < float("inf")) for value in parts.values()), parts
