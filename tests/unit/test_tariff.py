"""The power tariff: which window holds when, what the parts add up to, and what is known of the time to come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.settings import QuoteSettings, Settings, SiteSettings
from console.config.tariff_settings import Component, PowerSettings, Window
from console.market.power import INCOMPLETE, curve
from console.market.prices import Prices
from console.market.quotes import CONFIG, YEAR_S, Board, configured
from console.model import Curve, Input, Quote, Step

HOUR = 3600.0
NOON = datetime(2026, 6, 3, 12, tzinfo=UTC).timestamp()
"""A Wednesday."""
BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
FX = QuoteSettings(kind="fx", value=1.25, unit="USD/EUR", at="2026-06-03T12:00:00Z")


def site(power: PowerSettings, zone: str = "UTC", **more: object) -> Settings:
    return Settings(site=SiteSettings(timezone=zone), power=power, **more)  # type: ignore[arg-type]


def components(*parts: Component, **more: object) -> PowerSettings:
    return PowerSettings(components=parts, **more)  # type: ignore[arg-type]


def windowed(*windows: Window, **more: object) -> PowerSettings:
    return components(Component(name="energy", windows=windows), **more)


def spot(value: float = 80.0, unit: str = "EUR/MWh", *, source: str = "spot", name: str = "", **more: object) -> Quote:
    given_keys = {"at": NOON - 60, "max_age_s": 900.0, **more}
    return Quote(name=name or source, kind="power_price", value=value, unit=unit, source=source, **given_keys)  # type: ignore[arg-type]


def ahead(*values: float, start: float = NOON, unit: str = "USD/kWh", source: str = "spot") -> Curve:
    """Hours from ``start`` on."""
    hours = tuple(Step(start=start + i * HOUR, end=start + (i + 1) * HOUR, value=v) for i, v in enumerate(values))
    return Curve(name=source, kind="power_price", unit=unit, source=source, steps=hours)


def prices(config: Settings, *quotes: Quote, now: float = NOON) -> Prices:
    return Prices(config, Board().put((*configured(config, NOON - 86400), *quotes)), now)


def at(zone: str, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def charged(power: PowerSettings, zone: str, text: str) -> float | None:
    return prices(site(power, zone), now=at(zone, text)).power().value


def steps_of(power: PowerSettings, zone: str, begin: str, end: str) -> list[tuple[str, str, float]]:
    """The curve of a tariff between two instants in UTC."""
    found = curve(site(power, zone), (), (), at("UTC", begin), at("UTC", end))
    return [(_utc(step.start), _utc(step.end), step.value) for step in found]


def _utc(instant: float) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%d %H:%M}"


# ---- daylight saving -------------------------------------------------------------------------------------------------


def test_the_day_that_has_25_hours_in_berlin() -> None:
    """At 3 the clock goes back to 2: a window from half past two ends there, and begins a second time."""
    power = windowed(Window(price_per_kwh=0.3, hours="02:30-04:00"), Window(price_per_kwh=0.1))
    assert steps_of(power, BERLIN, "2026-10-24T22:00", "2026-10-25T23:00") == [
        ("24 22:00", "25 00:30", 0.1),
        ("25 00:30", "25 01:00", 0.3),
        ("25 01:00", "25 01:30", 0.1),
        ("25 01:30", "25 03:00", 0.3),
        ("25 03:00", "25 23:00", 0.1),
    ]


def test_the_day_that_has_23_hours_in_berlin() -> None:
    """At 2 the clock goes to 3: the half hour before is not there, and the window begins with the jump."""
    power = windowed(Window(price_per_kwh=0.3, hours="02:30-04:00"), Window(price_per_kwh=0.1))
    assert steps_of(power, BERLIN, "2026-03-28T23:00", "2026-03-29T22:00") == [
        ("28 23:00", "29 01:00", 0.1),
        ("29 01:00", "29 02:00", 0.3),
        ("29 02:00", "29 22:00", 0.1),
    ]


def test_both_days_in_new_york() -> None:
    """In March the window is cut by the jump from 2 to 3, in November its first half hour comes twice."""
    power = windowed(Window(price_per_kwh=0.3, hours="01:30-02:30"), Window(price_per_kwh=0.1))
    assert steps_of(power, NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00") == [
        ("08 05:00", "08 06:30", 0.1),
        ("08 06:30", "08 07:00", 0.3),
        ("08 07:00", "09 04:00", 0.1),
    ]
    assert steps_of(power, NEW_YORK, "2026-11-01T04:00", "2026-11-02T05:00") == [
        ("01 04:00", "01 05:30", 0.1),
        ("01 05:30", "01 06:00", 0.3),
        ("01 06:00", "01 06:30", 0.1),
        ("01 06:30", "01 07:30", 0.3),
        ("01 07:30", "02 05:00", 0.1),
    ]


def test_a_clock_that_is_set_by_half_an_hour_at_midnight_or_by_a_day() -> None:
    """Lord Howe moves by 30 min, and Samoa left out a whole Friday: local time is what counts."""
    power = windowed(Window(price_per_kwh=0.3, hours="01:45-03:00"), Window(price_per_kwh=0.1))
    howe = steps_of(power, "Australia/Lord_Howe", "2026-10-03T13:30", "2026-10-04T13:00")
    assert howe[1] == ("03 15:15", "03 16:00", 0.3)  # an hour and a quarter by the clock, of which half an hour was not
    friday = windowed(Window(price_per_kwh=0.3, days="fri"), Window(price_per_kwh=0.1))
    assert {value for _, _, value in steps_of(friday, "Pacific/Apia", "2011-12-29T10:00", "2011-12-31T10:00")} == {0.1}


DAYS = {
    BERLIN: [date(2026, 3, 29), date(2026, 10, 25), date(2026, 1, 1), date(2026, 6, 30)],
    NEW_YORK: [date(2026, 3, 8), date(2026, 11, 1), date(2026, 12, 31)],
    "Asia/Kathmandu": [date(2026, 2, 28)],
}
MINUTES = st.integers(0, 1439).map(lambda m: f"{m // 60:02}:{m % 60:02}")
HOURS = st.tuples(MINUTES, MINUTES).filter(lambda two: two[0] != two[1]).map("-".join)
WINDOWS = st.builds(
    Window,
    price_per_kwh=st.floats(-1, 1),
    days=st.sampled_from(["", "mon-fri", "sat,sun", "sun-tue", "holidays"]),
    hours=st.one_of(st.just(""), HOURS),
    months=st.sampled_from(["", "jan-mar", "oct-feb", "jun"]),
)
PARTS = st.one_of(
    st.builds(Component, name=st.just("flat"), price_per_kwh=st.floats(-1, 1), vat=st.booleans()),
    st.builds(Component, name=st.just("fed"), feed=st.just("spot")),
    st.builds(
        Component,
        name=st.just("used"),
        windows=st.lists(WINDOWS, min_size=1, max_size=4).map(
            lambda found: (*found, Window(price_per_kwh=0.05, months="jan-dec"))
        ),
        currency=st.sampled_from([None, "EUR"]),
    ),
)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([(zone, day) for zone, days in DAYS.items() for day in days]),
    st.lists(PARTS, min_size=1, max_size=3, unique_by=lambda part: part.name),
)
def test_a_day_by_minutes_is_the_day_by_steps(when: tuple[str, date], parts: list[Component]) -> None:
    """The price at each minute, summed over a local day of 23, 24 or 25 hours, is what the curve's steps sum to."""
    zone, day = when
    begin, end = at(zone, f"{day}"), at(zone, f"{day + timedelta(days=1)}")
    power = components(*parts, holidays=("2026-12-31", "2026-03-08"), vat=0.19, vat_recoverable=False)
    config = site(power, zone, quotes={"fx": FX})
    fed = ahead(*[0.01 * hour - 0.1 for hour in range(30)], start=begin - 2 * HOUR - 900)
    fixed = configured(config, begin)
    found = curve(config, fixed, (fed,), begin, end)
    assert (found[0].start, found[-1].end) == (begin, end)
    assert all(one.end == other.start and one.start < one.end for one, other in pairwise(found))

    by_minutes = 0.0
    for minute in range(int((end - begin) / 60)):
        now = begin + minute * 60
        quote = fed.at(now)
        assert quote is not None
        value = Prices(config, Board(quotes=(*fixed, quote)), now).power().value
        assert value is not None
        by_minutes += value / 60
    assert by_minutes == pytest.approx(sum(s.value * (s.end - s.start) / HOUR for s in found), abs=1e-9)


