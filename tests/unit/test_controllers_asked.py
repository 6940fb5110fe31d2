"""Controllers that do not answer: what they run is unknown, not a stranger's, and nobody waits for them for ever."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from console.config.settings import Settings
from console.local import _doubted
from console.model import Holder, Occupancy, Uuid
from console.site.controllers import Controllers
from console.workloads.contract import Task
from console.workloads.expand import Placed, place
from console.workloads.lastword import still_there
from tests.rig.supervisor import Program, Supervisord

GPUS = [(slot, Uuid(f"GPU-{slot}"), f"00000000:0{slot}:00.0") for slot in range(8)]


def settings(path: Path, kind: str = "supervisor") -> Settings:
    """Eight units on eight GPUs under one controller."""
    tree = {
        "controllers": {"side": {"kind": kind, "socket": str(path), "acknowledged": True}},
        "workloads": {"ergo": {"kind": "mine", "controller": "side", "unit": "miner-{slot}"}},
    }
    return msgspec.convert(tree, Settings)


@pytest.fixture
def asked() -> Iterator[Callable[[Path], tuple[Controllers, tuple[Placed, ...]]]]:
    """Makes controllers that are asked about all units."""
    made: list[Controllers] = []

    def make(path: Path) -> tuple[Controllers, tuple[Placed, ...]]:
        config = settings(path)
        placed, _ = place(config, GPUS)
        made.append(Controllers(config.controllers))
        made[-1].want(placed)
        return made[-1], placed

    yield make
    for one in made:
        one.close()


class Mute:
    """A server that takes connections and never says a word; ``calls`` counts them."""

    def __init__(self, path: Path) -> None:
        self.calls = 0
        self._taken: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                self._taken.append(self._listening.accept()[0])
            except OSError:
                return
            self.calls += 1

    def close(self) -> None:
        """Go away."""
        self._listening.shutdown(socket.SHUT_RDWR)
        for one in (self._listening, *self._taken):
            one.close()


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[Mute]:
    """One on the socket ``s``."""
    server = Mute(tmp_path / "s")
    yield server
    server.close()


def until(true: Callable[[], object], what: str) -> None:
    """Wait for what comes by itself."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_one_that_cannot_be_reached_is_named(asked: Callable[..., tuple[Controllers, object]], tmp_path: Path) -> None:
    """With its socket and what that means for what it runs."""
    controllers, _ = asked(tmp_path / "none")
    until(controllers.silent, "silence")
    why = f"supervisord's socket {tmp_path}/none cannot be reached: No such file or directory"
    assert controllers.silent() == {"side": why}
    sentence = f"controllers.side: {why}; what it runs cannot be told until it answers"
    assert controllers.unasked() == {"side": sentence}
    assert controllers.check().faults == (sentence,) and controllers.check().warnings == ()
    assert controllers.tasks() == {}
    until(controllers.ready, "readiness")


def test_one_that_answers_nobody_is_a_fault_and_asked_once(
    asked: Callable[..., tuple[Controllers, object]], tmp_path: Path, mute: Mute
) -> None:
    """Not once per unit, 5 s each: doctor took half a minute, and called it a warning."""
    controllers, _ = asked(tmp_path / "s")
    [fault] = controllers.check().faults
    assert "controllers.side: " in fault and "did not answer" in fault
    assert mute.calls <= 6, "the watch's own questions and one check, where there were eight"
    until(controllers.silent, "silence")
    calls = mute.calls
    assert controllers.check().faults and mute.calls <= calls + 1, "what is known to be silent is not asked again"


def test_the_last_word_holds_while_its_process_runs(
    asked: Callable[..., tuple[Controllers, object]], supervisord: Callable[..., Supervisord], tmp_path: Path
) -> None:
    """A supervisord that stands still: what it ran is what it was; once it answers nobody is silent any more."""
    here = supervisord([Program("miner-3", [sys.executable, "-c", "import time; time.sleep(600)"])])
    here.call("startProcess", "miner-3")
    here.wait_for("miner-3", "RUNNING")
    pid = here.pid_of("miner-3")
    controllers, _ = asked(here.socket)
    until(lambda: ("side", "miner-3") in controllers.tasks(), "an answer")
    assert len(controllers.tasks()) == 8 and controllers.silent() == {}
    os.kill(here.pid, signal.SIGSTOP)
    try:
        until(controllers.silent, "silence")
        assert {unit: task.pids for (_, unit), task in controllers.tasks().items()} == {"miner-3": (pid,)}
    finally:
        os.kill(here.pid, signal.SIGCONT)
    until(lambda: not controllers.silent() and len(controllers.tasks()) == 8, "an answer again")


def test_what_is_gone_or_dead_is_not_still_there() -> None:
    """Of a unit with two processes the living one remains; a zombie is none."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        dead = subprocess.Popen([sys.executable, "-c", ""])
        until(lambda: Path(f"/proc/{dead.pid}/stat").read_text().split()[2] == "Z", "a zombie")
        tasks = (
            Task(unit="both", state="running", pids=(alive.pid, dead.pid)),
            Task(unit="dead", state="running", pids=(dead.pid,)),
            Task(unit="none", state="stopped"),
        )
        assert still_there(tasks) == (Task(unit="both", state="running", pids=(alive.pid,)),)
        dead.wait()


STRANGER = Occupancy(uuid=Uuid("GPU-0"), holder=Holder.FOREIGN, who="python3 (pid 7, user root)")


@pytest.mark.parametrize(
    ("last", "silent", "holder", "who"),
    [
        (None, (), Holder.UNKNOWN, "asking the controllers"),
        (None, ("s is gone",), Holder.UNKNOWN, "its controllers cannot be asked: s is gone"),
        (STRANGER, (), Holder.FOREIGN, STRANGER.who),
        (STRANGER, ("s is gone",), Holder.FOREIGN, STRANGER.who),
        (
            msgspec.structs.replace(STRANGER, who="perl (pid 8, user root)"),
            ("s is gone",),
            Holder.UNKNOWN,
            "its controllers cannot be asked: s is gone",
        ),
    ],
    ids=["not asked yet", "silent", "known and being asked", "known and silent", "another and silent"],
)
def test_a_stranger_is_one_only_by_the_word_of_all(
    last: Occupancy | None, silent: tuple[str, ...], holder: Holder, who: str
) -> None:
    """DESIGN 2.2: a failed reading is unknown. Who was told a stranger by all of them stays one."""
    found = _doubted(STRANGER, last, silent)
    assert (found.holder, found.who) == (holder, who)


def test_our_own_and_nobody_are_left_alone() -> None:
    """A silent controller casts no doubt on what NVML itself says."""
    for holder in (Holder.NONE, Holder.WORKLOAD, Holder.UNKNOWN):
        one = Occupancy(uuid=Uuid("GPU-0"), holder=holder, who="x")
        assert _doubted(one, None, ("s is gone",)) == one
