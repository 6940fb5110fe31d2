"""All feeds keep one contract, against real servers that behave and that do not."""

import importlib
import json
import pkgutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.config.feed_checks import given as given_keys
from console.config.feed_kinds import KINDS
from console.config.feed_settings import FeedSettings
from console.market import vetting
from console.market.contract import Answer, Feed, FeedError
from console.market.registry import connect_feed, feed_kinds
from console.model import Quote
from tests.contract import feeds
from tests.contract.feeds.case import Case
from tests.contract.hostile import WAYS, Hostile, answer, packed, routes, serving

KEY = "k3y-that-nobody-may-see"
ANSWERED = {"gzip bomb", "401"}
"""Ways of which a feed has more to say than what every other failure has."""

CASES: dict[str, Case] = {
    case.kind: case
    for module in pkgutil.iter_modules(feeds.__path__)
    if (case := getattr(importlib.import_module(f"tests.contract.feeds.{module.name}"), "CASE", None))
}
ASKING = [kind for kind, case in CASES.items() if not case.reads_file]
KEYED = [kind for kind in ASKING if CASES[kind].secret_in]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def connected(case: Case, url: str | None, key_file: Path | None = None) -> Feed:
    """The case's feed at ``url``, named as its kind, with a key where it knows of one."""
    keyed = key_file is not None and "key_file" in KINDS[case.kind].known
    table = {"kind": case.kind, **case.settings, **({"url": url} if url else {})}
    table |= {"key_file": str(key_file)} if keyed else {}
    return connect_feed(case.kind, msgspec.convert(table, FeedSettings))


def read(case: Case, url: str | None, key_file: Path | None = None, timeout_s: float = 2.0) -> Answer:
    """One reading of a feed that is closed afterwards."""
    feed = connected(case, url, key_file)
    try:
        return feed.read(case.now, timeout_s)
    finally:
        feed.close()


@contextmanager
def source(case: Case, *, gzip: bool = False) -> Iterator[Hostile]:
    """The case's answers from a real server."""
    made = packed if gzip else answer
    with serving(routes({path: made(body) for path, body in case.answers.items()})) as server:
        yield server


def holding(found: Answer, now: float) -> list[Quote]:
    """Every quote that holds at ``now``."""
    through = (curve.at(now) for curve in found.curves)
    return [*found.quotes, *(quote for quote in through if quote is not None)]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    return path


def test_every_feed_is_under_the_contract() -> None:
    """A new file in the registry needs a case here and its row of keys; a row needs its file."""
    assert sorted(feed_kinds()) == sorted(CASES) and {*CASES} <= {*KINDS}


