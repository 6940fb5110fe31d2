"""However the console is made to go, it gives the terminal back, closes what it opened and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.host import CONSOLE, Host
from tests.rig.terminal import Terminal

PRIVATE = 5  # pyte keeps the modes that begin with a question mark shifted by this
SCREEN, MOUSE, PASTE = (number << PRIVATE for number in (1049, 1000, 2004))
ENDS = [signal.SIGTERM, signal.SIGHUP]
IGNORING = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
"""Runs what follows with hang-ups ignored."""


def demo(folder: Path) -> Terminal:
    """The demo, once it stands, with its directories in ``folder``."""
    terminal = Terminal([*CONSOLE, "demo"], (120, 40), {"TMPDIR": str(folder)})
    terminal.wait_for("SIMULATED", 20)
    assert {SCREEN, MOUSE, PASTE} <= terminal.screen.mode
    return terminal


def farms(folder: Path) -> list[Path]:
    """What demos have there."""
    return sorted(folder.glob("changeover-demo-*"))


@pytest.mark.parametrize("number", [*ENDS, signal.SIGINT])
def test_a_signal_leaves_as_q_does(tmp_path: Path, number: signal.Signals) -> None:
    """The terminal is as it was, the demo's directory is gone, and the exit code says which signal it was."""
    with demo(tmp_path) as terminal:
        assert len(farms(tmp_path)) == 1
        os.kill(terminal.pid, number)
        assert terminal.wait_exit() == 128 + number
        assert not {SCREEN, MOUSE, PASTE} & terminal.screen.mode
    assert farms(tmp_path) == []


def test_a_terminal_that_is_taken_away_ends_the_console(tmp_path: Path) -> None:
    """A lost SSH link: nothing can be given back any more, and nothing is left behind."""
    with demo(tmp_path) as terminal:
        terminal.hang_up()
        assert terminal.wait_exit() == 128 + signal.SIGHUP
    assert farms(tmp_path) == []


def test_a_terminal_that_is_gone_ends_also_what_ignores_hang_ups(tmp_path: Path) -> None:
    """Started where SIGHUP is ignored: without a screen and without keys it would run on for ever, and nobody knew."""
    with Terminal([sys.executable, "-c", IGNORING, *CONSOLE, "demo"], (120, 40), {"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("SIMULATED", 30)
        terminal.hang_up()
        assert terminal.wait_exit(30) == 128 + signal.SIGHUP
    assert farms(tmp_path) == []


def test_a_link_that_takes_nothing_does_not_hold_it(tmp_path: Path) -> None:
    """SIGTERM while the terminal reads nothing: it ends within seconds all the same."""
    with demo(tmp_path) as terminal:
        for _ in range(200):  # keys whose frames fill the line
            terminal.send("?", "escape")
            time.sleep(0.01)
        os.kill(terminal.pid, signal.SIGTERM)
        end = time.monotonic() + 30
        while terminal.alive:
            assert time.monotonic() < end, "it still runs"
            time.sleep(0.05)
        assert terminal.exit_code == 128 + signal.SIGTERM


def test_what_a_killed_demo_left_is_swept_by_the_next(tmp_path: Path) -> None:
    """By the number in its name: of a process that lives, or of no process at all, everything stays."""
    with demo(tmp_path) as terminal:
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait_exit()
    [left] = farms(tmp_path)
    assert left.name.startswith(f"changeover-demo-{terminal.pid}-")
    (tmp_path / f"changeover-demo-{os.getpid()}-alive").mkdir()
    (tmp_path / "changeover-demo-notes").mkdir()
    with demo(tmp_path) as terminal:
        assert left not in farms(tmp_path)
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert {path.name for path in farms(tmp_path)} == {f"changeover-demo-{os.getpid()}-alive", "changeover-demo-notes"}


@pytest.mark.nvml
@pytest.mark.parametrize("number", ENDS)
def test_a_hosts_console_takes_its_mark_away(host: Callable[..., Host], number: signal.Signals) -> None:
    """The site is closed: no mark among running consoles, no sampler left, no workload touched."""
    here = host()
    here.start("ai-3")
    with Terminal([*CONSOLE, "--config", str(here.config)], (160, 45), here.env) as terminal:
        terminal.wait_for("1 ai", 15)
        run = Path(here.env["CHANGEOVER_RUN"])
        assert len([*run.glob("*.presence")]) == 1
        os.kill(terminal.pid, number)
        assert terminal.wait_exit() == 128 + number
        assert not {SCREEN, MOUSE} & terminal.screen.mode
    assert [*run.glob("*.presence")] == []
    assert here.running() == {"ai-3"}


def test_nohup_stays_nohup(tmp_path: Path) -> None:
    """A console that was told to ignore hang-ups ignores them."""
    with Terminal([sys.executable, "-c", IGNORING, *CONSOLE, "demo"], (120, 40), {"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("SIMULATED", 20)
        os.kill(terminal.pid, signal.SIGHUP)
        terminal.pump(1.0)
        terminal.send("?")
        terminal.wait_for("Show the GPUs", 10)
        terminal.send("x")
        terminal.pump(0.5)
        terminal.send("q")
        assert terminal.wait_exit() == 0


TIDY = """
import sys, time
from console.commands.opening import ended_tidily
with ended_tidily():
    try:
        print("open", flush=True)
        time.sleep(60)
    finally:
        print("closed", flush=True)
"""


@pytest.mark.parametrize("number", ENDS)
def test_before_the_screen_stands_the_stack_is_unwound(number: signal.Signals) -> None:
    """A signal while the site is being opened closes it as well."""
    with subprocess.Popen([sys.executable, "-c", TIDY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        process.send_signal(number)
        assert process.stdout.read() == "closed\n"
        assert process.wait(10) == 128 + number
