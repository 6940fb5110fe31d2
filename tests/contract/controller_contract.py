"""What every controller must do, on real units of a real manager. Subclasses bring the ``bench``."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from console.workloads.contract import Controller, Task, UnknownUnitError, WorkloadError

# It ignores a second TERM, and so does its sleep: systemd sends one to whatever is in the unit, until nothing is new.
_GO = 'go() { trap "" TERM; sleep 0.6; exit 0; }'
SLOW_STOP = ["/bin/bash", "-c", f"{_GO}; trap go TERM; trap : URG; while :; do sleep 0.02; done"]
STUBBORN = ["/bin/bash", "-c", 'trap "" TERM; trap : URG; while :; do sleep 0.05; done']
STUBBORN_S = 2
"""After so long the manager kills what ignores it."""


class Bench(NamedTuple):
    """A controller with the names that five units have under it; ``unknown`` is a unit that does not exist.

    ``unknown_is`` and ``refusing_is`` are the states told of it, and of a unit that ignores its stop: a controller that
    has nothing but exit codes to go by cannot tell either from others.
    """

    make: Callable[[], Controller]
    steady: str
    slow_stop: str
    stubborn: str
    broken: str
    unknown: str
    unknown_is: str = "stopped"
    refusing_is: str = "stopping"


def alive(pid: int) -> bool:
    """True until the process has ended, whether or not its parent has taken note."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def heeding(task: Task) -> int:
    """The unit's main process, once it has its own way with SIGTERM.

    A shell is killed by one that comes before its trap; one that comes between supervisord's fork and the exec is lost,
    because the child still has supervisord's own handler. URG is trapped last, and bash itself never catches it.
    """
    (pid,) = task.pids
    urgent = 1 << (signal.SIGURG - 1)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
        if caught & urgent:
            return pid
        time.sleep(0.01)
    raise TimeoutError(f"{task.unit} never set up its handler")


class ControllerContract:
    """One test per sentence of console.workloads.contract.Controller."""

    @pytest.fixture
    def controller(self, bench: Bench):
        made = bench.make()
        yield made
        for unit in (bench.steady, bench.slow_stop, bench.stubborn):
            made.stop(unit, 10.0)
        made.close()

    def test_stopped_and_unknown_units_are_told_in_the_order_asked(self, bench: Bench, controller: Controller) -> None:
        """Observing starts nothing; an unknown unit is a stopped one with a reason."""
        asked = (bench.unknown, bench.steady, bench.slow_stop)
        tasks = controller.observe(asked)
        assert tuple(task.unit for task in tasks) == asked
        told = [(task.state, task.pids, task.since) for task in tasks]
        assert told == [(bench.unknown_is, (), None), ("stopped", (), None), ("stopped", (), None)]
        assert bench.unknown in tasks[0].reason and tasks[1].reason == tasks[2].reason == ""

    def test_started_unit_runs_with_its_process_and_since_when(self, bench: Bench, controller: Controller) -> None:
        """After a start the unit runs, its main process is alive, and ``since`` is the wall clock's."""
        controller.start(bench.steady, 10.0)
        (task,) = controller.observe((bench.steady,))
        assert task.state == "running" and len(task.pids) == 1 and alive(task.pids[0])
        assert task.since is not None and abs(time.time() - task.since) < 5

    def test_starting_or_stopping_again_is_done(self, bench: Bench, controller: Controller) -> None:
        """What is already so is no error, and a second start keeps the process."""
        controller.start(bench.steady, 10.0)
        before = controller.observe((bench.steady,))
        controller.start(bench.steady, 10.0)
        assert controller.observe((bench.steady,)) == before
        controller.stop(bench.steady, 10.0)
        controller.stop(bench.steady, 10.0)
        assert controller.observe((bench.steady,))[0].state == "stopped"

    def test_stop_returns_only_when_the_process_has_gone(self, bench: Bench, controller: Controller) -> None:
        """A unit that takes its time to end is waited for."""
        controller.start(bench.slow_stop, 10.0)
        pid = heeding(controller.observe((bench.slow_stop,))[0])
        begun = time.monotonic()
        controller.stop(bench.slow_stop, 10.0)
        assert time.monotonic() - begun > 0.5 and not alive(pid)

    def test_start_during_a_stop_ends_in_running(self, bench: Bench, controller: Controller) -> None:
        """A start that comes while the unit still stops is not lost."""
        controller.start(bench.slow_stop, 10.0)
        heeding(controller.observe((bench.slow_stop,))[0])
        with ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(controller.stop, bench.slow_stop, 10.0)
            while not stopping.done() and controller.observe((bench.slow_stop,))[0].state != "stopping":
                time.sleep(0.02)
            controller.start(bench.slow_stop, 10.0)
            stopping.exception()
        assert controller.observe((bench.slow_stop,))[0].state == "running"

    def test_stop_is_bounded(self, bench: Bench, controller: Controller) -> None:
        """A process that ignores its signal costs the time-out, not more, and the unit is seen to be stopping."""
        controller.start(bench.stubborn, 10.0)
        heeding(controller.observe((bench.stubborn,))[0])
        begun = time.monotonic()
        with pytest.raises(WorkloadError, match=bench.stubborn.replace("@", ".")):
            controller.stop(bench.stubborn, 0.4)
        assert time.monotonic() - begun < 1.5
        assert controller.observe((bench.stubborn,))[0].state == bench.refusing_is

    def test_failed_start_says_which_unit_and_where_to_look(self, bench: Bench, controller: Controller) -> None:
        """A unit that cannot start raises a sentence with its name and the next step, and is not running."""
        with pytest.raises(WorkloadError) as caught:
            controller.start(bench.broken, 10.0)
        assert bench.broken in str(caught.value) and not isinstance(caught.value, UnknownUnitError)
        assert controller.observe((bench.broken,))[0].state in ("failed", "stopped")

    @pytest.mark.parametrize("verb", ["start", "stop"])
    def test_unknown_unit_is_an_error_of_its_own(self, bench: Bench, controller: Controller, verb: str) -> None:
        """Starting or stopping what does not exist raises UnknownUnitError."""
        with pytest.raises(UnknownUnitError, match=bench.unknown):
            getattr(controller, verb)(bench.unknown, 5.0)

    def test_check_names_units_that_do_not_exist(self, bench: Bench, controller: Controller) -> None:
        """``check`` tells of a unit without a definition, and nothing of that kind about one that has it."""
        said = [fault.sentence for fault in controller.check((bench.steady, bench.unknown))]
        assert [line for line in said if "knows no" in line and bench.unknown in line]
        assert not [line for line in said if "knows no" in line and bench.steady in line]

    def test_many_threads_may_ask_at_once(self, bench: Bench, controller: Controller) -> None:
        """Calls from several threads do not mix their answers."""
        controller.start(bench.steady, 10.0)
        asked = [(bench.steady,), (bench.slow_stop,), (bench.unknown,)] * 4
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(controller.observe, asked))
        assert [tuple(task.unit for task in tasks) for tasks in answers] == asked
        assert [tasks[0].state for tasks in answers] == ["running", "stopped", bench.unknown_is] * 4

    def test_closed_controller_refuses_and_leaves_no_thread(self, bench: Bench) -> None:
        """After ``close`` calls raise WorkloadError, and no thread of the controller is left."""
        before = threading.active_count()
        made = bench.make()
        made.observe((bench.steady,))
        made.close()
        assert threading.active_count() == before
        with pytest.raises(WorkloadError):
            made.start(bench.steady, 1.0)