@pytest.mark.parametrize("kind", CASES)
def test_a_case_gives_the_keys_its_kind_needs(kind: str) -> None:
    """The case's own table would pass the check of the config."""
    table = msgspec.convert({"kind": kind, **CASES[kind].settings}, FeedSettings)
    assert KINDS[kind].needs <= given_keys(table) <= KINDS[kind].known


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
def test_an_answer_becomes_its_quotes(kind: str, gzip: bool, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right in value, unit, time and interval; nothing more and nothing less; proxies of the environment unused."""
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    case = CASES[kind]
    with source(case, gzip=gzip) as server:
        found = read(case, None if case.reads_file else server.url, secret, 5.0)
    quotes = {(q.kind, q.name): q for q in holding(found, case.now)}
    assert sorted(quotes) == sorted((e.kind, e.name) for e in case.expected)
    for expected in case.expected:
        quote = quotes[expected.kind, expected.name]
        assert quote.value == pytest.approx(expected.value, rel=1e-9), quote
        assert (quote.unit, quote.at, quote.source) == (expected.unit, expected.at, kind)
        lasts = None if quote.interval_end is None else quote.interval_end - (quote.interval_start or 0.0)
        assert lasts == expected.interval_s, quote
        assert vetting.fault(quote, case.now) == "" and not quote.stale(case.now), quote
    assert found.notes == case.notes
    sent = " ".join(path for path, _ in server.seen)
    assert all(part in sent for part in case.queries), sent


@pytest.mark.parametrize("kind", KEYED)
def test_the_key_goes_where_it_belongs(kind: str, secret: Path) -> None:
    """In the header or the query that the source asks for, and nowhere else."""
    case = CASES[kind]
    with source(case) as server:
        read(case, server.url, secret, 5.0)
    for path, headers in server.seen:
        if case.secret_in.startswith("?"):
            assert f"{case.secret_in[1:]}={KEY}" in path and KEY not in str(headers)
        else:
            found = {name.lower(): value for name, value in headers.items()}[case.secret_in.lower()]
            assert found.endswith(KEY) and KEY not in path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ASKING)
def test_a_misbehaving_source_is_a_sentence_in_time(kind: str, way: str, secret: Path) -> None:
    """FeedError with the address, within the time-out, and nothing of the key in it or behind it."""
    case = CASES[kind]
    with serving(WAYS[way]) as server:
        begun = time.monotonic()
        with pytest.raises(FeedError, match=server.url) as caught:
            read(case, server.url, secret, 0.3)
        assert time.monotonic() - begun < 1.5
    assert KEY not in repr(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("kind", ASKING)
def test_too_many_requests_says_when_to_come_again(kind: str) -> None:
    """429 with Retry-After is obeyed by whoever asks again."""
    with serving(answer(b'{"error": "slow down"}', 429, Retry_After="77")) as server:
        with pytest.raises(FeedError, match="HTTP status 429 and asks to wait 77 s") as caught:
            read(CASES[kind], server.url, None, 2.0)
        assert caught.value.retry_after_s == 77


@pytest.mark.parametrize("kind", ASKING)
def test_a_redirect_is_not_followed(kind: str, secret: Path) -> None:
    """The key goes to the configured address and nowhere else."""
    with serving(answer(b"{}")) as elsewhere, serving(answer(b"", 302, Location=elsewhere.url)) as server:
        with pytest.raises(FeedError, match="HTTP status 302"):
            read(CASES[kind], server.url, secret, 2.0)
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
@pytest.mark.parametrize("kind", ASKING)
def test_a_foreign_body_is_no_quote(kind: str, body: bytes) -> None:
    """HTML, nothing, other JSON, the wrong encoding: a sentence with the address, never a quote."""
    case = CASES[kind]
    with serving(answer(body)) as server, pytest.raises(FeedError, match=server.url):
        read(case, server.url, None, 2.0)


@pytest.mark.parametrize("kind", ASKING)
def test_nobody_listening_is_told_at_once(kind: str) -> None:
    """A refused connection costs no time-out."""
    begun = time.monotonic()
    with pytest.raises(FeedError, match=r"nothing listens at http://127\.0\.0\.1:1"):
        read(CASES[kind], "http://127.0.0.1:1", None, 5.0)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("kind", ASKING)
def test_closing_ends_a_reading_under_way(kind: str) -> None:
    """A feed that another thread closes raises FeedError in the one that reads."""
    with serving(WAYS["silence"]) as server:
        feed = connected(CASES[kind], server.url)
        closing = threading.Timer(0.1, feed.close)
        closing.start()
        with pytest.raises(FeedError):
            feed.read(CASES[kind].now, 2.0)
        closing.join()


ODD = st.sampled_from([None, True, "", "NaN", "-1", -1, 0, -0.0, 1e308, 10**30, [], {}, [None], "x" * 300, "\u202eabc"])


@st.composite
def bent(draw: st.DrawFn, body: bytes) -> bytes:
    """A JSON document in which up to three places hold something else, or are not there."""
    tree = json.loads(body)
    for _ in range(draw(st.integers(1, 3))):
        tree = _bent(draw, tree)
    return json.dumps(tree).encode()


def _bent(draw: st.DrawFn, tree: Any) -> Any:
    if isinstance(tree, dict) and tree and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(tree)))
        if not draw(st.integers(0, 9)):
            return {name: value for name, value in tree.items() if name != key}
        return {**tree, key: _bent(draw, tree[key])}
    if isinstance(tree, list) and tree and draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(tree) - 1))
        return [*tree[:at], _bent(draw, tree[at]), *tree[at + 1 :]]
    return draw(ODD)


def mutated(draw: st.DrawFn, case: Case, body: bytes) -> bytes:
    """A body that is nearly right."""
    if case.is_json:
        return draw(bent(body))
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=20)) + body[at + draw(st.integers(0, 20)) :]


@pytest.mark.parametrize("kind", ASKING)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=st.data())
def test_a_nearly_right_answer_is_quotes_or_a_sentence(kind: str, choice: st.DataObject) -> None:
    """Never a crash; and what comes out has the units of its case or is refused by the vetting."""
    case = CASES[kind]
    said = ""
    bodies = {path: choice.draw(st.composite(mutated)(case, body)) for path, body in case.answers.items()}
    with serving(routes({path: answer(body) for path, body in bodies.items()})) as server:
        try:
            found = read(case, server.url, None, 5.0)
        except FeedError as error:
            said = str(error)
            found = Answer()
    assert found != Answer() or server.url in said
    units = {(e.kind, e.name): e.unit for e in case.expected}
    for quote in holding(found, case.now):
        assert type(quote.value) is float and type(quote.at) is float
        if not vetting.fault(quote, case.now):
            assert quote.unit == units.get((quote.kind, quote.name), quote.unit)
