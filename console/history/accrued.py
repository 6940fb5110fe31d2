"""What today has earned so far, at each minute's own quotes: *accrued*, never to be mixed with credited or paid."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from console import store
from console.model import Record

MAX_GAP_S = 30.0
"""Time that was not watched earns nothing here: a longer silence is left out, not guessed."""
SAVE_EVERY_S = 60.0


class Day(Record):
    """The sum of one local day. ``since`` is when watching began, which may be later than midnight."""

    day: str = ""
    since: float = 0.0
    accrued: float = 0.0
    known: bool = False


class Accrued:
    """Integrates net per hour over time, per local day of ``timezone``; kept in ``path`` across restarts."""

    def __init__(self, path: Path | None, timezone: str, *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        self._zone = ZoneInfo(timezone)
        self._day = store.load(path, Day, Day()) if path else Day()
        self._last: tuple[float, float | None] | None = None
        self._saved = 0.0

    def add(self, at: float, net_per_h: float | None) -> Day:
        """Count the time since the last call at the rate known then; returns the day so far."""
        day = dt.datetime.fromtimestamp(at, self._zone).date().isoformat()
        if day != self._day.day:
            self._day = Day(day=day, since=at)
        if self._last is not None:
            then, rate = self._last
            elapsed_s = at - then
            if rate is not None and 0 < elapsed_s <= MAX_GAP_S:
                total = self._day.accrued + rate * elapsed_s / 3600.0
                self._day = Day(day=day, since=self._day.since, accrued=total, known=True)
        self._last = (at, net_per_h)
        if at - self._saved >= SAVE_EVERY_S:
            self.save()
            self._saved = at
        return self._day

    def save(self) -> None:
        """Keep the day on disk, best effort."""
        if self._path is not None and self._day.known:
            store.keep(self._path, self._day)
