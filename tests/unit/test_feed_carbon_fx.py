"""Feeds of carbon intensity and of exchange rates: measured or forecast, days of 23 and 25 hours, bases and dates."""

import json
from datetime import date

import pytest

from console.market.contract import FeedError
from tests.contract.hostile import answer, routes, serving
from tests.unit.feedread import AUTUMN, LONDON, PLAIN, SPRING, at, read, slots, steps, told, whole, zulu


def test_carbon_that_was_measured_counts_before_a_forecast() -> None:
    """Measured, else forecast, else a hole; both as g/kWh under the name that the sums look for."""
    start = 1795392000
    body = {
        "unix_seconds": [start + 900 * n for n in range(4)],
        "co2eq": [400.5, 0, None, None],
        "co2eq_forecast": [300, 300, 310.25, None],
    }
    found = told("energy_charts_carbon", start + 1.0, body, area="de")
    assert [value for *_, value in steps(found)] == [400.5, 0, 310.25]
    assert (found.curves[0].name, found.curves[0].kind, found.curves[0].unit) == ("carbon", "carbon", "g/kWh")


@pytest.mark.parametrize(
    ("area", "path"),
    [
        ("13", "/regional/intensity/2026-07-01T21:30Z/fw24h/regionid/13"),
        ("RG10", "/regional/intensity/2026-07-01T21:30Z/fw24h/postcode/RG10"),
    ],
)
def test_a_region_of_great_britain_is_asked_for_by_number_or_outcode(area: str, path: str) -> None:
    """Regions have forecasts alone, one level deeper; times are UTC in summer too."""
    slot = {
        "from": "2026-07-01T22:00Z",
        "to": "2026-07-01T22:30Z",
        "intensity": {"forecast": 87, "index": "low"},
        "generationmix": [{"fuel": "wind", "perc": 61.2}],
    }
    body = {"data": {"regionid": 13, "shortname": "London", "data": [slot]}}
    with serving(routes({path: answer(json.dumps(body).encode())})) as server:
        found = read("carbon_gb", at("2026-07-01T22:10Z"), server, area=area)
    assert steps(found) == [(at("2026-07-01T22:00Z"), at("2026-07-01T22:30Z"), 87.0)]


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 50), (PLAIN, 48)])
def test_a_day_of_carbon_has_every_half_hour_of_london(day: date, count: int) -> None:
    """Measured where it is, forecast where it is not; a half hour without either is a hole."""
    begins = slots(day, LONDON, 1800)
    body = {
        "data": [
            {
                "from": zulu(begin).replace(":00Z", "Z"),
                "to": zulu(begin + 1800).replace(":00Z", "Z"),
                "intensity": {"forecast": n or None, "actual": 500 if n == 5 else None},
            }
            for n, begin in enumerate(begins)
        ]
    }
    found = told("carbon_gb", begins[6] + 60.0, body)
    assert len(begins) == count
    assert steps(found) == whole(begins[1:], 1800, [500.0 if n == 5 else float(n) for n in range(1, count)])


def rates(now: str, currency: str, others: list[str], **change: object) -> dict[str, tuple[float, str]]:
    body = {"amount": 1.0, "base": "EUR", "date": "2026-11-20", "rates": {"USD": 1.25, "JPY": 200.0}, **change}
    found = told("frankfurter", at(now), body, currency=currency, currencies=others)
    return {quote.name: (quote.value, quote.unit) for quote in found.quotes}


def test_a_rate_is_the_sites_currency_for_one_of_the_other() -> None:
    """For a site in euros, in dollars and in yen; its own currency needs no rate."""
    now = "2026-11-21T00:00Z"
    assert rates(now, "EUR", ["USD", "JPY"]) == {"USD": (0.8, "EUR/USD"), "JPY": (0.005, "EUR/JPY")}
    assert rates(now, "usd", ["eur", "USD"]) == {"EUR": (1.25, "USD/EUR")}
    assert rates(now, "JPY", ["USD"]) == {"USD": (160.0, "JPY/USD")}


@pytest.mark.parametrize(("day", "set_at"), [("2026-11-20", "2026-11-20T13:10Z"), ("2026-07-03", "2026-07-03T12:10Z")])
def test_rates_are_as_old_as_their_date_says(day: str, set_at: str) -> None:
    """Friday's hold over the weekend until Monday's can be out, and not through the next week."""
    body = {"base": "EUR", "date": day, "rates": {"USD": 1.25}}
    (quote,) = told("frankfurter", at(set_at), body, currency="USD", currencies=["EUR"]).quotes
    assert quote.at == at(set_at)
    assert not quote.stale(quote.at + 3 * 86400 + 6 * 3600) and quote.stale(quote.at + 4 * 86400 + 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base": "USD"}, "answers with rates of 'USD', expected EUR"),
        ({"date": "yesterday"}, "answers with the date 'yesterday', expected YYYY-MM-DD"),
        ({"rates": {}}, "answers without a rate of JPY, USD"),
        ({"rates": {"USD": 0, "JPY": 200.0}}, "answers without a rate of JPY, USD"),
        ({"rates": {"USD": 1.25, "JPY": -1}}, "answers without a rate of JPY, USD"),
    ],
)
def test_what_frankfurter_may_not_say(change: dict[str, object], said: str) -> None:
    """Rates of another base, without a date or at nothing are none."""
    with pytest.raises(FeedError, match=said):
        rates("2026-11-21T00:00Z", "USD", ["JPY"], **change)


def test_a_site_without_another_currency_needs_no_rates() -> None:
    """Nobody is asked for the rate of a currency to itself."""
    with serving(answer(b"{}")) as server:
        with pytest.raises(FeedError, match=r"feeds\.x: currencies names none but USD"):
            read("frankfurter", at("2026-11-21T00:00Z"), server, currency="USD", currencies=["USD"])
        assert server.seen == []
