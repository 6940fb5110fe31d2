"""A technician's locks: on a GPU or the whole host, until a time or until lifted. They survive restarts.

One small file in the state directory, replaced whole and synced. A file that cannot be read locks everything: somebody
may have his hands in the machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from console import store
from console.flips.alone import alone
from console.flips.guards import LOCK
from console.model import Guard, Record
from console.paths import Places
from console.text import clean

HOST = "host"
"""What a lock names when it is on every GPU of this host."""
MAX_BYTES = 1024 * 1024


class Lock(Record):
    """One lock. ``on`` is a UUID or ``host``; ``until`` is Unix seconds, None until lifted."""

    on: str
    by: str
    since: float
    until: float | None = None
    reason: str = ""

    def stands(self, now: float) -> bool:
        """True until its time has come."""
        return self.until is None or now < self.until

    def cleaned(self) -> Lock:
        """The same lock with nothing in its texts that a terminal would obey: who may write the file may write that."""
        return Lock(on=clean(self.on), by=clean(self.by), since=self.since, until=self.until, reason=clean(self.reason))

    def sentence(self) -> str:
        """Who locked what, until when and why."""
        what = "this host" if self.on == HOST else "it"
        until = f" until {clock(self.until)}" if self.until is not None else ""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.by} locked {what}{until}{why}; changeover unlock lifts that"


class LockError(Exception):
    """The locks cannot be read or written; ``str`` is a sentence."""


class Locks:
    """The locks of one host."""

    def __init__(self, places: Places) -> None:
        self._path = places.state / "locks.json"
        self._mode = 0o660 if places.shared else 0o600

    def standing(self, now: float) -> tuple[Lock, ...]:
        """Every lock that stands at ``now``. Raises LockError when the file cannot be read."""
        return tuple(lock for lock in self._read() if lock.stands(now))

    def guards(self, uuid: str, now: float) -> tuple[Guard, ...]:
        """The guards that locks put on one GPU. Never raises: what cannot be read locks."""
        try:
            found = self.standing(now)
        except LockError as error:
            return (Guard(name=LOCK, sentence=str(error)),)
        return tuple(Guard(name=LOCK, sentence=lock.sentence()) for lock in found if lock.on in (uuid, HOST))

    def put(self, lock: Lock, now: float) -> None:
        """Add a lock, in place of an older one on the same thing. Raises LockError."""
        self._change(lambda locks: [*(one for one in locks if one.on != lock.on and one.stands(now)), lock])

    def lift(self, on: str, now: float) -> tuple[Lock, ...]:
        """Take away the lock on a UUID or ``host``; the locks lifted, none when there was none. Raises LockError."""
        lifted = tuple(lock for lock in self.standing(now) if lock.on == on)
        self._change(lambda locks: [lock for lock in locks if lock.on != on and lock.stands(now)])
        return lifted

    def _change(self, changed: Callable[[tuple[Lock, ...]], list[Lock]]) -> None:
        try:
            with alone(self._path.with_suffix(".lock"), self._mode):
                _replace(self._path, msgspec.json.encode(changed(self._read())), self._mode)
        except OSError as error:
            raise LockError(f"the locks in {self._path} cannot be written: {error.strerror}") from error

    def _read(self) -> tuple[Lock, ...]:
        try:
            found = msgspec.json.decode(store.read_plain(self._path, MAX_BYTES), type=tuple[Lock, ...])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise LockError(f"the locks in {self._path} cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            why = clean(error, 80)
            raise LockError(f"{self._path} is damaged ({why}): all GPUs count as locked until it is mended") from error
        return tuple(lock.cleaned() for lock in found)


def _replace(path: Path, data: bytes, mode: int) -> None:
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        os.fchmod(fd, mode)
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clock(at: float) -> str:
    """A moment in UTC to the minute. Never raises: one that no calendar has is told as such."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ")
    except (ValueError, OverflowError, OSError):
        return f"a time beyond the calendar ({at:g} s)"
