"""What stands over all flips of a host: the grid's event in progress, and that somebody has stopped whatever acts by
itself. Two small files in the state directory; one that cannot be read counts as the cautious answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from console import store
from console.flips.technician import clock
from console.model import Record
from console.paths import Places
from console.text import clean

MAX_BYTES = 64 * 1024
SETTLED_S = 0.1
"""A file that changed less than this ago may change again and look the same: clocks of file systems tick in 4 ms."""
T = TypeVar("T", bound=Record)


class Event(Record):
    """An event of the grid in which this site stands down. ``until`` is Unix seconds, None until it is taken away."""

    name: str
    until: float | None = None
    since: float | None = None

    def sentence(self) -> str:
        """Which event, until when."""
        until = f" until {clock(self.until)}" if self.until is not None else ""
        return f"the grid event {clean(self.name, 60)} is in progress{until}"


class Halt(Record):
    """Nothing acts by itself any more until somebody resumes it."""

    by: str
    since: float
    reason: str = ""

    def sentence(self) -> str:
        """Who said so, when and why."""
        why = f": {clean(self.reason, 120)}" if self.reason else ""
        at = clock(self.since)
        return f"{clean(self.by, 40)} stopped everything automatic at {at}{why}; changeover resume ends that"


class Over(Record):
    """What stands over all flips at one instant, as sentences; ``halted_since`` is Unix seconds."""

    event: str = ""
    halted: str = ""
    halted_since: float | None = None


class _Kept(NamedTuple):
    """What a file held, and how it looked to stat then."""

    looks: tuple[int, ...]
    record: Record


class Standing:
    """The files of one host. ``event.json`` may be written by whatever hears of events: see docs/flips.md."""

    def __init__(self, places: Places) -> None:
        self._event = places.state / "event.json"
        self._halt = places.state / "halt.json"
        self._kept: dict[Path, _Kept] = {}

    def event(self, now: float) -> str:
        """The event in progress as a sentence, ``""`` for none."""
        event, fault = self._read(self._event, Event)
        if fault:
            return f"whether a grid event is in progress cannot be told ({fault})"
        return event.sentence() if event and (event.until is None or now < event.until) else ""

    def over(self, now: float) -> Over:
        """All of it."""
        halt, fault = self._read(self._halt, Halt)
        # A mark that cannot be read may be of any time.
        since = halt.since if halt else float("inf") if fault else None
        return Over(event=self.event(now), halted=self.halted(), halted_since=since)

    def halted(self) -> str:
        """That everything automatic is stopped, as a sentence; ``""`` where it is not."""
        halt, fault = self._read(self._halt, Halt)
        if fault:
            return f"whether automatic flips are stopped cannot be told ({fault})"
        return halt.sentence() if halt else ""

    def halt(self, halt: Halt) -> bool:
        """Stop everything automatic; False when the disk did not take it."""
        return store.save(self._halt, halt)

    def resume(self) -> bool:
        """Let it go on; False where nothing was stopped. Raises OSError."""
        try:
            self._halt.unlink()
        except FileNotFoundError:
            return False
        return True

    def _read(self, path: Path, shape: type[T]) -> tuple[T | None, str]:
        """The record in a file, None where there is no file; and what is wrong with it. As it was read while the file
        looks the same: it is asked for several times a tick."""
        try:
            about = path.lstat()
        except OSError:
            self._kept.pop(path, None)
            return _read(path, shape)
        looks = (about.st_dev, about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        kept = self._kept.get(path)
        if kept is not None and kept.looks == looks and isinstance(kept.record, shape):
            return kept.record, ""
        record, fault = _read(path, shape)
        if record is not None and time.time() - about.st_ctime > SETTLED_S:
            self._kept[path] = _Kept(looks, record)
        return record, fault


def _read(path: Path, shape: type[T]) -> tuple[T | None, str]:
    try:
        return msgspec.json.decode(store.read_plain(path, MAX_BYTES), type=shape), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, f"{path}: {clean(getattr(error, 'strerror', None) or error, 80)}"
