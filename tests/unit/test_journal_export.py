"""`changeover journal` written out: filters, text, JSON lines and CSV, to standard output and into new files."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.commands import journal as command
from console.commands.journal_export import HEADER, ExportError, as_csv, write
from console.flips import reading
from console.flips.journal import Journal
from console.paths import Places
from tests.unit.test_journal_history import ALICE, Book

EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx"]


@pytest.fixture
def book(state_dir: Path) -> Book:
    """A settled flip with what it realised, one that was rolled back, and an open one."""
    made = Book(state_dir)
    made.flip("aaaa-1", ALICE)
    realised = {"text": "expected +0.27 $/h, realised −0.24 $/h over 58 min", "realised_per_h": -0.24, "slots": [1]}
    made.journal.append("realised", "aaaa-1", ("GPU-1",), ALICE, realised)
    made.flip("bbbb-2", {"login": "carol", "via": "auto"}, result="rolled_back")
    made.flip("cccc-3", {"login": "carol", "via": "auto"}, result="")
    return made


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
    """The lines that a command prints."""
    assert command.main([*argv]) == 0
    return capsys.readouterr().out.splitlines()


def test_one_readable_line_per_flip(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """When, who, what, how it ended, in what time, expected against realised, why, and what was claimed."""
    open_one, back, done = said(capsys, "--flips")
    words = ("2026-07-14 03:33:21Z", "aaaa-1", "alice", "GPU 1", "ergo → vllm", "done", "42 s", "expected  +0.27/h")
    for word in (*words, "realised  −0.24/h", "(price aaaa-1)", "[claimed ssh 192.0.2.7, sudo bob]"):
        assert word in done, word
    assert "rolled back" in back and "it did" in back and "realised      –/h" in back
    assert "not settled" in open_one
    assert said(capsys, "--flips", "--limit", "1") == [open_one]
    [flip] = map(json.loads, said(capsys, "--flips", "--json", "--who", "alice"))
    assert (flip["flip_id"], flip["steps"][0]["took_s"], flip["realised_per_h"]) == ("aaaa-1", 1.25, -0.24)


def test_all_lines_of_one_flip_with_their_times(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which they were written; by the beginning of its id."""
    lines = said(capsys, "--flip", "aaaa")
    assert [line.split()[0:2] for line in lines if "stopped" in line] == [["1.25", "s"]]
    places = ["\n".join(lines).index(word) for word in ("  intent ", "  advice ", "  stop ", "  done ", "  realised ")]
    assert places == sorted(places)
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("argv", "count"),
    [
        (["--kind", "outcome"], 2),
        (["--who", "bob", "--kind", "step"], 1),
        (["--grep", "IT DID"], 2),
        (["--since", "2026-07-14T03:33:30Z"], 3),
        (["--until", "2026-07-14T05:33:22+02:00"], 1),
        (["--since", "1h"], 0),
        (["--until", "1s"], 12),
        (["--flip", "bbbb", "--kind", "intent"], 1),
    ],
)
def test_filters(book: Book, capsys: pytest.CaptureFixture[str], argv: list[str], count: int) -> None:
    """Each alone and together, for text and for JSON alike."""
    assert len(said(capsys, *argv)) == len(said(capsys, *argv, "--json")) == count


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--since", "soon"], "--since: found 'soon', expected 2h"),
        (["--until", "2026-07-14T03:33"], "a time needs its zone"),
        (["--since", "1h", "--until", "2h"], "--until: not after --since"),
        (["--kind", "deed"], "invalid choice"),
        (["--flips", "--format", "csv"], "--flips: not as CSV"),
        (["--flips", "--kind", "step"], "--kind: --flips folds"),
        (["verify", "--output", "x"], "--output: verify writes no file"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_wrong_use_is_a_sentence(book: Book, capsys: pytest.CaptureFixture[str], argv: list[str], words: str) -> None:
    """Exit code 2, the flag, what was found and what was expected."""
    try:
        code: object = command.main(argv)
    except SystemExit as left:
        code = left.code
    assert code == 2 and words in capsys.readouterr().err


def test_csv_by_the_book(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """CRLF, a header, one row a line, numbers as they are, the whole body as JSON in one cell."""
    assert command.main(["--format", "csv"]) == 0
    text = capsys.readouterr().out
    assert text.count("\r\n") == text.count("\n") == 13
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == HEADER
    realised = next(row for row in rows if row["kind"] == "realised")
    assert (realised["realised_per_h"], realised["login"], realised["claimed_sudo"]) == ("-0.24", "alice", "bob")
    assert json.loads(realised["body"])["realised_per_h"] == -0.24
    assert (realised["at"], realised["took_s"]) == ("2026-07-14T03:33:25.000Z", "")


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_is_a_formula(book: Book, evil: str) -> None:
    """Text that a spreadsheet would carry out gets an apostrophe; wherever it stands, numbers do not."""
    who = {"login": evil, "claimed_ssh": evil, "uid": -1}
    book.journal.append("note", evil, (evil,), who, {"text": evil, "reason": f'"{evil}', "took_s": -0.5, "step": evil})
    [row] = csv.DictReader(io.StringIO("".join(as_csv(reading.lines(book.path, 1))), newline=""))
    for name in ("flip_id", "gpus", "login", "claimed_ssh", "text", "step"):
        assert row[name] == f"'{evil}", name
    assert (row["took_s"], row["uid"], row["reason"]) == ("-0.5", "-1", f'"{evil}')
    assert json.loads(row["body"])["text"] == evil


def test_a_file_is_new_private_and_whole(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mode 0600 whatever the umask, never in the place of another, and nothing beside it."""
    folder = tmp_path / "out"
    folder.mkdir()
    before = os.umask(0)
    try:
        assert said(capsys, "--format", "jsonl", "--output", str(folder / "a.jsonl")) == []
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a.jsonl").stat().st_mode) == 0o600
    assert [json.loads(line)["seq"] for line in (folder / "a.jsonl").read_text().splitlines()] == list(range(12, 0, -1))
    (folder / "dangling").symlink_to(folder / "nowhere")
    for name in ("a.jsonl", "dangling"):
        assert command.main(["--format", "csv", "--output", str(folder / name)]) == 1
        assert "is there already and is not overwritten" in capsys.readouterr().err
    assert command.main(["--output", str(folder / "none" / "x")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err
    assert sorted(found.name for found in folder.iterdir()) == ["a.jsonl", "dangling"]


def test_a_file_that_fails_halfway_is_none(tmp_path: Path) -> None:
    """What breaks off leaves neither the file nor its half, nor takes the place of one that came meanwhile."""

    def breaks() -> object:
        yield "x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a", breaks())  # type: ignore[arg-type]

    def comes() -> object:
        (tmp_path / "b").write_text("theirs")
        yield "x"

    with pytest.raises(ExportError, match="is there already"):
        write(tmp_path / "b", comes())  # type: ignore[arg-type]
    assert [found.name for found in tmp_path.iterdir()] == ["b"] and (tmp_path / "b").read_text() == "theirs"


def test_what_was_tampered_with_does_no_harm_to_a_terminal(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a forged line are dropped from the text; in JSON they are escaped."""
    book.journal.append("note", "f", (), {"login": "\x1b]0;x\x07"}, {"text": "a\x1b[2Jb\nc", "reason": "\x9b1m"})
    [line] = said(capsys, "--limit", "1")
    assert "a[2Jb c" in line and "\x1b" not in line
    assert "\x1b" not in said(capsys, "--limit", "1", "--json")[0]


EXPORT = """
import resource, sys
from console.cli import main
code = main(["journal", "--format", "csv", "--output", sys.argv[1]])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_hundred_thousand_lines_fit_into_little_memory(state_dir: Path, tmp_path: Path) -> None:
    """Written through SQLite at once, for time; the export holds a page of it, whatever the journal's length."""
    sizes = []
    journal = Journal(Places(state=state_dir, run=tmp_path / "run", shared=True))
    journal.append("note", "", (), {"login": "alice"}, {"text": "first"})
    for count in (4_000, 100_000):
        _lengthen(journal.path, count)
        target = tmp_path / f"{count}.csv"
        done = subprocess.run(
            [sys.executable, "-c", EXPORT, str(target)], capture_output=True, text=True, check=True, timeout=300
        )
        code, peak_kib = map(int, done.stdout.split())
        sizes.append(peak_kib)
        assert code == 0 and target.read_bytes().count(b"\r\n") == count + 1
    assert sizes[1] < sizes[0] + 32 * 1024, "memory does not grow with the journal"


def _lengthen(path: Path, count: int) -> None:
    import sqlite3
    from contextlib import closing

    body = json.dumps({"text": "x" * 300})
    with closing(sqlite3.connect(path)) as database:
        [(have,)] = database.execute("SELECT count(*) FROM lines")
        database.execute("DROP TRIGGER IF EXISTS lines_follow")
        rows = ((seq, 1, "b", "f", "note", "[]", "{}", body, "p", "h") for seq in range(have + 1, count + 1))
        database.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.commit()
