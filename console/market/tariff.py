"""Which of a tariff's windows holds when, in local time: pure, no clock, no I/O.

Local time is read back from the instant and never the other way round: an hour that a daylight-saving day repeats is
judged twice and one that it leaves out never comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from console.config.tariff_settings import DAYS, Component, PowerSettings, Window, times_of
from console.model import Step

_DAY_S = 86400


def zone_of(name: str) -> tzinfo:
    """The time zone called ``name``; UTC is known even where the system has no zones."""
    return UTC if name == "UTC" else ZoneInfo(name)


def vat_factor(power: PowerSettings, component: Component) -> float:
    """What a component's price is multiplied with: 1 where VAT is got back, or not due on it."""
    return 1.0 + power.vat if component.vat and not power.vat_recoverable else 1.0


def is_flat(power: PowerSettings, currency: str) -> bool:
    """True when the components are one sum in the site's ``currency``, at any time."""
    return all(
        component.price_per_kwh is not None
        and component.currency in (None, currency)
        and vat_factor(power, component) == 1.0
        for component in power.components
    )


def window_at(component: Component, at: float, zone: tzinfo, holidays: tuple[str, ...]) -> Window | None:
    """The first window that fits at ``at`` (Unix seconds); None where none does. ``holidays`` are ISO 8601 dates."""
    local = datetime.fromtimestamp(at, zone)
    minute = local.hour * 60 + local.minute
    holiday = local.date().isoformat() in holidays
    for window in component.windows:
        if times_of(window).fits(local.month, local.weekday(), minute, holiday=holiday):
            return window
    return None


def steps(component: Component, begin: float, end: float, zone: tzinfo, holidays: tuple[str, ...]) -> Iterator[Step]:
    """What the windows of ``component`` charge from ``begin`` until ``end``, one step per change of price.

    A stretch in which none fits is left out.
    """
    edges = frozenset({0}.union(*(times_of(window).edges for window in component.windows)))
    start, price = begin, _charged(component, begin, zone, holidays)
    while start < end:
        until, after = start, price
        while until < end and after == price:
            until = _next_edge(until, zone, edges)
            after = _charged(component, until, zone, holidays)
        if price is not None:
            yield Step(start=start, end=min(until, end), value=price)
        start, price = until, after


def local_words(at: float, zone: tzinfo) -> str:
    """An instant as the site's clock and calendar have it: ``sat 2026-06-06 03:00``."""
    local = datetime.fromtimestamp(at, zone)
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"


def _charged(component: Component, at: float, zone: tzinfo, holidays: tuple[str, ...]) -> float | None:
    window = window_at(component, at, zone, holidays)
    return None if window is None else window.price_per_kwh


def _next_edge(at: float, zone: tzinfo, edges: Iterable[int]) -> float:
    """The first instant after ``at`` at which a window may begin or end to fit. ``edges`` are minutes of the day.

    Where the clock is set before the next edge, the instant at which it is set: what comes after is another local time.
    """
    before = math.floor(at)
    local = datetime.fromtimestamp(before, zone)
    of_day_s = local.hour * 3600 + local.minute * 60 + local.second
    after = before + min((edge * 60 - of_day_s) % _DAY_S or _DAY_S for edge in edges)
    offset = local.utcoffset()
    if datetime.fromtimestamp(after, zone).utcoffset() == offset:
        return float(after)
    # A zone does not say when it sets its clock; it does so on a whole second.
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return float(after)
