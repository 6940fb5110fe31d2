"""What stands over a whole host: the grid's event, the word that stops everything, a power limit, units that come up by
themselves. Each by the files and programs that it is made of, against real processes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.host import Host
from tests.e2e.test_flip_command import flip
from tests.rig.supervisor import Program, Supervisord

pytestmark = pytest.mark.nvml

LEASED = """
[workloads.leased]
kind = "ai"
gpus = [1]
controller = "supervisor"
unit = "ai-1"
settle_s = 0.2
revenue = { form = "contract", rate_per_h = 0.5 }
"""
BOOTING = """
[controllers.boot]
kind = "supervisor"
socket = "{socket}"
acknowledged = true

[workloads.boot-mine]
kind = "mine"
gpus = [3]
controller = "boot"
unit = "boot-mine"
coin = "ERG"

[workloads.boot-ai]
kind = "ai"
gpus = [3]
controller = "boot"
unit = "boot-ai"
"""
EVENT = "the grid event peak-7 is in progress until "
BY_THEMSELVES = "boot-ai and boot-mine all start with supervisord: write autostart=false for all but one"


def test_an_event_lets_things_stop_and_one_word_stops_them(host: Callable[..., Host]) -> None:
    """In an event nothing starts. One word stops every unguarded GPU at once and marks that nothing may act by itself;
    a contract's server and a stranger's process go on. Both stand in every banner until they are over."""
    here = host({"ai-0": {"warm_s": 0}})
    text = here.config.read_text().replace('gpus = [0, 1, 2, 3]\ncontroller = "supervisor"\nunit = "ai-', QWEN)
    here.config.write_text(text.replace("drain_timeout_s = 0\nstart", "drain_timeout_s = 300\nstart") + LEASED)
    for name in ("ai-0", "ai-1", "miner-3"):
        here.start(name)
    state = Path(here.env["CHANGEOVER_STATE"])
    (state / "event.json").write_text(json.dumps({"name": "peak-7", "until": time.time() + 3600}))
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        here.gpus.hold(2, stranger.pid)
        said = flip(here, "0", "ergo", "--yes")
        assert (said["rc"], said["plan"]["refusals"][0]["guard"]["name"]) == (3, "event"), said
        assert said["plan"]["refusals"][0]["guard"]["sentence"].startswith(EVENT)
        assert here.running() == {"ai-0", "ai-1", "miner-3"}

        done = here.run("standdown", "--yes", "--json", "--reason", "smoke", "--config", str(here.config))
        assert done.returncode == 0, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert [ending["result"] for ending in said["endings"]] == ["done", "done"], said
        kept = [(one["slots"], one["guard"]["name"]) for one in said["plan"]["refusals"]]
        assert (here.running(), kept) == ({"ai-1"}, [([1], "contract")])
        assert stranger.poll() is None
        assert not [line for line in here.journal() if line["body"].get("step") == "drain"], "nothing is waited for"
    finally:
        stranger.kill()
        stranger.wait()

    shown = here.run("status", "--config", str(here.config)).stdout
    assert EVENT in shown
    assert "stopped everything automatic at " in shown and ": smoke; changeover resume ends that" in shown
    assert here.run("resume").stdout == "automatic flips go on\n"
    assert not (state / "halt.json").exists()
    assert here.run("resume").stdout == "nothing was stopped\n"


QWEN = 'gpus = [0, 2, 3]\ncontroller = "supervisor"\nunit = "ai-'


def test_the_power_limit_and_units_that_boot_by_themselves(
    host: Callable[..., Host], supervisord: Callable[..., Supervisord]
) -> None:
    """The first of two miners would fit under the limit and the second would not; two programs that start with their
    supervisord keep a GPU out of every plan. All or nothing: the command starts none, and doctor names them too."""
    here = host()
    sleep = ["sleep", "600"]
    booting = supervisord([Program("boot-mine", sleep, autostart=True), Program("boot-ai", sleep, autostart=True)])
    booting.call("stopAllProcesses")
    text = here.config.read_text().replace("[site]\n", f"[site]\npower_limit_w = {LIMIT_W}\n")
    text = text.replace("gpus = [0, 1, 2, 3]", "gpus = [0, 1]").replace('coin = "ERG"\n', EXPECTED, 1)
    here.config.write_text(text + BOOTING.format(socket=booting.socket))
    said = flip(here, "0,1,3", "mine", "--yes")
    refused = {one["slots"][0]: one["guard"] for one in said["plan"]["refusals"]}
    assert {slot: guard["name"] for slot, guard in refused.items()} == {1: "power", 3: "units"}, said
    assert "with ergo on GPU 1 the site would draw " in refused[1]["sentence"]
    assert refused[3]["sentence"] == BY_THEMSELVES
    assert ([move["slots"] for move in said["plan"]["moves"]], said["endings"], said["rc"]) == ([[0]], [], 3)
    assert (here.running(), here.journal()) == (set(), [])
    assert BY_THEMSELVES in here.run("doctor", "--config", str(here.config)).stdout


LIMIT_W = 930
EXPECTED = 'coin = "ERG"\nexpected = { hashrate_h_per_s = 1e8, power_w = 300 }\n'
