"""Means of figures over equal steps of time, in rings of fixed size: what a day of history is made of."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

NAN = math.nan
LARGEST = 1e30
"""Rings hold 32-bit floats, seven digits of a figure; what is larger than this, or no number, is unknown."""
Values = tuple[float | None, ...]


class Gauge:
    """The sum, count, least and largest of what one figure was within a step."""

    __slots__ = ("count", "high", "low", "total")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self.total, self.count, self.low, self.high = 0.0, 0, LARGEST, -LARGEST

    def add(self, value: float) -> None:
        """Count one value in."""
        if -LARGEST < value < LARGEST:
            self.total += value
            self.count += 1
            if value < self.low:
                self.low = value
            if value > self.high:
                self.high = value

    def merge(self, other: Gauge) -> None:
        """Count in what another one has counted."""
        if other.count:
            self.total += other.total
            self.count += other.count
            self.low = min(self.low, other.low)
            self.high = max(self.high, other.high)


class Track:
    """One figure over the steps of a level: means, and where it is ``wide`` the least and largest of each step too."""

    __slots__ = ("gauge", "rings")

    def __init__(self, length: int, *, wide: bool) -> None:
        self.gauge = Gauge()
        self.rings = tuple(array("f", [NAN] * length) for _ in range(3 if wide else 1))

    def write(self, slot: int) -> None:
        """Put what the gauge holds into a place of the rings."""
        gauge = self.gauge
        if gauge.count:
            self.rings[0][slot] = gauge.total / gauge.count
            if len(self.rings) > 1:
                self.rings[1][slot], self.rings[2][slot] = gauge.low, gauge.high

    def blank(self, slot: int) -> None:
        """Nothing is known at a place."""
        for ring in self.rings:
            ring[slot] = NAN


class Level:
    """``length`` steps of ``step_s`` seconds up to ``until``, the absolute number of the newest (Unix time / step).

    ``work`` and ``best`` are a byte per step: the number of a name, 0 for none.
    """

    def __init__(self, step_s: int, length: int, figures: Iterable[str]) -> None:
        self.step_s, self.length = step_s, length
        self.until: int | None = None
        self.figures = {name: Track(length, wide=True) for name in figures}
        self.options: dict[str, Track] = {}
        self.work, self.best = bytearray(length), bytearray(length)

    @property
    def span_s(self) -> int:
        """Seconds that the rings hold."""
        return self.step_s * self.length

    def begin(self, step: int) -> int:
        """Make ``step`` the newest, steps between being unknown; returns its place in the rings."""
        if self.until is None:
            self.until = step
        if step > self.until:
            self.flush()
            for skipped in range(max(self.until + 1, step - self.length + 1), step + 1):
                self._blank(skipped % self.length)
            self.until = step
            for track in (*self.figures.values(), *self.options.values()):
                track.gauge.clear()
        return self.until % self.length

    def flush(self) -> None:
        """Put what is known of the newest step into the rings."""
        if self.until is not None:
            slot = self.until % self.length
            for track in (*self.figures.values(), *self.options.values()):
                track.write(slot)

    def option(self, name: str, most: int) -> Track | None:
        """The track of one option, made when it is first heard of; None where there are ``most`` others."""
        track = self.options.get(name)
        if track is None:
            if len(self.options) >= most:
                self._drop_silent()
            if len(self.options) < most:
                track = self.options[name] = Track(self.length, wide=False)
        return track

    def rolled(self, ring: array[float]) -> array[float]:
        """A ring's values oldest first."""
        cut = 0 if self.until is None else (self.until + 1) % self.length
        return ring[cut:] + ring[:cut]

    def rolled_names(self, ring: bytearray) -> bytes:
        """The same of a ring of names."""
        cut = 0 if self.until is None else (self.until + 1) % self.length
        return bytes(ring[cut:] + ring[:cut])

    def put_back(self, until: int) -> None:
        """Rings that were filled oldest first are those of the steps up to ``until``."""
        self.until = until
        cut = self.length - (until + 1) % self.length
        for track in (*self.figures.values(), *self.options.values()):
            for ring in track.rings:
                ring[:] = ring[cut:] + ring[:cut]
        for names in (self.work, self.best):
            names[:] = names[cut:] + names[:cut]

    def _blank(self, slot: int) -> None:
        for track in (*self.figures.values(), *self.options.values()):
            track.blank(slot)
        self.work[slot] = self.best[slot] = 0

    def _drop_silent(self) -> None:
        """Forget options of which nothing is known any more."""
        for name in [name for name, track in self.options.items() if all(math.isnan(v) for v in track.rings[0])]:
            del self.options[name]


def known(ring: array[float]) -> Values:
    """A ring's values with None for what is unknown."""
    return tuple([value if -LARGEST < value < LARGEST else None for value in ring.tolist()])
