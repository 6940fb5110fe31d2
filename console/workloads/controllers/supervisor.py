"""supervisord over its UNIX socket: programs are units, by ``name`` or ``group:name``.

Whoever can open that socket has full control of all that it runs, so the config must acknowledge it. Calls never wait
inside supervisord (its own ``wait`` can take ``stopwaitsecs``, ten seconds as shipped): states are polled instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from console.config.workload_settings import ControllerSettings
from console.text import clean
from console.workloads.contract import ALIVE, Fault, Task, UnknownUnitError, WorkloadError
from console.workloads.controllers import _unixrpc

DEFAULT_SOCKET = "/var/run/supervisor.sock"
CALL_S = 5.0
_FIRST_POLL_S, _SLOWEST_POLL_S = 0.01, 0.2

BAD_NAME, NO_FILE, NOT_EXECUTABLE = 10, 20, 21
ABNORMAL_TERMINATION, SPAWN_ERROR = 40, 50
ALREADY_STARTED, NOT_RUNNING = 60, 70
"""Fault codes of supervisord's XML-RPC interface (its ``xmlrpc.Faults``)."""

_DOWN = frozenset({"STOPPED", "EXITED", "FATAL"})
_STATES = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "starting",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "EXITED": "stopped",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}


def connect(settings: ControllerSettings) -> Supervisor:
    """The controller for one supervisord; does no I/O."""
    return Supervisor(settings.socket or DEFAULT_SOCKET)


class Supervisor:
    """Controller over one supervisord's socket. Safe to use from several threads: every call has its own connection."""

    kind = "supervisor"

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._closed = threading.Event()

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """See Controller.observe."""
        known = _by_unit(self._call("getAllProcessInfo", timeout_s=timeout_s))
        return tuple(_task(unit, known.get(unit)) for unit in units)

    def start(self, unit: str, timeout_s: float) -> None:
        """See Controller.start. Returns in state RUNNING, which is after the program's ``startsecs``."""
        end = time.monotonic() + timeout_s
        self._await(unit, end, lambda state: state != "STOPPING")  # a start while it stops is taken and forgotten
        self._command("startProcess", unit, ALREADY_STARTED, end)
        state = self._await(unit, end, lambda state: state not in ("STARTING", "BACKOFF", "STOPPING"))
        if state != "RUNNING":
            raise WorkloadError(f"{unit} did not start: it is {state}; see supervisorctl tail {unit} stderr")

    def stop(self, unit: str, timeout_s: float) -> None:
        """See Controller.stop."""
        end = time.monotonic() + timeout_s
        self._command("stopProcess", unit, NOT_RUNNING, end)
        state = self._await(unit, end, lambda state: state != "STOPPING")
        if state not in _DOWN:
            raise WorkloadError(f"{unit} is {state} after its stop: someone else has started it again")

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """See Controller.check."""
        said: list[Fault] = []
        mode = Path(self._socket).stat().st_mode if not _unixrpc.trusted_socket(self._socket) else 0
        if mode & 0o002:
            text = f"everybody can write to {self._socket} and so run anything: set chmod=0770 for it"
            said.append(Fault(units=units, sentence=text))
        known = _by_unit(self._call("getAllProcessInfo"))
        unknown = (unit for unit in units if unit not in known)
        said += [Fault(units=(unit,), sentence=_unknown(unit)) for unit in unknown]
        booting = sorted(self.boots(units))
        if len(booting) > 1:
            text = f"{' and '.join(booting)} all start with supervisord: write autostart=false for all but one"
            said.append(Fault(units=tuple(booting), sentence=text, refuses=True))
        return tuple(said)

    def boots(self, units: tuple[str, ...]) -> Mapping[str, str]:
        """See TellsBoots.boots. supervisord itself is taken to start with the host, as its packages have it."""
        booting = _autostarted(self._call_or_none("getAllConfigInfo")) & set(units)
        return {unit: f"write autostart=false into the program {unit}" for unit in units if unit in booting}

    def close(self) -> None:
        """See Controller.close. A poll that is under way ends with its next look."""
        self._closed.set()

    def _await(self, unit: str, end: float, enough: Callable[[str], bool]) -> str:
        """Poll until ``enough`` of the program's state; that state. Raises WorkloadError at ``end``."""
        pause_s = _FIRST_POLL_S
        while True:
            state = _info(self._call("getProcessInfo", unit, timeout_s=_left(unit, end))).statename
            if enough(state):
                return state
            if time.monotonic() + pause_s > end:
                raise WorkloadError(f"{unit} is still {state} at its time-out; see supervisorctl status {unit}")
            if self._closed.wait(pause_s):
                raise WorkloadError(f"{unit}: supervisord's connection was closed")
            pause_s = min(2 * pause_s, _SLOWEST_POLL_S)

    def _command(self, method: str, unit: str, harmless: int, end: float) -> None:
        """Send a command without waiting for its end; a ``harmless`` fault means that it already is so."""
        try:
            self._call(method, unit, False, timeout_s=_left(unit, end))
        except _RefusedError as error:
            if error.code != harmless:
                raise

    def _call_or_none(self, method: str) -> object:
        """The answer, or None from a supervisord too old to know ``method`` (before 4.0)."""
        try:
            return self._call(method)
        except _RefusedError:
            return None

    def _call(self, method: str, *params: str | bool, timeout_s: float = CALL_S) -> object:
        fault = "is closed on our side" if self._closed.is_set() else _unixrpc.trusted_socket(self._socket)
        if fault:
            raise WorkloadError(f"supervisord's socket {self._socket} {fault}")
        from xmlrpc.client import Fault

        try:
            return _unixrpc.call(self._socket, f"supervisor.{method}", params, min(timeout_s, CALL_S))
        except Fault as error:
            raise _refusal(error, params) from None
        except TimeoutError:
            raise WorkloadError(f"supervisord at {self._socket} did not answer in time") from None
        except (OSError, ValueError) as error:
            raise WorkloadError(f"supervisord at {self._socket} did not answer as expected: {clean(error)}") from None


