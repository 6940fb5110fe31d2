"""Feeds of European power prices: days of 23 and 25 hours, holes, units, and what is not out yet."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from console.market.contract import Answer, FeedError
from tests.contract.hostile import Handler, answer, serving
from tests.unit.feedread import (
    AUTUMN,
    BERLIN,
    LONDON,
    PLAIN,
    SPRING,
    at,
    by_query,
    midnight,
    read,
    slots,
    steps,
    told,
    whole,
    zulu,
)

# Energy-Charts


def charts(begins: list[int], values: list[Any], **more: object) -> dict[str, object]:
    return {"unix_seconds": begins, "price": values, "unit": "EUR / MWh", **more}


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (PLAIN, 24)])
@pytest.mark.parametrize("step_s", [900, 3600])
def test_a_day_of_energy_charts_has_every_interval_of_its_zone(day: date, hours: int, step_s: int) -> None:
    """92, 96 or 100 quarter hours, and the last of them ends at midnight."""
    begins = slots(day, BERLIN, step_s)
    values = [float(n) for n in range(len(begins))]
    found = told("energy_charts", midnight(day, BERLIN) + 6 * 3600, charts(begins, values), area="DE-LU")
    assert len(begins) == hours * 3600 // step_s
    assert steps(found) == whole(begins, step_s, values)
    assert (found.curves[0].complete, found.curves[0].unit, found.notes) == (False, "EUR/MWh", ())


def test_nulls_and_gaps_are_holes_and_nothing_is_stretched_over_them() -> None:
    """A null, a time that is missing and the end of the list: each interval lasts as long as is usual."""
    start = int(at("2026-11-23T00:00Z"))
    begins = [start + 900 * n for n in (3, 0, 1, 2, 6, 7)]
    found = told("energy_charts", start + 60.0, charts(begins, [3, 0, None, 2, -6, "7.5"]), area="AT")
    expected = ((0, 0), (2, 2), (3, 3), (6, -6), (7, 7.5))
    assert steps(found) == [(start + 900 * n, start + 900 * (n + 1), value) for n, value in expected]


def test_a_hole_now_is_noted_and_old_prices_are_no_answer() -> None:
    """Prices around now are shown with what they lack; prices of last week are refused."""
    start = int(at("2026-11-23T00:00Z"))
    body = charts([start, start + 900, start + 1800], [1, None, 3])
    assert told("energy_charts", start + 1000.0, body, area="AT").notes == ("no power price for 2026-11-23 00:16 UTC",)
    with pytest.raises(FeedError, match="answers without a power price for 2026-11-30 00:00 UTC"):
        told("energy_charts", at("2026-11-30T00:00Z"), body, area="AT")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "EUR / kWh"}, "answers in 'EUR / kWh', expected EUR / MWh"),
        ({"unit": "GBP / MWh"}, "answers in 'GBP / MWh', expected EUR / MWh"),
        ({"unix_seconds": [1795392000000, 1795392900000]}, "intervals of 900000 s, expected 300 to 3600 s"),
        ({"unix_seconds": [1795392000, 1795478400]}, "intervals of 86400 s"),
        ({"unix_seconds": [1795392000]}, "answers with 2 values for 1 times"),
        ({"unix_seconds": [1795392000, 1795392000]}, "without two times"),
        ({"unix_seconds": [], "price": []}, "without two times"),
        ({"unix_seconds": [1795392000, 1795392900, 1795392900], "price": [1, 2, 3]}, "two values for 2026-11-23 00:15"),
    ],
)
def test_what_energy_charts_may_not_say(change: dict[str, object], said: str) -> None:
    """Another unit, times in another unit, lists that do not fit, one time with two prices: a sentence each."""
    body = {**charts([1795392000, 1795392900], [1, 2]), **change}
    with pytest.raises(FeedError, match=said):
        told("energy_charts", 1795392000.0, body, area="AT")


def test_a_unit_that_is_not_named_is_the_documented_one() -> None:
    """``No Unit`` was seen in answers with prices per MWh; the same price twice is one price."""
    body = charts([1795392000, 1795392900, 1795392900], [1, 2, 2], unit="No Unit")
    assert [value for *_, value in steps(told("energy_charts", 1795392000.0, body, area="AT"))] == [1, 2]


# Octopus


def rate(start: str, end: str | None, pence: object, method: str | None = None) -> dict[str, object]:
    return {"value_exc_vat": pence, "value_inc_vat": 99, "valid_from": start, "valid_to": end, "payment_method": method}


def octopus(now: float, rates: list[dict[str, object]]) -> Answer:
    return told("octopus", now, {"count": len(rates), "next": None, "results": rates}, product="P", tariff="T")


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 50), (PLAIN, 48)])
@pytest.mark.parametrize("zone", [UTC, LONDON], ids=["Z", "offset"])
def test_a_day_of_octopus_has_every_half_hour_of_london(day: date, count: int, zone: Any) -> None:
    """46, 48 or 50 half hours, newest first, whether their times are UTC or have London's offset."""
    begins = slots(day, LONDON, 1800)
    rates = [
        rate(*(datetime.fromtimestamp(begin + s, zone).isoformat() for s in (0, 1800)), n)
        for n, begin in enumerate(begins)
    ]
    found = octopus(midnight(day, LONDON) + 6 * 3600, rates[::-1])
    assert len(begins) == count
    assert steps(found) == whole(begins, 1800, [n / 100 for n in range(count)])
    assert (found.curves[0].complete, found.curves[0].unit) == (True, "GBP/kWh")


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 45), (PLAIN, 48)])
def test_a_time_without_an_offset_is_londons_and_never_wrong_by_an_hour(day: date, count: int) -> None:
    """Of the hour that comes twice nothing is believed; every other half hour is where it belongs."""
    begins = slots(day, LONDON, 1800)
    rates = [
        rate(*(f"{datetime.fromtimestamp(begin + s, LONDON):%Y-%m-%dT%H:%M:%S}" for s in (0, 1800)), n)
        for n, begin in enumerate(begins)
    ]
    found = steps(octopus(midnight(day, LONDON) + 6 * 3600, rates))
    assert {*found} <= {*whole(begins, 1800, [n / 100 for n in range(len(begins))])} and len(found) == count


