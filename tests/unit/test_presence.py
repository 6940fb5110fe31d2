"""Two consoles on one host: they agree on the config, or the later one may only look."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.site.presence import Presence

HOLD = """
import sys, pathlib
from console.site.presence import Presence
presence = Presence(pathlib.Path(sys.argv[1]), sys.argv[2])
print(presence.reason or "acts", flush=True)
sys.stdin.read()
presence.close()
"""


class Other:
    """Another console: a real process that holds its presence until its stdin ends."""

    def __init__(self, folder: Path, config_hash: str) -> None:
        argv = [sys.executable, "-c", HOLD, str(folder), config_hash]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()

    def end(self, *, kill: bool = False) -> None:
        """Let it go, or kill it with -9."""
        if kill:
            self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize(("theirs", "may_act"), [("same", True), ("other", False)])
def test_a_running_console_with_another_config_makes_this_one_look_only(
    tmp_path: Path, theirs: str, may_act: bool
) -> None:
    """The reason names the pid; with the same config both act."""
    other = Other(tmp_path, theirs)
    try:
        mine = Presence(tmp_path, "same")
        assert (mine.reason == "") is may_act
        assert may_act or f"pid {other.process.pid}" in mine.reason
        mine.close()
    finally:
        other.end()


def test_a_console_killed_with_9_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Its file stays, but nobody holds it: the next console acts and takes the file away."""
    other = Other(tmp_path, "other")
    other.end(kill=True)
    left = tmp_path / f"console-{other.process.pid}.presence"
    assert left.exists()
    mine = Presence(tmp_path, "mine")
    assert mine.reason == ""
    assert not left.exists()
    mine.close()


def test_one_that_only_looks_does_not_bind_a_third(tmp_path: Path) -> None:
    """Only consoles that act can disagree with others."""
    first = Other(tmp_path, "a")
    second = Other(tmp_path, "b")
    try:
        assert second.said != "acts"
        third = Presence(tmp_path, "a")
        assert third.reason == ""
        third.close()
    finally:
        first.end()
        second.end()


def test_rubbish_in_a_held_file_is_another_version(tmp_path: Path) -> None:
    """A mark that cannot be read is not proof of agreement, but an unreadable one does not act either."""
    other = Other(tmp_path, "other")
    try:
        (tmp_path / f"console-{other.process.pid}.presence").write_bytes(b'{"acts": true, "pid": "\\u001b[31m"}')
        mine = Presence(tmp_path, "mine")
        assert "another version" in mine.reason
        assert "\x1b" not in mine.reason
        mine.close()
    finally:
        other.end()
    assert not list(tmp_path.iterdir())


def test_a_console_that_cannot_leave_its_mark_only_looks(tmp_path: Path) -> None:
    """Others could not see that it disagrees with them. The reason names the directory and the next step."""
    mine = Presence(tmp_path / "gone", "mine")
    assert mine.reason == f"nothing can be written to {tmp_path}/gone: it is gone, make it again, then start again"
    mine.close()
    (tmp_path / "file").write_text("")
    assert ": Not a directory at " in Presence(tmp_path / "file", "mine").reason
