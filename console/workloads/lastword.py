"""What still holds of a controller that does not answer: its last word, for units whose main processes still run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from console.workloads.contract import Task


def still_there(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Those of ``tasks`` of which a main process still runs, with such processes alone.

    They are what they were, not strangers. Of the others nothing is known, which is not the same as stopped.
    """
    alive = ((task, tuple(pid for pid in task.pids if _runs(pid))) for task in tasks)
    return tuple(msgspec.structs.replace(task, pids=pids) for task, pids in alive if pids)


def _runs(pid: int) -> bool:
    """False for a zombie as well: a controller that stands still does not reap what it killed."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return state not in b"ZX"
