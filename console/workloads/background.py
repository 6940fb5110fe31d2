"""Processes that may stand on any GPU without making it foreign, known by uid or cgroup and never by their name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from console.workloads.proctable import Process

_SYSTEM_UNITS = (
    "nvidia-persistenced.service",
    "nvidia-dcgm.service",
    "dcgm.service",
    "dcgm-exporter.service",
    "nvidia-dcgm-exporter.service",
    "display-manager.service",
    "gdm.service",
    "gdm3.service",
    "sddm.service",
    "lightdm.service",
    "lxdm.service",
    "xdm.service",
    "greetd.service",
)


_SESSION = re.compile(r"/session-[^/]+\.scope(/.*)?$")


class Background:
    """The processes that ``site.background`` names, and the system's own: display managers, DCGM, persistence."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._uids: set[int] = set()
        self._paths = [f"/system.slice/{unit}" for unit in _SYSTEM_UNITS]
        for entry in entries:
            how, _, what = entry.partition(":")
            if how == "cgroup":
                self._paths.append(what.rstrip("/"))
            elif (uid := _uid(what)) is not None:
                self._uids.add(uid)
        self._above = tuple(f"{known}/" for known in self._paths)

    def holds(self, process: Process) -> bool:
        """True when ``process`` is one of these."""
        if process.uid in self._uids and not process.container:  # who starts a container chooses the uid inside
            return True
        return any(path in self._paths or path.startswith(self._above) for path in process.cgroups)


def naming(process: Process) -> str:
    """How to make a process that draws part of the background, as words after its name.

    Nothing tells a desktop from a job that renders: both are graphics clients in a user's session. So whoever runs the
    host says which it is. Sessions are numbered anew at each login, and what stands above them stays.
    """
    path = next((path for path in process.cgroups if path.strip("/")), "")
    lasting = _SESSION.sub("", path)
    entry = f"cgroup:{lasting}" if lasting else f"uid:{process.user}"
    return f', drawing: if this is the display, write "{entry}" into site.background'


def _uid(name: str) -> int | None:
    """The uid of a user's name or number; None for a name this host does not know, which then excuses nobody."""
    if name.isdecimal():
        return int(name)
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
