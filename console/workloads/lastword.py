"""What still holds of a controller that does not answer: its last word, where nothing speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from console.workloads.contract import ALIVE, Task


def still_there(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Those of ``tasks`` of which a main process still runs, with such processes alone, and those that were alive
    without any, as a listing on a market is.

    They are what they were, not strangers. Of the others nothing is known, which is not the same as stopped.
    """
    known = ((task, tuple(pid for pid in task.pids if _runs(pid))) for task in tasks)
    return tuple(
        msgspec.structs.replace(task, pids=pids)
        for task, pids in known
        if pids or (not task.pids and task.state in ALIVE)
    )


def _runs(pid: int) -> bool:
    """False for a zombie as well: a controller that stands still does not reap what it killed."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return state not in b"ZX"
