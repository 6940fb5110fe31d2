"""Which configured instance a process belongs to: by its unit's cgroup, or by descent from the unit's main process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from console.workloads.contract import Task
from console.workloads.expand import Placed
from console.workloads.proctable import Process, ProcessTable

Key = tuple[str, str]
"""(controller, unit): what names an instance on one host."""


class Owners:
    """Answers whose a process is, for one set of placed instances and what their controllers said of them."""

    def __init__(self, placed: Sequence[Placed], tasks: Mapping[Key, Task], table: ProcessTable) -> None:
        self._table = table
        self._placed = tuple(placed)
        self._main: dict[int, Key] = {}
        self._roots: dict[str, Key] = {}
        for one in placed:
            key = (one.controller, one.unit)
            for pid in tasks[key].pids if key in tasks else ():
                self._main[pid] = key
                self._roots |= dict.fromkeys(self._unit_paths(pid, one.unit), key)

    def of(self, process: Process) -> Key | None:
        """The instance that ``process`` belongs to, or None."""
        for path in process.cgroups:
            for root, key in self._roots.items():
                if path == root or path.startswith(f"{root}/"):
                    return key
            for one in self._placed:
                if one.bus and _in_unit(path, one.unit, one.bus):
                    return one.controller, one.unit
        lineage = self._table.lineage(process.pid)
        return next((self._main[pid] for pid in lineage if pid in self._main), None)

    def _unit_paths(self, pid: int, unit: str) -> Iterator[str]:
        """The cgroup of ``unit``, where its main process stands in or below one of that name."""
        main = self._table.get(pid)
        for path in main.cgroups if main else ():
            parts = path.split("/")
            depth = _depth(parts, unit)
            if depth is not None:
                yield "/".join(parts[: depth + 1])


def _depth(parts: Sequence[str], unit: str) -> int | None:
    """Where ``unit`` stands in a cgroup path. systemd puts ``_`` before names that the kernel keeps for itself."""
    return next((depth for depth, part in enumerate(parts) if part in (unit, f"_{unit}")), None)


def _in_unit(path: str, unit: str, bus: str) -> bool:
    """True when ``path`` lies in ``unit`` of the system's manager, or of the caller's own.

    Only slices (and the user's manager) may stand above it: a renter can name a cgroup inside a container or session as
    he likes, but a slice of the manager itself only root, or the user, can make.
    """
    parts = path.split("/")[1:]
    depth = _depth(parts, unit)
    if depth is None:
        return False
    above = parts[:depth]
    manager = f"user@{os.geteuid()}.service"
    if bus == "user":
        return manager in above and all(part == manager or part.endswith(".slice") for part in above)
    return all(part.endswith(".slice") for part in above) and "user.slice" not in above
