"""What commands without a screen cost to start: CPU, time, and the modules they import."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.hosts import Host
from benchmarks.visit import Sample

HEAVY = frozenset({"textual", "rich", "httpx", "psutil", "asyncio", "pynvml", "dbus_fast"})
"""Packages that cost so much that a command imports none of them without need."""

_PROBE = """
import sys
bare = set(sys.modules)
from console.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
sys.stderr.write("\\n" + " ".join(sorted(set(sys.modules) - bare)))
"""
_TIMEOUT_S = 60


class Command(NamedTuple):
    """One thing to ask for. ``theirs`` is what comes nearest to it at nvitop, if anything does.

    ``most_modules`` may be imported beyond what a bare interpreter has, a number that grows only by decision, and of
    the heavy packages only those that it ``needs``. ``limit_ms`` is its budget in CPU.
    """

    title: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    most_modules: int
    limit_ms: float | None
    needs: tuple[str, ...] = ()


_SUM = "calc mine --hashrate 178MH --watts 221 --coin-price 0.84 --reward 12 --difficulty 3.3e15 --power-price 0.071"
COMMANDS = (
    Command("--help", ("--help",), ("--help",), 5, 150),
    Command("calc", tuple(_SUM.split()), (), 95, 150),
    Command("journal", ("journal",), (), 105, 150),
    # 230 before there were feeds, pools and contracts, whose settings and checks are modules of their own.
    Command("status --fast", ("status", "--fast"), ("--once",), 310, None, ("psutil",)),
    Command("status", ("status",), ("--once",), 310, None, ("psutil",)),
)


class Imports(NamedTuple):
    """How many modules a command imported beyond a bare interpreter's, and what of that its budget forbids."""

    modules: int
    faults: tuple[str, ...]


def started(command: Sequence[str], host: Host) -> Sample:
    """Run a command to its end: CPU of all its processes, and the time it took. Raises if it fails or hangs."""
    before, began = _children_cpu_s(), time.monotonic()
    subprocess.run(
        command, env=host.env, check=True, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    return {"cpu_ms": (_children_cpu_s() - before) * 1e3, "wall_ms": (time.monotonic() - began) * 1e3}


def imports(command: Command, host: Host) -> Imports:
    """What ``command`` imports."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *command.ours],
        env=host.env,
        check=True,
        timeout=_TIMEOUT_S,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    names = done.stderr.rpartition("\n")[2].split()
    heavy = sorted((HEAVY & {name.partition(".")[0] for name in names}) - {*command.needs})
    faults = [f"{command.title} imports {name}" for name in heavy]
    if len(names) > command.most_modules:
        faults.append(f"{command.title} imports {len(names)} modules, more than {command.most_modules}")
    return Imports(len(names), tuple(faults))


def _children_cpu_s() -> float:
    """CPU seconds of all children that were waited for, and theirs: exact, where a tree's clocks end with it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
