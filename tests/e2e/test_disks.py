"""Disks that take nothing any more: every command says which directory and what to do, and no flip begins."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import paths
from tests.e2e.host import CONSOLE, Host
from tests.e2e.test_console_flip import opened
from tests.rig.disks import Disk, small_disk
from tests.rig.terminal import Terminal

pytestmark = [pytest.mark.nvml, pytest.mark.slow]
WAYS = {"full": "its disk is full, make room", "read-only": "it is mounted read-only, see dmesg for why and remount it"}
COMMANDS = (
    ("status",),
    ("doctor",),
    ("flip", "3", "ergo", "--yes"),
    ("undo", "2", "--yes"),
    ("forget", "3"),
    ("settle",),
)


class Scene:
    """A host whose state or run directory is a disk of its own, with one flip done and a server on GPU 3."""

    def __init__(self, here: Host, disk: Disk) -> None:
        self.here, self.disk = here, disk
        here.start("ai-3")
        done = self.run("flip", "2", "ergo", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr

    def spoil(self, way: str) -> None:
        """Let the disk take nothing any more."""
        if way == "full":
            self.disk.fill()
        else:
            self.disk.set("ro")

    def mend(self) -> None:
        """Let it take everything again."""
        self.disk.set("rw")
        self.disk.empty()

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """One command with the config."""
        return self.here.run(*args, "--config", str(self.here.config))


@pytest.fixture(params=["state", "run"])
def scene(request: pytest.FixtureRequest, host: Callable[..., Host], tmp_path: Path) -> Iterator[Scene]:
    """One for the state directory, one for the run directory."""
    with small_disk(tmp_path / request.param) as disk:
        yield Scene(host(), disk)


@pytest.mark.parametrize("way", WAYS)
def test_every_command_says_what_is_wrong(scene: Scene, way: str) -> None:
    """No traceback; flips, undo and forgetting are refused with the directory and the next step; doctor finds it."""
    scene.spoil(way)
    said = f"nothing can be written to {scene.disk.folder}: {WAYS[way]}"
    done = {args[0]: scene.run(*args) for args in COMMANDS}
    for command, one in done.items():
        assert "Traceback" not in one.stderr, f"{command}: {one.stderr}"
        assert "could not be written: No space" not in one.stderr, "it is not the output that is full"
    for command in ("flip", "undo", "forget"):
        text = " ".join((done[command].stdout + done[command].stderr).split())
        assert (done[command].returncode, said in text) == (3, True), text
    assert done["doctor"].returncode == 1 and f"✗ no flip can begin: {said}" in done["doctor"].stdout
    assert done["status"].returncode == 0 and said in done["status"].stdout
    for args in (("lock", "3"), ("unlock", "3")):
        locked = scene.here.run(*args)
        assert "Traceback" not in locked.stderr
        assert locked.returncode == 0 or "locks.json cannot be written" in locked.stderr
    assert scene.here.running() == {"ai-3", "miner-2"}
    assert scene.here.status()["gpus"][2]["slot"] == 2, "the slots are those of before"


@pytest.mark.parametrize("way", WAYS)
def test_the_console_looks_only_and_says_why(scene: Scene, way: str) -> None:
    """Started on such a disk it shows everything, and no key acts."""
    scene.spoil(way)
    with opened(scene.here) as terminal:
        terminal.wait_for("READ-ONLY", 10)
        assert f"no key acts: nothing can be written to {scene.disk.folder}"[:100] in terminal.text
        terminal.send("home", "down", "down", "down", "m")
        terminal.pump(1.0)
        assert "y flip" not in terminal.text
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert scene.here.running() == {"ai-3", "miner-2"}


@pytest.mark.parametrize(
    ("scene", "way"), [("state", "full"), ("state", "read-only"), ("run", "full")], indirect=["scene"]
)
def test_a_running_console_notices_and_recovers(scene: Scene, way: str) -> None:
    """The disk goes bad and is mended while it runs: its keys go and come back.

    Where a console holds its mark open the kernel makes no disk read-only.
    """
    with opened(scene.here) as terminal:
        terminal.wait_for("1 ai", 10)
        scene.spoil(way)
        terminal.wait_for("READ-ONLY", 30)
        assert f"no key acts: nothing can be written to {scene.disk.folder}"[:100] in terminal.text
        scene.mend() if way == "full" else scene.disk.set("rw")
        _until_gone(terminal, "READ-ONLY")
        terminal.send("home", "down", "down", "down", "m")
        terminal.wait_for("y flip", 10)


def test_a_disk_that_goes_bad_under_an_open_dialog(host: Callable[..., Host], tmp_path: Path) -> None:
    """A yes then is refused by the runner before anything happens, and the console stays."""
    with small_disk(tmp_path / "state") as disk:
        here = Scene(host(), disk).here
        with opened(here) as terminal:
            terminal.wait_for("1 ai", 10)
            terminal.send("home", "down", "down", "down", "m")
            terminal.wait_for("y flip", 10)
            disk.fill()
            terminal.wait_for("READ-ONLY", 30)
            terminal.send("y")
            terminal.wait_for("journal.sqlite cannot be used: database", 20)
            terminal.send("q")
            assert terminal.wait_exit() == 0
        assert here.running() == {"ai-3", "miner-2"}


def test_shared_directories_on_a_read_only_disk_are_still_the_shared_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is sent to a journal and claims of his own, where he would not see the others."""
    for name in ("STATE", "RUN"):
        monkeypatch.delenv(f"CHANGEOVER_{name}", raising=False)
    with small_disk(tmp_path / "state") as disk:
        (tmp_path / "run").mkdir()
        monkeypatch.setattr(paths, "SYSTEM_STATE", disk.folder)
        monkeypatch.setattr(paths, "SYSTEM_RUN", tmp_path / "run")
        disk.set("ro")
        found = paths.places()
        assert (found.shared, found.state) == (True, disk.folder)
        assert paths.obstacle(found) == f"nothing can be written to {disk.folder}: {WAYS['read-only']}"


def test_a_home_on_a_read_only_disk(host: Callable[..., Host], tmp_path: Path) -> None:
    """The same for a user's own state directory."""
    here = host()
    own = {name: value for name, value in here.env.items() if not name.startswith("CHANGEOVER_")}
    here.env = {**own, "XDG_STATE_HOME": str(tmp_path / "home")}
    with small_disk(tmp_path / "home") as disk:
        assert here.run("status", "--config", str(here.config)).returncode == 0
        disk.set("ro")
        done = here.run("flip", "3", "ergo", "--yes", "--config", str(here.config))
        assert done.returncode == 3 and "Traceback" not in done.stderr
        assert f"nothing can be written to {disk.folder}/changeover" in " ".join(done.stdout.split())
        with Terminal([*CONSOLE, "--config", str(here.config)], (160, 45), here.env) as terminal:
            terminal.wait_for("READ-ONLY", 15)


def _until_gone(terminal: Terminal, text: str) -> None:
    for _ in range(600):
        if text not in terminal.text:
            return
        terminal.pump(0.05)
    raise AssertionError(f"{text} still stands there:\n{terminal.text}")