# ---- now -------------------------------------------------------------------------------------------------------------


def test_parts_are_told_with_their_sources() -> None:
    """Energy of a feed in its currency, grid by windows, tax flat: one sum, and an input for each figure in it."""
    power = components(
        Component(name="energy", feed="spot"),
        Component(name="grid", windows=(Window(price_per_kwh=0.08, hours="08:00-20:00"), Window(price_per_kwh=0.05))),
        Component(name="tax", price_per_kwh=0.02, currency="EUR", vat=False),
        vat=0.19,
        vat_recoverable=False,
    )
    found = prices(site(power, quotes={"fx": FX}), spot(-40.0)).power()
    assert found.value == pytest.approx((-0.040 * 1.25 + 0.08) * 1.19 + 0.02 * 1.25)
    assert (found.stale, found.missing, found.old, found.incomplete) == (False, (), (), ())
    assert found.inputs == (
        Input(name="price of power (energy)", value=-40.0, unit="EUR/MWh", source="spot", at=NOON - 60),
        Input(name="exchange rate EUR to USD", value=1.25, unit="USD/EUR", source=CONFIG, at=NOON),
        Input(name="price of power (grid, 08:00-20:00)", value=0.08, unit="USD/kWh", source=CONFIG),
        Input(name="price of power (tax)", value=0.02, unit="EUR/kWh", source=CONFIG),
        Input(name="VAT", value=0.19, unit="", source=CONFIG),
    )


