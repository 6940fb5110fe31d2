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


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("doctor", "--jsn"), "--jsn; did you mean --json?; changeover doctor --help"),
        (("status", "--wach=3"), "--wach=3; did you mean --watch?"),
        (("--raed-only",), "--raed-only; did you mean --read-only?"),
        (("calc", "mine", "--hashrate=1", "--watts=1", "--coin=1"), "--coin=1; did you mean --coin-price?"),
        (("status", "extra"), "unrecognized arguments: extra; changeover status --help"),
        (("status", "--zzzzzz\x1b[31m"), "unrecognized arguments: --zzzzzz[31m; changeover status --help"),
    ],
)
def test_a_flag_that_does_not_exist_gets_the_nearest_that_does(args: tuple[str, ...], said: str) -> None:
    """And what is near to none gets none; it is written without its escapes."""
    done = run(*args)
    assert done.returncode == 2 and said in done.stderr and "\x1b" not in done.stderr


def test_help_of_a_command_and_the_version_go_by_their_other_names() -> None:
    """`changeover help doctor` and `-V`; the help of doctor says what its exit codes mean."""
    done = run("help", "doctor")
    assert done.returncode == 0 and "usage: changeover doctor" in done.stdout and "Exit codes: 0 " in done.stdout
    assert run("help", "nothing").stdout == run("--help").stdout
    assert run("-V").stdout == run("--version").stdout != ""


def test_an_output_that_knows_no_dash_gets_a_question_mark() -> None:
    """A Latin-1 pipe cannot say – or ◆; that is no reason for a traceback."""
    done = run(*CALC, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_pipe_without_glyphs_gets_the_drawing_of_such_terminals(encoding: str) -> None:
    """A loss is -0.09, not ?0.09: the stand-ins of the screen, for every command; what there is stays."""
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = run("demo", "--gpus", "3", "--seed", "7", env=env, encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert "?" not in done.stdout and "^ ergo" in done.stdout
    assert ("°" in done.stdout) is (encoding == "latin-1")


def test_a_full_disk_behind_stdout_is_a_sentence() -> None:
    """`> /dev/full` says so and fails; it used to be a traceback."""
    with Path("/dev/full").open("w") as full:
        done = run(*CALC, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "changeover calc: its output could not be written: No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("args", [["--help"], ["--version"], ["status", "--help"], ["calc", "mine", "--help"]])
def test_help_into_a_full_disk_is_a_sentence(args: list[str], unbuffered: str) -> None:
    """Also where argparse writes and leaves by itself, and where nothing is held back until the exit."""
    with Path("/dev/full").open("w") as full:
        done = run(*args, stdout=full, env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr.endswith(": its output could not be written: No space left on device\n")
    assert done.stderr.count("\n") == 1


ELSEWHERE = """
import sys, types
from pathlib import Path
from console import cli
made = types.ModuleType("made")
made.main = lambda argv: (print("said"), Path(argv[0]).write_text("x"))[1]
sys.modules["made"] = made
cli.COMMANDS["made"] = ("made", "")
sys.exit(cli.main(["made", *sys.argv[1:]]))
"""


def test_a_full_disk_elsewhere_is_not_blamed_on_the_output() -> None:
    """What was printed has arrived; the sentence says what happened, and nothing false."""
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, "/dev/full"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "said\n")
    assert done.stderr == "changeover made: No space left on device\n"


def test_a_defect_is_still_a_traceback() -> None:
    """Only what a disk may say at any moment is a sentence; a path that we got wrong is for us to see."""
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, "/nowhere/x"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "FileNotFoundError" in done.stderr


def test_a_closed_stdout_changes_nothing() -> None:
    """`>&-` runs to its end as if nobody listened, which is the case."""
    script = f"{sys.executable} -m console.cli {' '.join(CALC)} >&-; echo rc=$?"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("rc=0\n", "")


@pytest.mark.parametrize(
    ("words", "closed", "code", "said"),
    [
        ("demo --read-only", "<&-", 0, ""),
        ("init --dry-run", "<&-", 2, "nobody can be asked"),
        ("journal --jsn", "2>&-", 2, ""),
        ("demo", "<&- >&- 2>&-", 0, ""),
    ],
)
def test_a_stream_that_is_closed_is_one_that_says_and_takes_nothing(
    words: str, closed: str, code: int, said: str
) -> None:
    """As a unit or a daemon may start a command: no traceback, and the exit code that it has otherwise."""
    script = f"{sys.executable} -m console.cli {words} {closed}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr


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
