"""Claims: who flips a GPU now. The kernel's flock is the claim; what stands in the file only informs.

A claim file is never unlinked (a second opener could lock a file that is no longer there) and is closed on exec, so
that no child of ours keeps a claim alive. A killed process lets go by dying.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Mapping
from types import TracebackType

from console.paths import Places
from console.text import clean

MAX_NOTE = 4096
TRIES, BETWEEN_TRIES_S = 5, 0.002
"""``held`` takes a lock for an instant to see whether it can; a taker must not mistake that for a claim."""
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ClaimError(Exception):
    """A GPU cannot be claimed: somebody holds it, or the claim file is not usable. ``str`` is a sentence."""


class Claim:
    """GPUs that this process may flip until it lets go, or dies."""

    def __init__(self, fds: dict[str, int]) -> None:
        self._fds = fds

    @property
    def uuids(self) -> tuple[str, ...]:
        """What is claimed."""
        return tuple(self._fds)

    def release(self) -> None:
        """Let go. The text in the files goes first, so that nobody reads of a claim that is over."""
        fds, self._fds = self._fds, {}
        for fd in fds.values():
            os.ftruncate(fd, 0)
            os.close(fd)

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


class Claims:
    """Takes claims in one directory; every console, runner and settling process of a host uses the same one."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def take(self, uuids: Iterable[str], who: str, since: float, slots: Mapping[str, int] | None = None) -> Claim:
        """Claim all of ``uuids`` or none. ``since`` is Unix seconds.

        Raises ClaimError, naming who holds one; it is called by its slot where ``slots`` has it.
        """
        fds: dict[str, int] = {}
        try:
            for uuid in sorted(set(uuids)):
                fds[uuid] = self._lock(uuid, f"GPU {slots[uuid]}" if slots and uuid in slots else uuid)
            note = json.dumps({"who": who, "pid": os.getpid(), "since": since}).encode()
            for fd in fds.values():
                os.ftruncate(fd, 0)
                os.pwrite(fd, note[:MAX_NOTE], 0)
        except OSError as error:
            _close(fds)
            raise ClaimError(f"a claim file under {self._places.run} cannot be used: {error.strerror}") from error
        except ClaimError:
            _close(fds)
            raise
        return Claim(fds)

    def held(self, uuid: str) -> str:
        """Who holds this GPU now, as a sentence; ``""`` when nobody does or that cannot be seen."""
        try:
            fd = self._open(uuid)
        except (OSError, ClaimError):
            return ""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return _holder(fd)
        finally:
            os.close(fd)
        return ""

    def _lock(self, uuid: str, name: str) -> int:
        fd = self._open(uuid)
        for _ in range(TRIES):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(BETWEEN_TRIES_S)
            else:
                return fd
        said = _holder(fd)
        os.close(fd)
        raise ClaimError(f"{name} is being flipped by {said}")

    def _open(self, uuid: str) -> int:
        if not SAFE_NAME.fullmatch(uuid):
            raise ClaimError(f"'{clean(uuid, 40)}' is not a GPU's UUID")
        path = self._places.lock(uuid)
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            # Without O_CREAT first: in a sticky directory the kernel refuses it on somebody else's file.
            fd = os.open(path, flags)
        except FileNotFoundError:
            mode = 0o660 if self._places.shared else 0o600
            fd = os.open(path, flags | os.O_CREAT, mode)
            with contextlib.suppress(PermissionError):  # another operator made it in between
                os.fchmod(fd, mode)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise ClaimError(f"{path} is not a plain file")
        return fd


def _holder(fd: int) -> str:
    try:
        note = json.loads(os.pread(fd, MAX_NOTE, 0))
        since = float(note["since"])
        return f"{clean(note['who'], 60)} (pid {int(note['pid'])}) since {_clock(since)}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return "another process"


def _clock(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _close(fds: dict[str, int]) -> None:
    for fd in fds.values():
        os.close(fd)
