"""The last day of every quote: what the Market screen draws, and what advice takes its medians and means from."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable

from console.model import Quote, Record, Trail

Key = tuple[str, str, str]
"""kind, name, source"""
STEP_S = 900.0
DAY_S = 86400.0
_RECENT_S = 1800.0
_MOST = 400


class Point(Record):
    """A value and when it was observed."""

    at: float
    value: float


def key_of(quote: Quote) -> Key:
    """What tells one figure of one source from all others."""
    return quote.kind, quote.name, quote.source


class Trails:
    """Points of the last day per quote; bounded: close points of the past are thinned to one per quarter hour."""

    def __init__(self) -> None:
        self._points: dict[Key, deque[Point]] = {}

    def add(self, quote: Quote) -> None:
        """Remember a reading; one that is not newer than the last is known already."""
        points = self._points.setdefault(key_of(quote), deque(maxlen=_MOST))
        if points and quote.at <= points[-1].at:
            return
        points.append(Point(at=quote.at, value=quote.value))
        self._thin(points)

    def know(self, key: Key, points: Iterable[Point]) -> None:
        """Begin with points from elsewhere."""
        self._points[key] = deque(sorted(points, key=lambda p: p.at)[-_MOST:], maxlen=_MOST)

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
        points = self._points.get(key, ())
        begin, total, weight = now - over_s, 0.0, 0.0
        for index, point in enumerate(points):
            until = points[index + 1].at if index + 1 < len(points) else now
            stood = min(until, now) - max(point.at, begin)
            if stood > 0:
                total, weight = total + point.value * stood, weight + stood
        return total / weight if weight else (points[-1].value if points else None)

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

    def _thin(self, points: deque[Point]) -> None:
        """Drop what is older than a day, and of the older points all but the last in each quarter hour."""
        newest = points[-1].at
        while points[0].at < newest - DAY_S - STEP_S:
            points.popleft()
        if len(points) < _MOST:
            return
        kept = {p.at // STEP_S: p for p in points if p.at < newest - _RECENT_S}
        recent = [p for p in points if p.at >= newest - _RECENT_S]
        points.clear()
        points.extend([*kept.values(), *recent])


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
