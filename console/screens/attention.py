"""Who looks at this console: the bell for what begins meanwhile, and what is told to whoever comes back."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from console.attention.looked import KEPT_EVERY_S, Bell, away_since, last, looked, sentence, since_then
from console.inturn import InTurn
from console.model import Snapshot
from console.site.interface import Site
from console.view import clock


class Attention:
    """Follows the operator of one console. A key, a click or the window in front again is a sign of him.

    Nothing tells a program in tmux that somebody has attached: the first key after a long while does.
    """

    def __init__(self, site: Site, kept_in: Path | None) -> None:
        """``kept_in`` is where it is written when he looked last; None for a console whose past nobody misses."""
        now = site.now()
        self._site, self._path = site, kept_in
        self._bell = Bell(now)
        self._seen_at = now
        self._kept_at = time.monotonic()
        self._turns = InTurn("looked")
        self.since: float | None = away_since(last(kept_in), now) if kept_in is not None else None
        """When he looked last, where he was away and has not taken in yet what came since."""

    def present(self) -> None:
        """He is there."""
        now = self._site.now()
        gone = away_since(self._seen_at, now)
        self._seen_at = now
        if gone is not None:
            self.since = gone

    def taken_in(self) -> None:
        """He has seen what came meanwhile."""
        self.since = None

    def sentence(self, snapshot: Snapshot, key: str) -> str:
        """What came since he looked last; "" where nothing did, or he has seen it. ``key`` opens the alarms."""
        if self.since is None:
            return ""
        flips = sum(line.kind == "outcome" and line.at > self.since for line in self._site.history())
        at = clock.local(self.since, snapshot.timezone, "%d %b %H:%M")
        return sentence(at, since_then(snapshot.alarms, self.since), flips, key)

    def rings(self, snapshot: Snapshot, *, behind: bool) -> bool:
        """True when to ring for what this snapshot brings. While the terminal is ``behind`` nothing rings."""
        self._keep_now_and_then()
        return self._bell.due(snapshot.alarms, self._site.now(), time.monotonic(), behind=behind)

    def keep(self) -> None:
        """Write down when he looked last; from a thread, for the disk may take its time."""
        if self._path is not None:
            self._kept_at = time.monotonic()
            self._turns.take(partial(looked, self._path, self._seen_at))

    def close(self) -> None:
        """The console is left, by a key of his or because his link is gone: then he saw nothing of what came since his
        last key. Waits a moment for the disk, and no longer."""
        self.keep()
        self._turns.close()

    def _keep_now_and_then(self) -> None:
        if time.monotonic() - self._kept_at >= KEPT_EVERY_S:
            self.keep()
