"""Nothing is confirmed that was not shown: a plan longer than the screen has to be seen to its end first."""

from __future__ import annotations

import sys

import pytest

from tests.rig.terminal import Terminal

DEMO = [sys.executable, "-m", "console.cli", "demo"]


def opened(size: tuple[int, int]) -> Terminal:
    """The demo in a window of this size, all its GPUs marked and `o` pressed."""
    terminal = Terminal(DEMO, size)
    terminal.wait_for("RTX 4090", 15)
    terminal.send("home", *["space"] * 8)
    terminal.pump(0.5)
    terminal.send("o")
    terminal.pump(1.5)
    return terminal


@pytest.mark.parametrize("size", [(80, 12), (80, 16)])
def test_y_shows_the_rest_before_it_counts(size: tuple[int, int]) -> None:
    """The keys are always in sight; y goes on through the plan and only then confirms."""
    with opened(size) as terminal:
        assert "esc cancel" in terminal.text
        assert "more lines to see before y counts" in terminal.text
        terminal.send("y")
        terminal.pump(0.6)
        assert "esc cancel" in terminal.text, "the dialog is still open"
        for _ in range(30):
            if "more lines to see" not in terminal.text:
                break
            terminal.send("down")
            terminal.pump(0.3)
        assert "more lines to see" not in terminal.text
        for _ in range(30):  # it counts a moment after the rest has stood there, and then copies a row
            terminal.send("y")
            terminal.pump(0.5)
            if "esc cancel" not in terminal.text:
                break
        assert "esc cancel" not in terminal.text, "seen whole, it is confirmed"


def test_a_window_too_small_for_a_plan_confirms_nothing() -> None:
    """At 20x5 no plan fits: y presses lead nowhere, esc closes."""
    with Terminal(DEMO, (20, 5)) as terminal:
        terminal.pump(3)
        terminal.send("home", "o")
        terminal.pump(1.5)
        for _ in range(3):
            terminal.send("y")
            terminal.pump(0.4)
        assert "stopping" not in terminal.text and "drain" not in terminal.text
        terminal.send("escape")
        terminal.pump(0.5)
        terminal.send("q")
        assert terminal.wait_exit() == 0
