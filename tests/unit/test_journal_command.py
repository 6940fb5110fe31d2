"""`changeover journal`, `lock` and `unlock` as commands: what they print, refuse, and how fast they start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from console.commands import journal as command
from console.commands import lock, moments, unlock
from console.flips.journal import Journal
from console.paths import Places
from console.telemetry.roster import Roster


@pytest.fixture
def host(state_dir: Path) -> Journal:
    """Two GPUs in the roster and three lines in the journal."""
    roster = Roster(state_dir / "roster.json")
    for slot in range(2):
        roster.admit(f"GPU-{slot}{slot}{slot}{slot}-a", f"00000000:0{slot + 1}:00.0", "RTX 4090", 1.0)
    journal = Journal(Places(state=state_dir, run=state_dir.parent / "run", shared=True), now=lambda: 1784000000.5)
    who = {"login": "alice"}
    journal.append("intent", "f", ("GPU-0000-a",), who, {"text": "GPU 0: a → b", "slots": [0], "reason": "price"})
    journal.append("outcome", "f", ("GPU-0000-a",), who, {"text": "it did", "slots": [0], "result": "rolled_back"})
    journal.append("note", "", ("GPU-1111-a",), who, {"text": "free again", "slots": [1]})
    return journal


def test_lines_for_people(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first, one line each, with who, what, which GPU, and why."""
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].split() == [
        "2026-07-14",
        "03:33:20Z",
        "1",
        "alice",
        "intent",
        "GPU",
        "0",
        "GPU",
        "0:",
        "a",
        "→",
        "b",
        "(price)",
    ]
    assert "rolled back" in lines[1]


def test_lines_for_scripts(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object a line, limited and by GPU, named by slot, UUID or PCI address."""
    for name in ("1", "gpu-1111", "02:00.0"):
        assert command.main(["--json", "--gpu", name]) == 0
        (line,) = capsys.readouterr().out.splitlines()
        said = json.loads(line)
        assert (said["seq"], said["at"], said["kind"]) == (3, "2026-07-14T03:33:20.500Z", "note")
    assert command.main(["--json", "--limit", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_wrong_use_is_a_sentence(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """A GPU that is not there, and a limit that is none."""
    assert command.main(["--gpu", "7"]) == 2
    assert "'7' names no GPU; expected a slot (0, 1)" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        command.main(["--limit", "0"])
    assert left.value.code == 2


def test_verify_tells_by_its_exit_code(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """0 with the sentence; 1 once a line was changed."""
    import sqlite3
    from contextlib import closing

    assert command.main(["verify"]) == 0
    assert capsys.readouterr().out.startswith("3 lines, consistent, and as its anchors have them up to line 2")
    with closing(sqlite3.connect(host.path)) as database:
        database.execute("DROP TRIGGER lines_stay")
        database.execute("UPDATE lines SET flip_id = 'g' WHERE seq = 2")
        database.commit()
    assert command.main(["verify", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["problems"]) == (False, ["line 2 was changed after it was written"])


def test_a_broken_journal_is_one_sentence(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback: exit code 1 and one line."""
    host.path.write_bytes(b"garbage" * 999)
    for argv in ([], ["verify"]):
        assert command.main(argv) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_locking_and_unlocking(host: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """Each leaves its line; unlocking what is not locked says so."""
    assert lock.main(["gpu-1111", "--reason", "fan\x1b[2J"]) == 0
    assert capsys.readouterr().out == "GPU 1 is locked; changeover unlock lifts it\n"
    assert unlock.main(["1"]) == 0
    assert unlock.main(["1"]) == 0
    assert capsys.readouterr().out == "GPU 1 is unlocked\nGPU 1 was not locked\n"
    assert lock.main(["host", "--until", "90m"]) == 0
    assert unlock.main(["host"]) == 0
    capsys.readouterr()
    assert command.main(["--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    texts = [line["text"].partition(",")[0] for line in told if line["kind"] == "lock"]
    assert texts == ["this host unlocked", "this host locked", "GPU 1 unlocked", "GPU 1 locked: fan[2J"]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("soon", "expected 2h, 90m, 3d or a time"),
        ("2026-07-25T14:00", "a time needs its zone"),
        ("2020-01-01T00:00Z", "is over"),
    ],
)
def test_until_is_checked(host: Journal, capsys: pytest.CaptureFixture[str], until: str, words: str) -> None:
    """What is no time, has no zone or is past is refused with what was expected."""
    assert lock.main(["0", "--until", until]) == 2
    assert words in capsys.readouterr().err


def test_moments() -> None:
    """Durations count from now, to either side; times are times."""
    assert moments.ahead("90m", 1000.0) == 1000.0 + 5400
    assert moments.ahead("2026-07-25T14:00Z", 1784900000.0) == 1784988000.0
    assert moments.ago("3 d", 1e6, "--since") == 1e6 - 3 * 86400
    assert moments.ago("2026-07-25T16:00+02:00", 1e6, "--since") == 1784988000.0
    with pytest.raises(ValueError, match="--since: found 'then', expected 2h, 90m"):
        moments.ago("then", 1e6, "--since")


@pytest.mark.parametrize("main", [lock.main, unlock.main])
def test_read_only_refuses(host: Journal, main: object) -> None:
    """--read-only changes no lock."""
    assert callable(main)
    assert main(["0", "--read-only"]) == 3


def test_nothing_heavy_is_imported(host: Journal) -> None:
    """`changeover journal` loads neither Textual, httpx, psutil, asyncio nor pynvml."""
    code = "import sys; from console.cli import main; main(['journal']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "sqlite3" in loaded
    assert not loaded & {"textual", "httpx", "psutil", "asyncio", "pynvml", "console.local", "console.runner"}
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert len(loaded - set(bare.stdout.split())) <= 105, "what starts in 0.15 s imports no more"
