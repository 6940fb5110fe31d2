"""The terminal that other tests look through."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.rig.terminal import Terminal

ECHO = """
import os, shutil, signal, sys, termios, time, tty
tty.setcbreak(0)
def size(*_): print("size", *shutil.get_terminal_size(), flush=True)
signal.signal(signal.SIGWINCH, size)
size()
while (key := os.read(0, 64)) != b"q": print("key", key, flush=True)
sys.exit(7)
"""


@pytest.fixture
def echo() -> Iterator[Terminal]:
    """A program that names its window's size and each key, and exits 7 on q."""
    with Terminal([sys.executable, "-c", ECHO], (60, 12)) as terminal:
        terminal.wait_for("size 60 12")
        yield terminal


def printing(*parts: bytes, pause_s: float = 0.05) -> list[str]:
    """A command that writes these bytes with pauses between them, and stays."""
    script = f"""
import sys, time
for part in {parts!r}:
    sys.stdout.buffer.write(part)
    sys.stdout.flush()
    time.sleep({pause_s})
time.sleep(60)"""
    return [sys.executable, "-c", script]


def test_keys_reach_the_program_by_name_and_as_typed(echo: Terminal) -> None:
    """Named keys are their escape sequences, ctrl+X its control character, text itself."""
    for key, code in (("up", r"b'\x1b[A'"), ("ctrl+r", r"b'\x12'"), ("é", r"b'\xc3\xa9'"), ("enter", r"b'\n'")):
        echo.send(key)
        echo.wait_for(f"key {code}")


def test_resizing_tells_the_program(echo: Terminal) -> None:
    """The program gets SIGWINCH and finds the new size."""
    echo.resize(100, 20)
    echo.wait_for("size 100 20")
    assert (echo.screen.columns, echo.screen.lines) == (100, 20)


def test_a_runners_columns_do_not_reach_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's size is the terminal's, whatever COLUMNS the tests themselves run under."""
    monkeypatch.setenv("COLUMNS", "33")
    with Terminal([sys.executable, "-c", ECHO], (60, 12)) as terminal:
        terminal.wait_for("size 60 12", timeout=3)


def test_the_exit_code_is_the_programs(echo: Terminal) -> None:
    """`wait_exit` gives what the program exited with."""
    assert echo.alive
    echo.send("q")
    assert echo.wait_exit() == 7 and not echo.alive


def test_a_lost_link_is_a_hangup(echo: Terminal) -> None:
    """Without its terminal the program dies of SIGHUP."""
    echo.hang_up()
    assert echo.wait_exit() == -1


def test_what_does_not_come_is_told_with_the_screen(echo: Terminal) -> None:
    """A text that never comes raises, and the message shows what stood there instead."""
    with pytest.raises(TimeoutError, match="size 60 12"):
        echo.wait_for("never", timeout=0.1)


def test_a_program_that_ignores_sigterm_is_still_ended() -> None:
    """`close` leaves no process behind."""
    script = "from signal import *; signal(SIGTERM, SIG_IGN); print('up', flush=True); pause()"
    terminal = Terminal([sys.executable, "-c", script])
    terminal.wait_for("up")
    terminal.close(patience_s=0.2)
    assert terminal.exit_code == -9


def test_a_missing_program_ends_with_127() -> None:
    """As a shell says it."""
    with Terminal(["no-such-program-anywhere"]) as terminal:
        assert terminal.wait_exit() == 127


def test_split_and_private_sequences_leave_no_trace() -> None:
    """Sequences cut anywhere, kitty keys, device strings and mode queries draw nothing."""
    parts = (
        b"a\x1b[3",
        b"1mb\x1b",
        b"[0mc",
        b"\x1bPq;junk",
        b"more\x1b\\d",
        b"\x1b[>1u\x1b[?2026$pe",
        b"\xe2\x96",
        b"\x82f",
    )
    with Terminal(printing(*parts)) as terminal:
        terminal.wait_for("f")
        assert terminal.text.strip() == "abcde▂f"
        assert terminal.screen.buffer[0][1].fg == "red" and terminal.screen.buffer[0][2].fg == "default"
        assert terminal.received == sum(map(len, parts))


def test_the_device_query_is_answered() -> None:
    """A program that asks what terminal it has gets an answer."""
    script = "import os, tty; tty.setraw(0); os.write(1, b'\\x1b[c'); print(os.read(0, 64))"
    with Terminal([sys.executable, "-c", script]) as terminal:
        terminal.wait_for("?62;22c")


def test_a_synchronized_terminal_says_so_and_shows_frames_whole() -> None:
    """It answers the query of mode 2026; what comes of a frame is seen when all of it has come, and is counted."""
    ask = "import os, tty; tty.setraw(0); os.write(1, b'\\x1b[?2026$p'); print(os.read(0, 64))"
    with Terminal([sys.executable, "-c", ask], synchronized=True) as terminal:
        terminal.wait_for("?2026;2$y")
        assert terminal.frames == 0
    parts = (b"\x1b[?2026hone ", b"two\x1b[?20", b"26l", b"\x1b[?2026hthree")
    each = f"""
import os, tty
tty.setraw(0)
os.write(1, b"before ")
for part in {parts!r}: os.read(0, 1), os.write(1, part)
os.read(0, 1)"""
    with Terminal([sys.executable, "-c", each], synchronized=True) as terminal:
        frames: list[bytes] = []
        terminal.drawn = frames.append
        terminal.wait_for("before", 30)
        stood = []
        for part in parts:
            wanted, end = terminal.received + len(part), time.monotonic() + 30
            terminal.send("x")
            while terminal.received < wanted and time.monotonic() < end:
                terminal.pump(0.02)
            stood.append((terminal.text.strip(), terminal.within_frame))
        assert stood == [("before", True), ("before", True), ("before one two", False), ("before one two", True)]
        assert (frames, terminal.frames) == ([b"one two"], 1)


def test_the_picture_has_the_programs_colours(tmp_path: Path) -> None:
    """Cells are drawn with their background, reverse video swapped, nine by eighteen pixels each."""
    cells = b"\x1b[48;2;10;20;30m \x1b[0;7m \x1b[0;38;2;200;0;0m\xe2\x96\x88\x1b[0m."
    with Terminal(printing(cells), (8, 2)) as terminal:
        terminal.wait_for(".")
        terminal.picture(tmp_path / "shot.png")
    with Image.open(tmp_path / "shot.png") as image:
        assert image.size == (72, 36)
        middles = [image.getpixel((column * 9 + 4, 9)) for column in range(3)]
    assert middles == [(10, 20, 30), (208, 208, 208), (200, 0, 0)]
