"""Processes that may stand on any GPU without making it foreign, known by uid or cgroup and never by their name."""

from __future__ import annotations

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

    def holds(self, process: Process) -> bool:
        """True when ``process`` is one of these."""
        if process.uid in self._uids:
            return True
        return any(path == known or path.startswith(f"{known}/") for path in process.cgroups for known in self._paths)


def _uid(name: str) -> int | None:
    """The uid of a user's name or number; None for a name this host does not know, which then excuses nobody."""
    if name.isdecimal():
        return int(name)
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
