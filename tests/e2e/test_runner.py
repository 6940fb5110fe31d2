"""The runner as a process of its own: what it obeys, what it says, and what is left when it or the console dies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.flips import own_time_s
from tests.e2e.host import Host
from tests.rig.processes import runs

pytestmark = pytest.mark.nvml


class Console:
    """The console's end of one runner."""

    def __init__(self, here: Host) -> None:
        self.here = here
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console.runner"],
            env=here.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def tell(self, **order: object) -> None:
        """Write one order."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def prepare(self, *uuids: str) -> None:
        self.tell(prepare={"uuids": uuids, "config": str(self.here.config)})

    def go(self, plan: dict[str, Any]) -> None:
        self.tell(go={"plan": plan, "config": str(self.here.config)})

    def hang_up(self) -> None:
        """Close stdin: the console is gone."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def heard(self) -> Iterator[dict[str, Any]]:
        """Its progress, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def until(self, step: str, *, ended: bool = False) -> dict[str, Any]:
        """The line that tells the beginning of a step (its end, if asked)."""
        for line in self.heard():
            if line["step"] == step and (line["took_s"] is not None) == ended:
                return line
        raise AssertionError(f"the runner ended before {step}")

    def end(self) -> list[dict[str, Any]]:
        """The rest of what it says, once it has ended."""
        rest = list(self.heard())
        self.process.wait(30)
        return rest


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


def planned(here: Host, gpus: str, target: str) -> dict[str, Any]:
    """A plan as the console would hand it over."""
    done = here.run("flip", gpus, target, "--dry-run", "--json", "--config", str(here.config))
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout)["plan"])


def settled(here: Host) -> list[dict[str, Any]]:
    """What `settle --json` found."""
    done = here.run("settle", "--json", "--config", str(here.config))
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def results(here: Host) -> list[str]:
    """Every outcome in the journal, oldest first."""
    return [line["body"]["result"] for line in reversed(here.journal()) if line["kind"] == "outcome"]


def test_prepared_and_told_to_go(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """A prepared runner flips, tells each step, and journals its own time: `make bench` sums it."""
    here = host()
    here.start("miner-0")
    plan = planned(here, "0", "qwen")
    one = console(here)
    one.prepare(*plan["moves"][0]["uuids"])
    time.sleep(1)  # the dialog stands
    one.go(plan)
    said = one.end()
    assert said[-1]["result"] == "done", said
    begun = [line["step"] for line in said if line["kind"] == "step" and line["took_s"] is None]
    assert begun == ["claim", "replan", "intent", "drain", "stop", "free", "start", "warm"]
    assert here.running() == {"ai-0"}
    timed = [line for line in here.journal() if line["flip_id"] == said[-1]["flip_id"] and line["kind"] != "outcome"]
    own_s = own_time_s([line["body"] for line in timed])
    assert 0 < own_s < sum(line["body"]["took_s"] for line in timed if line["kind"] == "step"), timed


def test_going_away_before_go_does_nothing(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """End of file, prepared or not, ends the runner with 0 and an empty journal."""
    here = host()
    for prepared in (False, True):
        one = console(here)
        if prepared:
            here.status()
            one.prepare(here.gpus.uuid(0))
        one.hang_up()
        assert one.end() == []
        assert one.process.returncode == 0
    assert here.journal() == []


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b'{"go": {}}\n', b'{"stop": false}\n', b"x" * (1 << 20) + b"x\n"],
    ids=["nonsense", "no plan", "nothing", "too long"],
)
def test_what_is_no_order_is_refused(
    host: Callable[..., Host], console: Callable[[Host], Console], line: bytes
) -> None:
    """A line that is no order, or is too long, ends the runner with 2 and one sentence."""
    one = console(host())
    assert one.process.stdin is not None and one.process.stderr is not None
    one.process.stdin.write(line)
    one.process.stdin.flush()
    assert one.end() == []
    words = one.process.stderr.read().decode()
    assert one.process.returncode == 2
    assert words.startswith("console.runner: ") and words.count("\n") == 1


def test_another_config_is_refused(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """A plan made under another config is not carried out."""
    here = host()
    here.start("miner-0")
    plan = planned(here, "0", "qwen")
    here.config.write_text(here.config.read_text() + "\n")
    one = console(here)
    one.go(plan)
    (said,) = one.end()
    assert (said["kind"], "the config has changed" in said["text"]) == ("refused", True)
    assert here.running() == {"miner-0"} and here.journal() == []


def test_hanging_up_while_it_warms_goes_on(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """SIGHUP, SIGTERM and the end of file after the stop: the flip finishes, and nobody needs to listen."""
    here = host({"ai-0": {"warm_s": 1.0}})
    here.start("miner-0")
    one = console(here)
    one.go(planned(here, "0", "qwen"))
    one.until("warm")
    one.process.send_signal(signal.SIGHUP)
    one.process.send_signal(signal.SIGTERM)
    one.hang_up()
    assert one.process.stdout is not None
    one.process.stdout.close()
    assert one.process.wait(30) == 0
    assert (here.running(), results(here)) == ({"ai-0"}, ["done"])


def test_hanging_up_while_it_drains_cancels(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """The end of file before the stop leaves the server as it was."""
    here = host()
    here.config.write_text(here.config.read_text().replace("drain_timeout_s = 0\nstart", "drain_timeout_s = 30\nstart"))
    here.start("ai-0")
    one = console(here)
    one.go(planned(here, "0", "ergo"))
    one.until("drain")
    one.hang_up()
    assert one.end()[-1]["result"] == "cancelled"
    assert (here.running(), results(here)) == ({"ai-0"}, ["cancelled"])


@pytest.mark.parametrize(
    ("step", "options", "result", "left"),
    [
        ("drain", {}, {"cancelled", "rolled_back"}, {"miner-0"}),
        ("free", {}, {"off"}, set()),
        ("warm", {"ai-0": {"warm_s": 0.5}}, {"done"}, {"ai-0"}),
    ],
)
def test_killed_at_any_step_it_is_settled(
    host: Callable[..., Host],
    console: Callable[[Host], Console],
    step: str,
    options: dict[str, dict[str, object]],
    result: set[str],
    left: set[str],
) -> None:
    """A runner that dies leaves an open intent and a free claim; settle brings it to what is observed."""
    here = host(options)
    settle_s = "settle_s = 3" if step == "free" else "settle_s = 0.2"
    drain = "drain_timeout_s = 30" if step == "drain" else "drain_timeout_s = 0"
    text = here.config.read_text().replace("settle_s = 0.2", settle_s).replace("drain_timeout_s = 0", drain)
    here.config.write_text(text)
    before, target = ("ai-0", "ergo") if step == "drain" else ("miner-0", "qwen")
    here.start(before)
    one = console(here)
    one.go(planned(here, "0", target))
    one.until(step)
    one.process.send_signal(signal.SIGKILL)
    one.process.wait()
    assert results(here) == []
    found = settled(here)
    assert found[0]["result"] in result, found
    assert results(here) == [found[0]["result"]]
    assert here.running() == ({"ai-0"} if step == "drain" else left)
    assert settled(here) == []


def test_a_flip_under_way_is_not_settled(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """Whoever settles while a runner works leaves its flip alone and says who has it; a second flip is refused by the
    claim's holder."""
    here = host()
    here.config.write_text(here.config.read_text().replace("drain_timeout_s = 0\nstart", "drain_timeout_s = 30\nstart"))
    here.start("ai-0")
    plan = planned(here, "0", "ergo")
    one, two = console(here), console(here)
    one.go(plan)
    one.until("drain")
    two.go({**plan, "moves": [{**plan["moves"][0], "flip_id": "another"}]})
    said = two.end()[-1]
    assert (said["kind"], f"(pid {one.process.pid})" in said["text"]) == ("refused", True)
    (left_open,) = settled(here)
    assert (left_open["result"], f"(pid {one.process.pid})" in left_open["text"]) == ("", True)
    one.hang_up()
    assert one.end()[-1]["result"] == "cancelled"
    assert (here.running(), results(here)) == ({"ai-0"}, ["cancelled"])


