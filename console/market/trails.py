"""The last day of every quote: what the Market screen draws, and what advice takes its medians and means from."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Sequence

from console.model import Quote, Record, Trail

Key = tuple[str, str, str]
"""kind, name, source"""
STEP_S = 900.0
DAY_S = 86400.0
_RECENT_S = 900.0
_FINE_S = 5.0
"""A median of ten minutes needs no closer points, however often a source speaks."""
_MOST = 400
"""Well above what a thinned day has (97 quarter hours and 181 of the finest steps), so that few readings thin it."""


class Point(Record):
    """A value and when it was observed."""

    at: float
    value: float


def key_of(quote: Quote) -> Key:
    """What tells one figure of one source from all others."""
    return quote.kind, quote.name, quote.source


class Trails:
    """Points of the last day per quote; bounded: close points of the past are thinned to one per quarter hour.

    A point later than ``now`` was made by a clock that was ahead. It is dropped: no reading could come after it.
    """

    def __init__(self) -> None:
        self._points: dict[Key, deque[Point]] = {}

    def add(self, quote: Quote, now: float) -> None:
        """Remember a reading; one that is not newer than the last is known already."""
        points = self._points.setdefault(key_of(quote), deque())
        while points and points[-1].at > now:
            points.pop()
        if quote.at > now or (points and quote.at <= points[-1].at):
            return
        points.append(Point(at=quote.at, value=quote.value))
        _thin(points)

    def know(self, key: Key, points: Iterable[Point], now: float) -> None:
        """Begin with points from elsewhere."""
        known = deque(sorted((p for p in points if p.at <= now), key=lambda p: p.at))
        if known:
            _thin(known)
            self._points[key] = known

    def points(self, key: Key) -> tuple[Point, ...]:
        """Everything known of one quote, oldest first."""
        return tuple(self._points.get(key, ()))

    def known(self) -> tuple[Key, ...]:
        """Every quote that is known."""
        return tuple(self._points)

    def median(self, key: Key, now: float, over_s: float) -> float | None:
        """The median of what was observed within ``over_s``, the value that held when it began included."""
        values = _within(self._points.get(key, ()), now, over_s)
        return statistics.median(values) if values else None

    def mean(self, key: Key, now: float, over_s: float) -> float | None:
        """The mean over time of what held within ``over_s``: each value counts as long as it stood."""
        return _mean(self._points.get(key, ()), now, over_s)

    def mean_product(self, key: Key, other: Key, now: float, over_s: float) -> float | None:
        """The mean over time of the product of two figures, where both are known; None where they never are."""
        return _mean(_products(self._points.get(key, ()), self._points.get(other, ())), now, over_s)

    def day(self, key: Key, now: float) -> Trail:
        """The last day in quarter hours: in each the value that held at its end, None before the first."""
        kind, name, source = key
        end = now // STEP_S * STEP_S
        steps = [end - STEP_S * back for back in range(int(DAY_S / STEP_S) - 1, -1, -1)]
        values: list[float | None] = []
        points, index, held = self._points.get(key, deque()), 0, None
        for at in steps:
            while index < len(points) and points[index].at < at + STEP_S:
                held = points[index].value
                index += 1
            values.append(held)
        return Trail(kind=kind, name=name, source=source, step_s=STEP_S, values=tuple(values))


def _thin(points: deque[Point]) -> None:
    """Drop what is older than a day, and where points are many all but the last in each step of their age."""
    newest = points[-1].at
    while points[0].at < newest - DAY_S - STEP_S:
        points.popleft()
    if len(points) < _MOST:
        return
    kept: dict[tuple[float, float], Point] = {}
    for point in points:
        step_s = _FINE_S if point.at >= newest - _RECENT_S else STEP_S
        kept[step_s, point.at // step_s] = point
    points.clear()
    points.extend(kept.values())


def _mean(points: Sequence[Point], now: float, over_s: float) -> float | None:
    """The mean over time of what held from ``over_s`` ago until ``now``, newest first; the last value where none did.

    A value holds until the next point.
    """
    begin, until, total, weight = now - over_s, now, 0.0, 0.0
    for point in reversed(points):
        at = point.at
        stood = until - (at if at > begin else begin)
        if stood > 0:
            total += point.value * stood
            weight += stood
        if at <= begin:
            break
        until = min(at, now)
    return total / weight if weight else (points[-1].value if points else None)


def _products(some: Iterable[Point], others: Iterable[Point]) -> list[Point]:
    """What two figures make together, each holding until its next point, from where both are known."""
    ones, twos = {p.at: p.value for p in some}, {p.at: p.value for p in others}
    made: list[Point] = []
    one: float | None = None
    two: float | None = None
    for at in sorted(ones.keys() | twos.keys()):
        one, two = ones.get(at, one), twos.get(at, two)
        if one is not None and two is not None:
            made.append(Point(at=at, value=one * two))
    return made


def _within(points: Iterable[Point], now: float, over_s: float) -> list[float]:
    values: list[float] = []
    before: Point | None = None
    for point in points:
        if point.at > now:
            break
        if point.at <= now - over_s:
            before = point
        else:
            values.append(point.value)
    return [before.value, *values] if before is not None else values
