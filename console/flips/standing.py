"""What stands over all flips of a host: the grid's event in progress, and that somebody has stopped whatever acts by
itself. Two small files in the state directory; one that cannot be read counts as the cautious answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from console import store
from console.flips.technician import clock
from console.model import Record
from console.paths import Places
from console.text import clean

MAX_BYTES = 64 * 1024
T = TypeVar("T")


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


class Standing:
    """The files of one host. ``event.json`` may be written by whatever hears of events: see docs/flips.md."""

    def __init__(self, places: Places) -> None:
        self._event = places.state / "event.json"
        self._halt = places.state / "halt.json"

    def event(self, now: float) -> str:
        """The event in progress as a sentence, ``""`` for none."""
        event, fault = _read(self._event, Event)
        if fault:
            return f"whether a grid event is in progress cannot be told ({fault})"
        return event.sentence() if event and (event.until is None or now < event.until) else ""

    def halted(self) -> str:
        """That everything automatic is stopped, as a sentence; ``""`` where it is not."""
        halt, fault = _read(self._halt, Halt)
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


def _read(path: Path, shape: Callable[..., T]) -> tuple[T | None, str]:
    """The record in a file, None where there is no file; and what is wrong with it."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=shape), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, f"{path}: {clean(getattr(error, 'strerror', None) or error, 80)}"