def test_vat_is_added_only_where_it_is_a_cost() -> None:
    """Recoverable it changes nothing; otherwise it is on the components that it is due on, negative ones too."""
    parts = (Component(name="a", price_per_kwh=-0.10), Component(name="b", price_per_kwh=0.30, vat=False))
    assert prices(site(components(*parts, vat=0.2))).power().value == pytest.approx(0.20)
    due = components(*parts, vat=0.2, vat_recoverable=False)
    assert prices(site(due)).power().value == pytest.approx(0.18)
    assert [q for q in configured(site(due), NOON) if q.kind == "power_price"] == []


def test_a_sum_below_zero_stands() -> None:
    """Negative is a price, not an error, and stays so through exchange and VAT."""
    power = components(Component(name="a", price_per_kwh=-0.4, currency="EUR"), vat=0.5, vat_recoverable=False)
    assert prices(site(power, quotes={"fx": FX})).power().value == pytest.approx(-0.75)


@pytest.mark.parametrize(
    ("part", "quotes", "lacks"),
    [
        (Component(name="b", feed="spot"), (), "price of power (b): feeds.spot has not said one yet"),
        (
            Component(name="b", feed="spot"),
            (spot(name="north"), spot(name="south")),
            "price of power (b): feeds.spot says 2 (north, south), expected one",
        ),
        (
            Component(name="b", feed="spot"),
            (spot(unit="EUR/BTU"),),
            "readable unit of spot (spot): found 'EUR/BTU', expected USD/kWh",
        ),
        (
            Component(name="b", price_per_kwh=0.1, currency="JPY"),
            (),
            'exchange rate JPY to USD: set [quotes.JPY] kind = "fx", unit = "USD/JPY"',
        ),
        (
            Component(name="b", windows=(Window(price_per_kwh=0.1, days="sat"),)),
            (),
            "price of power (b): no window fits wed 2026-06-03 12:00, add one without days, hours and months",
        ),
        (Component(name="b"), (), "price of power (b): set its price_per_kwh, windows or feed"),
    ],
)
def test_a_missing_part_leaves_the_price_unknown(part: Component, quotes: tuple[Quote, ...], lacks: str) -> None:
    """Never the sum of the rest: what is missing is said, and what is known stands among the inputs."""
    config = site(components(Component(name="a", price_per_kwh=0.05), part))
    found = prices(config, *quotes).power()
    assert (found.value, found.missing) == (None, (lacks,))
    assert found.inputs[0].name == "price of power (a)"
    assert curve(config, quotes, (), NOON, NOON + HOUR) == ()