def test_octopus_is_asked_in_utc_for_today_and_tomorrow() -> None:
    """In summer too: times without a zone would be London's. Codes are one part of the path whatever is in them."""
    with serving(answer(b'{"results": []}')) as server:
        with pytest.raises(FeedError, match="answers without a power price"):
            read("octopus", at("2026-07-01T23:30Z"), server, product="A/B", tariff="T?x")
        path = server.seen[0][0]
    assert path.startswith("/v1/products/A%2FB/electricity-tariffs/T%3Fx/standard-unit-rates/?")
    assert parse_qs(urlsplit(path).query) == {
        "period_from": ["2026-07-01T00:00Z"],
        "period_to": ["2026-07-03T00:00Z"],
        "page_size": ["1500"],
    }


def test_a_rate_until_further_notice_holds_through_what_was_asked() -> None:
    """A fixed tariff: one rate has ended, its successor has no end; direct debit's counts, a null is none."""
    rates = [
        rate("2026-11-23T06:00:00Z", None, 26.5, "NON_DIRECT_DEBIT"),
        rate("2026-11-23T06:00:00Z", None, 24.25, "DIRECT_DEBIT"),
        rate("2025-01-01T00:00:00Z", "2026-11-23T06:00:00Z", 22, "DIRECT_DEBIT"),
        rate("2026-11-23T06:00:00Z", None, None),
    ]
    found = octopus(at("2026-11-23T12:00Z"), rates)
    assert steps(found) == [
        (at("2025-01-01T00:00Z"), at("2026-11-23T06:00Z"), 0.22),
        (at("2026-11-23T06:00Z"), at("2026-11-25T00:00Z"), 0.2425),
    ]


# Nord Pool


