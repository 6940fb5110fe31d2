"""The coin feeds where units, missing figures and odd sources decide: WhatToMine, mempool.space, NiceHash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.config.feed_settings import FeedSettings
from console.config.settings import CoinSettings, Settings
from console.market.contract import Answer, FeedError
from console.market.feeds import mempool, nicehash
from console.market.prices import Prices
from console.market.quotes import Board
from console.market.registry import connect_feed
from console.model import Quote
from tests.contract.hostile import answer, routes, serving

NOW = 1_795_392_700.0
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "formulas.json").read_text())["vectors"]
DOCUMENTED = next(vector for vector in VECTORS if vector["source"].startswith("mempool.space"))

PRICES, REWARDS, NETWORK = "/api/v1/prices", "/api/v1/mining/reward-stats/144", "/api/v1/mining/hashrate/3d"
BITCOIN: dict[str, Any] = {
    PRICES: {"time": NOW - 60, "USD": 100000, "EUR": 92000},
    REWARDS: {"startBlock": 970000, "endBlock": 970143, "totalReward": "45360000000", "totalFee": "360000000"},
    NETWORK: {"currentHashrate": 9.2e20, "currentDifficulty": 1.25e14},
}
RAVEN: dict[str, Any] = {
    "tag": "RVN",
    "block_time": "60.0",
    "block_reward": 1250.0,
    "nethash": 6.4e12,
    "exchange_rate": 2e-7,
    "exchange_rate_curr": "BTC",
    "lagging": False,
    "timestamp": NOW - 120,
}
NICEHASH = "/main/api/v2/public/simplemultialgo/info"


def read(kind: str, answers: dict[str, Any], **settings: Any) -> Answer:
    """What a feed makes of a real server's ``answers``, given by path."""
    pages = {path: answer(json.dumps(body).encode()) for path, body in answers.items()}
    with serving(routes(pages)) as server:
        feed = connect_feed(kind, msgspec.convert({"kind": kind, "url": server.url, **settings}, FeedSettings))
        try:
            return feed.read(NOW, 5.0)
        finally:
            feed.close()


def values(found: Answer) -> dict[tuple[str, str], float]:
    return {(quote.kind, quote.name): quote.value for quote in found.quotes}


def the(found: Answer, kind: str) -> Quote:
    (quote,) = (quote for quote in found.quotes if quote.kind == kind)
    return quote


def coins_json(**coins: Any) -> Answer:
    return read("whattomine", {"/coins.json": {"coins": coins}}, coins={"RVN": "RVN"})


def v1(*coins: Any) -> Answer:
    return read("whattomine_v1", {"/api/v1/coins": list(coins)}, coins={"RVN": "RVN"})


# ---- mempool.space ---------------------------------------------------------------------------------------------------


def test_the_documented_day_of_blocks_pays_50_69_dollars_a_petahash() -> None:
    """45,360,000,000 sat over 144 blocks at a difficulty of 1.25e14: 50.69 $/PH/day, and the same from its parts."""
    found = read("mempool", BITCOIN)
    printed = DOCUMENTED["expect"]["money_per_day"]
    quoted = the(found, "hash_price")
    assert quoted.unit == "USD/PH/day" and quoted.at == NOW - 60
    assert quoted.value == pytest.approx(printed["published"], rel=printed["within"])
    assert quoted.value == pytest.approx(printed["exact"], rel=1e-12)
    assert values(found)["reward", "BTC"] == pytest.approx(DOCUMENTED["reward"], rel=1e-12)
    assert mempool.ph_day_price(100000, 3.125, 1e14) == pytest.approx(62.8642737865448, rel=1e-12)


def test_a_hash_price_is_what_its_own_parts_make() -> None:
    """Whoever has only the parts arrives at the same price per hash, with k of a Bitcoin-style RPC."""
    found = read("mempool", BITCOIN)
    settings = Settings(coins={"BTC": CoinSettings(algorithm="sha256d", k=2.0**32)})
    parts = tuple(quote for quote in found.quotes if quote.kind != "hash_price")
    whole, made = (Prices(settings, Board(q), NOW).per_hash("BTC").value for q in (found.quotes, parts))
    assert whole is not None and whole == pytest.approx(50.69375038146973 / (1e15 * 86400), rel=1e-12)
    assert made == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("path", "change", "note", "kinds"),
    [
        (PRICES, {"USD": -1}, "no hash price, price for BTC", {"difficulty", "reward"}),
        (PRICES, {"USD": None}, "no hash price, price for BTC", {"difficulty", "reward"}),
        (NETWORK, {"currentDifficulty": 0}, "no hash price, difficulty for BTC", {"coin_price", "reward", "fx"}),
        (REWARDS, {"totalReward": None}, "no hash price, block reward for BTC", {"coin_price", "difficulty", "fx"}),
        (REWARDS, {"totalReward": "0"}, "no hash price, block reward for BTC", {"coin_price", "difficulty", "fx"}),
    ],
)
def test_what_a_mempool_cannot_say_is_not_quoted(path: str, change: Any, note: str, kinds: set[str]) -> None:
    """It writes -1 for a price and 0 for a difficulty it does not know, and null where it has indexed no blocks."""
    found = read("mempool", {**BITCOIN, path: {**BITCOIN[path], **change}})
    assert {quote.kind for quote in found.quotes} == kinds and found.notes == (note,)


