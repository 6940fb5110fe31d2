"""What a real terminal is sent: bytes of every tick of a host that works, none of a tick that changes nothing."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.budget.test_wire_bytes import PER_TICK, TICKS
from tests.rig.terminal import Terminal

OF_A_FRAME = 8 + 8 + 6
"""Bytes that Textual adds to a frame: where it begins and ends, and where the cursor goes."""
WITHIN_S = 30.0
SCREENS = {
    "market": ("2", "1"), "journal": ("5", "1"), "detail": ("d", "escape"), "alarms": ("A", "escape"),
    "help": ("?", "escape"), "why": ("w", "escape"), "palette": (":", "escape"),
}  # fmt: skip
"""What is opened by one key and left by another."""


class Resting:
    """The console in a terminal of 200x50, and what each tick sends."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal = terminal
        self._painted = folder / "painted"
        self._ticks = os.open(folder / "ticks", os.O_WRONLY)

    def tick(self, kind: str) -> int:
        """Bytes sent from a tick until it is painted and nothing more comes."""
        before, done = self.terminal.received, self._done()
        os.write(self._ticks, f"{kind}\n".encode())
        self.until(lambda: self._done() > done)
        self.settle()
        return self.terminal.received - before

    def until(self, seen: Callable[[], object]) -> None:
        """Read until something is seen."""
        end = time.monotonic() + WITHIN_S
        while not seen():
            assert time.monotonic() < end, self.terminal.text
            self.terminal.pump(0.02)

    def settle(self, quiet_s: float = 0.2) -> None:
        """Read until nothing comes."""
        before = -1
        end = time.monotonic() + WITHIN_S
        while before != self.terminal.received:
            assert time.monotonic() < end, "it never rests"
            before = self.terminal.received
            self.terminal.pump(quiet_s)

    def _done(self) -> int:
        return self._painted.stat().st_size if self._painted.exists() else 0


@contextmanager
def resting(folder: Path, gpus: int, *, synchronized: bool = True) -> Iterator[Resting]:
    """The console with its first frame read, at rest."""
    os.mkfifo(folder / "ticks")
    command = [sys.executable, "-m", "tests.budget.resting_program", str(folder), str(gpus)]
    with Terminal(command, (200, 50), synchronized=synchronized) as terminal:
        terminal.wait_for("q quit", WITHIN_S)
        console = Resting(terminal, folder)
        console.settle(1.0)
        yield console
        terminal.send("q")
        assert terminal.wait_exit(WITHIN_S) == 0


@pytest.mark.parametrize("synchronized", [False, True], ids=["plain", "synchronized"])
@pytest.mark.parametrize("gpus", [8, 64])
def test_a_tick_of_a_busy_host_stays_within_its_budget(tmp_path: Path, gpus: int, *, synchronized: bool) -> None:
    """Each of twenty, all bytes counted that reach the terminal, and in a single frame."""
    with resting(tmp_path, gpus, synchronized=synchronized) as console:
        frames = console.terminal.frames
        sizes = [console.tick("busy") for _ in range(TICKS)]
        assert console.terminal.frames - frames == TICKS * synchronized
    assert min(sizes) > 50
    assert max(sizes) <= PER_TICK[gpus] + OF_A_FRAME, sizes
    assert sum(sizes) / TICKS <= PER_TICK[gpus] * 2 / 3, sizes


def test_a_tick_that_changes_nothing_sends_nothing(tmp_path: Path) -> None:
    """On no screen and under nothing that may stand over one: not a byte in three ticks and the time they take."""
    with resting(tmp_path, 8) as console:
        terminal = console.terminal
        assert [console.tick("same") for _ in range(3)] == [0] * 3, terminal.text
        home = terminal.text
        for name, (key, back) in SCREENS.items():
            terminal.send(key)
            console.until(lambda: terminal.text != home)
            console.settle(0.5)
            assert [console.tick("same") for _ in range(3)] == [0] * 3, f"{name}\n{terminal.text}"
            terminal.send(back)
            console.until(lambda: terminal.text == home)
            console.settle(0.5)
        assert console.tick("busy") > 50


def test_a_tick_under_the_palette_costs_no_more_than_one_in_the_open(tmp_path: Path) -> None:
    """The figures around it go on, and only they are sent."""
    with resting(tmp_path, 64) as console:
        console.terminal.send(":")
        console.settle(1.0)
        assert "Take back the latest flip" in console.terminal.text
        sizes = [console.tick("busy") for _ in range(5)]
        assert min(sizes) > 50 and max(sizes) <= PER_TICK[64], sizes
        console.terminal.send("escape")
        console.settle(1.0)
