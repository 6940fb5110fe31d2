"""A server that drains before it stops: its own door is closed by a real command, and opened again whatever becomes of
the flip, by the limit, by Ctrl-C and by whoever settles what kill -9 has cut off."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.host import CONSOLE, Host
from tests.e2e.test_flip_command import flip
from tests.e2e.test_runner import Console, planned, results, settled

pytestmark = pytest.mark.nvml

DOOR = """#!/bin/bash
# usage: door close|open UNIT: what a load balancer would be told
echo "$1 $2" >>"$(dirname "$0")/told"
"""


class Door:
    """The way requests take to a server: how many are under way, and what the door was told."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.requests, self._told, self.program = folder / "requests", folder / "told", folder / "door"
        self.let(2)
        self.program.write_text(DOOR)
        self.program.chmod(0o755)

    def let(self, requests: int) -> None:
        """So many requests are under way."""
        partial = self.requests.with_suffix(".partial")
        partial.write_text(str(requests))
        partial.rename(self.requests)

    def told(self) -> list[str]:
        """What it was told, in order."""
        return self._told.read_text().splitlines() if self._told.exists() else []


Made = Callable[[float], tuple[Host, Door]]


@pytest.fixture
def drained(host: Callable[..., Host], tmp_path: Path) -> Made:
    """Makes a host on whose GPU 0 a server with a door runs two requests: `drained(limit_s)`."""

    def make(limit_s: float) -> tuple[Host, Door]:
        door = Door(tmp_path / "door")
        here = host({"ai-0": {"requests_file": door.requests}})
        words = [f'{verb} = ["{door.program}", "{said}", "{{unit}}"]' for verb, said in DOORS]
        own = "\n".join(['unit = "ai-{slot}"', *words])
        text = here.config.read_text().replace('unit = "ai-{slot}"', own)
        here.config.write_text(text.replace("drain_timeout_s = 0\nstart", f"drain_timeout_s = {limit_s:g}\nstart"))
        here.start("ai-0")
        return here, door

    return make


DOORS = (("drain", "close"), ("undrain", "open"))


@contextmanager
def flipping(here: Host) -> Iterator[subprocess.Popen[str]]:
    """`changeover flip 0 ergo --yes --json` while the block runs."""
    command = [*CONSOLE, "flip", "0", "ergo", "--yes", "--json", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_door_is_closed_before_the_wait(drained: Made) -> None:
    """No requests come any more while those under way are waited for, and how many are left is told. A server that is
    started is let have requests again."""
    here, door = drained(120)
    one = Console(here)
    try:
        one.go(planned(here, "0", "ergo"))
        for line in one.heard():
            if line["text"].startswith("2 requests left in qwen, "):
                break
        else:
            raise AssertionError("it never told how many requests were left")
        assert (line["step"], line["took_s"], door.told()) == ("drain", None, ["close ai-0"])
        assert here.running() == {"ai-0"}
        door.let(1)
        for line in one.heard():
            if line["text"].startswith("1 request left in qwen, "):
                break
        door.let(0)
        said = one.end()
    finally:
        one.process.kill()
        one.process.communicate()
    drain = next(line["text"] for line in said if line["step"] == "drain" and line["took_s"] is not None)
    assert (drain, said[-1]["result"]) == ("no requests in qwen, none come any more", "done")
    assert (here.running(), door.told()) == ({"miner-0"}, ["close ai-0"])
    back = flip(here, "0", "qwen", "--yes")
    assert (back["rc"], here.running(), door.told()[1:]) == (0, {"ai-0"}, ["open ai-0"]), back


def test_at_the_limit_the_door_is_opened_again(drained: Made) -> None:
    """Requests that outlast the limit cancel the flip, and the server gets new ones."""
    here, door = drained(1)
    said = flip(here, "0", "ergo", "--yes")
    assert (said["rc"], said["endings"][0]["result"]) == (1, "cancelled"), said
    assert said["endings"][0]["text"].startswith("2 requests still ran in qwen after 1 s; ")
    assert (here.running(), door.told()) == ({"ai-0"}, ["close ai-0", "open ai-0"])


def test_ctrl_c_and_kill_9_leave_no_door_closed(drained: Made) -> None:
    """Interrupted while it waits, the flip opens the door itself; killed, the next settling does."""
    here, door = drained(300)
    with flipping(here) as process:
        here.until(lambda: door.told() == ["close ai-0"], "the door closed")
        process.send_signal(signal.SIGINT)
        said = json.loads(process.communicate(timeout=60)[0])
    assert (process.returncode, said["endings"][0]["result"]) == (1, "cancelled"), said
    assert said["endings"][0]["text"] == "you ended it before anything was stopped"
    assert (here.running(), door.told()) == ({"ai-0"}, ["close ai-0", "open ai-0"])

    with flipping(here) as process:
        here.until(lambda: door.told()[2:] == ["close ai-0"], "the door closed again")
        process.kill()
        process.wait(60)
    assert results(here) == ["cancelled"]
    (found,) = settled(here)
    assert (found["result"], door.told()[3:]) == ("cancelled", ["open ai-0"]), found
    assert (here.running(), results(here)) == ({"ai-0"}, ["cancelled", "cancelled"])
