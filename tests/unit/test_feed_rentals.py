"""Feeds of rental markets: units, letters, percentiles and refusals, against real local servers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.registry import connect_feed
from tests.contract.hostile import Handler, answer, serving

NOW = 1_795_392_700.0  # 2026-11-23T00:11:40Z
KEY = "k3y-that-nobody-may-see"


def reading(kind: str, reply: object, **table: Any) -> Answer:
    """One reading of a feed called ``market`` from a server that answers everything with ``reply``."""
    settings = msgspec.convert({"kind": kind, **table}, FeedSettings)
    with serving(answer(json.dumps(reply).encode())) as server:
        feed = connect_feed("market", msgspec.structs.replace(settings, url=server.url))
        try:
            return feed.read(NOW, 5.0)
        finally:
            feed.close()


def values(found: Answer) -> dict[tuple[str, str], float]:
    return {(quote.kind, quote.name): quote.value for quote in found.quotes}


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o600)
    return str(path)


# ---- Vast.ai ---------------------------------------------------------------------------------------------------------


def test_a_market_without_usage_still_has_its_price() -> None:
    """And one without a price its usage; what is lacking is said, never 0."""
    markets = [
        {"gpu_name": "A", "price_median": 0.5, "usage": None},
        {"gpu_name": "B", "price_median": 0, "usage": 0},
        {"gpu_name": "C", "price_median": -1, "usage": "n/a"},
    ]
    found = reading("vast", {"gpus": markets}, gpus={"a": "A", "b": "B", "c": "C", "d": "D"})
    assert values(found) == {("rental", "a"): 0.5, ("occupancy", "b"): 0.0}
    assert found.notes == (
        "no usage for a (A)",
        "no median price for b (B)",
        "no median price for c (C)",
        "no usage for c (C)",
        "no median price for d (D)",
        "no usage for d (D)",
    )


def test_an_account_without_machines_is_told_why_it_sees_no_market() -> None:
    """Vast answers such a host with a success and no figures."""
    reply = {"success": True, "gpus": [], "needs_machine": True}
    with pytest.raises(
        FeedError, match=r"only to accounts that host a machine, and the account of feeds\.market hosts"
    ):
        reading("vast", reply, gpus={"a": "A"})


@pytest.mark.parametrize("kind", ["vast", "vast_machines"])
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"success": False, "error": "no_such_user", "msg": "Invalid user"}, "refuses: Invalid user"),
        ({"error": "search_quota_exceeded"}, "refuses: search_quota_exceeded"),
        ({"success": False}, "refuses: no reason given"),
        ({"success": False, "msg": f"\x1b[31m{KEY}\u202e is no key"}, r"refuses: \[31m\(the key\) is no key"),
    ],
)
def test_a_refusal_of_vast_is_its_own_words(kind: str, reply: Mapping[str, object], words: str, key_file: str) -> None:
    """Cleaned, and without a key that it may repeat."""
    asked_for: dict[str, Any] = {"gpus": {"a": "A"}} if kind == "vast" else {"machines": {"a": "1"}}
    with pytest.raises(FeedError, match=words) as caught:
        reading(kind, reply, key_file=key_file, **asked_for)
    assert KEY not in str(caught.value)


def machines(*found: Mapping[str, object]) -> Answer:
    """What machines 1, 2, … mean, called a, b, …"""
    names = {chr(ord("a") + at): str(at + 1) for at in range(len(found))}
    listed = [{"id": at + 1, "listed": True, **machine} for at, machine in enumerate(found)]
    return reading("vast_machines", {"machines": listed}, machines=names)


@pytest.mark.parametrize(
    ("occupancy", "gpus", "rented"),
    [
        ("D D I x x x x x", 8, 0.375),
        ("R", 1, 1.0),
        ("x", 1, 0.0),
        ("  D   x ", 2, 0.5),
        ("D x", None, 0.5),
        ("D x", "2", 0.5),
        ("D x", 4, None),  # two GPUs are not accounted for
        ("D ? x x", 4, None),
        ("d x", 2, None),  # a code that is not documented
        ("2/4", 4, None),
        ("D" * 4, 4, None),
    ],
)
def test_the_codes_of_occupancy_make_a_fraction(occupancy: str, gpus: object, rented: float | None) -> None:
    """D, R and I are rented, x is not, and anything else is not known, which is neither."""
    found = machines({"gpu_occupancy": occupancy, "num_gpus": gpus, "listed_gpu_cost": 0.4})
    assert values(found).get(("rented", "a")) == rented
    assert any("it is not known whether machine a is rented" in note for note in found.notes) == (rented is None)


@pytest.mark.parametrize("occupancy", [None, "", "  "])
@pytest.mark.parametrize(("running", "rented"), [(0, 0.0), (1, None), (None, None)])
def test_no_codes_at_all_are_vacant_only_when_no_rental_runs(
    occupancy: str | None, running: int | None, rented: float | None
) -> None:
    """An absent figure is not 0."""
    machine = {"gpu_occupancy": occupancy, "num_gpus": 2, "current_rentals_running": running, "listed_gpu_cost": 0.4}
    assert values(machines(machine)).get(("rented", "a")) == rented


def test_a_machine_that_is_not_listed_has_no_rate() -> None:
    """A rate left over from an earlier listing rents nothing; who is in stays in."""
    found = machines(
        {"gpu_occupancy": "D D", "num_gpus": 2, "listed": False, "listed_gpu_cost": 0.4, "end_date": NOW + 86400},
        {"gpu_occupancy": "x", "num_gpus": 1, "listed_gpu_cost": None},
    )
    assert values(found) == {("rented", "a"): 1.0, ("rented", "b"): 0.0}
    assert found.notes == ("machine a is not listed", "no listed rate for machine b")


@pytest.mark.parametrize(
    ("end_date", "note"),
    [
        (1796083199, "machine a is listed until 2026-11-30T23:59Z"),
        ("1796083200.5", "machine a is listed until 2026-12-01T00:00Z"),
        (NOW, "the listing of machine a ended at 2026-11-23T00:11Z"),
        (None, ""),
        (0, ""),
        (-5, ""),
        (1e300, ""),
        ("soon", ""),
    ],
)
def test_the_end_of_a_listing_is_said_to_the_minute(end_date: object, note: str) -> None:
    """In UTC, with or without fractions; what is no time is nothing, and no crash."""
    found = machines({"gpu_occupancy": "x", "listed_gpu_cost": 0.4, "end_date": end_date})
    assert found.notes == ((note,) if note else ())


def test_a_machine_is_found_by_its_id_as_number_or_text() -> None:
    """Wherever it stands in the answer; the machine of somebody else is not looked at."""
    found = reading(
        "vast_machines",
        {"machines": [{"id": 7, "gpu_occupancy": "D"}, {"id": "61", "gpu_occupancy": "x"}, {"gpu_occupancy": "D"}]},
        machines={"rig-1": "61", "rig-2": " 7 "},
    )
    assert values(found) == {("rented", "rig-1"): 0.0, ("rented", "rig-2"): 1.0}


def test_an_account_without_any_of_the_machines_is_an_error_that_says_so() -> None:
    """A wrong id or the key of another account must not read as vacant."""
    with pytest.raises(
        FeedError, match=r"answers without a figure of rig-07: this account has no machine 9 \(rig-07\)"
    ):
        reading("vast_machines", {"machines": []}, machines={"rig-07": "9"})


def test_whether_a_machine_is_rented_ages_faster_than_its_rate() -> None:
    """A guard must not go by what was so a quarter of an hour ago."""
    found = machines({"gpu_occupancy": "x", "listed_gpu_cost": 0.4})
    assert {quote.kind: quote.max_age_s for quote in found.quotes} == {"rented": 300.0, "rental": 900.0}


# ---- RunPod ----------------------------------------------------------------------------------------------------------


def test_runpod_is_asked_in_graphql_for_no_more_than_is_needed() -> None:
    """One POST of JSON to /graphql with the one price that is wanted."""
    bodies: list[tuple[str, bytes]] = []

    def noted(handler: Handler) -> None:
        bodies.append((f"{handler.command} {handler.path} {handler.headers['Content-Type']}", handler.sent))
        answer(b'{"data":{"gpuTypes":[{"id":"L4","secureSpotPrice":0.2}]}}')(handler)

    with serving(noted) as server:
        feed = connect_feed(
            "market", FeedSettings(kind="runpod", url=server.url, gpus={"l4": "L4"}, statistic="secure_spot")
        )
        assert values(feed.read(NOW, 5.0)) == {("rental", "l4"): 0.2}
        feed.close()
    (request, sent), *more = bodies
    assert (request, more) == ("POST /graphql application/json", [])
    assert json.loads(sent) == {
        "query": "query { gpuTypes { id displayName secureCloud communityCloud secureSpotPrice } }"
    }


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"errors": [{"message": "Something went wrong. Please try again later."}], "data": None}, "Something went"),
        ({"errors": [{"message": f"bad token {KEY}"}]}, r"bad token \(the key\)$"),
        ({"errors": [{"extensions": {"code": "X"}}], "data": {"gpuTypes": [{"id": "L4"}]}}, "no reason given"),
    ],
)
def test_errors_of_graphql_come_with_status_200_and_are_a_sentence(
    reply: Mapping[str, object], words: str, key_file: str
) -> None:
    """In RunPod's words, without a key that it may repeat."""
    with pytest.raises(FeedError, match=f"answers with an error: .*{words}") as caught:
        reading("runpod", reply, gpus={"l4": "L4"}, key_file=key_file)
    assert KEY not in str(caught.value)