@pytest.mark.parametrize(
    ("start", "end", "blocks"),
    [
        (970000, 970143, 144),
        (970084, 970143, 60),  # a young index: 60 blocks are all it has
        ("970000", "970149", 144),  # a gap in the index: 144 blocks over 150 heights
        (None, None, 144),
    ],
)
def test_a_reward_is_per_block_that_was_summed(start: Any, end: Any, blocks: int) -> None:
    rewards = {"startBlock": start, "endBlock": end, "totalReward": "45360000000"}
    found = read("mempool", {**BITCOIN, REWARDS: rewards})
    assert values(found)["reward", "BTC"] == pytest.approx(453.6 / blocks, rel=1e-12)


def test_a_currency_that_mempool_lacks_leaves_the_network() -> None:
    found = read("mempool", BITCOIN, currency="SEK")
    assert {quote.kind for quote in found.quotes} == {"difficulty", "reward"}
    assert found.notes == ("no hash price, price for BTC",)


def test_mempool_is_of_bitcoin_alone() -> None:
    with pytest.raises(FeedError, match="answers without a figure of litecoin"):
        read("mempool", BITCOIN, coins={"LTC": "litecoin"})
    found = read("mempool", BITCOIN, coins={"XBT": "Bitcoin"})
    assert the(found, "coin_price").unit == "USD/XBT" and the(found, "reward").unit == "XBT"
    assert the(found, "fx").unit == "USD/BTC" and the(found, "fx").name == "BTC"


def test_a_limit_on_the_second_request_is_obeyed_too() -> None:
    pages = {PRICES: answer(json.dumps(BITCOIN[PRICES]).encode()), REWARDS: answer(b"", 429, Retry_After="120")}
    with serving(routes(pages)) as server:
        feed = connect_feed("mempool", FeedSettings(kind="mempool", url=server.url))
        with pytest.raises(FeedError, match="reward-stats/144 answers with HTTP status 429") as caught:
            feed.read(NOW, 5.0)
        feed.close()
    assert caught.value.retry_after_s == 120


# ---- NiceHash --------------------------------------------------------------------------------------------------------


def test_the_documented_scrypt_rate_is_its_price_per_gigahash() -> None:
    """0.0000286 sat for one H/s a day are 0.000286 BTC for one GH/s a day, and 2.86e-13 / 86400 BTC for one hash."""
    assert nicehash.th_day_price("0.0000286") == pytest.approx(0.000286 * 1000, rel=1e-12)
    rates = {"miningAlgorithms": [{"algorithm": "SCRYPT", "title": "Scrypt", "paying": "0.0000286"}]}
    quoted = read("nicehash", {NICEHASH: rates}, coins={"NH": "Scrypt"}).quotes
    rate = Quote(name="BTC", kind="fx", value=100000.0, unit="USD/BTC", source="x", at=NOW, max_age_s=900.0)
    per_hash = Prices(Settings(), Board((*quoted, rate)), NOW).per_hash("NH")
    assert per_hash.value == pytest.approx(2.86e-13 / 86400 * 100000, rel=1e-12)


@pytest.mark.parametrize("paying", ["0", 0, "0.0", "-1", "", "n/a", None, "NaN", "inf"])
def test_no_rate_is_no_price(paying: Any) -> None:
    """An algorithm that nobody buys is listed with 0: no price, and a sentence when there is no other."""
    rates = {"miningAlgorithms": [{"algorithm": "KAWPOW", "title": "KawPow", "paying": paying}]}
    with pytest.raises(FeedError, match="answers without a price of KawPow"):
        read("nicehash", {NICEHASH: rates}, coins={"NH": "KawPow"})


