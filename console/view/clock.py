"""Instants in the site's own time. The only part of the view that knows a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from console.units import UNKNOWN


def local(at: float, timezone: str, form: str = "%H:%M:%S") -> str:
    """Unix seconds ``at`` on the wall of the site; an unknown zone reads as UTC, and what no calendar has as ``–``."""
    try:
        return datetime.fromtimestamp(at, _zone(timezone)).strftime(form)
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


@lru_cache(maxsize=8)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
