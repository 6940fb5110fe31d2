"""What a config may say of the price of power, and the sentence for everything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.feed_settings import FeedSettings, FeedValue
from console.config.loading import ConfigError, load
from console.config.settings import QuoteSettings, Settings
from console.config.tariff_checks import tariff_problems
from console.config.tariff_settings import Component, PowerSettings, Times, Window, times_of

SPOT = FeedSettings(kind="energy_charts", area="DE-LU")


def components(*parts: Component, **more: object) -> PowerSettings:
    return PowerSettings(components=parts, **more)  # type: ignore[arg-type]


def windowed(*windows: Window, **more: object) -> PowerSettings:
    return components(Component(name="energy", windows=windows), **more)


REST = Window(price_per_kwh=0.1)
CLOSING = "end with one without days, hours, months"


def told(power: PowerSettings, **more: object) -> list[str]:
    """Each problem as its last places and its words."""
    found = tariff_problems(Settings(power=power, feeds={"spot": SPOT}, **more))
    return [f"{'.'.join(str(part) for part in problem.where)} {problem.text}" for problem in found]


def test_a_good_tariff_has_no_problem() -> None:
    """All three forms, holidays, months over new year, hours over midnight."""
    summer = Window(price_per_kwh=0.3, days="mon-fri", hours="08:00-20:00", months="apr-sep")
    holiday = Window(price_per_kwh=0.05, days="holidays")
    power = components(
        Component(name="energy", feed="spot"),
        Component(name="grid", windows=(holiday, summer, REST), currency="EUR"),
        Component(name="tax", price_per_kwh=0.02),
        holidays=("2026-12-25",),
        vat=0.19,
        vat_recoverable=False,
    )
    assert told(power) == []
    halves = Window(price_per_kwh=0.1, hours="06:00-22:00"), Window(price_per_kwh=0.2, hours="22:00-06:00")
    assert told(windowed(*halves)) == []


BAD_TIMES = [
    ("days", "mon-xxx"),
    ("days", "Mon"),
    ("days", "mon,,tue"),
    ("days", "mon-tue-wed"),
    ("months", "jan-"),
    ("months", "1-3"),
    ("hours", "8-20"),
    ("hours", "08:00"),
    ("hours", "08:60-09:00"),
    ("hours", "24:00-06:00"),
    ("hours", "08:00-24:01"),
    ("hours", "08:00-08:00"),
    ("hours", "00:00-00:00"),
]


@pytest.mark.parametrize(("key", "text"), BAD_TIMES)
def test_unreadable_times_are_told(key: str, text: str) -> None:
    """The key and what stands there; the rest of the config is judged all the same."""
    power = windowed(Window(price_per_kwh=1, **{key: text}))  # type: ignore[arg-type]
    (problem,) = tariff_problems(Settings(power=power))
    assert problem.where == ("power", "components", 0, "windows", 0, key)
    assert f'is "{text}", ' in problem.text and ("expected" in problem.text or "leave it out" in problem.text)


@pytest.mark.parametrize(
    ("power", "sentence"),
    [
        (
            windowed(Window(price_per_kwh=1, days="mon-fri"), Window(price_per_kwh=1, days="sat")),
            f"power.components.0.windows have none that fits sun in jan 00:00-24:00: {CLOSING}",
        ),
        (
            windowed(Window(price_per_kwh=1, hours="00:00-08:00"), Window(price_per_kwh=1, hours="08:30-00:00")),
            f"power.components.0.windows have none that fits mon in jan 08:00-08:30: {CLOSING}",
        ),
        (
            windowed(REST, Window(price_per_kwh=1, days="holidays"), holidays=("2026-12-25",)),
            "power.components.0.windows.1 never holds: wherever it fits, one before it does, or there is no such day",
        ),
        (
            windowed(Window(price_per_kwh=1, days="holidays"), REST),
            "power.components.0.windows.0.days names holidays, and [power] holidays lists none",
        ),
        (
            windowed(REST, holidays=("2026-12-25", "25.12.2026", "2026-02-30", "2026-W01-1")),
            'power.holidays.1 is "25.12.2026", expected a date such as "2026-12-25"',
        ),
        (
            components(Component(name="a", price_per_kwh=1.0, feed="spot")),
            "power.components.0 has price_per_kwh and feed, expected one of them",
        ),
        (
            components(Component(name="a")),
            "power.components.0 has none of price_per_kwh, windows and feed, expected one of them",
        ),
        (
            components(Component(name="a", feed="spott")),
            'power.components.0.feed is "spott", which is no feed; did you mean spot?',
        ),
        (
            components(Component(name="a", feed="spot", currency="EUR")),
            "power.components.0.currency stands beside a feed, which brings its own",
        ),
        (
            components(Component(name="a", price_per_kwh=1.0, currency="euro")),
            'power.components.0.currency is "euro", expected a code such as "USD" or "JPY"',
        ),
        (
            components(Component(name="a", price_per_kwh=1.0), Component(name="a", price_per_kwh=1.0)),
            'power.components.1.name is "a" a second time, expected a name of its own',
        ),
        (
            components(Component(name="", price_per_kwh=1.0)),
            "power.components.0.name is empty, expected what this part of the price is for",
        ),
        (
            components(Component(name="a", price_per_kwh=1.0), vat_recoverable=False),
            "power.vat_recoverable is false and there is no vat, expected its rate: write vat = 0.19 for 19 %",
        ),
        (
            PowerSettings(price_per_kwh=1.0, vat=0.2, vat_recoverable=False),
            "power.vat_recoverable is false without components, and VAT is added to components only",
        ),
    ],
)
def test_a_tariff_that_cannot_be_is_told(power: PowerSettings, sentence: str) -> None:
    """The place, what stands there, what is expected."""
    assert sentence in told(power)


def test_a_component_needs_a_feed_of_one_price() -> None:
    """Coin prices are none of power, and of a document with two the component cannot tell which is meant."""
    power = components(Component(name="a", feed="x"))
    north = FeedValue(name="n", kind="power_price", unit="EUR/kWh", path="n")
    south = FeedValue(name="s", kind="power_price", unit="EUR/kWh", path="s")

    def said(feed: FeedSettings) -> list[str]:
        return [problem.text for problem in tariff_problems(Settings(power=power, feeds={"x": feed}))]

    assert said(FeedSettings(kind="json", url="http://h:1", values=(north,))) == []
    assert said(FeedSettings(kind="octopus")) == []
    assert said(FeedSettings(kind="coingecko")) == [
        'is "x" of kind coingecko, which brings no price of power, expected one'
    ]
    assert said(FeedSettings(kind="json", values=(north, south))) == [
        'is "x" of kind json, which brings 2 prices of power, expected one'
    ]


def test_a_price_by_hand_beside_the_tariff_is_told() -> None:
    """Two prices of power in one file: one of them would never count."""
    by_hand = {"mine": QuoteSettings(kind="power_price", value=0.3, unit="USD/kWh")}
    words = "quotes.mine is a second price of power beside [power], expected one of them"
    assert told(PowerSettings(price_per_kwh=0.2), quotes=by_hand) == [words]
    assert told(PowerSettings(), quotes=by_hand) == []


HALF_HOURS = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
COARSE = st.builds(
    Window,
    price_per_kwh=st.just(1.0),
    days=st.sampled_from(["", "mon-fri", "sat-mon", "sat,sun", "holidays", "sun,holidays"]),
    hours=st.one_of(st.just(""), st.tuples(HALF_HOURS, HALF_HOURS).filter(lambda two: two[0] != two[1]).map("-".join)),
    months=st.sampled_from(["", "jan-jun", "jul-dec", "nov-feb"]),
)
HOLIDAYS = ("2026-12-25", "2026-05-01")


@settings(max_examples=60, deadline=None)
@given(st.lists(COARSE, min_size=1, max_size=5))
def test_a_gap_is_told_exactly_where_there_is_one(windows: list[Window]) -> None:
    """As is a window that never holds; both against every half hour of every kind of day there can be."""
    parsed = [times_of(window) for window in windows]
    firsts = {
        next((i for i, one in enumerate(parsed) if one.fits(month, weekday, minute, holiday=holiday)), None)
        for month, weekday, holiday in _days()
        for minute in range(0, 1440, 30)
    }
    problems = list(tariff_problems(Settings(power=windowed(*windows, holidays=HOLIDAYS))))
    gaps = [p for p in problems if "have none that fits" in p.text]
    unused = {p.where[-1] for p in problems if "never holds" in p.text}
    assert (len(gaps) == 1) == (None in firsts)
    assert unused == set(range(len(windows))) - firsts
    assert len(problems) == len(gaps) + len(unused)


def _days() -> Iterator[tuple[int, int, bool]]:
    for month in range(1, 13):
        for weekday in range(7):
            yield month, weekday, False
    for text in HOLIDAYS:
        day = date.fromisoformat(text)
        yield day.month, day.weekday(), True


@given(st.text(max_size=12), st.sampled_from(["days", "hours", "months"]))
def test_no_text_breaks_a_window(text: str, key: str) -> None:
    """Any text is times or a ValueError of key and words."""
    said: tuple[str, ...] = ()
    found: Times | None = None
    try:
        found = times_of(Window(price_per_kwh=1, **{key: text}))  # type: ignore[arg-type]
    except ValueError as error:
        said = error.args
    if found is None:
        assert said[0] == key and said[1]
    else:
        assert found.months and (found.weekdays or found.holidays) and found.spans


FILE = """[site]
timezone = "Europe/Berlin"

[feeds.day_ahead]
kind = "energy_charts"
area = "DE-LU"

[power]
vat = 0.19
vat_recoverable = false
holidays = ["2026-12-25", "2027-01-01"]

[[power.components]]
name = "energy"
feed = "day_ahead"

[[power.components]]
name = "grid"
windows = [
  { price_per_kwh = 0.03, days = "sun,holidays" },
  { price_per_kwh = 0.08, days = "mon-fri", hours = "08:00-20:00", months = "oct-mar" },
  { price_per_kwh = 0.05 },
]
"""


def test_a_tariff_in_a_file(tmp_path: Path) -> None:
    """As an operator writes it; a fault has its line."""
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    power = load(path).settings.power
    assert [len(part.windows) for part in power.components] == [0, 3]
    path.write_text(FILE.replace('"08:00-20:00"', '"8-20"'))
    with pytest.raises(ConfigError, match=r'windows\[1\]\.hours is "8-20", expected hours such as 08:00-20:00'):
        load(path)
    path.write_text(FILE.replace("vat = 0.19", "vat = 19"))
    with pytest.raises(ConfigError, match=r"line 9: power\.vat is 19.*write 0\.19 for 19 %"):
        load(path)
