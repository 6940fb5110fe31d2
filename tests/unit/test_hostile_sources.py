"""Every module that reads something from outside, and where what it reads is tried with hostile text.

A module that begins to read files, sockets, programs, the environment or a library has no row and fails here: give it
one, with the test that shows its text harmless.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = frozenset(
    {"subprocess", "sqlite3", "socket", "httpx", "pynvml", "pwd", "ctypes", "tomllib", "select", "mmap"}
)
OF_OS = frozenset({"open", "read", "pread", "fdopen", "readlink", "scandir", "listdir", "environ", "environb"})
OF_PATHS = frozenset({"read_text", "read_bytes", "iterdir", "glob", "rglob", "recv"})

WHOLE = "tests/e2e/test_hostile_text.py"
"""The whole program on a host that lies."""
NO_TEXT = ""
"""It writes, or reads numbers, bytes of ours, or only whether something is there."""
CONFIG = "tests/unit/test_config.py"

SOURCES: dict[str, str] = {
    # what was typed, and the environment
    "app.py": NO_TEXT,
    "cli.py": WHOLE,
    "theming.py": NO_TEXT,
    "paths.py": "tests/unit/test_paths.py",
    "driver.py": "tests/pilot/test_terminals.py",
    "commands/calc_single.py": NO_TEXT,
    "commands/carrying.py": NO_TEXT,
    "commands/init.py": NO_TEXT,
    "commands/journal_export.py": "tests/unit/test_journal_export.py",
    "commands/polkit.py": NO_TEXT,
    "commands/screen.py": NO_TEXT,
    "commands/standdown.py": NO_TEXT,
    "commands/surroundings.py": NO_TEXT,
    # configs
    "config/contract_checks.py": CONFIG,
    "config/lines.py": CONFIG,
    "config/loading.py": WHOLE,
    "config/opening.py": WHOLE,
    "config/user.py": WHOLE,
    "config/user_saving.py": NO_TEXT,
    "config/user_text.py": NO_TEXT,
    "demo.py": NO_TEXT,
    # other processes of ours
    "dispatch.py": NO_TEXT,
    "runner.py": NO_TEXT,
    "running/outlet.py": NO_TEXT,
    # init: what runs here
    "finding/clock.py": "tests/e2e/test_init.py",
    "finding/miners.py": "tests/unit/test_init_writing.py",
    "finding/placing.py": NO_TEXT,
    "finding/sockets.py": "tests/unit/test_init_finding.py",
    "finding/survey.py": "tests/unit/test_init_writing.py",
    # the journal, locks, who acts, the system's log
    "flips/alone.py": NO_TEXT,
    "flips/chain.py": "tests/unit/test_journal_command.py",
    "flips/journal.py": NO_TEXT,
    "flips/ledger.py": "tests/unit/test_journal_command.py",
    "flips/locks.py": "tests/unit/test_locks.py",
    "flips/logged.py": "tests/unit/test_journal_log.py",
    "flips/reading.py": "tests/unit/test_journal_command.py",
    "flips/systemlog.py": NO_TEXT,
    "flips/technician.py": "tests/unit/test_technician.py",
    "flips/who.py": WHOLE,
    # markets
    "market/asking.py": NO_TEXT,
    "market/feeds/_document.py": "tests/contract/test_hostile_words.py",
    "web/client.py": "tests/contract/test_hostile_words.py",
    "web/secrets.py": "tests/contract/test_hostile_words.py",
    # profiles
    "profiles/card.py": "tests/unit/test_profiles_values.py",
    "profiles/unit.py": "tests/unit/test_profiles_values.py",
    # pictures and state
    "screens/taking.py": "tests/pilot/test_hostile_text.py",
    "site/presence.py": "tests/unit/test_presence.py",
    "store.py": NO_TEXT,
    # the driver, the host
    "local.py": "tests/pilot/test_hostile_text.py",
    "telemetry/child.py": "tests/unit/test_nvml_frames.py",
    "telemetry/device.py": "tests/unit/test_nvml_frames.py",
    "telemetry/events.py": NO_TEXT,
    "telemetry/keeper.py": NO_TEXT,
    "telemetry/nvml_abi.py": NO_TEXT,
    "telemetry/probes.py": NO_TEXT,
    "telemetry/processes.py": NO_TEXT,
    "telemetry/roster.py": WHOLE,
    "telemetry/sampler.py": "tests/unit/test_nvml_frames.py",
    "telemetry/static.py": "tests/unit/test_nvml_static.py",
    "telemetry/static_child.py": "tests/unit/test_nvml_static.py",
    # controllers and meters, processes
    "workloads/background.py": NO_TEXT,
    "workloads/command.py": "tests/contract/test_argv.py",
    "workloads/controllers/_pids.py": "tests/contract/test_docker_answers.py",
    "workloads/controllers/_sockets.py": "tests/contract/test_controllers.py",
    "workloads/controllers/systemd.py": "tests/unit/test_systemd_checks.py",
    "workloads/lastword.py": "tests/contract/test_argv.py",
    "workloads/meters/_file.py": "tests/contract/test_meters_hostile.py",
    "workloads/meters/_tcp.py": "tests/contract/test_meters_hostile.py",
    "workloads/proctable.py": "tests/unit/test_proctable.py",
}


def reads(tree: ast.AST) -> bool:
    """True for a module that has a way to read from outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and {alias.name.partition(".")[0] for alias in node.names} & MODULES:
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            return True
        if isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if (of == "os" and node.attr in OF_OS) or (of == "sys" and node.attr == "stdin") or node.attr in OF_PATHS:
                return True
        if isinstance(node, ast.Name) and node.id in ("open", "input"):
            return True
    return False


def test_every_source_of_text_has_its_row() -> None:
    """And no row is of a module that reads nothing."""
    here = ROOT / "console"
    found = {str(path.relative_to(here)) for path in here.rglob("*.py") if reads(ast.parse(path.read_text()))}
    assert found - set(SOURCES) == set(), "say in SOURCES where their text is tried hostile"
    assert set(SOURCES) - found == set()


@pytest.mark.parametrize("name", sorted({name for name in SOURCES.values() if name}))
def test_the_test_of_a_row_has_hostile_text(name: str) -> None:
    """At least an escape or a turned line stands in it."""
    assert re.search(r"\\x1b|\\u202e|202e|\\x9b", (ROOT / name).read_text())


def test_a_reader_without_a_row_would_be_noticed() -> None:
    """Each way to read is known, and what only writes or reckons is not one."""
    for said in ("import socket", "from pwd import getpwuid", "open('x')", "os.environ['x']", "path.read_text()"):
        assert reads(ast.parse(said)), said
    assert not reads(ast.parse("import math\nfrom os import fspath\npath.write_text('x')\nprint(os.getpid())"))