@pytest.mark.parametrize("called", ["CUCKOO30", "cuckoo30", "Cuckoo Cycle 30", "cuckoo cycle 30"])
def test_an_algorithm_goes_by_both_of_its_spellings(called: str) -> None:
    rates = {
        "miningAlgorithms": [
            {"algorithm": "CUCKOO", "title": "Cuckoo Cycle", "paying": "7"},
            {"algorithm": "CUCKOO30", "title": "Cuckoo Cycle 30", "paying": "5"},
        ]
    }
    assert values(read("nicehash", {NICEHASH: rates}, coins={"NH": called})) == {("hash_price", "NH"): 50000.0}


# ---- WhatToMine ------------------------------------------------------------------------------------------------------


def test_a_price_in_bitcoins_becomes_currency_through_mempool() -> None:
    """WhatToMine's price, network and reward, and mempool's exchange rate, make dollars per hash."""
    board = Board().put((*coins_json(Ravencoin=RAVEN).quotes, *read("mempool", BITCOIN).quotes))
    settings = Settings(coins={"RVN": CoinSettings(algorithm="kawpow", block_time_s=60.0)})
    prices = Prices(settings, board, NOW)
    assert prices.coin("RVN").value == pytest.approx(2e-7 * 100000, rel=1e-12)
    assert prices.per_hash("RVN").value == pytest.approx(0.02 * 1250 / (6.4e12 * 60), rel=1e-12)


def test_without_an_exchange_rate_a_price_in_bitcoins_says_what_it_lacks() -> None:
    price = Prices(Settings(), Board(coins_json(Ravencoin=RAVEN).quotes), NOW).coin("RVN")
    assert price.value is None
    assert price.missing == ('exchange rate BTC to USD: set [quotes.BTC] kind = "fx", unit = "USD/BTC"',)


@pytest.mark.parametrize("currency", [None, "", "btc", "Bitcoin", "B/C", "RVN"])
def test_a_price_without_a_currency_is_none(currency: Any) -> None:
    """Nothing is guessed: no code, no price; nor where a coin is priced in itself."""
    found = coins_json(Ravencoin={**RAVEN, "exchange_rate_curr": currency})
    assert values(found) == {("nethash", "RVN"): 6.4e12, ("block_time", "RVN"): 60.0, ("reward", "RVN"): 1250.0}
    assert found.notes == ("no price for RVN (RVN)",)


@pytest.mark.parametrize("nothing", [0, "0", "0.0", -1, None, "NaN", "-"])
def test_what_whattomine_writes_for_unknown_is_not_quoted(nothing: Any) -> None:
    for key, kind, word in (
        ("exchange_rate", "coin_price", "price"),
        ("nethash", "nethash", "network hashrate"),
        ("block_reward", "reward", "block reward"),
    ):
        found = coins_json(Ravencoin={**RAVEN, key: nothing})
        gone = {(kind, "RVN"), ("block_time", "RVN")} if kind == "nethash" else {(kind, "RVN")}
        assert {*values(found)} == {(k, "RVN") for k in ("coin_price", "nethash", "block_time", "reward")} - gone
        assert found.notes == (f"no {word} for RVN (RVN)",)


def test_a_name_counts_before_a_tag() -> None:
    """Tags are not unique: whoever writes a name means the coin of that name."""
    other = {**RAVEN, "tag": "OTHER", "block_reward": 7.0}
    assert values(coins_json(rvn=other, Ravencoin=RAVEN))["reward", "RVN"] == 7.0
    with pytest.raises(FeedError, match="answers without a figure of RVN"):
        coins_json(One=RAVEN, Two=RAVEN)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        (NOW - 500, NOW - 500),
        (str(NOW - 500), NOW - 500),
        ("2026-11-23T00:03:20.000Z", NOW - 500),
        ("2026-11-23T01:03:20+01:00", NOW - 500),
        (None, NOW),
        ("", NOW),
        ("last tuesday", 0.0),  # a time nobody can read: old, not fresh
    ],
)
def test_a_time_is_read_in_every_form(written: Any, at: float) -> None:
    coin = {**RAVEN, "name": "Ravencoin", "last_update": written, "exchanges": [{"price": 2e-7, "volume": 1}]}
    found = v1(coin)
    assert {quote.at for quote in found.quotes} == {at} and len(found.quotes) == 4
    assert {quote.stale(NOW) for quote in found.quotes} == {at == 0.0}


def test_the_key_is_sent_as_the_documentation_writes_it(tmp_path: Path) -> None:
    """``Authorization: Token KEY``, and never in the address, which proxies log."""
    path = tmp_path / "key"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    with serving(routes({"/api/v1/coins": answer(json.dumps([{**RAVEN, "name": "Ravencoin"}]).encode())})) as server:
        settings = FeedSettings(kind="whattomine_v1", url=server.url, key_file=str(path), coins={"RVN": "RVN"})
        feed = connect_feed("whattomine_v1", settings)
        feed.read(NOW, 5.0)
        feed.close()
        ((asked, headers),) = server.seen
    assert headers["Authorization"] == "Token s3cret" and asked == "/api/v1/coins"


