"""One process at a time, for the moment that a file is replaced or moved."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(path: Path, mode: int) -> Iterator[None]:
    """Hold an exclusive flock on ``path``, made with ``mode`` and never unlinked; waits. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with contextlib.suppress(PermissionError):  # another operator's
            os.fchmod(fd, mode)
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
