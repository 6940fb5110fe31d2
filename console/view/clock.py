"""Instants in the site's own time. The only part of the view that knows a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from console.units import UNKNOWN

MORNING_H = 6
"""The hour at which a day begins for whoever wants to hear no more today."""


def local(at: float, timezone: str, form: str = "%H:%M:%S") -> str:
    """Unix seconds ``at`` on the wall of the site; an unknown zone reads as UTC, and what no calendar has as ``–``."""
    try:
        return datetime.fromtimestamp(at, _zone(timezone)).strftime(form)
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


def dated(at: float, now: float, timezone: str, today: str, other: str) -> str:
    """Unix seconds ``at`` in the form ``today`` where they are of the site's day of ``now``, else in ``other``."""
    return local(at, timezone, today if local(at, timezone, "%F") == local(now, timezone, "%F") else other)


def tomorrow(now: float, timezone: str) -> float:
    """Unix seconds at which the site's next morning begins: MORNING_H o'clock of the day after that of ``now``."""
    day = datetime.fromtimestamp(now, _zone(timezone)).date() + timedelta(days=1)
    return datetime.combine(day, time(MORNING_H), _zone(timezone)).timestamp()


@lru_cache(maxsize=8)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
