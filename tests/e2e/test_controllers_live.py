"""Workloads that an operator's own scripts start, and machines that strangers rent, on a whole host: real processes,
the journal, and a market that keeps state as its documents say."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.rental_server import KEY, Vast, running
from tests.e2e.host import Host
from tests.e2e.test_flip_command import flip
from tests.e2e.test_runner import Console, planned, results
from tests.rig.ports import free_port
from tests.rig.processes import runs, workload_command

pytestmark = pytest.mark.nvml

RIG = """#!/bin/bash
# usage: rig start|stop|status UNIT: a process per unit, its number in UNIT.pid, its command in UNIT.run
cd "$(dirname "$0")" || exit 9
up() { pid=$(cat "$1.pid" 2>/dev/null) && [ -e /proc/$pid ] && ! grep -q '^State:.Z' /proc/$pid/status; }
case $1 in
    start) echo "start $2" >>told
           [ ! -e "$2.broken" ] || { echo "no such model"; exit 6; }
           setsid "./$2.run" >/dev/null 2>&1 & echo $! >"$2.pid" ;;
    stop) echo "stop $2" >>told
          [ ! -e "$2.hangs" ] || sleep 600
          if up "$2"; then kill -TERM $pid; fi ;;
    status) up "$2" || exit 3
            echo "running $pid" ;;
esac
"""
OWN = """
[controllers.rig]
kind = "argv"
start = ["{rig}", "start", "{{unit}}"]
stop = ["{rig}", "stop", "{{unit}}"]
status = ["{rig}", "status", "{{unit}}"]

[workloads.own-mine]
kind = "mine"
gpus = [0]
controller = "rig"
unit = "mine-0"
coin = "ERG"
settle_s = 0
stop_timeout_s = 3
start_timeout_s = 20
meter = {{ kind = "xmrig", url = "http://127.0.0.1:{mine}" }}

[workloads.own-ai]
kind = "ai"
gpus = [0]
controller = "rig"
unit = "ai-0"
profile = "no-such-profile"
settle_s = 0
stop_timeout_s = 8
start_timeout_s = 20
drain_timeout_s = 0
meter = {{ kind = "vllm", url = "http://127.0.0.1:{ai}/metrics" }}
"""
LET = """
[controllers.vast]
kind = "rental"
market = "vast"
url = "{url}"
key_file = "{key}"

[workloads.rented]
kind = "ai"
gpus = [0]
controller = "vast"
unit = "41007"
settle_s = 0
stop_timeout_s = 20
start_timeout_s = 60
drain_timeout_s = 0
listing = {{ price_per_h = 0.36 }}
"""


class Own:
    """The operator's scripts and what they did."""

    def __init__(self, folder: Path, here: Host) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        ports = {"mine": free_port(), "ai": free_port()}
        for kind, port in ports.items():
            command = workload_command(kind, "0", here.gpus.hold_dir, port=port, warm_s=0.2)
            self._program(f"{kind}-0.run", f"#!/bin/bash\nexec {shlex.join(command)}\n")
        rig = self._program("rig", RIG)
        here.config.write_text(here.config.read_text() + OWN.format(rig=rig, **ports))

    def now(self) -> set[str]:
        """The units whose processes run."""
        return {path.stem for path in self.folder.glob("*.pid") if runs(int(path.read_text()))}

    def told(self) -> list[str]:
        """What the scripts were asked to do, in order."""
        return (self.folder / "told").read_text().splitlines()

    def mark(self, name: str) -> None:
        """Let a script misbehave: ``ai-0.broken``, ``mine-0.hangs``."""
        (self.folder / name).touch()

    def end(self) -> None:
        """End what a failed test has left."""
        for path in self.folder.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError, ValueError):
                if runs(pid := int(path.read_text())):
                    os.kill(pid, signal.SIGKILL)

    def _program(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[[Host], Own]]:
    """Gives a host workloads of the operator's own scripts; what they started is ended afterwards."""
    made: list[Own] = []

    def give(here: Host) -> Own:
        made.append(Own(tmp_path / "own", here))
        return made[-1]

    yield give
    for one in made:
        one.end()


@pytest.fixture
def vast(tmp_path: Path) -> Iterator[Vast]:
    """A market with one machine of one GPU."""
    market = Vast()
    market.machine(41007, num_gpus=1, gpu_occupancy="x")
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    key.chmod(0o600)
    with running(market):
        yield market


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


