"""What ``/proc`` says of the processes that hold GPUs: whose they are, and in which unit or container they run."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from console.text import clean

PROC = Path("/proc")
_MOST_ANCESTORS = 64
_MAX_READ = 1 << 16

_HEX = "[0-9a-f]{12,64}"
_CONTAINERS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"/kubepods[^/]*/", "kubernetes pod"),
        (rf"/libpod-(?:payload-|conmon-)?({_HEX})", "podman"),
        (rf"/docker[-/]({_HEX})", "docker"),
        (rf"/cri-containerd-({_HEX})", "containerd"),
        (rf"/crio-(?:conmon-)?({_HEX})", "cri-o"),
        (r"/lxc(?:\.payload)?[./]([^/]+)", "lxc"),
        (r"/machine-([^/]+)\.scope", "machine"),
        (r"/systemd-nspawn@([^/]+)\.service", "machine"),
        (r"/([0-9a-f]{64})(?:/|$)", "container"),
    )
)


class Process(NamedTuple):
    """One process. ``cgroups`` are its unit paths (v2, and v1's ``name=systemd``); ``started_at`` is Unix seconds."""

    pid: int
    ppid: int
    uid: int
    user: str
    comm: str
    cgroups: tuple[str, ...]
    container: str
    started_at: float

    def who(self) -> str:
        """For people: ``python3 (pid 4711, user alice, in docker 3f2a9c1b4d5e)``."""
        inside = f", in {self.container}" if self.container else ""
        return f"{self.comm} (pid {self.pid}, user {self.user}{inside})"


class ProcessTable:
    """Processes and the chain of their parents at one instant. A pid that cannot be read is not in it."""

    def __init__(self, processes: Mapping[int, Process], parents: Mapping[int, int]) -> None:
        self._processes = processes
        self._parents = parents

    @classmethod
    def read(cls, pids: Iterable[int], root: Path = PROC) -> ProcessTable:
        """Read ``pids`` and their ancestors. ``root`` is another ``/proc`` in tests.

        A process that is gone, hidden (``hidepid``) or belongs to another pid namespace is left out.
        """
        boot_at = _boot_at(root)
        processes: dict[int, Process] = {}
        parents: dict[int, int] = {}
        for pid in set(pids):
            process = _process(root, pid, boot_at)
            if process is not None:
                processes[pid] = process
                _climb(root, pid, process.ppid, parents)
        return cls(processes, parents)

    def get(self, pid: int) -> Process | None:
        """The process, or None where nothing can be said of it."""
        return self._processes.get(pid)

    def lineage(self, pid: int) -> tuple[int, ...]:
        """``pid`` and its ancestors, nearest first, without init."""
        chain = [pid]
        while (parent := self._parents.get(chain[-1], 0)) > 1 and len(chain) < _MOST_ANCESTORS:
            chain.append(parent)
        return tuple(chain)


def container_of(paths: Iterable[str]) -> str:
    """The container that a process with these cgroup paths runs in, as ``docker 3f2a9c1b4d5e``; empty for none."""
    for path in paths:
        for pattern, kind in _CONTAINERS:
            found = pattern.search(path)
            if found:
                return f"{kind} {_short(found[1])}" if pattern.groups else kind
    return ""


def _short(name: str) -> str:
    """A container's name, or the twelve digits of its id that every tool shows."""
    return name[:12] if re.fullmatch(_HEX, name) else clean(name, 40)


def _process(root: Path, pid: int, boot_at: float) -> Process | None:
    place = root / str(pid)
    try:
        stat, status, cgroup = (_text(place / name) for name in ("stat", "status", "cgroup"))
        ppid, ticks = _stat(stat)
        uid = int(_field(status, "Uid").split()[0])
    except (OSError, ValueError, IndexError):
        return None
    paths = dict(_cgroups(cgroup))
    comm = clean(stat[stat.find("(") + 1 : stat.rfind(")")], 40) or "?"
    return Process(
        pid=pid,
        ppid=ppid,
        uid=uid,
        user=_user(uid),
        comm=comm,
        cgroups=tuple(path for hierarchy, path in paths.items() if hierarchy in ("", "name=systemd")),
        container=container_of(paths.values()),
        started_at=boot_at + ticks / os.sysconf("SC_CLK_TCK"),
    )


def _climb(root: Path, pid: int, ppid: int, parents: dict[int, int]) -> None:
    """Fill in the parents from ``pid`` upwards, until init, an unreadable one, or where it has been before."""
    for _ in range(_MOST_ANCESTORS):
        if pid in parents:
            return
        parents[pid] = ppid
        if ppid <= 1:
            return
        pid = ppid
        try:
            ppid, _ticks = _stat(_text(root / str(pid) / "stat"))
        except (OSError, ValueError, IndexError):
            return


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_READ).decode("utf-8", "replace")


def _stat(text: str) -> tuple[int, int]:
    """The parent's pid and the start in clock ticks after boot. The name in brackets may hold brackets itself."""
    fields = text[text.rindex(")") + 1 :].split()
    return int(fields[1]), int(fields[19])


def _field(text: str, name: str) -> str:
    return next((line.partition(":")[2] for line in text.splitlines() if line.startswith(f"{name}:")), "")


def _cgroups(text: str) -> Iterable[tuple[str, str]]:
    """(hierarchy, path) of each line; the hierarchy is ``""`` for v2 and a list of controllers for v1."""
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield parts[1], clean(parts[2], 1000)


def _boot_at(root: Path) -> float:
    try:
        return float(_field(_text(root / "stat").replace("btime ", "btime:"), "btime"))
    except (OSError, ValueError):
        return 0.0


@functools.lru_cache(maxsize=256)
def _user(uid: int) -> str:
    import pwd

    try:
        return clean(pwd.getpwuid(uid).pw_name, 32)
    except KeyError:
        return str(uid)
