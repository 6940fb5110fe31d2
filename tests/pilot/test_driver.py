"""The driver on a real terminal that stops reading: the console goes on, the screen comes back whole."""

import sys
import time
from pathlib import Path

import pytest

from console.driver import MOST_BEHIND
from tests.pilot.still_program import other_ticks
from tests.rig.terminal import Terminal

PROGRAM = "tests.pilot.still_program"
MODES = {mode << 5 for mode in (1000, 1003, 1004, 1006, 1049, 2004)}
"""The modes that Textual sets, as pyte writes private ones down: mouse, focus, the other screen, bracketed paste."""


def start(record: Path, tick_s: float, *, synchronized: bool = False, **env: str) -> Terminal:
    """The console on a real terminal, ticking."""
    command = [sys.executable, "-m", PROGRAM, str(record), str(tick_s)]
    return Terminal(command, size=(200, 50), env=env, synchronized=synchronized)


@pytest.mark.parametrize("synchronized", [False, True], ids=["plain", "synchronized"])
def test_a_stalled_link_stops_neither_ticks_nor_keys(tmp_path: Path, *, synchronized: bool) -> None:
    """The reader stops for six seconds of frames, far more than terminal and queue can hold.

    The loop goes on turning, frames are dropped whole, and afterwards one repaint brings every row up to date. A
    terminal that shows frames at once never sees one that is half of a tick and half of another.
    """
    record = tmp_path / "record"
    with start(record, 0.1, synchronized=synchronized) as terminal:
        terminal.wait_for("rig-000", 30)
        time.sleep(6.0)
        terminal.send("G")
        time.sleep(1.0)  # what the key changes is drawn into a frame that is dropped
        frames: list[bytes] = []
        mixed: list[str] = []

        def drawn(frame: bytes) -> None:
            frames.append(frame)
            mixed.extend(other_ticks(terminal.text))

        terminal.drawn = drawn
        seen(terminal, " ▸  63")
        terminal.pump(1.5)
        rows = [line for line in terminal.text.splitlines() if "RTX 4090" in line and "GPU 63" not in line]
        assert len(rows) == 34
        assert all("/450 W" in line for line in rows)
        assert "SIMULATED" in terminal.text.splitlines()[0]
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
        assert mixed == []
        if synchronized:
            assert not terminal.within_frame
            assert 1 <= sum(b"quit" in frame for frame in frames) < len(frames) / 2, "the footer is sent once"
        assert (terminal.frames > 0) == synchronized
    gap_s, dropped, _, deepest = record.read_text().split()
    assert int(dropped) > 10
    assert float(gap_s) < 2.0
    assert int(deepest) <= MOST_BEHIND + 3, "one frame of three writes more at most"


def seen(terminal: Terminal, start_of_line: str, within_s: float = 30.0) -> None:
    """Read until a line begins so."""
    end = time.monotonic() + within_s
    while not any(line.startswith(start_of_line) for line in terminal.text.splitlines()):
        assert time.monotonic() < end, terminal.text
        terminal.pump(0.05)


def test_a_terminal_that_others_left_non_blocking_is_waited_for(tmp_path: Path) -> None:
    """As node leaves one: after a stall the screen goes on, where the thread that draws would end with an error."""
    left = "import os, sys; [os.set_blocking(fd, False) for fd in (0, 1, 2)]; os.execv(sys.argv[1], sys.argv[1:])"
    program = [sys.executable, "-m", PROGRAM, str(tmp_path / "record"), "0.05"]
    with Terminal([sys.executable, "-c", left, *program], size=(200, 50)) as terminal:
        terminal.wait_for("rig-000", 30)
        time.sleep(3.0)  # nothing is read: terminal and queue are full
        terminal.send("G")
        terminal.wait_for("▸  63", 30)
        terminal.send("q")
        assert terminal.wait_exit(30) == 0