def test_an_id_goes_before_a_display_name() -> None:
    """Two types may share a name; an id is one."""
    types = [
        {"id": "NVIDIA A", "displayName": "NVIDIA B", "communityPrice": 0.1},
        {"id": "NVIDIA B", "displayName": "B", "communityPrice": 0.2},
    ]
    found = reading("runpod", {"data": {"gpuTypes": types}}, gpus={"b": "nvidia b"})
    assert values(found) == {("rental", "b"): 0.2}


@pytest.mark.parametrize("statistic", ["secure", "secure_spot", "community", "community_spot"])
def test_a_cloud_without_the_gpu_has_no_price_whatever_is_written(statistic: str) -> None:
    """RunPod keeps placeholders in the fields of clouds that do not have a card."""
    cloud = statistic.removesuffix("_spot")
    gpu = {"id": "L4", f"{cloud}Cloud": False}
    gpu |= dict.fromkeys(("securePrice", "communityPrice", "secureSpotPrice", "communitySpotPrice"), 0.5)
    with pytest.raises(FeedError, match=f"answers without a {statistic} price of L4"):
        reading("runpod", {"data": {"gpuTypes": [gpu]}}, gpus={"l4": "L4"}, statistic=statistic)


# ---- Clore.ai --------------------------------------------------------------------------------------------------------


