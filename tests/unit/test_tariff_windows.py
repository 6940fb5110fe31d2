"""When a window of a power tariff holds: hours, days, holidays, midnight."""

from __future__ import annotations

import pytest

from console.config.tariff_settings import Window
from tests.unit.test_tariff import BERLIN, NEW_YORK, at, charged, prices, site, steps_of, windowed


@pytest.mark.parametrize(
    ("window", "fitting", "other"),
    [
        (Window(price_per_kwh=1, days="mon-fri"), ["2026-06-01T00:00", "2026-06-05T23:59"], ["2026-06-06T00:00"]),
        (Window(price_per_kwh=1, days="fri-mon"), ["2026-06-05T00:00", "2026-06-08T23:59"], ["2026-06-04T23:59"]),
        (Window(price_per_kwh=1, days="sat,sun"), ["2026-06-06T12:00", "2026-06-07T12:00"], ["2026-06-08T12:00"]),
        (Window(price_per_kwh=1, days="holidays"), ["2026-12-25T10:00"], ["2026-12-24T23:59", "2026-12-26T00:00"]),
        (Window(price_per_kwh=1, days="sun,holidays"), ["2026-12-25T10:00", "2026-12-27T10:00"], ["2026-12-28T10:00"]),
        (Window(price_per_kwh=1, hours="08:00-20:00"), ["2026-06-01T08:00", "2026-06-01T19:59"], ["2026-06-01T20:00"]),
        (Window(price_per_kwh=1, hours="22:00-06:00"), ["2026-06-01T22:00", "2026-06-01T05:59"], ["2026-06-01T06:00"]),
        (Window(price_per_kwh=1, hours="22:00-00:00"), ["2026-06-01T23:59"], ["2026-06-01T00:00", "2026-06-01T21:59"]),
        (Window(price_per_kwh=1, hours="20:00-24:00"), ["2026-06-01T23:59"], ["2026-06-01T00:00", "2026-06-01T19:59"]),
        (
            Window(price_per_kwh=1, hours="07:00-09:00, 17:30-20:00"),
            ["2026-06-01T08:59", "2026-06-01T17:30"],
            ["2026-06-01T09:00", "2026-06-01T17:29"],
        ),
        (Window(price_per_kwh=1, months="jun-sep"), ["2026-06-01T00:00", "2026-09-30T23:59"], ["2026-10-01T00:00"]),
        (Window(price_per_kwh=1, months="nov-feb"), ["2026-11-01T00:00", "2027-02-28T23:59"], ["2026-03-01T00:00"]),
        (
            # Every instant is judged by its own date: the small hours of Monday are Monday's, of Saturday are not.
            Window(price_per_kwh=1, days="mon-fri", hours="22:00-06:00"),
            ["2026-06-01T03:00", "2026-06-05T23:00"],
            ["2026-06-06T03:00", "2026-06-07T23:00"],
        ),
    ],
)
def test_a_window_holds_when_it_says(window: Window, fitting: list[str], other: list[str]) -> None:
    """In local time, to the minute; what no window fits has no price."""
    power = windowed(window, holidays=("2026-12-25",))
    assert [charged(power, "Asia/Tokyo", text) for text in fitting] == [1.0] * len(fitting)
    assert [charged(power, "Asia/Tokyo", text) for text in other] == [None] * len(other)


def test_the_first_window_that_fits_holds() -> None:
    """Order decides: a holiday is also its weekday."""
    holiday, week, rest = (
        Window(price_per_kwh=0.1, days="holidays"),
        Window(price_per_kwh=0.3, days="mon-fri", hours="08:00-20:00"),
        Window(price_per_kwh=0.2),
    )
    power = windowed(holiday, week, rest, holidays=("2026-12-25",))
    assert charged(power, BERLIN, "2026-12-25T10:00") == 0.1
    assert charged(power, BERLIN, "2026-12-24T10:00") == 0.3
    assert charged(power, BERLIN, "2026-12-24T07:59") == 0.2
    assert charged(windowed(week, holiday, rest, holidays=("2026-12-25",)), BERLIN, "2026-12-25T10:00") == 0.3


def test_a_holiday_is_the_sites_day() -> None:
    """Where it is Christmas already in Tokyo, it is not in New York."""
    power = windowed(Window(price_per_kwh=0.1, days="holidays"), Window(price_per_kwh=0.3), holidays=("2026-12-25",))
    instant = at("Asia/Tokyo", "2026-12-25T00:30")
    assert prices(site(power, "Asia/Tokyo"), now=instant).power().value == 0.1
    assert prices(site(power, NEW_YORK), now=instant).power().value == 0.3


def test_a_day_ends_at_midnight_within_hours() -> None:
    """Hours over midnight are those of another day from then on, even where no window begins or ends there."""
    power = windowed(
        Window(price_per_kwh=0.3, days="mon-fri", hours="22:00-06:00"),
        Window(price_per_kwh=0.1, days="sat,sun", hours="22:00-06:00"),
        Window(price_per_kwh=0.2, hours="06:00-22:00"),
    )
    assert steps_of(power, "Asia/Tokyo", "2026-06-05T12:00", "2026-06-06T00:00") == [
        ("05 12:00", "05 13:00", 0.2),
        ("05 13:00", "05 15:00", 0.3),
        ("05 15:00", "05 21:00", 0.1),
        ("05 21:00", "06 00:00", 0.2),
    ]
