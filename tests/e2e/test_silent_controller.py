"""A controller that does not answer: screen, status and doctor say so, and nobody's work is called a stranger's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.host import Host
from tests.e2e.test_console_flip import opened
from tests.rig.terminal import Terminal

pytestmark = pytest.mark.nvml
FROZEN = "did not answer in time; what it runs cannot be told until it answers"


@contextmanager
def frozen(here: Host) -> Iterator[None]:
    """Its supervisord stands still."""
    os.kill(here.supervisord.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(here.supervisord.pid, signal.SIGCONT)


def test_a_missing_socket_makes_its_workloads_unknown(host: Callable[..., Host]) -> None:
    """Neither foreign nor off; the banner and doctor's fault name the socket, and a flip is refused with it."""
    here = host()
    here.start("miner-0")
    socket = str(here.supervisord.socket)
    here.config.write_text(here.config.read_text().replace(socket, "/nowhere/s"))
    why = "supervisord's socket /nowhere/s cannot be reached: No such file or directory"
    status = here.status()
    assert [gpu["holder"] for gpu in status["gpus"]] == ["unknown"] * 8, "each has a miner of its"
    text = here.run("status", "--config", str(here.config)).stdout
    assert f"! controllers.supervisor: {why}; what it runs cannot be told until it answers" in text
    done = here.run("doctor", "--json", "--config", str(here.config))
    assert done.returncode == 1
    faults = [one["what"] for one in json.loads(done.stdout)["findings"] if one["level"] == "fault"]
    assert faults == [f"controllers.supervisor: {why}; what it runs cannot be told until it answers"]
    flip = here.run("flip", "0", "qwen", "--yes", "--config", str(here.config))
    assert flip.returncode == 3
    assert f"GPU 0 stays: who holds GPU 0 cannot be read: its controllers cannot be asked: {why}" in " ".join(
        flip.stdout.split()
    )


def test_one_that_stands_still_is_said_and_its_last_word_holds(host: Callable[..., Host]) -> None:
    """A console that knew what runs goes on showing it under a banner; one that starts now says why it cannot."""
    here = host()
    here.start("ai-3")
    with opened(here) as terminal:
        terminal.wait_for("1 ai", 10)
        with frozen(here):
            terminal.wait_for("! controllers.supervisor: supervisord at ", 15)
            assert FROZEN in terminal.text
            terminal.pump(6)  # a process list or two later
            assert "qwen" in terminal.text and "asking the controllers" not in terminal.text
            with opened(here) as later:
                later.wait_for("its controllers cannot be asked: supervisord at ", 15)
            done = here.run("doctor", "--config", str(here.config), timeout=25)
            assert done.returncode == 1 and "✗ controllers.supervisor: supervisord at " in done.stdout
        here.until(lambda: "controllers.supervisor" not in _after(terminal), "the banner goes", 20)
        assert "1 ai" in terminal.text
    assert here.running() == {"ai-3"}


def _after(terminal: Terminal) -> str:
    terminal.pump(0.2)
    return terminal.text
