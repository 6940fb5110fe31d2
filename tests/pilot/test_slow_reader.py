"""The console behind a reader that stands still for a while, and behind one of two kilobytes a second."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.driver import MOST_BEHIND
from tests.pilot.still_program import other_ticks
from tests.pilot.wired import differing
from tests.rig.reader import CopiedTerminal
from tests.rig.terminal import Terminal

PROGRAM = "tests.pilot.still_program"
TICK_S = 0.05
WITHIN_S = 60.0
GROWN_MIB = 8.0
"""What the process may hold more than before: caches fill for some minutes. How many writes wait is counted exactly."""
BOTH = pytest.mark.parametrize("synchronized", [False, True], ids=["plain", "synchronized"])


@contextmanager
def console(folder: Path, size: tuple[int, int], *, synchronized: bool, slow: bool = False) -> Iterator[CopiedTerminal]:
    """The console, ticking twenty times a second; a slow one is read 200 bytes each tenth of a second."""
    command = [sys.executable, "-m", PROGRAM, str(folder / "record"), str(TICK_S)]
    piece, pause_s = (200, 0.1) if slow else (65536, 0.0)
    with CopiedTerminal(
        command, size, folder / "copy", piece=piece, pause_s=pause_s, synchronized=synchronized
    ) as terminal:
        until(terminal, lambda: "rig-0" in terminal.text)
        yield terminal


def until(terminal: Terminal, seen: Callable[[], object]) -> None:
    """Read until something is seen."""
    end = time.monotonic() + WITHIN_S
    while not seen():
        assert terminal.alive and time.monotonic() < end, terminal.text
        terminal.pump(0.05)


def under_cursor(terminal: Terminal) -> int:
    """The GPU whose row has the cursor."""
    found = re.search(r"^ ▸ +(\d+) ", terminal.text, re.M)
    return int(found[1]) if found else -1


def held_mib(pid: int) -> float:
    """Memory of a process that is in RAM, as the kernel counts."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found is not None
    return int(found[1]) / 1024


def same_as_anew(terminal: Terminal, folder: Path) -> None:
    """The figures stand still from here on: what is seen equals cell by cell what a whole repaint draws."""
    terminal.drawn = lambda _frame: None
    (folder / "record.still").touch()
    quiet(terminal)
    columns, rows = terminal.screen.columns, terminal.screen.lines
    before = terminal.anew()
    terminal.resize(columns, rows - 1)
    terminal.pump(0.3)
    quiet(terminal)
    terminal.anew()
    terminal.resize(columns, rows)
    until(terminal, lambda: "quit" in terminal.text)
    quiet(terminal)
    assert "RTX 4090" in terminal.text
    assert differing(before, terminal.screen) == []


def quiet(terminal: Terminal, for_s: float = 1.5) -> None:
    """Read until nothing has come for a while."""
    before = -1
    end = time.monotonic() + WITHIN_S
    while before != terminal.received:
        assert time.monotonic() < end, "it never rests"
        before = terminal.received
        terminal.pump(for_s)


def left(terminal: Terminal, folder: Path) -> None:
    """``q`` leaves in bounded time."""
    terminal.send("q")
    assert terminal.wait_exit(WITHIN_S) == 0
    ended(terminal, folder)


def ended(terminal: Terminal, folder: Path) -> None:
    """What came to the end of all is whole and gives the terminal back; the console has waited for nothing."""
    assert not terminal.within_frame
    assert not terminal.screen.cursor.hidden and 1049 << 5 not in terminal.screen.mode
    gap_s, dropped, _, deepest = (folder / "record").read_text().split()
    assert int(dropped) > 10
    assert float(gap_s) < 5.0, "the loop turned all the while"
    assert int(deepest) <= MOST_BEHIND + 3, "frames were queued"


@BOTH
def test_a_reader_that_stands_still_for_a_while(tmp_path: Path, *, synchronized: bool) -> None:
    """For eight seconds: neither memory nor queue grows, keys act, and the screen comes back as if painted anew."""
    mixed: list[str] = []
    with console(tmp_path, (160, 45), synchronized=synchronized) as terminal:
        terminal.drawn = lambda _frame: mixed.extend(other_ticks(terminal.text))
        until(terminal, lambda: under_cursor(terminal) == 0)
        terminal.pump(1.0)
        before_mib = held_mib(terminal.pid)
        terminal.stop()
        terminal.pump(0.2)
        seen = terminal.received
        for _ in range(5):
            terminal.send("j")
            time.sleep(1.6)
        grown_mib = held_mib(terminal.pid) - before_mib
        terminal.pump(0.2)
        assert terminal.received == seen, "it was not stopped"
        assert grown_mib < GROWN_MIB
        terminal.go()
        until(terminal, lambda: under_cursor(terminal) == 5)
        assert mixed == []
        same_as_anew(terminal, tmp_path)
        left(terminal, tmp_path)


def test_a_reader_of_two_kilobytes_a_second(tmp_path: Path) -> None:
    """A tenth of what is drawn gets through: what does is whole frames, keys act on it, nothing piles up."""
    mixed: list[str] = []
    told: list[int] = []
    with console(tmp_path, (80, 24), synchronized=True, slow=True) as terminal:

        def drawn(_frame: bytes) -> None:
            mixed.extend(other_ticks(terminal.text))
            told.extend(int(at) for at in re.findall(r"rig-(\d{5})", terminal.text))

        terminal.drawn = drawn
        until(terminal, lambda: under_cursor(terminal) == 0)
        before_mib = held_mib(terminal.pid)
        terminal.pump(8.0)
        terminal.send("G")
        until(terminal, lambda: under_cursor(terminal) == 63)
        assert held_mib(terminal.pid) - before_mib < GROWN_MIB
        assert mixed == []
        assert told == sorted(told), "an older second after a newer"
        assert len(set(told)) > 1
        terminal.send("q")
        assert terminal.wait_exit(WITHIN_S) == 0
    ended(terminal, tmp_path)


def test_after_a_reader_of_two_kilobytes_a_second_the_screen_is_as_if_painted_anew(tmp_path: Path) -> None:
    """Frames were dropped when the figures come to rest, so that no change would bring the last of them."""
    with console(tmp_path, (80, 24), synchronized=False, slow=True) as terminal:
        terminal.pump(4.0)
        (tmp_path / "record.still").touch()
        terminal.pump(2.0)
        terminal.hurry()
        same_as_anew(terminal, tmp_path)
        left(terminal, tmp_path)


def test_q_behind_a_reader_that_stands_still_leaves_when_it_reads_again(tmp_path: Path) -> None:
    """The terminal cannot be given back while it takes nothing; it is as soon as it does."""
    with console(tmp_path, (160, 45), synchronized=True) as terminal:
        terminal.stop()
        time.sleep(3.0)
        terminal.send("q")
        time.sleep(2.0)
        terminal.go()
        assert terminal.wait_exit(WITHIN_S) == 0
    ended(terminal, tmp_path)
