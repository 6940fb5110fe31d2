"""Small JSON files that survive a crash: written beside, synced, renamed. A file that cannot be read is moved aside.

A sync takes a busy disk its time. Whoever may not wait for it hands a file to the writer of its folder with ``keep``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from console.inturn import CLOSE_S, InTurn

MAX_BYTES = 16 * 1024 * 1024
Kept = TypeVar("Kept")


def load(path: Path, shape: type[Kept], default: Kept) -> Kept:
    """The file at ``path`` decoded as ``shape``; ``default`` where there is none.

    A file that is too large or does not decode is renamed to ``NAME.bad`` and ``default`` returned: history is worth
    less than a console that starts. What is no file, such as a pipe, is left where it is and counts as none.
    """
    try:
        return msgspec.json.decode(_read(path), type=shape)
    except FileNotFoundError:
        return default
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        with contextlib.suppress(OSError):
            if stat.S_ISREG(path.stat().st_mode):
                path.replace(path.with_suffix(path.suffix + ".bad"))
        return default


def save(path: Path, kept: object) -> bool:
    """Write ``kept`` as JSON so that a crash leaves the old or the new file; False when the disk refuses."""
    return _write(path, msgspec.json.encode(kept))


def keep(path: Path, kept: object) -> None:
    """Have ``kept`` written as it is now, best effort: by the writer of its folder where one is open, else at once."""
    run(path, partial(_write, path, msgspec.json.encode(kept)))


def run(path: Path, job: Callable[[], object]) -> None:
    """Have ``job``, which raises nothing and brings ``path`` up to date, done as ``keep`` has a file written."""
    writer = _OPEN.get(path.parent)
    if writer is None or not writer.take(path, job):
        job()


class Writer:
    """A thread that does what ``keep`` and ``run`` have for files of ``folder``, of each only the newest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._due: dict[Path, Callable[[], object]] = {}
        self._lock = threading.Lock()
        self._turns = InTurn("store")
        _OPEN[folder] = self

    def take(self, path: Path, job: Callable[[], object]) -> bool:
        """Do this in a while, in the place of what is due for ``path``; False once closed. Returns at once."""
        with self._lock:
            waits = path in self._due
            if not waits and not self._turns.take(partial(self._bring, path)):
                return False
            self._due[path] = job
        return True

    def close(self, within_s: float = CLOSE_S) -> bool:
        """Take no more and write what is due; False where the disk did not take all of it within ``within_s``."""
        closed = self._turns.close(within_s)
        if _OPEN.get(self._folder) is self:
            del _OPEN[self._folder]
        return closed

    def _bring(self, path: Path) -> None:
        with self._lock:
            job = self._due.pop(path)
        job()


_OPEN: dict[Path, Writer] = {}


def read_plain(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most ``most``: no link is followed and no pipe or device waited for.

    Raises OSError with a reason, FileNotFoundError where there is nothing.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        with os.fdopen(fd, "rb", closefd=False) as file:
            body = file.read(most + 1)
    finally:
        os.close(fd)
    if len(body) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return body


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK the open waits for whoever writes into a pipe, for ever where nobody does.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise OSError("no regular file")
        if about.st_size > MAX_BYTES:
            raise msgspec.DecodeError("too large")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(fd)


def _write(path: Path, encoded: bytes) -> bool:
    fresh = path.with_suffix(f"{path.suffix}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True
