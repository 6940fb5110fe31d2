"""What the feeds of day-ahead prices and of carbon share: figures that hold from one time to another, as a curve.

Daylight saving needs no rule here. Every time is Unix seconds, so that a day has as many intervals as its source gives
it: 92, 96 or 100 quarter hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import NamedTuple

import msgspec

from console.market.contract import Answer, FeedError
from console.market.feeds._api import Api, number
from console.model import Curve, Step

PAST_S = 86400.0
AHEAD_S = 3 * 86400.0
"""What is kept of an answer: a day back for the eye, and as far ahead as any market is known. The rest is of no use."""

SHORTEST_S = 300.0
LONGEST_S = 3600.0
"""Markets and grids are settled in 5 to 60 minutes; another spacing means times of another unit or another table."""

NO_NOTES: tuple[str, ...] = ()
Figure = float | str | None
"""A figure as JSON may hold it: a number, a number as text, or nothing."""


class Span(NamedTuple):
    """What holds from ``start`` until before ``end`` (Unix seconds). ``value`` is None where its source has none."""

    start: float
    end: float
    value: float | None


def answer(api: Api, curve: Curve, spans: Iterable[Span], now: float, notes: tuple[str, ...] = NO_NOTES) -> Answer:
    """``curve`` with ``spans`` as its steps, in order; a missing value leaves a hole.

    Raises FeedError where nothing of about today is left, and where two values are said to hold at the same time.
    """
    steps = _steps(api, spans, now)
    what = f"{curve.kind.replace('_', ' ')} for {_moment(now)}"
    if not steps:
        raise api.lacking(f"a {what}")
    if not any(step.start <= now < step.end for step in steps):
        notes = (*notes, f"no {what}")
    return Answer(curves=(msgspec.structs.replace(curve, steps=steps),), notes=notes)


def evenly(api: Api, times: Sequence[Figure], values: Sequence[float | None]) -> list[Span]:
    """Spans out of a list of beginnings and one of values, as Energy-Charts answers.

    An interval lasts until the next begins, and no longer than is usual in the list: behind a gap and at the end
    nothing is made up. Raises FeedError where no interval can be told.
    """
    if len(times) != len(values):
        raise FeedError(f"{api.url} answers with {len(values)} values for {len(times)} times")
    known = [(at, value) for at, value in zip(map(number, times), values, strict=True) if at is not None]
    begins = sorted({at for at, _ in known})
    if len(begins) < 2:
        raise api.lacking("two times to tell an interval by")
    after = dict(pairwise(begins))
    usual_s = _usual(api, after)
    return [Span(at, min(at + usual_s, after.get(at, at + usual_s)), value) for at, value in known]


def unless_late(ask: Callable[[], list[Span]], what: str) -> tuple[list[Span], tuple[str, ...]]:
    """What ``ask`` brings, or nothing and a note: ``what`` may not be published yet, and is not missed before it is.

    A source that asks for patience (``Retry-After``) is obeyed all the same: that FeedError goes on.
    """
    try:
        return ask(), NO_NOTES
    except FeedError as error:
        if error.retry_after_s is not None:
            raise
        return [], (f"no {what} yet: {error}",)


def instant(text: str | None, zone: tzinfo | None = None) -> float | None:
    """Unix seconds of an ISO 8601 time; None for what is none.

    A time without an offset is in ``zone``, and None without a zone. So is one within the hour that a zone has twice
    or not at all: which of the two it means cannot be told, and an hour's error is worse than a hole.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            if zone is None:
                return None
            at = at.replace(tzinfo=zone)
            if at.utcoffset() != at.replace(fold=1).utcoffset():
                return None
        return at.timestamp()
    except (ValueError, OverflowError):
        return None


def _steps(api: Api, spans: Iterable[Span], now: float) -> tuple[Step, ...]:
    near = {s for s in spans if s.start < s.end and s.end > now - PAST_S and s.start < now + AHEAD_S}
    steps = sorted(
        (Step(start=s.start, end=s.end, value=s.value) for s in near if s.value is not None),
        key=lambda step: step.start,
    )
    for before, step in pairwise(steps):
        if step.start < before.end:
            raise FeedError(f"{api.url} answers with two values for {_moment(max(step.start, now - PAST_S))}")
    return tuple(steps)


def _usual(api: Api, after: dict[float, float]) -> float:
    """The commonest distance between two beginnings, the shorter one where two are as common."""
    gaps = Counter(end - start for start, end in after.items())
    usual_s = min(gaps, key=lambda gap_s: (-gaps[gap_s], gap_s))
    if not SHORTEST_S <= usual_s <= LONGEST_S:
        raise FeedError(f"{api.url} answers in intervals of {usual_s:g} s, expected {SHORTEST_S:g} to {LONGEST_S:g} s")
    return usual_s


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
