"""When this operator looked last, what came since, and when to ring: all that asks for attention by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from console import store
from console.attention.book import AGAIN_S
from console.model import Alarm, Record

AWAY_S = 600.0
"""Who was away for less has seen what there was."""
KEPT_EVERY_S = 60.0
RING_EVERY_S = 10.0
FILE = "looked.json"


class Looked(Record):
    """The file: when this user's console was last in front, Unix seconds."""

    at: float = 0.0


def where() -> Path:
    """The file of this user, in his XDG_STATE_HOME."""
    import platformdirs

    return Path(platformdirs.user_state_dir("changeover")) / FILE


def last(path: Path) -> float | None:
    """When he looked last; None where that is not known."""
    try:
        at = store.load(path, Looked, Looked()).at
    except OSError:
        return None
    return at if at > 0 else None


def looked(path: Path, at: float) -> bool:
    """Keep that he looked; False where the disk refuses. Waits for the disk."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return store.save(path, Looked(at=at))


def away_since(at: float | None, now: float) -> float | None:
    """``at`` where he has been away for long since then; else None. A time ahead of this clock is none."""
    return at if at is not None and now - at > AWAY_S else None


def since_then(alarms: Sequence[Alarm], since: float) -> int:
    """How many alarms began after ``since``, those that are over included."""
    return sum(1 for alarm in alarms if alarm.since > since)


def sentence(clock: str, alarms: int, flips: int, key: str) -> str:
    """The banner; "" where nothing happened. ``clock`` is when he looked, ``key`` opens the list."""
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((alarms, "alarm"), (flips, "flip")) if n]
    if not parts:
        return ""
    shows = f": {key} shows them" if key and alarms else ""
    return f"since you last looked ({clock}) {', '.join(parts)}{shows}"


class Bell:
    """Rings once for each alarm that begins while a console is open, and at most once in RING_EVERY_S."""

    def __init__(self, opened_at: float) -> None:
        """What began before ``opened_at`` (Unix seconds, the site's) rings nowhere: the list has it."""
        self._opened_at = opened_at
        self._heard: dict[str, float] = {}  # when each began that has called
        self._rang_at = float("-inf")
        self._due = False

    def due(self, alarms: Sequence[Alarm], now: float, at: float, *, behind: bool) -> bool:
        """True when to ring, at ``now`` of the site's clock and ``at`` of the machine's.

        While the terminal is ``behind`` nothing is owed to it: a bell among frames that are late tells of nothing.
        """
        self._opened_at = min(self._opened_at, now)  # a clock that is set back makes nothing older than the console
        calling = [one for one in alarms if one.calls(now)]
        if any(one.since >= self._opened_at and self._news(one) for one in calling):
            self._due = True
        # What is over a while keeps its beginning: it may call again as the same.
        heard = {one.key: self._heard[one.key] for one in alarms if one.key in self._heard}
        self._heard = heard | {one.key: one.since for one in calling}
        if behind or not any(one.since >= self._opened_at for one in calling):
            self._due = False
        if not self._due or at - self._rang_at < RING_EVERY_S:
            return False
        self._due, self._rang_at = False, at
        return True

    def _news(self, alarm: Alarm) -> bool:
        """Two consoles that see one beginning agree on when it was a moment later: that is none of its own."""
        before = self._heard.get(alarm.key)
        return before is None or abs(alarm.since - before) > AGAIN_S