def card_of(per_day: float, **more: object) -> dict[str, object]:
    """A free server with one RTX 3090 for ``per_day``."""
    usd = {"on_demand_usd": per_day}
    return {"rented": False, "price": {"usd": usd}, "specs": {"gpu": "1x NVIDIA GeForce RTX 3090"}, **more}


def rate_of(*servers: object, gpu: str = "RTX 3090") -> float:
    """The median that these servers make for ``gpu``."""
    found = reading("clore", {"code": 0, "servers": servers}, gpus={"a": gpu})
    return values(found)["rental", "a"]


def test_a_price_per_day_and_server_becomes_one_per_hour_and_gpu() -> None:
    """By the cards that the server lists, else by those its description counts."""
    assert rate_of(card_of(48.0)) == pytest.approx(2.0)
    eight = {"gpu": "8x NVIDIA GeForce RTX 3090"}
    assert rate_of(card_of(48.0, specs=eight)) == pytest.approx(0.25)
    assert rate_of(card_of(48.0, specs=eight, gpu_array=["RTX 3090"] * 8)) == pytest.approx(0.25)
    assert rate_of(card_of(48.0, specs=None, gpu_array=[["RTX 3090"], [" RTX 3090"]])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "odd",
    [
        {"rented": True},
        {"specs": {"gpu": "1x NVIDIA GeForce RTX 3090 Ti"}},
        {"specs": {"gpu": "1x NVIDIA GeForce RTX 3090 Laptop GPU"}},
        {"specs": {"gpu": "NVIDIA GeForce RTX 3090"}},  # how many is not said
        {"specs": {"gpu": "0x NVIDIA GeForce RTX 3090"}},
        {"specs": None},
        {"gpu_array": ["NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3080"]},
        {"gpu_array": ["NVIDIA GeForce RTX 3090"] * 4},  # four, says one field, and one, says the other
        {"price": {"usd": {"on_demand_usd": 0, "spot": 1.0}}},
        {"price": {"on_demand": {"bitcoin": 0.0001}}},
        {"price": None},
        {"price": "cheap"},
    ],
    ids=str,
)
def test_only_free_and_whole_servers_of_the_model_make_the_price(odd: Mapping[str, object]) -> None:
    """What is rented, another model, mixed, without a price or contradicts itself counts for nothing."""
    cheap = {**card_of(0.24), **odd}
    assert rate_of(cheap, cheap, card_of(24.0)) == pytest.approx(1.0)
    with pytest.raises(FeedError, match="answers without a free server with RTX 3090"):
        rate_of(cheap)