@pytest.mark.parametrize(
    ("exchanges", "price"),
    [
        ([{"price": 1.0, "volume": 2}, {"price": "3.0", "volume": "40"}, {"price": 5.0, "volume": 7}], 3.0),
        ([{"price": 0, "volume": 900}, {"price": 5.0, "volume": None}], 5.0),
        ([{"volume": 900}], None),
        ([], None),
        (None, None),
    ],
)
def test_the_price_is_that_of_the_exchange_with_most_trade(exchanges: Any, price: float | None) -> None:
    found = v1({**RAVEN, "name": "Ravencoin", "exchanges": exchanges})
    assert values(found).get(("coin_price", "RVN")) == price


@pytest.mark.parametrize(
    ("kind", "every_s"),
    [("whattomine", 300.0), ("whattomine_v1", 600.0), ("mempool", 300.0), ("nicehash", 60.0)],
)
def test_an_interval_may_be_set(kind: str, every_s: float) -> None:
    table = FeedSettings(kind=kind, coins={"RVN": "RVN"})
    assert connect_feed(kind, table).interval_s == every_s
    assert connect_feed(kind, msgspec.structs.replace(table, interval_s=77.0)).interval_s == 77.0


def test_an_age_limit_may_be_set() -> None:
    """Prices of a quarter of an hour, network figures of an hour, unless the table says otherwise."""
    limits = {quote.kind: quote.max_age_s for quote in read("mempool", BITCOIN).quotes}
    assert limits == {"hash_price": 900, "coin_price": 900, "fx": 900, "difficulty": 3600, "reward": 3600}
    assert {quote.max_age_s for quote in read("mempool", BITCOIN, max_age_s=50.0).quotes} == {50.0}


def test_a_network_hashrate_goes_with_the_block_time_of_its_own_source() -> None:
    """Both are measured together: 10 % off the aim would be 10 % off every hash's price."""
    config = Settings(coins={"RVN": CoinSettings(algorithm="kawpow", block_time_s=60.0)})
    slow = {**RAVEN, "block_time": "66.0"}
    dollars = Quote(name="BTC", kind="fx", value=1e5, unit="USD/BTC", source="mempool", at=NOW, max_age_s=900.0)
    price = Prices(config, Board().put((*coins_json(Ravencoin=slow).quotes, dollars)), NOW).per_hash("RVN")
    assert price.value == pytest.approx(2e-7 * 1e5 * 1250 / (6.4e12 * 66.0))
    assert [(one.value, one.source) for one in price.inputs if "block time" in one.name] == [(66.0, "whattomine")]


# ---- what every feed says of a source that gives nothing -------------------------------------------------------------


def failure(kind: str, status: int, body: bytes, **table: Any) -> str:
    """The sentence of a feed called ``market`` whose source answers with this, its address as ``URL``."""
    with serving(answer(body, status)) as server:
        settings = {"kind": kind, "url": server.url, "coins": {"RVN": "RVN"}, **table}
        feed = connect_feed("market", msgspec.convert(settings, FeedSettings))
        try:
            with pytest.raises(FeedError) as caught:
                feed.read(NOW, 5.0)
        finally:
            feed.close()
        return str(caught.value).replace(server.url, "URL")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_asks_for_a_key_only_where_the_config_takes_one(status: int, tmp_path: Path) -> None:
    """A feed that knows of no key would be told to set what the config then refuses."""
    said = f"URL refused with HTTP status {status}: "
    assert failure("whattomine", status, b"{}") == f"{said}it refuses this address"
    assert failure("coingecko", status, b"{}") == f"{said}it wants a key: set key_file or key_env"
    key = tmp_path / "key"
    key.write_text("not-this-one\n")
    key.chmod(0o600)
    assert failure("coingecko", status, b"{}", key_file=str(key)) == f"{said}it does not know the key"


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><p>Just a moment...", b"\n <html>", b"\xef\xbb\xbf<html>"])
def test_a_web_page_is_called_one(body: bytes) -> None:
    """Not by the place at which a decoder of JSON gave up."""
    assert failure("coingecko", 200, body) == "URL answers with a web page, not with data"


def test_an_answer_of_another_shape_is_told_by_the_kind_of_feed() -> None:
    """Its name in the config is the operator's own word and says nothing of the source."""
    assert failure("coingecko", 200, b"[]").startswith("URL answers with what coingecko does not: ")
