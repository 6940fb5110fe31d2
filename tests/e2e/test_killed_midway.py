"""kill -9 where `test_runner` does not kill: at the stop, at the start, in the middle of a roll-back, and the command
that is its own runner. Whatever was killed, settling says what then runs, and the next flip goes on from there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.host import CONSOLE, Host
from tests.e2e.test_flip_command import flip
from tests.e2e.test_runner import Console, planned, results, settled

pytestmark = pytest.mark.nvml

NAMES = {"rolled_back": {"miner-0"}, "cancelled": {"miner-0"}, "done": {"ai-0"}, "off": set[str]()}


@pytest.fixture
def console() -> Iterator[Callable[[Host], Console]]:
    """Starts runners; those still there at the end are killed."""
    made: list[Console] = []

    def start(here: Host) -> Console:
        made.append(Console(here))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


def settled_as_it_is(here: Host) -> str:
    """Settle until there is an outcome; it, once what runs agrees and one intent has one outcome."""
    assert results(here) == []
    found = settled(here)
    for _ in range(3):
        if found[0]["result"]:
            break
        found = settled(here)
    result = str(found[0]["result"])
    assert results(here) == [result], found
    assert here.running() == NAMES[result], found
    assert settled(here) == []
    return result


@pytest.mark.parametrize(
    ("step", "options"),
    [
        ("stop", {"miner-0": {"ignore_term": True}}),
        ("start", {}),
        ("rollback", {"ai-0": {"refuse_start": True}, "miner-0": {"warm_s": 1.0}}),
    ],
)
def test_a_runner_killed_there_is_settled(
    host: Callable[..., Host],
    console: Callable[[Host], Console],
    step: str,
    options: dict[str, dict[str, object]],
) -> None:
    """A dead runner leaves no claim; settling tells what runs, and the GPU can be flipped again."""
    here = host(options)
    here.start("miner-0")
    one = console(here)
    one.go(planned(here, "0", "qwen"))
    one.until(step)
    one.process.kill()
    one.process.wait()
    result = settled_as_it_is(here)
    if step != "rollback":
        target = "off" if result == "done" else "qwen"
        said = flip(here, "0", target, "--yes")
        assert (said["rc"], [ending["result"] for ending in said["endings"]]) == (0, ["done"]), said


def test_a_roll_back_killed_once_it_has_started_is_rolled_back(
    host: Callable[..., Host], console: Callable[[Host], Console]
) -> None:
    """The miner is back and its runner dies while waiting for output: settling finds it rolled back."""
    here = host({"ai-0": {"refuse_start": True}, "miner-0": {"warm_s": 30}})
    here.start("miner-0")
    first = here.supervisord.pid_of("miner-0")
    one = console(here)
    one.go(planned(here, "0", "qwen"))
    one.until("rollback")
    here.until(lambda: here.supervisord.pid_of("miner-0") not in (0, first), "the miner started again")
    one.process.kill()
    one.process.wait()
    assert settled_as_it_is(here) == "rolled_back"


def test_the_command_killed_while_it_warms_is_settled(host: Callable[..., Host]) -> None:
    """`changeover flip` is its own runner: killed after the start it leaves the server, and settling says so."""
    here = host({"ai-0": {"warm_s": 30}})
    here.start("miner-0")
    command = [*CONSOLE, "flip", "0", "qwen", "--yes", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        here.until(lambda: "ai-0" in here.running(), "the server started")
        process.kill()
    assert settled_as_it_is(here) == "done"
