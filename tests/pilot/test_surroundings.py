"""What a shell hands over with the terminal: streams that lead elsewhere, and variables meant for others."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.rig.terminal import Terminal

DEMO = [sys.executable, "-m", "console.cli", "demo"]


def test_the_screen_is_drawn_whatever_becomes_of_stderr(tmp_path: Path) -> None:
    """`2> log`, and `2>&-`: the keys act, so the screen must not be elsewhere; nothing of it stands in the log."""
    log = tmp_path / "log"
    for redirected in (f"2>{log}", "2>&-"):
        with Terminal(["sh", "-c", f"exec {' '.join(DEMO)} {redirected}"]) as terminal:
            terminal.wait_for("SIMULATED", 30)
            terminal.wait_for("RTX", 30)
            terminal.send("q")
            assert terminal.wait_exit(30) == 0
    assert log.read_text() == ""


def test_no_variable_of_others_sizes_the_screen_or_presses_its_keys() -> None:
    """COLUMNS and LINES as a shell had exported them, and what Textual would do for its developers."""
    others = {"COLUMNS": "40", "LINES": "10", "TEXTUAL_PRESS": "q", "TEXTUAL_COLOR_SYSTEM": "none of its own"}
    with Terminal(DEMO, (120, 40), others) as terminal:
        terminal.wait_for("q quit", 30)
        assert "q quit" in terminal.screen.display[-1]
        terminal.resize(100, 30)
        terminal.wait_for("? keys", 30)
        for _ in range(100):
            if "q quit" in terminal.screen.display[-1]:
                break
            terminal.pump(0.1)
        assert "q quit" in terminal.screen.display[-1]
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