def test_a_yes_typed_before_the_dialog_was_seen_confirms_nothing(tmp_path: Path) -> None:
    """Behind a stalled link a dialog stands in the program and not before the operator, however long.

    Keys go through while the picture does not: a yes then was meant for something else. Once it was seen it counts.
    """
    for early, flips in ((True, "0"), (False, "1")):
        record = tmp_path / f"record-{early}"
        with start(record, 0.05) as terminal:
            terminal.wait_for("rig-000")
            if early:
                time.sleep(4.0)  # nothing is read: terminal and queue are full
            terminal.send("a")
            if early:
                time.sleep(1.0)
                terminal.send("y")
            terminal.wait_for("flip to AI")
            terminal.pump(1.5)
            if not early:
                terminal.send("y")
                terminal.pump(0.3)
            terminal.send("escape")
            terminal.pump(0.5)
            terminal.send("q")
            assert terminal.wait_exit() == 0
        assert record.read_text().split()[2] == flips


def test_the_terminal_is_left_as_it_was(tmp_path: Path) -> None:
    """No mode-setting write is dropped: the main screen is back, the cursor shows, the mouse is let go."""
    with start(tmp_path / "record", 0.2) as terminal:
        terminal.wait_for("rig-000")
        assert terminal.screen.mode >= MODES
        assert terminal.screen.cursor.hidden
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert not terminal.screen.mode & MODES
        assert not terminal.screen.cursor.hidden


def test_a_lost_link_ends_the_console(tmp_path: Path) -> None:
    """SIGHUP: it ends, by the signal or by itself, and soon."""
    terminal = start(tmp_path / "record", 0.2)
    try:
        terminal.wait_for("rig-000")
        terminal.hang_up()
        terminal.wait_exit()
    finally:
        terminal.close()


def test_a_terminal_without_unicode_gets_ascii(tmp_path: Path) -> None:
    """Glyph by glyph, in the same columns; nothing that cannot be encoded ends the program."""
    with start(tmp_path / "record", 0.2, PYTHONIOENCODING="ascii") as terminal:
        terminal.wait_for("rig-000")
        lines = terminal.text.splitlines()
        assert terminal.text.isascii()
        assert "* vllm-qwen" in lines[4]
        assert "^ ergo" in lines[5]
        assert lines[4].index("/450 W") == lines[5].index("/450 W")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def test_nobody_looks_for_keys_that_are_not_there(tmp_path: Path) -> None:
    """The thread that reads keys sleeps until there is one: no wake-up of it in a second and a half; then q leaves."""
    with start(tmp_path / "record", 0.5) as terminal:
        terminal.wait_for("RTX 4090", 20)
        before = wakings(terminal.pid)
        terminal.pump(1.5)
        after = wakings(terminal.pid)
        assert len(after) >= 3, "screen, writer, keys"
        assert any(after[thread] == before.get(thread) for thread in after)
        terminal.send("q")
        assert terminal.wait_exit() == 0


def wakings(pid: int) -> dict[str, str]:
    """How often each thread of a process has waited for something, as the kernel counts."""
    found = {}
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        found[status.parent.name] = fields["voluntary_ctxt_switches"]
    return found


def test_a_slow_link_is_offered_a_slower_screen_and_gets_one(tmp_path: Path) -> None:
    """Whoever reads one frame in a second of twenty is told the key; after it far fewer bytes come."""
    with start(tmp_path / "record", 0.05) as terminal:
        terminal.wait_for("RTX 4090", 20)
        end = time.monotonic() + 60
        while "the link is slow" not in terminal.text and time.monotonic() < end:
            time.sleep(1.0)  # nothing is read meanwhile
            terminal.pump(0.05)
        assert "t paints every 2 s" in terminal.text
        terminal.send("t")
        terminal.wait_for("painted every 2 s", 20)
        before = terminal.received
        terminal.pump(4.0)
        slow = terminal.received - before
        terminal.send("t", "t")
        terminal.wait_for("painted each second", 20)
        before = terminal.received
        terminal.pump(4.0)
        assert terminal.received - before > 4 * slow > 0
        terminal.send("q")
        assert terminal.wait_exit(20) == 0