class _RefusedError(WorkloadError):
    """A fault with its code."""

    code = 0


class _UnknownProgramError(UnknownUnitError, _RefusedError):
    """BAD_NAME: there is no such program."""


class _Program:
    """What supervisord says of one process, taken from a reply of which nothing is certain."""

    def __init__(self, reply: Mapping[str, object]) -> None:
        self.name = clean(reply.get("name", ""))
        self.group = clean(reply.get("group", ""))
        self.statename = clean(reply.get("statename", "UNKNOWN"), 20)
        self.pid = _whole(reply.get("pid"))
        self.start = _whole(reply.get("start"))
        self.trouble = clean(reply.get("spawnerr") or "") or _exit(self.statename, _whole(reply.get("exitstatus")))


def _info(reply: object) -> _Program:
    if not isinstance(reply, dict):
        raise WorkloadError("supervisord answered with something that is no process")
    return _Program(reply)


def _by_unit(reply: object) -> dict[str, _Program]:
    """Programs by the names a config may give them: ``group:name``, and ``name`` where the group is named alike."""
    if not isinstance(reply, list):
        raise WorkloadError("supervisord answered with something that is no list of processes")
    known: dict[str, _Program] = {}
    for program in (_info(entry) for entry in reply):
        known[f"{program.group}:{program.name}"] = program
        if program.group == program.name:
            known[program.name] = program
    return known


def _unknown(unit: str) -> str:
    return f"supervisord knows no program {unit}: check its name with supervisorctl status"


def _task(unit: str, program: _Program | None) -> Task:
    if program is None:
        return Task(unit=unit, state="stopped", reason=_unknown(unit))
    state = _STATES.get(program.statename, "failed")
    alive = state in ALIVE
    return Task(
        unit=unit,
        state=state,
        pids=(program.pid,) if alive and program.pid > 0 else (),
        since=float(program.start) if alive and program.start > 0 else None,
        reason="" if state == "running" else program.trouble,
    )


def _autostarted(reply: object) -> set[str]:
    """Programs that start with supervisord, by both of their names; empty where it does not say."""
    names: set[str] = set()
    for entry in reply if isinstance(reply, list) else ():
        if isinstance(entry, dict) and entry.get("autostart") is True:
            name, group = clean(entry.get("name", "")), clean(entry.get("group", ""))
            names |= {f"{group}:{name}"} | ({name} if group == name else set())
    return names


def _exit(state: str, status: int) -> str:
    return f"ended with exit status {status}" if state == "EXITED" else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _left(unit: str, end: float) -> float:
    left_s = end - time.monotonic()
    if left_s <= 0:
        raise WorkloadError(f"{unit}: supervisord did not finish within the time-out")
    return left_s


def _refusal(error: object, params: tuple[str | bool, ...]) -> _RefusedError:
    """A fault as a sentence that names the program and what to look at."""
    unit = clean(params[0]) if params else "supervisord"
    code, text = getattr(error, "faultCode", 0), clean(getattr(error, "faultString", ""))
    said = {
        BAD_NAME: _unknown(unit),
        NO_FILE: f"{unit} cannot start: its command does not exist ({text})",
        NOT_EXECUTABLE: f"{unit} cannot start: its command is not executable ({text})",
        SPAWN_ERROR: f"{unit} could not be started: see supervisorctl tail {unit} stderr",
        ABNORMAL_TERMINATION: f"{unit} ended right after its start: see supervisorctl tail {unit} stderr",
    }.get(code, f"supervisord refused {unit}: {text}")
    made = _UnknownProgramError(said) if code == BAD_NAME else _RefusedError(said)
    made.code = code
    return made
