"""The command line at its edges: wrong words, closed and full outputs, no place for state, no terminal to draw on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.terminal import Terminal

CALC = ["calc", "ai", "--rate", "1", "--watts", "300", "--power-price", "0.1"]


def run(*args: str, **more: object) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    command = [sys.executable, "-m", "console.cli", *args]
    given = {"stdout": subprocess.PIPE, **more}
    return subprocess.run(
        command, stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=False, **given
    )  # type: ignore[call-overload]


def test_an_unknown_command_names_the_nearest() -> None:
    """Exit 2, one line, no traceback."""
    done = run("stauts")
    assert (done.returncode, done.stderr) == (2, "changeover: no command 'stauts'; did you mean 'status'?\n")


@pytest.mark.parametrize("flags", [["--config", "/x", "status"], ["--read-only", "status", "--json"]])
def test_a_command_behind_flags_is_told_where_it_goes(flags: list[str]) -> None:
    """Not "unrecognized arguments"."""
    done = run(*flags)
    assert (done.returncode, done.stderr) == (2, "changeover: the command comes first: changeover status …\n")


def test_an_output_that_knows_no_dash_gets_a_question_mark() -> None:
    """A Latin-1 pipe cannot say – or ◆; that is no reason for a traceback."""
    done = run(*CALC, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_behind_stdout_is_a_sentence() -> None:
    """`> /dev/full` says so and fails; it used to be a traceback."""
    with Path("/dev/full").open("w") as full:
        done = run(*CALC, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "changeover calc: its output could not be written: No space left on device\n"


def test_a_closed_stdout_changes_nothing() -> None:
    """`>&-` runs to its end as if nobody listened, which is the case."""
    script = f"{sys.executable} -m console.cli {' '.join(CALC)} >&-; echo rc=$?"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("rc=0\n", "")


def test_a_reader_that_leaves_is_no_traceback() -> None:
    """`| head -1` ends quietly."""
    script = f"{sys.executable} -m console.cli --help | head -1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


def test_state_that_cannot_be_kept_is_a_sentence() -> None:
    """The directory, the cause and the way out."""
    env = {**os.environ, "CHANGEOVER_STATE": "/dev/null/x", "CHANGEOVER_RUN": "/dev/null/y"}
    done = run("journal", env=env)
    assert done.returncode == 1
    assert "/dev/null/x cannot be made: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_be_drawn_on_gets_one_snapshot(term: str) -> None:
    """TERM=dumb used to spin without a way out; now it is text and an end."""
    with Terminal([sys.executable, "-m", "console.cli", "demo"], (120, 30), {"TERM": term}) as terminal:
        assert terminal.wait_exit(20) == 0
        assert "SIMULATED" in terminal.text and "H100" in terminal.text
