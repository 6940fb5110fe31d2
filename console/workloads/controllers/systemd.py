"""systemd over D-Bus, the system's manager or the user's own: units are units, templates included.

One job, ``Conflicts=`` carried out and its end awaited, takes 16 ms in the median; ``systemctl`` as a child process
takes 19 ms and gives text instead of typed errors. Without root, polkit decides per unit and verb: no sudo.
"""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from console.config.workload_settings import ControllerSettings
from console.text import clean
from console.workloads.contract import Fault, Task, UnknownUnitError, WorkloadError
from console.workloads.controllers._loop import LoopThread
from console.workloads.controllers._systemd_bus import BusError, LostError, SystemdBus
from console.workloads.controllers._systemd_checks import STARTERS, WANTERS, UnitFile, unit_faults, ways_off

SYSTEM_SOCKET = "/run/dbus/system_bus_socket"
LINGER = Path("/var/lib/systemd/linger")
PROC = Path("/proc")
CONNECT_S = 3.0
_MOST_AROUND = 32
"""Units around one that are looked at: a target may be wanted by a whole farm."""
_MOST_CGROUPS = 64 << 10

_STATES = {
    "active": "running",
    "reloading": "running",
    "refreshing": "running",
    "activating": "starting",
    "deactivating": "stopping",
    "inactive": "stopped",
    "maintenance": "stopped",
    "failed": "failed",
}
_UNKNOWN = frozenset({"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.LoadFailed"})
_FORBIDDEN = frozenset(
    {"org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"}
)
_ENDS = {
    "failed": "failed",
    "timeout": "ran into its own time-out in systemd",
    "dependency": "was not tried, because a unit that it requires failed",
    "canceled": "was cancelled: someone else started or stopped the unit meanwhile",
    "skipped": "was skipped, because a condition in the unit file does not hold",
    "assert": "was refused, because an assertion in the unit file does not hold",
    "once": "was refused, because the unit may start only once",
    "invalid": "does not apply to this unit",
    "collected": "was dropped, because the unit went away",
    "unsupported": "is not supported for this type of unit",
}

T = TypeVar("T")


class JobError(WorkloadError):
    """The job was carried out and the unit failed: it may have left a word of its own, see ``Systemd.last_word``."""


def connect(settings: ControllerSettings) -> Systemd:
    """The controller for one manager; does no I/O."""
    return Systemd(settings.bus, settings.socket)


class Systemd:
    """Controller over D-Bus, in a thread of its own that starts with the first call. Any thread may call it.

    ``linger`` is where logind keeps a file for each user whose manager outlives his logins.
    """

    kind = "systemd"

    def __init__(self, bus: str = "system", socket: str | None = None, linger: Path = LINGER) -> None:
        self._user = bus == "user"
        self._socket = socket
        self._linger = linger
        self._loop = LoopThread("systemd")
        self._bus: SystemdBus | None = None
        self._opening: asyncio.Lock | None = None

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """See Controller.observe."""
        return self._run(lambda: self._observe(units), timeout_s, "systemd did not answer")

    def start(self, unit: str, timeout_s: float) -> None:
        """See Controller.start. Returns when the job is done: for Type=notify the service has said that it is ready."""
        self._job("StartUnit", unit, "start", timeout_s)

    def stop(self, unit: str, timeout_s: float) -> None:
        """See Controller.stop. Returns when the unit's cgroup is empty (KillMode=control-group, systemd's default)."""
        self._job("StopUnit", unit, "stop", timeout_s)

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """See Controller.check. ``units`` are those that may share a GPU: they are compared in pairs."""
        files = self._run(lambda: self._files(units), 10.0, "systemd did not answer")
        said = tuple(unit_faults(files, "systemctl --user" if self._user else "systemctl"))
        return (*said, *self._unlingering(units))

    def boots(self, units: tuple[str, ...]) -> Mapping[str, str]:
        """See TellsBoots.boots."""
        files = self._run(lambda: self._files(units), 10.0, "systemd did not answer")
        return ways_off(files, "systemctl --user" if self._user else "systemctl")

    def last_word(self, unit: str, timeout_s: float = 2.0) -> str:
        """What the unit's program last told systemd of itself (``STATUS=``), "" for nothing. Raises WorkloadError."""
        return self._run(lambda: self._status(unit), timeout_s, "systemd did not answer")

    def close(self) -> None:
        """See Controller.close."""
        self._loop.close(self._disconnect)

    def _unlingering(self, units: tuple[str, ...]) -> Iterator[Fault]:
        """The user's manager, and all that it runs, ends with his last login unless logind lets it linger."""
        if not self._user:
            return
        uid = os.geteuid()
        try:
            user = pwd.getpwuid(uid).pw_name
        except KeyError:
            user = str(uid)
        if not os.path.exists(self._linger / user):  # noqa: PTH110 - False where it may not be looked at
            text = f"the user manager ends with the last login of {user}: loginctl enable-linger {user}"
            yield Fault(units=units, sentence=text, refuses=True)

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]], timeout_s: float, silence: str) -> T:
        try:
            return self._loop.run(work, timeout_s)
        except TimeoutError:
            raise WorkloadError(f"{silence} within {timeout_s:g} s") from None
        except LostError as error:
            raise WorkloadError(f"systemd cannot be reached at {self._address()}: {clean(error)}") from None
        except BusError as error:
            raise WorkloadError(f"systemd refused: {clean(error)}") from None
        except RuntimeError as error:
            raise WorkloadError(clean(error)) from None

    def _job(self, member: str, unit: str, verb: str, timeout_s: float) -> None:
        silence = f"the {verb} of {unit} did not end ({self._look(unit)})"
        end = self._run(lambda: self._queued(member, unit, verb), timeout_s, silence)
        if end != "done":
            kind = JobError if end == "failed" else WorkloadError
            raise kind(f"the {verb} of {unit} {_ENDS.get(end, f'ended as {clean(end)}')}: {self._look(unit)}")

    def _look(self, unit: str) -> str:
        return f"see journalctl {'--user ' if self._user else ''}-u {unit}"

    def _address(self) -> str:
        if self._socket:
            return f"unix:path={self._socket}"
        if not self._user:
            return f"unix:path={SYSTEM_SOCKET}"
        own = Path(f"/run/user/{os.geteuid()}/bus")
        named = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
        return f"unix:path={own}" if own.exists() or not named else named

    async def _manager(self) -> SystemdBus:
        """The connection, made anew where there is none any more."""
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._bus is None or not self._bus.connected:
                self._bus = None
                self._bus = await asyncio.wait_for(SystemdBus.open(self._address()), CONNECT_S)
            return self._bus

    async def _disconnect(self) -> None:
        if self._bus is not None:
            await self._bus.close()

    async def _queued(self, member: str, unit: str, verb: str) -> str:
        bus = await self._manager()
        try:
            return await bus.job(member, unit)
        except BusError as error:
            if error.name in _UNKNOWN:
                raise UnknownUnitError(f"systemd knows no unit {unit}: install its unit file") from None
            if error.name in _FORBIDDEN:
                rule = "a polkit rule has to let you, which changeover doctor --install-polkit writes"
                raise WorkloadError(f"not allowed to {verb} {unit}: {rule}") from None
            raise WorkloadError(f"systemd refused to {verb} {unit}: {clean(error)}") from None

    async def _observe(self, units: tuple[str, ...]) -> tuple[Task, ...]:
        bus = await self._manager()
        listed = (await bus.call("ListUnitsByNames", "as", list(units)))[0]
        return tuple(await asyncio.gather(*(_task(bus, unit, row) for unit, row in zip(units, listed, strict=True))))

    async def _status(self, unit: str) -> str:
        bus = await self._manager()
        path = str((await bus.call("LoadUnit", "s", unit))[0])
        return clean(await bus.get(path, "Service", "StatusText") or "", 300)

    async def _files(self, units: tuple[str, ...]) -> list[UnitFile]:
        bus = await self._manager()
        return [await _file(bus, unit) for unit in units]


