"""The last day of one GPU, as rings of means: what it drew, how warm it was, what it netted and made."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from console.history.rings import Gauge, Level, Values, known
from console.model import Kind, LogLine, Record

SPANS: tuple[tuple[int, int], ...] = ((10, 90), (60, 120), (300, 288))
"""Step in seconds and number of steps: a quarter of an hour, two hours, a day. Each step is a whole number of those
before it."""
SPANS_S = tuple(float(step_s * length) for step_s, length in SPANS)
FIGURES = ("power_w", "temp_c", "net_per_h", "output")
_OUTPUT = FIGURES.index("output")
MOST_OPTIONS, MOST_CHANGES, MOST_NAMES = 12, 48, 250
BACK_S = 600.0
"""A clock set back by more than this makes all that was recorded later than now: nobody could place it any more."""


class Work(Record):
    """What a GPU did: a workload's name, its business, and the unit of what it made ("" for none)."""

    workload: str
    kind: Kind
    unit: str = ""


NOTHING = Work(workload="", kind=Kind.OFF)
_NO_NETS: Mapping[str, float | None] = MappingProxyType({})


class Sample(NamedTuple):
    """One tick of one GPU. ``output`` is its own share, in the unit of ``work``; ``nets`` are of its options."""

    power_w: float | None
    temp_c: float | None
    net_per_h: float | None
    output: float | None
    work: Work = NOTHING
    best: Work = NOTHING
    nets: Mapping[str, float | None] = _NO_NETS


_NO_SAMPLE = Sample(None, None, None, None)


class Series(Record):
    """One figure over equal steps, oldest first; ``lows`` and ``highs`` are the least and largest of each step."""

    name: str
    means: Values
    lows: Values = ()
    highs: Values = ()


class Past(Record):
    """What is known of one GPU over ``span_s``, in steps of ``step_s`` the last of which ends at ``until``.

    ``work`` is what it did in each step and ``best`` what its ladder put first, None where that is unknown.
    """

    span_s: float
    step_s: float
    until: float
    figures: tuple[Series, ...]
    options: tuple[Series, ...]
    work: tuple[Work | None, ...]
    best: tuple[Work | None, ...]

    def of(self, name: str) -> Series:
        """One figure. Raises KeyError for a name that is not in FIGURES."""
        for one in self.figures:
            if one.name == name:
                return one
        raise KeyError(name)


class GpuDay:
    """The rings of one GPU. One thread at a time."""

    def __init__(self) -> None:
        self.changes: deque[LogLine] = deque(maxlen=MOST_CHANGES)
        self.seen_at = 0.0
        self.begin()

    def begin(self) -> None:
        """Know nothing of figures."""
        self.levels = tuple(Level(step_s, length, FIGURES) for step_s, length in SPANS)
        self.names: list[Work] = [NOTHING]
        self._fine = self.levels[0]
        self._gauges = tuple(Gauge() for _ in FIGURES)  # of the step that is open
        self._step: int | None = None
        self._last = _NO_SAMPLE

    def add(self, at: float, sample: Sample) -> None:
        """Count one tick at Unix seconds ``at`` in."""
        step = int(at // self._fine.step_s)
        if step != self._step:
            self._turn(step)
        if sample.work != self._last.work:
            self._gauges[_OUTPUT].clear()  # a mean of two workloads' outputs would be of neither
        self._last = sample
        self.seen_at = at
        for gauge, value in zip(self._gauges, sample[:4], strict=True):
            if value is not None:
                gauge.add(value)

    def past(self, span_s: float) -> Past:
        """What is known over the shortest of the spans that has ``span_s``, else over the longest."""
        level = next((one for one in self.levels if one.span_s >= span_s), self.levels[-1])
        level.flush()
        names = (None, *self.names[1:])
        return Past(
            span_s=float(level.span_s),
            step_s=float(level.step_s),
            until=float(((level.until or 0) + 1) * level.step_s),
            figures=tuple(
                Series(name=name, means=means, lows=lows, highs=highs)
                for name, track in level.figures.items()
                for means, lows, highs in [[known(level.rolled(ring)) for ring in track.rings]]
            ),
            options=tuple(
                Series(name=name, means=known(level.rolled(track.rings[0]))) for name, track in level.options.items()
            ),
            work=tuple([names[number] for number in level.rolled_names(level.work)]),
            best=tuple([names[number] for number in level.rolled_names(level.best)]),
        )

    def _turn(self, step: int) -> None:
        """Another step begins; what the open one held goes into all levels."""
        newest = self._fine.until if self._step is None else self._step
        if newest is not None and step < newest:
            if (newest - step) * self._fine.step_s <= BACK_S:
                self._step = newest if self._step is None else self._step
                return  # the clock was set back a little: what comes counts as of the step that is open
            self.begin()
        if self._step is not None:
            self._close(self._step)
        for gauge in self._gauges:
            gauge.clear()
        self._step = step

    def _close(self, step: int) -> None:
        work, best = self._number(self._last.work), self._number(self._last.best)
        for level in self.levels:
            slot = level.begin(step * self._fine.step_s // level.step_s)
            for name, gauge in zip(FIGURES, self._gauges, strict=True):
                track = level.figures[name]
                if name == "output" and level.work[slot] not in (0, work):
                    track.gauge.clear()
                track.gauge.merge(gauge)
            for name, net in self._last.nets.items():
                option = level.option(name, MOST_OPTIONS) if net is not None else None
                if option is not None and net is not None:
                    option.gauge.add(net)
            level.work[slot], level.best[slot] = work, best

    def _number(self, work: Work) -> int:
        """The number of a name; 0, unknown, for one more than there is room for."""
        if work in self.names:
            return self.names.index(work)
        if len(self.names) >= MOST_NAMES:
            return 0
        self.names.append(work)
        return len(self.names) - 1
