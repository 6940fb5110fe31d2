"""How often each rented-out machine was rented, learned here from whether it is: its occupancy over the last month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from console import store
from console.history.accrued import MAX_GAP_S, SAVE_EVERY_S
from console.model import Quote, Record

DAY_S = 86400.0
DAYS = 30
"""Over how many days it is learned: rentals come in weeks, and a season is not to be averaged away."""
ENOUGH_S = 86400.0
"""Of watching, before it counts: rentals differ between day and night."""
SOURCE = "learned here"


class Day(Record):
    """One day (of Unix time): seconds that a machine was watched, and of these rented; half rented counts half."""

    day: int
    rented_s: float
    watched_s: float


class Kept(Record):
    """The file: by machine its days, the oldest first."""

    machines: dict[str, tuple[Day, ...]] = msgspec.field(default_factory=dict)


class Rentals:
    """Learns the occupancy of ``machines``; across restarts where ``path`` is given."""

    def __init__(self, path: Path | None, machines: Iterable[str], *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        names = frozenset(machines)
        kept = store.load(path, Kept, Kept()) if path and names else Kept()
        self._days = {name: _sane(kept.machines.get(name, ())) for name in sorted(names)}
        self._last: dict[str, tuple[float, float]] = {}
        self._told: tuple[Quote, ...] = ()
        self._told_at = float("-inf")

    def watch(self, at: float, rented: Mapping[str, float]) -> None:
        """The fraction of each machine that is rented now; one that is not named is not known now."""
        for name in self._days:
            last = self._last.pop(name, None)
            if last is not None and 0 < at - last[0] <= MAX_GAP_S:
                self._count(name, at, last[1], at - last[0])
            if name in rented:
                self._last[name] = (at, rented[name])
        if self._days and abs(at - self._told_at) >= SAVE_EVERY_S:
            self._told = tuple(self._learned(at))
            self._told_at = at
            self.save()

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """What has been learned, one quote of kind occupancy a machine, made anew each minute."""
        return self._told

    def save(self) -> None:
        """Keep what was learned on disk, best effort."""
        if self._path is not None and any(self._days.values()):
            store.keep(self._path, Kept(machines=self._days))

    def _count(self, name: str, at: float, fraction: float, elapsed_s: float) -> None:
        day, days = int(at // DAY_S), self._days[name]
        today = days[-1] if days and days[-1].day == day else Day(day=day, rented_s=0.0, watched_s=0.0)
        grown = Day(day=day, rented_s=today.rented_s + fraction * elapsed_s, watched_s=today.watched_s + elapsed_s)
        # Days after today are of a clock that was wrong.
        self._days[name] = (*(one for one in days if day - DAYS < one.day < day), grown)

    def _learned(self, at: float) -> Iterable[Quote]:
        for name, days in self._days.items():
            watched_s = sum(one.watched_s for one in days)
            if watched_s < ENOUGH_S:
                continue
            value = min(1.0, sum(one.rented_s for one in days) / watched_s)
            known_at = min(at, (days[-1].day + 1) * DAY_S)
            yield Quote(
                name=name, kind="occupancy", value=value, unit="", source=SOURCE, at=known_at, max_age_s=7 * DAY_S
            )


def _sane(days: tuple[Day, ...]) -> tuple[Day, ...]:
    """Without days that cannot be: a file may have been written by anybody."""
    return tuple(one for one in days[-DAYS:] if 0 <= one.rented_s <= one.watched_s <= 2 * DAY_S)
