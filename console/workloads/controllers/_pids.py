"""Processes by their pids, told apart from others that got the same number later."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
_WHOLE = re.compile(r"(?<!\S)[1-9]\d{0,9}(?!\S)")
_MOST = 64
_START = 19
"""Where the start stands in ``/proc/PID/stat`` behind the name in brackets: field 22 of proc(5), the name being 2."""


class Born(NamedTuple):
    """A process: its pid, and its start in clock ticks since boot (None where the kernel hides it from us)."""

    pid: int
    ticks: int | None


def pids_in(line: str) -> tuple[int, ...]:
    """The whole numbers that stand alone in a line, each once: ``running 1234 1235``."""
    return tuple(dict.fromkeys(int(found) for found in _WHOLE.findall(line)))[:_MOST]


def born(pid: int) -> Born | None:
    """The process with this pid; None where there is none, or only a zombie or a thread of the kernel's."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        command = (PROC / str(pid) / "cmdline").read_bytes()
    except ProcessLookupError:
        return None
    except OSError:
        return Born(pid, None)
    if not command or stat[0] in "ZX":
        return None
    return Born(pid, int(stat[_START]))


def started_at(process: Born) -> float | None:
    """Unix seconds at which it was started, by the kernel's ``btime``; None where that cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        for line in (PROC / "stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "btime" and process.ticks is not None:
                return int(value) + process.ticks / os.sysconf("SC_CLK_TCK")
    return None
