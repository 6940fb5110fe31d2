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
    here.until(lambda: here.status()["gpus"][0]["holder"] == "none", "GPU 0 free")
    settled = here.run("settle", "--config", str(here.config))
    assert "free again" in settled.stdout, settled.stdout + settled.stderr
