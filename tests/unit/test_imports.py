"""What starts fast starts fast because it imports little: counted, not timed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from console.config.kinds import CONTROLLERS, FEEDS, METERS, POOLS, kinds_in

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


@pytest.mark.parametrize(
    ("folder", "contract"),
    [
        (CONTROLLERS, "Controllers do not know each other"),
        (METERS, "Meters do not know each other"),
        (FEEDS, "Feeds do not know each other"),
        (POOLS, "Pools do not know each other"),
    ],
)
def test_every_member_of_a_registry_is_held_apart_from_the_others(folder: str, contract: str) -> None:
    """A new file in a registry has to be put into the import contract of its kind."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    [modules] = [one["modules"] for one in contracts if one["name"] == contract]
    package = f"console.{folder.replace('/', '.')}"
    assert sorted(modules) == [f"{package}.{kind}" for kind in kinds_in(folder)]