def test_a_stale_part_makes_the_price_stale() -> None:
    """The sum stands, and says which of its parts is too old."""
    power = components(Component(name="a", price_per_kwh=0.05), Component(name="b", feed="spot"))
    found = prices(site(power), spot(0.1, "USD/kWh", at=NOON - 960)).power()
    assert (found.value, found.stale) == (pytest.approx(0.15), True)
    assert found.old == ("price of power (b) 16m old, limit 15m",)
    assert [one.stale for one in found.inputs] == [False, True]
    over = prices(site(power), *filter(None, [ahead(0.1).at(NOON + HOUR)]), now=NOON + HOUR).power()
    assert over.old == ("price of power (b) 1h old, its interval is over",)


def test_flat_components_are_as_old_as_the_config() -> None:
    """They are one quote of the config, and a sum of inputs with its time; after a year they are stale."""
    power = components(Component(name="energy", price_per_kwh=0.05), Component(name="grid", price_per_kwh=0.03))
    config = site(power)
    written = NOON - 86400
    assert [q.value for q in configured(config, written)] == [pytest.approx(0.08)]
    fresh, old = prices(config).power(), prices(config, now=written + YEAR_S + 86400).power()
    assert (fresh.value, old.value, fresh.stale, old.stale) == (pytest.approx(0.08), pytest.approx(0.08), False, True)
    assert old.old == ("price of power 366d old, limit 365d",)
    assert [(one.name, one.value, one.at, one.stale) for one in old.inputs] == [
        ("price of power (energy)", 0.05, written, True),
        ("price of power (grid)", 0.03, written, True),
    ]


@pytest.mark.parametrize(
    "part",
    [
        Component(name="b", price_per_kwh=0.03, currency="EUR"),
        Component(name="b", windows=(Window(price_per_kwh=0.03),)),
        Component(name="b", feed="spot"),
    ],
)
def test_a_composed_price_is_no_flat_quote(part: Component) -> None:
    """Another currency, a window or a feed: the config states no one figure."""
    config = site(components(Component(name="a", price_per_kwh=0.05), part))
    assert configured(config, NOON) == ()


def test_what_the_config_states_counts_before_any_feed() -> None:
    """A wholesale feed beside a flat price is for the eye: the contract's price is what is paid."""
    config = site(PowerSettings(price_per_kwh=0.2))
    found = prices(config, spot(complete=False), spot(0.01, "USD/kWh", source="other", name="power")).power()
    assert (found.value, found.incomplete, found.inputs[0].source) == (0.2, (), CONFIG)


def test_the_one_feed_stands_as_it_is_and_says_what_it_lacks() -> None:
    """Used alone, a wholesale price is a price, flagged; with components beside it there is nothing to flag."""
    bare, eur = site(PowerSettings(), quotes={"fx": FX}), 0.08 * 1.25
    wholesale, retail = prices(bare, spot(complete=False)).power(), prices(bare, spot()).power()
    assert (wholesale.value, wholesale.incomplete, wholesale.stale) == (pytest.approx(eur), (INCOMPLETE,), False)
    assert (retail.value, retail.incomplete) == (pytest.approx(eur), ())
    part = site(components(Component(name="energy", feed="spot")), quotes={"fx": FX})
    assert prices(part, spot(complete=False)).power().incomplete == ()