def test_a_stalled_console_holds_nothing_up(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """A console that does not read its pipe, and a full pipe, do not keep the flip from its end."""
    here = host()
    here.start("miner-0")
    one = console(here)
    assert one.process.stdout is not None
    import fcntl

    fcntl.fcntl(one.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    one.go(planned(here, "0", "qwen"))
    here.until(lambda: results(here) == ["done"], "the outcome in the journal")
    assert here.running() == {"ai-0"}


def test_the_runner_leaves_its_session_and_dies_with_its_sampler(
    host: Callable[..., Host], console: Callable[[Host], Console]
) -> None:
    """It leads a session of its own, and killed with -9 takes its sampler along."""
    here = host()
    here.status()
    one = console(here)
    one.prepare(here.gpus.uuid(0))
    pid = one.process.pid
    here.until(lambda: len(_children(pid)) == 1, "its sampler")
    assert os.getsid(pid) == pid
    (sampler,) = _children(pid)
    one.process.kill()
    one.process.wait()
    here.until(lambda: not runs(sampler), "the sampler gone")


def test_its_own_crash_is_told_to_the_system_log(tmp_path: Path) -> None:
    """A defect of the runner, whose stderr goes nowhere, leaves its type and place on the system log, and no value."""
    start = "import sys; from console import runner; from console.flips import systemlog as log; "
    code = start + "log.JOURNALD = sys.argv[1]; sys.exit(runner.main())"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(10)
        # Without a stdin there is nothing to read orders from: the runner cannot even begin.
        shell = ["sh", "-c", 'exec "$@" <&- 2>/dev/null', "sh"]
        done = subprocess.run([*shell, sys.executable, "-c", code, str(tmp_path / "log")], check=False)
        said = log.recv(4096).decode()
    assert done.returncode == 1
    assert re.search(r"MESSAGE=the runner was ended by AttributeError at runner\.py:\d+; changeover settle", said)
    assert "NoneType" not in said


def _children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], check=False, capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]
