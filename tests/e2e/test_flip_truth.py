"""What a flip on a real supervisord says after it went wrong, against what then runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from console.config.loading import load
from console.flips.records import Action
from console.model import Uuid
from console.running.units import Units
from console.workloads.expand import place
from tests.e2e.host import CONSOLE, Host
from tests.e2e.test_flip_command import flip

pytestmark = pytest.mark.nvml


def limited(here: Host, stop_timeout_s: float) -> None:
    """Give the workloads of a host a shorter limit to stop in."""
    text = here.config.read_text()
    here.config.write_text(text.replace("stop_timeout_s = 8", f"stop_timeout_s = {stop_timeout_s}"))


def flipped_while(here: Host, number: signal.Signals) -> dict[str, Any]:
    """`flip 0 qwen`, whose supervisord gets a signal as soon as the intent is written."""
    command = [*CONSOLE, "flip", "0", "qwen", "--yes", "--json", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        here.until(lambda: any(line["kind"] == "intent" for line in here.journal()), "the intent")
        here.kill(here.supervisord.pid, number)
        out, _ = process.communicate(timeout=90)
    return {**json.loads(out), "rc": process.returncode}


def test_a_miner_killed_after_the_time_out_is_started_again(host: Callable[..., Host]) -> None:
    """A miner that ignores TERM is killed later than its limit: rolled back means that it runs, and goes on to."""
    here = host({"miner-0": {"ignore_term": True}})
    limited(here, 2)
    here.start("miner-0")
    killed = here.supervisord.pid_of("miner-0")
    said = flip(here, "0", "qwen", "--yes")
    assert (said["rc"], said["endings"][0]["result"]) == (1, "rolled_back"), said
    assert here.supervisord.state("miner-0") == "RUNNING"
    assert here.supervisord.pid_of("miner-0") != killed
    time.sleep(3)  # supervisord would have killed the first one by now, 5 s after it was told to stop it
    assert here.supervisord.state("miner-0") == "RUNNING"


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["stands still", "killed"])
def test_a_controller_lost_before_the_stop_leaves_its_miner_stuck(
    host: Callable[..., Host], number: signal.Signals
) -> None:
    """A supervisord that stops answering leaves the miner where it was: stuck, by name, until it is seen gone."""
    here = host({"miner-0": {"ignore_term": True}})
    here.start("miner-0")
    pid = here.supervisord.pid_of("miner-0")
    try:
        said = flipped_while(here, number)
        ending = said["endings"][0]
        assert (said["rc"], ending["result"], ending["alarm"]) == (1, "stuck", True), said
        assert f"ergo still holds GPU 0 (pid {pid}), and its controller does not answer: " in ending["text"]
        assert flip(here, "0", "qwen", "--yes")["rc"] == 3
    finally:
        os.kill(pid, signal.SIGKILL)
        if number is signal.SIGSTOP:
            here.kill(here.supervisord.pid, signal.SIGCONT)
    if number is signal.SIGKILL:
        # Nobody can tell what it would start: the GPU is not called free until a supervisord answers again.
        here.until(lambda: here.status()["gpus"][0]["holder"] == "unknown", "GPU 0 unknown")
        return
    here.until(lambda: here.status()["gpus"][0]["holder"] == "none", "GPU 0 free")
    settled = here.run("settle", "--config", str(here.config))
    assert "free again" in settled.stdout, settled.stdout + settled.stderr


def test_what_a_controller_ran_before_it_fell_silent_is_known(host: Callable[..., Host]) -> None:
    """Its last word holds for a unit whose process still runs, and for no other; once it is gone nothing is known."""
    here = host({"miner-0": {"ignore_term": True}})
    here.start("miner-0")
    pid = here.supervisord.pid_of("miner-0")
    settings = load(here.config).settings
    placed, _ = place(settings, [(slot, Uuid(here.gpus.uuid(slot)), f"00000000:0{slot}:00.0") for slot in range(4)])
    units = Units(settings, placed)
    action = Action(
        workload="ergo",
        kind="mine",
        controller="supervisor",
        unit="miner-0",
        uuids=(Uuid(here.gpus.uuid(0)),),
        timeout_s=8.0,
    )
    try:
        assert len(units.tasks()) == 8 and units.silent(action) == ""
        here.kill(here.supervisord.pid, signal.SIGSTOP)
        here.until(lambda: units.silent(action) != "", "silence")
        assert {unit: task.pids for (_, unit), task in units.tasks().items()} == {"miner-0": (pid,)}
    finally:
        os.kill(pid, signal.SIGKILL)
        _until(lambda: units.tasks() == {})  # a zombie: who should reap it stands still
        here.kill(here.supervisord.pid, signal.SIGCONT)
        units.close()


def _until(true: Callable[[], bool]) -> None:
    """As Host.until, which asks the supervisord that stands still."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
