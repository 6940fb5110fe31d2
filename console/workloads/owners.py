"""Which configured instance a process belongs to: by its unit's cgroup, or by descent from the unit's main process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from console.workloads.contract import Task
from console.workloads.expand import Placed
from console.workloads.proctable import Process, ProcessTable

Key = tuple[str, str]
"""(controller, unit): what names an instance on one host."""


class Owners:
    """Answers whose a process is, for one set of placed instances and what their controllers said of them."""

    def __init__(self, placed: Sequence[Placed], tasks: Mapping[Key, Task], table: ProcessTable) -> None:
        self._table = table
        self._main: dict[int, Key] = {}
        self._roots: dict[str, Key] = {}
        self._units: dict[tuple[str, str], Key] = {}
        for one in placed:
            key = (one.controller, one.unit)
            if one.bus:
                self._units[one.bus, one.unit] = key
            for pid in tasks[key].pids if key in tasks else ():
                self._main[pid] = key
                self._roots |= dict.fromkeys(self._unit_paths(pid, one.unit), key)

    def of(self, process: Process) -> Key | None:
        """The instance that ``process`` belongs to, or None."""
        for path in process.cgroups:
            for step in _steps(path):
                key = self._roots.get(step.path) or self._units.get((step.bus, step.unit))
                if key is not None:
                    return key
        lineage = self._table.lineage(process.pid)
        return next((self._main[pid] for pid in lineage if pid in self._main), None)

    def _unit_paths(self, pid: int, unit: str) -> Iterator[str]:
        """The cgroup of ``unit``, where its main process stands in or below one of that name."""
        main = self._table.get(pid)
        for path in main.cgroups if main else ():
            yield from (step.path for step in _steps(path) if step.unit == unit)


class _Step(NamedTuple):
    """One name in a cgroup path: the path down to it, whose unit it can be, and the unit's name."""

    path: str
    bus: str
    unit: str


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[_Step, ...]:
    """The names in a cgroup path from the root down. Kept: each tick asks it of the same processes again."""
    parts = path.split("/")
    return tuple(
        _Step("/".join(parts[: depth + 1]), _bus(parts[1:depth]), _plain(parts[depth]))
        for depth in range(1, len(parts))
    )


def _plain(name: str) -> str:
    """A unit's name without the ``_`` that systemd puts before names which the kernel keeps for itself."""
    return name.removeprefix("_")


def _bus(above: Sequence[str]) -> str:
    """Whose unit it is that stands below these names: the ``system``'s, the caller's own (``user``), or neither.

    Only slices (and the user's manager) may stand above it: a renter can name a cgroup inside a container or session as
    he likes, but a slice of the manager itself only root, or the user, can make.
    """
    manager = f"user@{os.geteuid()}.service"
    if any(part != manager and not part.endswith(".slice") for part in above):
        return ""
    if manager in above:
        return "user"
    return "" if "user.slice" in above else "system"
