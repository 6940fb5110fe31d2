"""Slow things are asked off to the side, and a dead one costs nothing but its own answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from console.site.watch import Watch


@pytest.fixture
def watch() -> Iterator[Watch[str, int]]:
    """A watch that asks fast and is closed after the test."""
    made: Watch[str, int] = Watch("test", 0.01)
    yield made
    made.close()


def until(true: Callable[[], bool]) -> None:
    """Wait up to 2 s for a condition that another thread brings about."""
    end = time.monotonic() + 2
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_that_hangs_leaves_the_others_alone(watch: Watch[str, int]) -> None:
    """The hung key has no answer; the other goes on being asked."""
    hang, asked = threading.Event(), []
    watch.want({"hung": lambda: int(hang.wait(5)), "well": lambda: asked.append(1) or len(asked)})
    until(lambda: watch.answers().get("well", 0) >= 3)
    assert "hung" not in watch.answers()
    hang.set()


def test_what_is_no_longer_wanted_is_no_longer_asked(watch: Watch[str, int]) -> None:
    """A key that leaves takes its answer along; one that stays keeps it."""
    watch.want({"a": lambda: 1, "b": lambda: 2})
    until(lambda: watch.answers() == {"a": 1, "b": 2})
    watch.want({"b": lambda: 3})
    assert watch.answers() == {"b": 2}


def test_a_question_that_raises_loses_its_answer_and_is_asked_again(watch: Watch[str, int]) -> None:
    """A defect leaves no old answer standing, and does not end the asking."""
    turns = iter([1, ZeroDivisionError(), 3])

    def ask() -> int:
        turn = next(turns, 3)
        if isinstance(turn, Exception):
            assert watch.answers() == {"a": 1}
            raise turn
        return turn

    watch.want({"a": ask})
    until(lambda: watch.answers() == {"a": 3})