def look(market: Vast) -> None:
    """Ask for the machines, as another console of this account does every few seconds."""
    connection = http.client.HTTPConnection(market.server_address[0], market.server_address[1], timeout=10)
    connection.request("GET", "/machines/?owner=me", headers={"Authorization": f"Bearer {KEY}"})
    assert connection.getresponse().status == 200
    connection.close()


def ended(said: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit code and how each move ended."""
    return said["rc"], [ending["result"] for ending in said["endings"]]


def test_scripts_of_ones_own_flip_and_fail_as_any_unit_does(
    host: Callable[..., Host], own: Callable[[Host], Own]
) -> None:
    """Mine, AI and back by undo; then a start that fails brings the miner back, and a stop that hangs is ended at its
    limit while the miner runs on. A profile that no unit of root's can apply is told and ends nothing."""
    here = host()
    scripts = own(here)
    assert ended(flip(here, "0", "own-mine", "--yes")) == (0, ["done"])
    assert scripts.now() == {"mine-0"}
    said = flip(here, "0", "own-ai", "--yes")
    assert (ended(said), said["plan"]["moves"][0]["before"]) == ((0, ["done"]), "own-mine")
    assert "; profile not applied: " in said["endings"][0]["text"], said
    assert scripts.now() == {"ai-0"}
    done = here.run("undo", "0", "--yes", "--config", str(here.config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert scripts.now() == {"mine-0"}
    assert scripts.told() == ["start mine-0", "stop mine-0", "start ai-0", "stop ai-0", "start mine-0"]

    scripts.mark("ai-0.broken")
    said = flip(here, "0", "own-ai", "--yes")
    assert ended(said) == (1, ["rolled_back"]), said
    assert "the start of ai-0 failed: no such model (exit status 6)" in said["endings"][0]["text"]
    assert scripts.now() == {"mine-0"}

    scripts.mark("mine-0.hangs")
    said = flip(here, "0", "off", "--yes")
    assert ended(said) == (1, ["rolled_back"]), said
    assert "the stop command of mine-0 did not end in time and was ended" in said["endings"][0]["text"]
    assert scripts.now() == {"mine-0"}
    assert scripts.told()[-1] == "stop mine-0", "what never went away is not started a second time"
    assert results(here) == ["done", "done", "done", "rolled_back", "rolled_back"]


def test_a_machine_is_let_and_comes_back_once_its_renter_has_left(
    host: Callable[..., Host], console: Callable[[Host], Console], vast: Vast, tmp_path: Path
) -> None:
    """Listed is done though nobody rents, and though another console has just asked the market, which refuses those who
    ask too often. A renter guards it; forced, only its listing goes; and once he has left it is ours again."""
    here = host()
    here.config.write_text(here.config.read_text() + LET.format(url=vast.url, key=tmp_path / "key"))
    here.start("miner-0")
    machine = vast.machines[0]
    plan = planned(here, "0", "rented")
    vast.gap_s = 2.8
    one = console(here)
    look(vast)
    one.go(plan)
    said = one.end()
    assert said[-1]["result"] == "done", said
    assert vast.too_soon > 0
    vast.gap_s = 0.0
    assert (machine["listed"], machine["listed_gpu_cost"], here.running()) == (True, 0.36, set())
    (row,) = [gpu for gpu in here.status()["gpus"] if gpu["slot"] == 0]
    assert (row["holder"], row["workload"]["name"], row["workload"]["state"]) == ("workload", "rented", "running")

    machine |= {"current_rentals_running": 1, "current_rentals_resident": 1, "gpu_occupancy": "D"}
    said = flip(here, "0", "ergo", "--yes")
    assert (said["rc"], [one["guard"]["name"] for one in said["plan"]["refusals"]]) == (3, ["rental"]), said
    assert machine["listed"] is True

    said = flip(here, "0", "ergo", "--yes", "--force", f"{said['plan']['host']}:0")
    assert ended(said) == (1, ["cancelled"]), said
    assert "a rental cannot be recalled, it ends when its renter leaves" in said["endings"][0]["text"]
    assert (machine["listed"], here.running()) == (False, set())

    machine |= {"current_rentals_running": 0, "current_rentals_resident": 0, "gpu_occupancy": "x"}
    assert ended(flip(here, "0", "ergo", "--yes")) == (0, ["done"])
    assert here.running() == {"miner-0"}
    assert results(here) == ["done", "cancelled", "done"]
    assert [(one.method, one.path) for one in vast.writes] == [
        ("PUT", "/machines/create_asks/"),
        ("DELETE", "/machines/41007/asks/"),
    ]
