"""systemd units by the cgroups of processes, and idle ones by names like ours. Asks the managers, never commands."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from console.config.workload_settings import ControllerSettings
from console.finding.found import Control, Unit
from console.workloads.contract import Task, WorkloadError
from console.workloads.proctable import Process
from console.workloads.registry import connect_controller

OURS = ("miner", "ai", "vllm")
"""What the shipped template units and their likes are called, each with ``@SLOT``."""
SYSTEM_SOCKET = "/run/dbus/system_bus_socket"
ASK_S = 3.0
_NAMES = {"system": "systemd", "user": "systemd-user"}
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,200}\.service")
_HOSTS = re.compile(
    r"(?:cron|crond|anacron|atd|ssh|sshd|ssh@.*|sshd@.*|docker|containerd|podman|crio|supervisor|supervisord|kubelet"
    r"|k3s|slurmd|libvirtd|display-manager|dbus|getty@.*|user@[0-9]+|screen|tmux|vastai.*|clore.*)\.service"
)
"""Units that run what others ask of them: who stops one stops far more than a GPU's workload."""


def control(bus: str) -> Control:
    """The controller of one manager, ``system`` or ``user``."""
    return Control(name=_NAMES[bus], kind="systemd", bus=bus)


def unit_of(process: Process) -> tuple[str, str] | None:
    """(bus, unit) of the service that ``process`` runs in; None in a session, a container, or another user's manager.

    Only slices and this user's own manager may stand above a unit: below anything else its name is whatever somebody
    inside has chosen.
    """
    manager = f"user@{os.geteuid()}.service"
    for path in process.cgroups:
        bus = "system"
        for part in path.split("/")[1:]:
            name = part.removeprefix("_")
            if name == manager:
                bus = "user"
            elif name.endswith(".slice"):
                bus = "" if name == "user.slice" and bus == "system" else bus
            elif name.endswith(".service") and bus and _UNIT.fullmatch(name) and not _HOSTS.fullmatch(name):
                return bus, name
            else:
                break
    return None


def host_unit(process: Process) -> str:
    """The service that started ``process`` for somebody else, such as ``cron.service``; empty for none."""
    parts = (part for path in process.cgroups for part in path.split("/"))
    return next((part for part in parts if _HOSTS.fullmatch(part) and not part.startswith("user@")), "")


def running(processes: Iterable[Process]) -> tuple[Unit, ...]:
    """Units whose main process a manager of this host names, of services in whose cgroups these processes are and whose
    place there does not say whose they are. Nobody but the manager decides that, so its word is as good as the place.

    Takes at most ASK_S seconds for each of both managers, and asks neither where no name is in doubt.
    """
    doubtful = (one for one in processes if not one.container and unit_of(one) is None)
    parts = (part.removeprefix("_") for one in doubtful for path in one.cgroups for part in path.split("/"))
    names = tuple(dict.fromkeys(part for part in parts if _UNIT.fullmatch(part) and not _HOSTS.fullmatch(part)))
    found: list[Unit] = []
    for bus, name in _NAMES.items() if names else ():
        with suppress(WorkloadError):
            tasks = _observed(bus, names)
            found += [Unit(controller=name, name=task.unit, pids=task.pids) for task in tasks if task.pids]
    return tuple(found)


def idle(slots: Collection[int], taken: frozenset[tuple[str, str]]) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
    """Units of both managers that are named like ours, exist, and are not ``taken`` (controller, unit), for these
    slots; and sentences on a manager that could not be asked. Takes at most ASK_S seconds for each."""
    names = tuple(f"{stem}@{slot}.service" for stem in OURS for slot in slots)
    found: list[Unit] = []
    notes: list[str] = []
    for bus, name in _NAMES.items():
        if bus == "system" and not Path(SYSTEM_SOCKET).exists():
            continue  # no systemd runs here
        wanted = tuple(unit for unit in names if (name, unit) not in taken)
        try:
            there = _known(bus, wanted)
        except WorkloadError as error:
            if bus == "system" or any(controller == name for controller, _ in taken):
                notes.append(f"systemd's {bus} manager was not asked for idle units: {error}")
            continue
        found += [Unit(controller=name, name=unit) for unit in there]
    return tuple(found), tuple(notes)


def _known(bus: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``names`` that a manager has a unit file for. Raises WorkloadError."""
    tasks = _observed(bus, names) if names else ()
    return tuple(task.unit for task in tasks if not task.reason.startswith(("systemd knows no", "unit file:")))


def _observed(bus: str, names: tuple[str, ...]) -> tuple[Task, ...]:
    """What one manager says of these. Raises WorkloadError."""
    settings = ControllerSettings(kind="systemd", bus="user" if bus == "user" else "system")
    controller = connect_controller("systemd", settings)
    try:
        return controller.observe(names, ASK_S)
    finally:
        controller.close()
