"""The first minute of somebody new: whatever is missing, screen and doctor are of use and name one next thing to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.host import CONSOLE
from tests.rig.nvml import FakeGpus
from tests.rig.terminal import Terminal

pytestmark = pytest.mark.nvml
INIT = "`changeover init` writes one for this host"
NOBODY = 65534


def run(*args: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """One command to its end; ``before`` stands before it, as setpriv."""
    command = [*before, *CONSOLE, *args]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL, env=dict(os.environ)
    )


def findings(*args: str) -> tuple[list[dict[str, Any]], int]:
    """What doctor finds, and its exit code."""
    done = run("doctor", "--json", *args)
    said = json.loads(done.stdout)
    assert said["schema"] == 1, done.stderr
    return list(said["findings"]), done.returncode


@pytest.fixture
def one(gpus: Callable[..., FakeGpus], state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGpus:
    """A host of one card and no config."""
    made = gpus(1, "4090")
    made.activate(monkeypatch)
    return made


def test_a_host_without_nvml_is_told_the_way_out_first(one: FakeGpus) -> None:
    """Not a demo, which is told beside; everything else waits for that."""
    one.fault("driver")
    found, code = findings()
    assert code == 1 and [said["level"] for said in found] == ["fault", "note"]
    assert "kernel module is not loaded" in found[0]["what"] and found[0]["do"].startswith("`sudo modprobe nvidia`")
    assert "changeover demo" in found[0]["why"]
    assert "once a GPU can be read, `changeover init`" in found[1]["do"]


def test_one_idle_gpu_is_shown_with_the_next_thing_to_do(one: FakeGpus) -> None:
    """On the narrowest screen the command stands whole; a key that flips says the same; nothing is said of flips that
    are coordinated for one user alone, because there are none."""
    with Terminal([*CONSOLE], (80, 24)) as terminal:
        terminal.wait_for(INIT, 30)
        terminal.wait_for("RTX 4090", 30)
        assert "1 GPU " in terminal.text and "this user alone" not in terminal.text
        terminal.wait_for("no workload may run here", 30)
        terminal.send("m")
        terminal.wait_for("`changeover init` writes a config from what runs here", 30)
        end = time.monotonic() + 30
        while "esc close" in terminal.text and time.monotonic() < end:
            terminal.send("escape")  # again: a dialog is deaf for a moment, so that no key typed ahead answers it
            terminal.pump(0.4)
        terminal.send("5")
        terminal.wait_for("no flip has been made on this host yet", 30)
        terminal.send("q")
        assert terminal.wait_exit(30) == 0


def test_doctor_advises_a_new_user(one: FakeGpus) -> None:
    """One step; what is well comes last, in a line; money is not asked after yet. The JSON has its keys."""
    found, code = findings()
    assert code == 0 and [said["level"] for said in found] == ["note", "ok"]
    assert all({*said} == {"level", "what", "why", "do"} for said in found)
    assert found[0]["do"].startswith("`changeover init`")
    assert found[1]["what"].startswith("NVML answers: ") and found[1]["what"].endswith(", 1 GPU")


def test_a_config_of_mistakes_is_diagnosed_not_refused(one: FakeGpus, tmp_path: Path) -> None:
    """Every mistake with its line, and the driver all the same; a mode is mended by the command that stands there."""
    config = tmp_path / "config.toml"
    config.write_text('[site]\nnaem = "x"\npue = "y"\n')
    config.chmod(0o600)
    found, code = findings("--config", str(config))
    assert code == 1 and [said["level"] for said in found] == ["fault", "fault", "ok"]
    assert "line 2: site.naem" in found[0]["what"] and "line 3: site.pue" in found[1]["what"]
    config.chmod(0o666)
    [fault, _], _ = findings("--config", str(config))
    assert fault["do"] == f"`chmod go-w {config}`" and "can be written by others" in fault["what"]
    [gone, _], code = findings("--config", str(tmp_path / "none.toml"))
    assert code == 1 and "No such file" in gone["what"]


def test_init_on_an_idle_host_says_what_to_do_before_it_is_of_use(one: FakeGpus, tmp_path: Path) -> None:
    """It used to send people to doctor, and in the file to an init that refuses. The console knows the file then."""
    path = tmp_path / "new.toml"
    done = run("init", "--yes", "--output", str(path))
    assert done.returncode == 0, done.stderr
    assert "next: start what they should do, then changeover init --dry-run" in done.stderr
    assert "init again" not in path.read_text()
    said = run("status", "--fast", "--config", str(path)).stdout
    assert "`changeover doctor` says how to add one" in said and INIT not in said


@pytest.fixture
def closed(state_dir: Path) -> Iterator[tuple[str, ...]]:
    """Another user's state directory that nobody else may look into; what has to stand before a command of ours."""
    if os.geteuid():
        state_dir.chmod(0)
        yield ()
    elif (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("NOT TESTED: root without its capabilities needs setpriv of util-linux")
    else:
        os.chown(state_dir, NOBODY, NOBODY)
        yield (setpriv, "--bounding-set", "-all", "--inh-caps", "-all")
        os.chown(state_dir, 0, 0)
    state_dir.chmod(0o700)


def test_a_closed_state_directory_is_a_sentence(one: FakeGpus, state_dir: Path, closed: tuple[str, ...]) -> None:
    """It used to be a traceback in doctor and journal, and a screen that waited for ever."""
    for command in ("doctor", "journal", "status"):
        done = run(command, before=closed)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        said = done.stdout if command == "doctor" else done.stderr
        assert f"{state_dir} belongs to " in said and "CHANGEOVER_STATE and CHANGEOVER_RUN" in said
