"""What ``[power]`` may say: a flat price, or components that each have their own time table, currency and tax."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from console.model import Record

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
HOLIDAYS = "holidays"
DAY_MIN = 24 * 60

_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


class Window(Record):
    """When a price holds, in the site's time zone. A key that is left out does not restrict.

    ``days`` is ``mon-fri``, ``sat,sun`` or ``holidays``, ``hours`` ``08:00-20:00``, ``months`` ``jun-sep``; each may
    list several with commas, and a range may run over its end: ``22:00-06:00``, ``nov-feb``.

    Every instant is judged by its own date: ``mon-fri 22:00-06:00`` holds early on Monday and not early on Saturday. A
    holiday is also the weekday it falls on, so a window of holidays stands before that of its weekday.
    """

    price_per_kwh: float
    days: str = ""
    hours: str = ""
    months: str = ""


class Component(Record):
    """One part of the power price: energy, grid, tax, an adder.

    One of ``price_per_kwh``, ``windows`` (the first that fits holds) and ``feed``, the name of a feed of power prices.
    """

    name: str
    price_per_kwh: float | None = None
    windows: tuple[Window, ...] = ()
    feed: str | None = None
    currency: str | None = None  # default: the site's; a feed brings its own
    vat: bool = True


class PowerSettings(Record):
    """``[power]``: what a kWh costs and emits. One of ``price_per_kwh`` and ``components``.

    With neither, the one feed of power prices is used as it stands. VAT is a fraction, and is added to components
    unless it is recoverable.
    """

    price_per_kwh: float | None = None
    components: tuple[Component, ...] = ()
    vat: float = 0.0
    vat_recoverable: bool = True
    holidays: tuple[str, ...] = ()  # ISO 8601 dates
    carbon_g_per_kwh: float | None = None
    carbon_price_per_t: float = 0.0
    carbon_in_net: bool = False


class Times(NamedTuple):
    """A window's texts as numbers: weekdays from Monday = 0, months from 1, spans of minutes of the local day."""

    weekdays: frozenset[int]
    holidays: bool
    months: frozenset[int]
    spans: tuple[tuple[int, int], ...]

    def fits(self, month: int, weekday: int, minute: int, *, holiday: bool) -> bool:
        """Whether the window holds at ``minute`` of such a day. A span includes its start and not its end."""
        day = weekday in self.weekdays or (holiday and self.holidays)
        return day and month in self.months and any(_within(minute, span) for span in self.spans)

    @property
    def edges(self) -> frozenset[int]:
        """The minutes of the local day at which it may begin or end to hold."""
        return frozenset(minute % DAY_MIN for span in self.spans for minute in span)


@functools.lru_cache(maxsize=512)
def times_of(window: Window) -> Times:
    """``window`` as numbers. Raises ValueError with the key and the rest of a sentence about it, as two arguments."""
    weekdays, holidays = _days(window.days)
    return Times(weekdays, holidays, _months(window.months), _spans(window.hours))


def _days(text: str) -> tuple[frozenset[int], bool]:
    items = _items(text)
    named = ",".join(item for item in items if item != HOLIDAYS)
    if HOLIDAYS in items and not named:
        return frozenset(), True
    return _ranges("days", named, DAYS, "expected days such as mon-fri, sat,sun or holidays"), HOLIDAYS in items


def _months(text: str) -> frozenset[int]:
    return frozenset(m + 1 for m in _ranges("months", text, MONTHS, "expected months such as jun-sep or dec,jan"))


def _ranges(key: str, text: str, names: Sequence[str], expected: str) -> frozenset[int]:
    """Positions in ``names`` of single names and of ranges, which may run over the end; all for an empty text."""
    found: set[int] = set()
    for item in _items(text):
        first, dash, last = item.partition("-")
        if first not in names or (dash and last not in names):
            raise ValueError(key, expected)
        begin, count = names.index(first), len(names)
        long = (names.index(last) - begin) % count if dash else 0
        found |= {(begin + step) % count for step in range(long + 1)}
    return frozenset(found) if found else frozenset(range(len(names)))


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(_span(item) for item in _items(text)) or ((0, DAY_MIN),)


def _span(item: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(item)
    if found is None:
        raise ValueError("hours", "expected hours such as 08:00-20:00 or 22:00-06:00")
    begin_h, begin_min, end_h, end_min = (int(part) for part in found.groups())
    begin, end = begin_h * 60 + begin_min, end_h * 60 + end_min
    if begin_min > 59 or end_min > 59 or begin >= DAY_MIN or end > DAY_MIN:
        raise ValueError("hours", "expected hours from 00:00 to 24:00")
    if begin == end % DAY_MIN and end != DAY_MIN:
        raise ValueError("hours", "which begins where it ends: leave it out for the whole day")
    return begin, end


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


def _within(minute: int, span: tuple[int, int]) -> bool:
    begin, end = span
    return begin <= minute < end if begin < end else minute >= begin or minute < end
