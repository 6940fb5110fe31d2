"""What starts fast starts fast because it imports little: counted, not timed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("textual", "rich", "httpx", "psutil", "asyncio", "sqlite3", "dbus_fast", "pynvml", "console.site")
CODE = """
import sys
from console.cli import main
try:
    main({args!r})
except SystemExit:
    pass
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""
CALC = ["calc", "mine", "--hashrate", "178MH", "--watts", "221", "--hash-price", "43.1/PH/day", "--power-price", "0.07"]


def loaded(args: list[str], heavy: tuple[str, ...]) -> str:
    """Which of ``heavy`` a command has loaded by its end."""
    code = CODE.format(args=args, heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("args", [["--help"], ["--version"], CALC, ["flip", "--help"], ["status", "--help"]])
def test_what_needs_nothing_loads_nothing(args: list[str]) -> None:
    """Help and the calculator load no Textual, no HTTP, no event loop, no database."""
    assert loaded(args, HEAVY) == "[]"


@pytest.mark.usefixtures("state_dir")
def test_the_journal_loads_its_database_and_nothing_else() -> None:
    """`changeover journal` on an empty state directory."""
    heavy = tuple(name for name in HEAVY if name != "sqlite3")
    assert loaded(["journal"], heavy) == "[]"


def test_importing_the_command_line_loads_only_the_standard_library() -> None:
    """`console.cli` itself: not even msgspec."""
    code = "import sys, console.cli; print([m for m in sys.modules if m.split('.')[0] in ('msgspec', 'textual')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
