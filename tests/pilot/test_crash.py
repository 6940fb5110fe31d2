"""A defect of the console must not print what it knows: tracebacks say where, never the values of variables."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.rig.terminal import Terminal

CODE = """
import sys
sys.path.insert(0, {root!r})
from console.app import ConsoleApp
from console.demo import open_farm

class Broken(ConsoleApp):
    def on_mount(self):
        token = "hunter2-" + "secret"
        raise RuntimeError("a defect")

site = open_farm(2, 7, 1.0, "calm")
Broken(site).run()
site.close()
"""


def test_a_traceback_has_no_values_of_variables() -> None:
    """The terminal is given back, the place of the defect is told, the local variable is not."""
    root = str(Path(__file__).parents[2])
    with Terminal([sys.executable, "-c", CODE.format(root=root)], (120, 60)) as terminal:
        terminal.wait_exit(15)
        assert "RuntimeError: a defect" in terminal.text
        assert "in on_mount" in terminal.text
        assert "hunter2-secret" not in terminal.text
