"""Whatever has commands to start, to stop and to ask: HiveOS's ``miner``, a vendor's tool, a script of one's own.

Each is an argument list in which ``{unit}`` is the workload's unit; no shell reads it. ``status`` answers by its exit
code, and may print the main processes' numbers on its first line (``running 1234 1235``). A unit that it does not know
is one that it fails for: exit codes tell no more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from console.config.workload_settings import ControllerSettings
from console.text import clean
from console.workloads import command
from console.workloads.command import Ended
from console.workloads.contract import Fault, Task, WorkloadError
from console.workloads.controllers._pids import Born, born, pids_in, started_at

AT_ONCE = 8
"""How many units are asked for at the same time."""
_FIRST_POLL_S, _SLOWEST_POLL_S = 0.05, 1.0


def connect(settings: ControllerSettings) -> Argv:
    """The controller of one set of commands; does no I/O."""
    return Argv(settings)


class Argv:
    """Controller by commands. Any thread may call it; starts and stops of one unit come one after the other."""

    kind = "argv"

    def __init__(self, settings: ControllerSettings) -> None:
        self._words = {"start": settings.start, "stop": settings.stop, "status": settings.status}
        self._states = dict.fromkeys(settings.stopped_codes, "stopped") | dict.fromkeys(
            settings.running_codes, "running"
        )
        self._own = settings.env
        self._directory = settings.directory or "/"
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._stopping: set[str] = set()
        self._seen: dict[str, frozenset[Born]] = {}

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """See Controller.observe. One unit that does not answer fails them all: what it does then is not known."""
        end = time.monotonic() + timeout_s
        with ThreadPoolExecutor(max(1, min(AT_ONCE, len(units))), "argv") as pool:
            return tuple(pool.map(lambda unit: self._look(unit, end), units))

    def start(self, unit: str, timeout_s: float) -> None:
        """See Controller.start. Returns when ``status`` says that it runs."""
        end = time.monotonic() + timeout_s
        with self._turn(unit, end):
            if self._look(unit, end).state == "running":
                return
            ended = self._run("start", unit, end)
            if ended.code:
                raise WorkloadError(f"the start of {unit} failed: {self._said(ended, unit)}")
            self._await(unit, end, lambda task: task.state == "running", "running")

    def stop(self, unit: str, timeout_s: float) -> None:
        """See Controller.stop. Returns when ``status`` says so and no process is left that it has ever named."""
        end = time.monotonic() + timeout_s
        with self._turn(unit, end):
            if self._has_stopped(self._look(unit, end)):
                return
            self._stopping.add(unit)
            try:
                ended = self._run("stop", unit, end)
                if ended.code and not self._has_stopped(self._look(unit, end)):
                    raise WorkloadError(f"the stop of {unit} failed: {self._said(ended, unit)}")
                self._await(unit, end, self._has_stopped, "stopped")
            finally:
                self._stopping.discard(unit)

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """See Controller.check. Looks at the programs and runs none."""
        said = [
            f"no {verb} command is configured: write {verb} = […]" for verb, words in self._words.items() if not words
        ]
        programs = dict.fromkeys(words[0] for words in self._words.values() if words)
        said += filter(None, map(command.program_fault, programs))
        if not Path(self._directory).is_dir():
            said.append(f"{clean(self._directory)} is no directory: make it, or write another one")
        return tuple(Fault(units=units, sentence=sentence) for sentence in said)

    def close(self) -> None:
        """See Controller.close. A poll that is under way ends with its next look."""
        self._closed.set()

    @contextmanager
    def _turn(self, unit: str, end: float) -> Iterator[None]:
        """Alone with this unit, among the threads that use this controller."""
        with self._lock:
            turn = self._turns.setdefault(unit, threading.Lock())
        if not turn.acquire(timeout=max(0.0, end - time.monotonic())):
            raise WorkloadError(f"{unit} is being started or stopped by another thread, which has not ended in time")
        try:
            yield
        finally:
            turn.release()

    def _await(self, unit: str, end: float, enough: Callable[[Task], bool], wanted: str) -> None:
        pause_s = _FIRST_POLL_S
        while not enough(task := self._look(unit, end)):
            if time.monotonic() + pause_s > end:
                left = ", ".join(str(process.pid) for process in self._left(unit))
                why = task.reason or (f"process {left} is left" if left else f"its status says {task.state}")
                raise WorkloadError(f"{unit} is not {wanted} at its time-out: {why}")
            if self._closed.wait(pause_s):
                raise WorkloadError(f"{unit}: the controller was closed")
            pause_s = min(2 * pause_s, _SLOWEST_POLL_S)

    def _look(self, unit: str, end: float) -> Task:
        """What ``status`` says of a unit now. Raises WorkloadError."""
        ended = self._run("status", unit, end)
        state = self._states.get(ended.code, "failed")
        if state != "running":
            return Task(unit=unit, state=state, reason=self._said(ended, unit) if state == "failed" else "")
        named = [process for process in map(born, pids_in(ended.first_line())) if process]
        with self._lock:
            self._seen[unit] = self._left(unit) | frozenset(named)
        return Task(
            unit=unit,
            state="stopping" if unit in self._stopping else "running",
            pids=tuple(process.pid for process in named),
            since=min((at for at in map(started_at, named) if at is not None), default=None),
        )

    def _has_stopped(self, task: Task) -> bool:
        return task.state == "stopped" and not self._left(task.unit)

    def _left(self, unit: str) -> frozenset[Born]:
        """Of the processes that ``status`` has named so far, those that are still there."""
        return frozenset(process for process in self._seen.get(unit, ()) if born(process.pid) == process)

    def _run(self, verb: str, unit: str, end: float) -> Ended:
        words = [word.replace("{unit}", unit) for word in self._words[verb]]
        if self._closed.is_set():
            raise WorkloadError(f"the controller of {unit} is closed")
        fault = command.program_fault(words[0]) if words else "it is not configured"
        if fault:
            raise WorkloadError(f"the {verb} of {unit} cannot be run: {fault}")
        try:
            if (left_s := end - time.monotonic()) <= 0:
                raise TimeoutError
            return command.run(words, left_s, command.built(self._own), self._directory)
        except TimeoutError:
            raise WorkloadError(f"the {verb} command of {unit} did not end in time and was ended") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise WorkloadError(f"the {verb} command of {unit} cannot be run: {why}") from None

    def _said(self, ended: Ended, unit: str) -> str:
        """The last words of a command that failed, without what the config has given it."""
        how = f"exit status {ended.code}" if ended.code >= 0 else f"signal {-ended.code}"
        line = command.without(ended.last_line(), self._secrets(unit))
        return f"{clean(line)} ({how})" if line else how

    def _secrets(self, unit: str) -> tuple[str, ...]:
        """What no sentence may hold; the unit's own name may stand in all of them."""
        given = (word for words in self._words.values() for word in words[1:] if word != "{unit}")
        return command.secrets((word.replace("{unit}", unit) for word in given), self._own)
