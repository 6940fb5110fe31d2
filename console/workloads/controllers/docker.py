"""Docker and Podman over their API socket: units are existing containers, by label ``changeover.unit``, else by name.

Whoever can open that socket is root, so the config must acknowledge it. Nothing is created, pulled or executed here:
containers are started and stopped. A label counts where the container has it of its own: images bring labels too, and
a renter's image may bring ours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from console.config.workload_settings import ControllerSettings
from console.text import clean
from console.workloads.contract import ALIVE, Fault, Holding, Task, UnknownUnitError, WorkloadError
from console.workloads.controllers._docker_api import (
    Engine,
    GoneError,
    RefusedError,
    Session,
    SlowError,
    UnreadableError,
)
from console.workloads.controllers._docker_checks import WITH_DAEMON, mended_by, policy_faults
from console.workloads.controllers._docker_gpus import given
from console.workloads.controllers._docker_records import Details, Listed, State, Undecodable
from console.workloads.controllers._docker_task import IDLE, task_of
from console.workloads.controllers._sockets import trusted_socket

DEFAULT_SOCKET = "/var/run/docker.sock"
LABEL = "changeover.unit"
CHECK_S = 10.0
KILL_S = 2.0
"""Of a unit's stop time-out, what is kept for SIGKILL and the engine's answer after its grace has passed."""

_FIRST_POLL_S, _SLOWEST_POLL_S = 0.02, 0.5
_MOST_IMAGES = 256


def connect(settings: ControllerSettings) -> Docker:
    """The controller for one engine; does no I/O."""
    return Docker(settings.socket or DEFAULT_SOCKET)


class Docker:
    """Controller over one engine's socket. Any thread may call it: every call has a connection of its own."""

    kind = "docker"

    def __init__(self, socket: str) -> None:
        self._engine = Engine(socket)
        self._closed = threading.Event()
        self._images: dict[str, str] = {}  # by image id: our label, as its containers inherit it
        self._stops: dict[tuple[str, str], float] = {}  # what was told to stop is still "running" in Docker's words

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """See Controller.observe."""
        with self._session(time.monotonic() + timeout_s) as session:
            found = self._found(session, units, session.containers())
            return tuple(self._task(session, unit, found[unit]) for unit in units)

    def start(self, unit: str, timeout_s: float) -> None:
        """See Controller.start. Returns when a health check, where the container has one, has passed."""
        end = time.monotonic() + timeout_s
        self._await(unit, end, lambda state: state != "stopping")  # a start meanwhile is refused, or lost
        with self._commanding(unit, end, "start") as (session, container):
            session.start(container)
        task = self._await(unit, end, lambda state: state not in ("starting", "stopping"))
        if task.state != "running":
            why = task.reason or f"it is {task.state}"
            raise WorkloadError(f"{unit} did not start: {why}; see {self._engine.name} logs {unit}")

    def stop(self, unit: str, timeout_s: float) -> None:
        """See Controller.stop. What ignores its signal is killed KILL_S before the time-out, after 1 s at least."""
        end = time.monotonic() + timeout_s
        grace_s = max(1, int(timeout_s - KILL_S))
        try:
            with self._commanding(unit, end, "stop") as (session, container):
                state = session.details(container).state
                if state.status not in IDLE | {"stopping"}:
                    self._stops[container, state.started_at] = time.monotonic() + grace_s + KILL_S
                    session.stop(container, grace_s)
        except SlowError:
            text = f"{unit} has not stopped within {timeout_s:g} s; see {self._engine.name} logs {unit}"
            raise WorkloadError(text) from None
        task = self._await(unit, end, lambda state: state != "stopping")
        if task.state in ALIVE or task.pids:
            raise WorkloadError(f"{unit} is {task.state} after its stop: someone else has started it again")

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """See Controller.check."""
        said: list[Fault] = []
        path = self._engine.path
        if not trusted_socket(path) and Path(path).stat().st_mode & 0o002:
            text = f"everybody can write to {path} and so become root: chmod o-w {path}"
            said.append(Fault(units=units, sentence=text))
        policies: dict[str, str] = {}
        names: dict[str, str] = {}
        for unit, rows, policy in self._policies(units):
            if not rows:
                said.append(Fault(units=(unit,), sentence=self._unknown(unit)))
            elif len(rows) > 1:
                said.append(Fault(units=(unit,), sentence=_ambiguous(unit, rows), refuses=True))
            if isinstance(policy, WorkloadError):
                said.append(Fault(units=(unit,), sentence=f"{unit} cannot be looked over: {policy}", refuses=True))
            elif policy is not None:
                policies[unit], names[unit] = policy, rows[0].name()
        return (*said, *policy_faults(policies, names, self._engine.name))

    def boots(self, units: tuple[str, ...]) -> Mapping[str, str]:
        """See TellsBoots.boots."""
        return {
            unit: mended_by(self._engine.name, rows[0].name())
            for unit, rows, policy in self._policies(units)
            if policy in WITH_DAEMON
        }

    def holdings(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Holding, ...]:
        """See SeesContainers.holdings."""
        with self._session(time.monotonic() + timeout_s) as session:
            rows = session.containers()
            ours = {row.id: unit for unit, found in self._found(session, units, rows).items() for row in found}
            return tuple(_held(session, rows, ours))

    def close(self) -> None:
        """See Controller.close. A poll that is under way ends with its next look."""
        self._closed.set()

    def _policies(self, units: tuple[str, ...]) -> Iterator[tuple[str, Sequence[Listed], str | WorkloadError | None]]:
        """Each unit with its containers and the restart policy of the first; the error of one that cannot be read."""
        with self._session(time.monotonic() + CHECK_S) as session:
            for unit, rows in self._found(session, units, session.containers()).items():
                policy: str | WorkloadError | None = None
                if rows:
                    try:
                        said = session.details(rows[0].id).host.restart_policy
                        policy = said.name if said else ""
                    except (UnreadableError, RefusedError) as error:
                        policy = error
                yield unit, rows, policy

    def _session(self, end: float) -> AbstractContextManager[Session]:
        if self._closed.is_set():
            raise WorkloadError(f"the connection to {self._engine.path} is closed on our side")
        return self._engine.session(end)

    @contextmanager
    def _commanding(self, unit: str, end: float, verb: str) -> Iterator[tuple[Session, str]]:
        """A session with the id of the unit's one container; what goes wrong names the unit."""
        try:
            with self._session(end) as session:
                rows = self._found(session, (unit,), session.containers())[unit]
                if len(rows) > 1:
                    raise WorkloadError(_ambiguous(unit, rows))
                if not rows:
                    raise UnknownUnitError(self._unknown(unit))
                yield session, rows[0].id
        except GoneError:
            raise UnknownUnitError(f"{unit} was removed meanwhile") from None
        except RefusedError as error:
            raise WorkloadError(f"the {verb} of {unit} failed: {error}") from None

    def _await(self, unit: str, end: float, enough: Callable[[str], bool]) -> Task:
        """Poll until ``enough`` of the container's state. Raises WorkloadError at ``end``."""
        pause_s = _FIRST_POLL_S
        while True:
            (task,) = self.observe((unit,), max(0.001, end - time.monotonic()))
            if enough(task.state):
                return task
            if time.monotonic() + pause_s > end:
                text = f"{unit} is still {task.state} at its time-out; see {self._engine.name} logs {unit}"
                raise WorkloadError(text)
            if self._closed.wait(pause_s):
                raise WorkloadError(f"{unit}: the connection to {self._engine.path} was closed")
            pause_s = min(2 * pause_s, _SLOWEST_POLL_S)

    def _found(self, session: Session, units: Sequence[str], rows: Sequence[Listed]) -> dict[str, list[Listed]]:
        """The containers that each unit is: those of its label, else the one of its name."""
        labels = [(row, self._label(session, row, units)) for row in rows]
        labelled = {unit: [row for row, label in labels if label == unit] for unit in units}
        return {unit: labelled[unit] or [row for row in rows if unit in row.called()] for unit in units}

    def _label(self, session: Session, row: Listed, units: Sequence[str]) -> str:
        """The unit that a container calls itself, "" where that is none of ``units`` or comes from its image."""
        label = (row.labels or {}).get(LABEL, "")
        if label not in units:
            return ""
        if row.image_id not in self._images:
            try:
                inherited = session.image_labels(row.image_id).get(LABEL, "")
            except (GoneError, UnreadableError, RefusedError):
                return ""  # an image that is gone, or cannot be read, may say anything
            if len(self._images) >= _MOST_IMAGES:
                self._images.clear()
            self._images[row.image_id] = inherited
        return "" if label == self._images[row.image_id] else label

    def _task(self, session: Session, unit: str, rows: Sequence[Listed]) -> Task:
        if not rows:
            return Task(unit=unit, state="stopped", reason=f"{self._engine.name} knows no container {unit}")
        tasks = [self._one(session, unit, row) for row in rows]
        if len(tasks) == 1:
            return tasks[0]
        busiest = next((task for task in tasks if task.pids), tasks[0])
        pids = tuple(pid for task in tasks for pid in task.pids)
        return Task(
            unit=unit, state=busiest.state, pids=pids, since=busiest.since, reason=clean(_ambiguous(unit, rows))
        )

    def _one(self, session: Session, unit: str, row: Listed) -> Task:
        try:
            state = session.details(row.id).state
        except GoneError:
            return Task(unit=unit, state="stopped", reason="was removed just now")
        except (UnreadableError, RefusedError) as error:
            known = task_of(unit, row.name(), State(status=row.state), self._engine.name)
            return msgspec.structs.replace(known, reason=f"its record cannot be read: {error}")
        until = self._stops.get((row.id, state.started_at), 0.0)
        if time.monotonic() > until or state.status in IDLE:
            self._stops.pop((row.id, state.started_at), None)
            until = 0.0
        return task_of(unit, row.name(), state, self._engine.name, told_to_stop=until > 0)

    def _unknown(self, unit: str) -> str:
        engine = self._engine.name
        return f"{engine} knows no container {unit}: create it under that name, or with --label {LABEL}={unit}"


def _ambiguous(unit: str, rows: Sequence[Listed]) -> str:
    names = ", ".join(sorted(row.name() for row in rows)[:4])
    return f"{len(rows)} containers have the label {LABEL}={unit} ({names}): leave one"


def _held(session: Session, rows: Sequence[Listed], ours: dict[str, str]) -> Iterator[Holding]:
    for row in rows:
        if row.state in IDLE:
            continue
        try:
            details = _readable(session, row)
        except GoneError:
            continue
        except (UnreadableError, RefusedError) as error:
            # Whose it is cannot be told either: a unit of ours is then held by a stranger, who is left alone.
            yield Holding(container=row.id, name=row.name(), every=True, fault=clean(error, 160))
            continue
        uuids, every = given(details)
        if details.state.status not in IDLE and (uuids or every):
            yield Holding(
                container=row.id,
                name=row.name(),
                uuids=uuids,
                every=every,
                unit=ours.get(row.id, ""),
                image=clean(row.image, 120),
            )


def _readable(session: Session, row: Listed) -> Details:
    """All about a container whose row could be read as well. Raises as Session.details does."""
    if isinstance(row, Undecodable):
        raise UnreadableError(row.fault)
    return session.details(row.id)
