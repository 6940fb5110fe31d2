"""One process at a time, for the moment that a file is replaced or moved."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_AGAIN_S = 0.02


@contextlib.contextmanager
def alone(path: Path, mode: int, within_s: float | None = None) -> Iterator[None]:
    """Hold an exclusive flock on ``path``, made with ``mode`` and never unlinked; waits, at most ``within_s`` if given.

    Raises OSError; TimeoutError, which is one, where somebody else holds it for longer.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with contextlib.suppress(PermissionError):  # another operator's
            os.fchmod(fd, mode)
        if within_s is None:
            fcntl.flock(fd, fcntl.LOCK_EX)
        else:
            _lock(fd, path, time.monotonic() + within_s)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, path: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise TimeoutError(f"{path} is held by another process") from None
            time.sleep(_AGAIN_S)
        else:
            return
