"""What a process and its descendants have cost so far: CPU from the kernel's own clocks, memory by share."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def tree(root: int) -> list[int]:
    """Pids of a process and all its descendants that still have a parent among them."""
    found = [root]
    for pid in found:  # grows while it is walked
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_s(root: int) -> float:
    """CPU seconds, user and system, of a tree and of every descendant that it has already waited for."""
    return sum(own_cpu_s(pid) + _waited_for_cpu_s(pid) for pid in tree(root))


def own_cpu_s(pid: int) -> float:
    """CPU seconds of one process with all its threads, ended ones too; 0 once it is gone.

    This is clock_getcpuclockid(3), to the nanosecond. /proc/PID/stat has the same sum in steps of 10 ms, as much as a
    console at rest uses in a second, and /proc/PID/schedstat has nanoseconds of the main thread alone.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)
    except OSError:
        return 0.0


def pss_mb(root: int) -> float:
    """Proportional set size of a tree in MB (10^6 bytes): a page that several processes share counts in parts."""
    total_kib = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
            total_kib += int(found[1]) if found else 0
    return total_kib * 1024 / 1e6


def _waited_for_cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_S
