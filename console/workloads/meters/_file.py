"""What a workload's agent leaves in a file, bounded in size, and told to be old where its agent has stopped."""

from __future__ import annotations

import os
import stat
import time

from console.text import clean
from console.workloads.contract import WorkloadError

MAX_FILE = 1 << 20


def from_file(path: str, oldest_s: float, stopped: str) -> bytes:
    """A regular file of at most 1 MiB that nobody but its owner, root or the caller, can write.

    Raises WorkloadError with a sentence; ``stopped`` ends that of a file older than ``oldest_s``, or of a time to come:
    after a clock was set back, such a file would never grow old.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                raise WorkloadError(f"{path} is not a file of root's or yours")
            if found.st_mode & stat.S_IWOTH:
                raise WorkloadError(f"{path} can be written by others: chmod o-w {path}")
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(MAX_FILE + 1)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        said = clean(getattr(error, "strerror", None) or error, 80)
        raise WorkloadError(f"{path} cannot be read: {said}") from None
    if len(data) > MAX_FILE:
        raise WorkloadError(f"{path} holds more than {MAX_FILE >> 20} MiB")
    age_s = time.time() - found.st_mtime
    if abs(age_s) > oldest_s:
        when = f"{age_s:.0f} s ago" if age_s > 0 else f"{-age_s:.0f} s from now by this clock"
        raise WorkloadError(f"{path} was written {when}: {stopped}")
    return data