def delivery(day: str, **more: object) -> Callable[[Handler], None]:
    """A day's answer in quarter hours; the value is the number of the quarter."""
    entries = [
        {"deliveryStart": zulu(start), "deliveryEnd": zulu(start + 900), "entryPerArea": {"NO1": -n, "FI": n + 0.5}}
        for n, start in enumerate(slots(date.fromisoformat(day), BERLIN, 900))
    ]
    return answer(json.dumps({"multiAreaEntries": entries, "currency": "EUR", **more}).encode())


NOT_YET = answer(b"", 204)


@pytest.mark.parametrize(
    ("now", "days", "count"),
    [
        ("2026-03-29T06:00Z", ["2026-03-29"], 92),
        ("2026-10-25T06:00Z", ["2026-10-25"], 100),
        ("2026-11-23T06:00Z", ["2026-11-23"], 96),
        ("2026-11-23T11:44Z", ["2026-11-23"], 96),
        ("2026-11-23T11:45Z", ["2026-11-23", "2026-11-24"], 192),
        ("2026-10-24T10:45Z", ["2026-10-24", "2026-10-25"], 196),
        ("2026-11-23T22:59Z", ["2026-11-23", "2026-11-24"], 192),
        ("2026-11-23T23:00Z", ["2026-11-24"], 96),
        ("2026-07-01T22:00Z", ["2026-07-02"], 96),
    ],
)
def test_nord_pool_is_asked_by_days_of_cet(now: str, days: list[str], count: int) -> None:
    """The day changes at midnight in CET or CEST; tomorrow is asked for once it may be published, 12:45 CET."""
    with serving(by_query(lambda query: delivery(query["date"]))) as server:
        found = read("nordpool", at(now), server, area="FI", currency="EUR")
        assert [parse_qs(urlsplit(path).query)["date"][0] for path, _ in server.seen] == days
    begins = [start for day in days for start in slots(date.fromisoformat(day), BERLIN, 900)]
    values = [n + 0.5 for day in days for n, _ in enumerate(slots(date.fromisoformat(day), BERLIN, 900))]
    assert steps(found) == whole(begins, 900, values) and len(begins) == count
    assert (found.notes, found.curves[0].complete, found.curves[0].unit) == ((), False, "EUR/MWh")


@pytest.mark.parametrize("late", [NOT_YET, answer(b""), answer(b'{"multiAreaEntries": []}'), answer(b"", 500)])
def test_a_day_that_is_not_out_yet_costs_nothing_but_a_note(late: Callable[[Handler], None]) -> None:
    """Today's prices stand, whatever the portal says of tomorrow."""
    days = {"2026-11-23": delivery("2026-11-23")}
    with serving(by_query(lambda query: days.get(query["date"], late))) as server:
        found = read("nordpool", at("2026-11-23T12:00Z"), server, area="fi", currency="EUR")
    assert len(steps(found)) == 96
    assert len(found.notes) == 1 and found.notes[0].startswith(f"no prices for 2026-11-24 yet: {server.url}")


def test_nord_pools_silence_about_today_is_an_error_and_patience_is_obeyed() -> None:
    """204 for today is no price; 429 for tomorrow says when to come again."""
    with serving(NOT_YET) as server, pytest.raises(FeedError, match="HTTP status 204"):
        read("nordpool", at("2026-11-23T12:00Z"), server, area="FI", currency="EUR")
    days = {"2026-11-23": delivery("2026-11-23")}
    busy = answer(b"", 429, Retry_After="90")
    with serving(by_query(lambda query: days.get(query["date"], busy))) as server:
        with pytest.raises(FeedError, match="asks to wait 90 s") as caught:
            read("nordpool", at("2026-11-23T12:00Z"), server, area="FI", currency="EUR")
        assert caught.value.retry_after_s == 90


def test_nord_pools_answer_in_another_currency_or_for_another_area_is_refused() -> None:
    """A price in euros is no price in kroner."""
    now = at("2026-11-23T06:00Z")
    with serving(delivery("2026-11-23")) as server:
        with pytest.raises(FeedError, match="answers in 'EUR', expected SEK"):
            read("nordpool", now, server, area="FI", currency="sek")
        with pytest.raises(FeedError, match="without a price of SE3 for 2026-11-23"):
            read("nordpool", now, server, area="SE3", currency="EUR")
