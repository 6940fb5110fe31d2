"""The last day of every GPU, kept across restarts: figures over a quarter of an hour, two hours and 24 hours.

Means over steps of 10 s, 60 s and 5 min; a step in which nothing was known is a gap. The rings of 64 GPUs take some
4 MB, one more tick of one GPU a few microseconds, their file some 3 MB.
"""

from __future__ import annotations

import math
import sys
import threading
from array import array
from pathlib import Path

from console import store
from console.history.gpuday import FIGURES, MOST_NAMES, MOST_OPTIONS, GpuDay, Past, Sample, Work
from console.history.rings import Level
from console.model import LogLine, Record

MOST_GPUS, MOST_KEPT = 512, 128
"""In memory, and in the file: with as many options as there is room for it stays under what ``store`` reads."""
KEEP_EVERY_S = 300.0
LONGEST_NAME, LONGEST_TEXT = 80, 400  # characters that are taken from a file


class KeptLevel(Record):
    """One level on disk: 32-bit little-endian floats, oldest first; of figures means, lows and highs behind another."""

    until: int
    figures: dict[str, bytes]
    options: dict[str, bytes]
    work: bytes
    best: bytes


class KeptGpu(Record):
    """One GPU on disk."""

    uuid: str
    names: tuple[Work, ...]
    levels: tuple[KeptLevel, ...]
    changes: tuple[LogLine, ...] = ()


class KeptDay(Record):
    """The file."""

    gpus: tuple[KeptGpu, ...] = ()


class DayHistory:
    """What was seen of every GPU. Any thread may ask while another adds."""

    def __init__(self, path: Path | None, *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        self._lock = threading.Lock()
        self._gpus: dict[str, GpuDay] = {}
        self._saved_at: float | None = None
        for one in store.load(path, KeptDay, KeptDay()).gpus[:MOST_KEPT] if path else ():
            if (day := _again(one)) is not None:
                self._gpus[one.uuid] = day

    def add(self, uuid: str, at: float, sample: Sample) -> None:
        """One tick of one GPU at Unix seconds ``at``."""
        with self._lock:
            self._of(uuid).add(at, sample)
        if self._saved_at is None:
            self._saved_at = at
        if not 0 <= at - self._saved_at < KEEP_EVERY_S:
            self._saved_at = at
            self.save()

    def tell(self, uuid: str, change: LogLine) -> None:
        """Remember that something happened to a GPU."""
        with self._lock:
            self._of(uuid).changes.append(change)

    def past(self, uuid: str, span_s: float) -> Past | None:
        """What is known of a GPU over ``span_s``; None where it was never seen."""
        with self._lock:
            day = self._gpus.get(uuid)
            return day.past(span_s) if day else None

    def changes(self, uuid: str) -> tuple[LogLine, ...]:
        """What happened to a GPU, newest first."""
        with self._lock:
            day = self._gpus.get(uuid)
            return tuple(sorted(day.changes, key=lambda one: -one.at)) if day else ()

    def save(self) -> None:
        """Keep it on disk, best effort."""
        if self._path is None:
            return
        with self._lock:
            newest = sorted(self._gpus.items(), key=lambda one: -one[1].seen_at)[:MOST_KEPT]
            gpus = tuple(kept for uuid, day in newest if (kept := _kept(uuid, day)) is not None)
        if gpus:
            store.keep(self._path, KeptDay(gpus=gpus))

    def _of(self, uuid: str) -> GpuDay:
        day = self._gpus.get(uuid)
        if day is None:
            if len(self._gpus) >= MOST_GPUS:
                del self._gpus[min(self._gpus, key=lambda one: self._gpus[one].seen_at)]
            day = self._gpus[uuid] = GpuDay()
        return day


def _kept(uuid: str, day: GpuDay) -> KeptGpu | None:
    """What goes to disk; None before a step is over."""
    for level in day.levels:
        level.flush()
    levels = tuple(
        KeptLevel(
            until=level.until,
            figures={name: b"".join(map(_packed, map(level.rolled, t.rings))) for name, t in level.figures.items()},
            options={name: _packed(level.rolled(t.rings[0])) for name, t in level.options.items()},
            work=level.rolled_names(level.work),
            best=level.rolled_names(level.best),
        )
        for level in day.levels
        if level.until is not None
    )
    if len(levels) < len(day.levels):
        return None
    return KeptGpu(uuid=uuid, names=tuple(day.names), levels=levels, changes=tuple(day.changes))


def _again(kept: KeptGpu) -> GpuDay | None:
    """What was kept; None for what no console has kept: a file may have been written by anybody."""
    day = GpuDay()
    texts = [name.workload + name.unit for name in kept.names] + [kept.uuid]
    if len(kept.levels) != len(day.levels) or not 1 <= len(kept.names) <= MOST_NAMES:
        return None
    if any(len(text) > LONGEST_NAME for text in texts) or any(len(one.text) > LONGEST_TEXT for one in kept.changes):
        return None
    if not all(_fill(level, one, len(kept.names)) for level, one in zip(day.levels, kept.levels, strict=True)):
        return None
    day.names = list(kept.names)
    day.changes.extend(one for one in kept.changes if math.isfinite(one.at))
    day.seen_at = float(kept.levels[0].until) * day.levels[0].step_s
    return day


def _fill(level: Level, kept: KeptLevel, names: int) -> bool:
    """Fill a level; False where anything in it has another size, or names what is not there."""
    if set(kept.figures) != set(FIGURES) or len(kept.options) > MOST_OPTIONS or not 0 <= kept.until < 1 << 40:
        return False
    if {len(kept.work), len(kept.best)} != {level.length} or max((*kept.work, *kept.best)) >= names:
        return False
    level.work[:], level.best[:] = kept.work, kept.best
    for name, track in level.figures.items():
        data = kept.figures[name]
        size = level.length * 4
        if len(data) != size * len(track.rings):
            return False
        for at, ring in enumerate(track.rings):
            if not _unpack(ring, data[at * size : (at + 1) * size]):
                return False
    for name, data in kept.options.items():
        option = level.option(name, MOST_OPTIONS)
        if len(name) > LONGEST_NAME or option is None or not _unpack(option.rings[0], data):
            return False
    level.put_back(kept.until)
    return True


def _packed(ring: array[float]) -> bytes:
    """The values as 32-bit little-endian floats."""
    if sys.byteorder == "big":
        ring = ring[:]
        ring.byteswap()
    return ring.tobytes()


def _unpack(ring: array[float], data: bytes) -> bool:
    """Fill a ring with what ``_packed`` has made; False for another size."""
    found = array("f")
    if len(data) != len(ring) * found.itemsize:
        return False
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    ring[:] = found
    return True
