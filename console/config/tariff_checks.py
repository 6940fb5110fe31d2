"""What the types cannot say of ``[power]``: that every component has one price at every instant, and a known source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import product

from console.config.errors import Problem, Where, nearest, shown
from console.config.settings import Settings
from console.config.tariff_settings import DAY_MIN, DAYS, MONTHS, Component, PowerSettings, Times, times_of

_CURRENCY = re.compile(r"[A-Z]{3,5}")
POWER_FEEDS = frozenset({"energy_charts", "octopus", "jepx", "nordpool"})
"""Kinds of feed that bring one price of power; those with ``values`` bring what these name."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_Kind = tuple[int, int, bool]
"""A kind of day: month from 1, weekday from 0, whether it is a holiday."""


def tariff_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in what a kWh costs."""
    power = settings.power
    if power.price_per_kwh is not None and power.components:
        yield Problem(("power",), "has price_per_kwh and components, expected one of them")
    if power.price_per_kwh is not None or power.components:
        for name, quote in settings.quotes.items():
            if quote.kind == "power_price":
                yield Problem(("quotes", name), "is a second price of power beside [power], expected one of them")
    yield from _vat(power)
    days = tuple(_dates(power.holidays))
    for position, text in enumerate(power.holidays):
        if _date(text) is None:
            yield Problem(("power", "holidays", position), f'is {shown(text)}, expected a date such as "2026-12-25"')
    seen: set[str] = set()
    for position, component in enumerate(power.components):
        where = ("power", "components", position)
        if not component.name:
            yield Problem((*where, "name"), "is empty, expected what this part of the price is for")
        elif component.name in seen:
            text = f"is {shown(component.name)} a second time, expected a name of its own"
            yield Problem((*where, "name"), text)
        seen.add(component.name)
        yield from _component(settings, component, days, where)


def _vat(power: PowerSettings) -> Iterator[Problem]:
    if power.vat_recoverable:
        return
    where = ("power", "vat_recoverable")
    if not power.components:
        yield Problem(where, "is false without components, and VAT is added to components only")
    elif power.vat == 0:
        yield Problem(where, "is false and there is no vat, expected its rate: write vat = 0.19 for 19 %")


def _component(settings: Settings, component: Component, days: tuple[date, ...], where: Where) -> Iterator[Problem]:
    given = [
        key
        for key, value in (
            ("price_per_kwh", component.price_per_kwh is not None),
            ("windows", bool(component.windows)),
            ("feed", component.feed is not None),
        )
        if value
    ]
    if len(given) != 1:
        has = "has none of price_per_kwh, windows and feed" if not given else f"has {' and '.join(given)}"
        yield Problem(where, f"{has}, expected one of them")
    if component.currency is not None and not _CURRENCY.fullmatch(component.currency):
        text = f'is {shown(component.currency)}, expected a code such as "USD" or "JPY"'
        yield Problem((*where, "currency"), text)
    if component.feed is not None:
        yield from _feed(settings, component.feed, component.currency, where)
    yield from _windows(component, days, where)


def _feed(settings: Settings, name: str, currency: str | None, where: Where) -> Iterator[Problem]:
    feed = settings.feeds.get(name)
    if currency is not None:
        yield Problem((*where, "currency"), "stands beside a feed, which brings its own")
    if feed is None:
        text = f"is {shown(name)}, which is no feed{nearest(name, settings.feeds)}"
        yield Problem((*where, "feed"), text)
        return
    kind = feed.kind or name
    prices = sum(value.kind == "power_price" for value in feed.values)
    if kind not in POWER_FEEDS and prices != 1:
        brings = f"{prices or 'no'} price{'s' if prices > 1 else ''} of power"
        yield Problem((*where, "feed"), f"is {shown(name)} of kind {kind}, which brings {brings}, expected one")


def _windows(component: Component, days: tuple[date, ...], where: Where) -> Iterator[Problem]:
    parsed: list[Times] = []
    for position, window in enumerate(component.windows):
        try:
            parsed.append(times_of(window))
        except ValueError as error:
            key, expected = error.args
            text = f"is {shown(getattr(window, key))}, {expected}"
            yield Problem((*where, "windows", position, key), text)
    if not parsed or len(parsed) < len(component.windows):
        return
    for position, times in enumerate(parsed):
        if times.holidays and not days:
            text = "names holidays, and [power] holidays lists none"
            yield Problem((*where, "windows", position, "days"), text)
            return
    yield from _coverage(parsed, days, where)


def _coverage(windows: list[Times], days: tuple[date, ...], where: Where) -> Iterator[Problem]:
    """Instants at which no window fits, and windows that never come to hold.

    Between two edges nothing changes, so one minute of every kind of day and stretch between edges is all instants.
    """
    edges = sorted({0, *(edge for times in windows for edge in times.edges)})
    used: set[int] = set()
    gap = ""
    for (month, weekday, holiday), minute in product(_kinds(days), edges):
        fits = (
            position for position, times in enumerate(windows) if times.fits(month, weekday, minute, holiday=holiday)
        )
        first = next(fits, None)
        if first is not None:
            used.add(first)
        elif not gap:
            until = next((edge for edge in edges if edge > minute), DAY_MIN)
            day = f"{'a holiday on ' if holiday else ''}{DAYS[weekday]} in {MONTHS[month - 1]}"
            gap = (
                f"have none that fits {day} {_clock(minute)}-{_clock(until)}: end with one without days, hours, months"
            )
    if gap:
        yield Problem((*where, "windows"), gap)
    for position in range(len(windows)):
        if position not in used:
            text = "never holds: wherever it fits, one before it does, or there is no such day"
            yield Problem((*where, "windows", position), text)


def _kinds(days: tuple[date, ...]) -> list[_Kind]:
    plain = product(range(1, len(MONTHS) + 1), range(len(DAYS)), (False,))
    return [*plain, *sorted({(day.month, day.weekday(), True) for day in days})]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _dates(texts: tuple[str, ...]) -> Iterator[date]:
    for text in texts:
        found = _date(text)
        if found is not None:
            yield found


def _date(text: str) -> date | None:
    """The day of an ISO 8601 date with dashes; the library also takes week dates, which no calendar of holidays has."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
