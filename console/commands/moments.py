"""Times as people type them: a span such as ``2h``, or ISO 8601 with its zone. Each error is one sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from console.text import clean

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
MOST_S = 3653 * 86400.0
"""Ten years: what is to be longer than that is a lock without an end."""
SPANS = "2h, 90m, 3d or a time such as 2026-07-25T14:00Z"
_SPAN = re.compile(r"([0-9]{1,6})\s*(s|m|min|h|d)", re.ASCII)


def ahead(text: str, now: float) -> float:
    """Unix seconds of ``2h`` from now or of an ISO 8601 time, at most ten years ahead. Raises ValueError with a
    sentence about ``--until``."""
    span_s = _span_s(text)
    at = now + span_s if span_s is not None else _written_out(text, "--until")
    if at <= now:
        raise ValueError(f"--until: {clean(text, 40)} is over as soon as it begins, expected a time to come")
    if at > now + MOST_S:
        raise ValueError(
            f"--until: {clean(text, 40)} is more than ten years away: leave --until out to lock until unlocked"
        )
    return at


def ago(text: str, now: float, flag: str) -> float:
    """Unix seconds of ``2h`` before now or of an ISO 8601 time. Raises ValueError with a sentence about ``flag``."""
    span_s = _span_s(text)
    return now - span_s if span_s is not None else _written_out(text, flag)


def _span_s(text: str) -> int | None:
    found = _SPAN.fullmatch(text.strip())
    return int(found[1]) * SECONDS[found[2]] if found else None


def _written_out(text: str, flag: str) -> float:
    expected = f"{flag}: found '{clean(text, 40)}', expected {SPANS}"
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(expected) from None
    if at.tzinfo is None:
        raise ValueError(f"{expected}: a time needs its zone")
    # As a difference: the last hours of the year 9999 and of year 1 have no place in datetime's own UTC.
    return (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
