"""What is done one after the other in a thread."""

from __future__ import annotations

import threading

import pytest

from console.inturn import InTurn


def test_what_is_asked_for_last_comes_out_last() -> None:
    """Also where the first takes its time; a close waits for all of it, and nothing is taken after."""
    said: list[int] = []
    gate = threading.Event()
    turns = InTurn("test")
    turns.take(lambda: gate.wait(30))
    for number in range(50):
        turns.take(lambda number=number: said.append(number))
    gate.set()
    assert turns.close(30)
    assert not turns.take(lambda: said.append(99)), "whoever asks does it himself"
    assert said == list(range(50))


def test_a_disk_that_hangs_does_not_keep_the_console() -> None:
    """The close says so and returns."""
    gate = threading.Event()
    turns = InTurn("test")
    turns.take(lambda: gate.wait(30))
    assert not turns.close(0.05)
    gate.set()
    assert turns.close(30)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_fails_ends_nothing_but_itself() -> None:
    """The next has its turn."""
    said: list[str] = []
    turns = InTurn("test")
    turns.take(lambda: 1 / 0)
    turns.take(lambda: said.append("next"))
    assert turns.close(30)
    assert said == ["next"]


def test_one_that_was_never_used_is_closed_at_once() -> None:
    """It has no thread, and gets none after."""
    turns = InTurn("test")
    assert turns.close()
    assert not turns.take(lambda: None)
