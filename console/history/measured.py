"""What each GPU did under each workload the last time: the base of every estimate that is not a table figure."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from console import store
from console.model import Record

WARM_UP_S = 120.0
"""Rates of the first two minutes are left out: miners report 0 or a smoothed ramp for 20 to 120 s."""
IDLE, IDLE_WARM_UP_S = "off", 20.0
"""A card that does nothing comes to rest within seconds, and every other of its model is priced by it."""
SAMPLE_EVERY_S = 10.0
WINDOW = 30
KEEP_EVERY_S = 60.0


class Figure(Record):
    """Medians over the last window of one workload on one GPU, from ``since`` to ``at``."""

    uuid: str
    model: str
    workload: str
    rate: float | None
    input_rate: float | None
    power_w: float | None
    since: float
    at: float


class Kept(Record):
    """The file: every figure known, newest per GPU and workload."""

    figures: tuple[Figure, ...] = ()


class _Window:
    def __init__(self, since: float) -> None:
        self.since = since
        self.last = 0.0
        self.rates: deque[float] = deque(maxlen=WINDOW)
        self.inputs: deque[float] = deque(maxlen=WINDOW)
        self.watts: deque[float] = deque(maxlen=WINDOW)


class Measured:
    """Collects rate and watts while a workload runs and remembers them, across restarts if ``path`` is given."""

    def __init__(self, path: Path | None, *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        kept = store.load(path, Kept, Kept()) if path else Kept()
        self._figures = {(f.uuid, f.workload): f for f in kept.figures}
        self._open: dict[tuple[str, str], _Window] = {}
        self._saved = 0.0

    def observe(
        self,
        uuid: str,
        model: str,
        workload: str,
        at: float,
        *,
        rate: float | None,
        power_w: float | None,
        input_rate: float | None = None,
    ) -> None:
        """One instant of ``workload`` running on a GPU. Call it every tick; it keeps one sample per 10 s."""
        for stale in [key for key in self._open if key[0] == uuid and key[1] != workload]:
            del self._open[stale]
        window = self._open.setdefault((uuid, workload), _Window(at))
        warm_up_s = IDLE_WARM_UP_S if workload == IDLE else WARM_UP_S
        if at - window.since < warm_up_s or at - window.last < SAMPLE_EVERY_S:
            return
        window.last = at
        for series, value in ((window.rates, rate), (window.inputs, input_rate), (window.watts, power_w)):
            if value is not None:
                series.append(value)
        self._figures[(uuid, workload)] = Figure(
            uuid=uuid,
            model=model,
            workload=workload,
            rate=_median(window.rates),
            input_rate=_median(window.inputs),
            power_w=_median(window.watts),
            since=window.since,
            at=at,
        )
        if at - self._saved >= KEEP_EVERY_S:
            self.save()
            self._saved = at

    def know(self, figures: Iterable[Figure]) -> None:
        """Begin with figures from elsewhere; what was measured here stays."""
        for figure in figures:
            self._figures.setdefault((figure.uuid, figure.workload), figure)

    def idle(self, uuid: str) -> None:
        """Nothing we know runs on this GPU: the next run begins a new window."""
        for key in [key for key in self._open if key[0] == uuid]:
            del self._open[key]

    def on(self, uuid: str, workload: str) -> Figure | None:
        """What this very GPU did last time under ``workload``."""
        return self._figures.get((uuid, workload))

    def like(self, model: str, workload: str) -> Figure | None:
        """The median over GPUs of ``model`` here under ``workload``."""
        alike = [f for f in self._figures.values() if f.model == model and f.workload == workload]
        if not alike:
            return None
        return Figure(
            uuid="",
            model=model,
            workload=workload,
            rate=_median([f.rate for f in alike if f.rate is not None]),
            input_rate=_median([f.input_rate for f in alike if f.input_rate is not None]),
            power_w=_median([f.power_w for f in alike if f.power_w is not None]),
            since=min(f.since for f in alike),
            at=max(f.at for f in alike),
        )

    def save(self) -> None:
        """Keep all figures on disk, best effort."""
        if self._path is not None and self._figures:
            store.keep(self._path, Kept(figures=tuple(self._figures.values())))


def _median(values: deque[float] | list[float]) -> float | None:
    return statistics.median(values) if values else None
