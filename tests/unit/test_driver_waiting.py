"""What was drawn counts as seen only when the terminal has taken it."""

from __future__ import annotations

import io
import os
import pty
import time
import tty
from collections.abc import Callable, Iterator

import pytest
from textual.drivers._writer_thread import WriterThread

from console.driver import PatientDriver, Terminal

MORE_THAN_IT_HOLDS = 1_000_000


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: who reads it, and the program's."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    os.close(master)
    os.close(slave)


def until(holds: Callable[[], bool]) -> None:
    """Half a minute at most."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_single_write_that_is_not_taken_is_waited_for(ends: tuple[int, int]) -> None:
    """Nothing waits in the queue behind it, and still nobody has seen it: a y would confirm what was not read."""
    master, slave = ends
    driver = PatientDriver.__new__(PatientDriver)
    driver._out = Terminal(slave, "w", closefd=False)
    driver._writer_thread = writer = WriterThread(io.TextIOWrapper(io.BufferedWriter(driver._out)))
    assert not driver.waiting
    writer.start()
    writer.write("x" * MORE_THAN_IT_HOLDS)
    until(lambda: driver._out.busy)
    for _ in range(20):
        time.sleep(0.01)
        assert driver.waiting and writer._queue.qsize() == 0
    taken = 0
    while taken < MORE_THAN_IT_HOLDS:
        taken += len(os.read(master, 1 << 16))
    until(lambda: not driver.waiting)
    writer.stop()


def test_what_is_taken_at_once_keeps_nobody_waiting(ends: tuple[int, int]) -> None:
    """As nearly every frame."""
    out = Terminal(ends[1], "w", closefd=False)
    assert out.write(b"frame") == 5 and not out.busy
    assert os.read(ends[0], 100) == b"frame"


def test_a_terminal_that_is_gone_is_not_busy_for_ever() -> None:
    """The writer ends with an error, as it should."""
    master, slave = pty.openpty()
    out = Terminal(slave, "w", closefd=True)
    os.close(master)
    with pytest.raises(OSError, match="error"):
        out.write(b"frame")
    assert not out.busy
    out.close()