def test_a_dollar_price_may_stand_by_another_coin() -> None:
    """Not every host takes dollars; ``usd`` has the dollar price by each coin that it takes."""
    assert rate_of(card_of(0, price={"usd": {"on_demand_clore": 4.8, "on_demand_btc": 7.2}})) == pytest.approx(0.2)
    assert rate_of(card_of(0, price={"usd": {"on_demand_usd": None, "on_demand_btc": 7.2}})) == pytest.approx(0.3)


def test_a_server_that_cannot_be_read_costs_the_others_nothing() -> None:
    """And is counted."""
    servers = [card_of(24.0), "offline", None, {"rented": 3}, {"gpu_array": "RTX 3090"}]
    found = reading("clore", {"code": 0, "servers": servers}, gpus={"a": "RTX 3090"})
    assert values(found) == {("rental", "a"): pytest.approx(1.0)}
    assert found.notes == ("servers left out as they cannot be read: 4 of 5",)


@pytest.mark.parametrize(
    ("reply", "words", "wait_s"),
    [
        ({"code": 1}, "code 1: a fault of its database", None),
        ({"code": 3}, "code 3: it does not know the key", None),
        ({"code": 5}, "code 5: more than one request a second", 60.0),
        ({"code": 6, "error": f"\x1b[2Jno {KEY} today"}, r"code 6: \[2Jno \(the key\) today", None),
        ({"code": 6, "error": None}, "code 6: no reason given", None),
        ({"code": -1, "servers": [card_of(24.0)]}, "code -1: no reason given", None),
    ],
)
def test_a_code_other_than_0_is_an_error_in_words(
    reply: Mapping[str, object], words: str, wait_s: float | None, key_file: str
) -> None:
    """Though HTTP says 200; too many requests say when to come again, and a key that comes back is not shown."""
    with pytest.raises(FeedError, match=words) as caught:
        reading("clore", reply, gpus={"a": "RTX 3090"}, key_file=key_file)
    assert caught.value.retry_after_s == wait_s and KEY not in str(caught.value)


def test_a_marketplace_beyond_the_bound_is_refused_in_words() -> None:
    """It comes in one piece; half of it would be a wrong percentile."""
    servers = [card_of(24.0, note="x" * 1000)] * 2200
    with pytest.raises(FeedError, match="/marketplace answers with more than 2 MiB"):
        reading("clore", {"code": 0, "servers": servers}, gpus={"a": "RTX 3090"})