async def _task(bus: SystemdBus, unit: str, row: list[Any]) -> Task:
    """One row of ListUnitsByNames, completed from the unit's properties where it is up."""
    _, _, load, active, sub, _, path, *_ = row
    if load != "loaded":
        reason = f"systemd knows no unit {unit}" if load == "not-found" else f"unit file: {clean(load, 40)}"
        return Task(unit=unit, state=_STATES.get(active, "stopped"), reason=reason)
    state = _STATES.get(active, "failed")
    if state in ("stopped", "failed"):
        result = clean(await bus.get(path, "Service", "Result") or sub, 40) if state == "failed" else ""
        return Task(unit=unit, state=state, reason=result)
    entered = "ActiveEnterTimestamp" if state == "running" else "InactiveExitTimestamp"
    wanted = (("Service", "MainPID"), ("Service", "ControlPID"), ("Unit", entered))
    pid, control_pid, since_us = await asyncio.gather(*(bus.get(path, *one) for one in wanted))
    return Task(
        unit=unit,
        state=state,
        pids=tuple(found for found in (pid, control_pid) if found),
        since=since_us / 1e6 if since_us else None,
        reason="restarting after a failure" if sub == "auto-restart" else "",
    )


async def _file(bus: SystemdBus, unit: str) -> UnitFile:
    path = str((await bus.call("LoadUnit", "s", unit))[0])
    service = await bus.properties(path, "Service") if unit.endswith(".service") else {}
    file = UnitFile(unit, await bus.properties(path, "Unit"), service)
    around = sorted(file.names(*STARTERS, *WANTERS))[:_MOST_AROUND]
    found = dict(zip(around, await asyncio.gather(*(_unit(bus, name) for name in around)), strict=True))
    return file._replace(around=found, cgroups=_cgroups(service.get("MainPID")))


async def _unit(bus: SystemdBus, name: str) -> Mapping[str, Any]:
    """What systemd knows of a unit around ours; nothing where it cannot say."""
    try:
        path = str((await bus.call("LoadUnit", "s", name))[0])
        return await bus.properties(path, "Unit")
    except BusError:
        return {}


def _cgroups(pid: object) -> str:
    """Where the kernel has a process, "" where it is gone or was never there."""
    if not isinstance(pid, int) or pid <= 0:
        return ""
    try:
        with (PROC / str(pid) / "cgroup").open("rb") as file:
            return file.read(_MOST_CGROUPS).decode("utf-8", "replace")
    except OSError:
        return ""