def test_of_two_feeds_none_is_chosen() -> None:
    """Which of them is paid is not for the console to guess; a price set by hand is what is left without any."""
    bare = site(PowerSettings(), quotes={"mine": QuoteSettings(kind="power_price", value=0.3, unit="USD/kWh")})
    found = prices(bare, spot(), spot(source="other", name="north")).power()
    assert found.value is None
    words = "found those of other (north), spot, name the one that counts in [power] components"
    assert found.missing == (f"price of power: {words}",)
    assert prices(bare).power().value == 0.3
    assert prices(site(PowerSettings())).power().missing == ("price of power: set [power] price_per_kwh",)


# ---- ahead -----------------------------------------------------------------------------------------------------------


def test_the_curve_is_split_at_every_change() -> None:
    """Hours of a feed and a window that begins between them; behind the last known hour there is nothing."""
    power = components(
        Component(name="energy", feed="spot"),
        Component(name="grid", windows=(Window(price_per_kwh=0.02, hours="12:30-20:00"), Window(price_per_kwh=0.01))),
    )
    found = curve(site(power), (), (ahead(0.10, 0.20, 0.20),), NOON - HOUR, NOON + 9 * HOUR)
    assert [(s.start - NOON, s.end - NOON, round(s.value, 6)) for s in found] == [
        (0.0, 1800.0, 0.11),
        (1800.0, HOUR, 0.12),
        (HOUR, 3 * HOUR, 0.22),
    ]


def test_a_hole_in_a_feed_is_a_hole_in_the_curve() -> None:
    """An hour whose price is missing has none, whatever the other parts are."""
    fed = ahead(0.1, 0.2, 0.3)
    gappy = Curve(name="spot", kind="power_price", unit="USD/kWh", source="spot", steps=(fed.steps[0], fed.steps[2]))
    config = site(components(Component(name="energy", feed="spot"), Component(name="tax", price_per_kwh=0.01)))
    found = curve(config, (), (gappy,), NOON, NOON + 3 * HOUR)
    assert [(s.start - NOON, s.end - NOON) for s in found] == [(0.0, HOUR), (2 * HOUR, 3 * HOUR)]


def test_a_spot_price_is_known_as_long_as_it_is_believed() -> None:
    """To its age limit, or to the end of its interval."""
    config = site(components(Component(name="energy", feed="spot")))
    believed = spot(0.1, "USD/kWh")
    assert curve(config, (believed,), (), NOON, NOON + HOUR) == (Step(start=NOON, end=NOON + 840, value=0.1),)
    lasting = spot(0.1, "USD/kWh", interval_start=NOON - 100, interval_end=NOON + 100)
    assert curve(config, (lasting,), (), NOON, NOON + HOUR) == (Step(start=NOON, end=NOON + 100, value=0.1),)


def test_curves_of_what_is_stated_as_a_whole() -> None:
    """A flat price holds, the one feed's curve stands as it is, in the site's currency; of two there is none."""
    flat = site(PowerSettings(price_per_kwh=0.2))
    fixed = configured(flat, NOON - 60)
    assert curve(flat, fixed, (), NOON - HOUR, NOON) == (Step(start=NOON - HOUR, end=NOON, value=0.2),)
    assert curve(flat, fixed, (), NOON, NOON) == ()
    bare = site(PowerSettings(), quotes={"fx": FX})
    fed = ahead(80.0, -20.0, unit="EUR/MWh")
    quote = fed.at(NOON)
    assert quote is not None
    board = (*configured(bare, NOON), quote)
    found = curve(bare, board, (fed,), NOON, NOON + 9 * HOUR)
    assert [(s.end - s.start, s.value) for s in found] == [(HOUR, pytest.approx(0.1)), (HOUR, pytest.approx(-0.025))]
    assert curve(bare, (*board, spot(source="other")), (fed,), NOON, NOON + 9 * HOUR) == ()
    assert curve(site(PowerSettings()), (quote,), (fed,), NOON, NOON + 9 * HOUR) == ()  # no exchange rate
