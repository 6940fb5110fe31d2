"""The journal on real SQLite: what is written stays, what cannot be written is a sentence, damage is moved aside."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.flips import reading
from console.flips.chain import GENESIS
from console.flips.journal import Journal, JournalError
from console.paths import Places

WHO = {"login": "alice", "uid": 1000}
GPU = ("GPU-1",)
WRITER = """
import sys
from pathlib import Path
from console.flips.journal import Journal
from console.paths import Places
p = Path(sys.argv[1])
j = Journal(Places(state=p, run=p / "run", shared=True))
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A state directory of its own."""
    (tmp_path / "run").mkdir()
    return Places(state=tmp_path, run=tmp_path / "run", shared=True)


@pytest.fixture
def journal(places: Places) -> Journal:
    """A journal at a fixed time of a named boot."""
    return Journal(places, now=lambda: 1784000000.5, boot_id="boot-1")


def say(journal: Journal, kind: str = "note", **body: object) -> None:
    """One line."""
    journal.append(kind, str(body.pop("flip_id", "f1")), GPU, WHO, body or {"text": "hello"})


def test_lines_chain_from_nothing(journal: Journal) -> None:
    """The first line follows zeros, each next one its predecessor's hash; newest come first."""
    say(journal, "intent", text="one")
    say(journal, "step", text="two")
    newest, oldest = reading.lines(journal.path)
    assert (oldest.seq, oldest.prev, newest.seq, newest.prev) == (1, GENESIS, 2, oldest.hash)
    assert (newest.at, newest.at_utc_ms, newest.boot_id) == (1784000000.5, 1784000000500, "boot-1")
    assert (newest.text, newest.login, newest.gpus, newest.flip_id) == ("two", "alice", GPU, "f1")


def test_what_is_asked_for_is_found(journal: Journal) -> None:
    """Lines by GPU, by kind, by a key of their body, and intents without an outcome."""
    say(journal, "intent", flip_id="a", text="a")
    say(journal, "intent", flip_id="b", text="b")
    say(journal, "step", flip_id="a", text="x", free_mib={"GPU-1": 300.0})
    say(journal, "outcome", flip_id="a", text="done")
    assert [line.flip_id for line in reading.open_intents(journal.path)] == ["b"]
    assert [line.kind for line in reading.lines(journal.path, kinds=("step", "outcome"))] == ["outcome", "step"]
    assert [line.text for line in reading.lines(journal.path, with_key="free_mib")] == ["x"]
    assert reading.lines(journal.path, gpu="GPU-2") == ()
    assert len(reading.lines(journal.path, 3, gpu="GPU-1")) == 3
    assert [line.kind for line in reading.of_flip(journal.path, "a")] == ["intent", "step", "outcome"]


def test_no_journal_is_an_empty_one(journal: Journal) -> None:
    """Reading before anything was written finds nothing and makes no file."""
    assert reading.lines(journal.path) == ()
    assert reading.stuck(journal.path) == {}
    assert not journal.path.exists()


@pytest.mark.parametrize(("shared", "mode"), [(True, 0o660), (False, 0o600)])
def test_its_mode(places: Places, shared: bool, mode: int) -> None:
    """Shared by a group or for its owner alone, whatever the umask."""
    import msgspec

    journal = Journal(msgspec.structs.replace(places, shared=shared))
    say(journal)
    assert stat.S_IMODE(journal.path.stat().st_mode) == mode


def test_sqlite_itself_refuses_changes(journal: Journal) -> None:
    """UPDATE, DELETE and REPLACE are refused by the file, not only by this program."""
    say(journal)
    for statement in (
        "UPDATE lines SET body = '{}'",
        "DELETE FROM lines",
        "INSERT OR REPLACE INTO lines SELECT * FROM lines",
    ):
        with closing(sqlite3.connect(journal.path)) as database, pytest.raises(sqlite3.IntegrityError, match="line"):
            database.execute(statement)


def test_it_is_synced_in_rollback_mode(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is committed with synchronous=EXTRA, in one transaction that takes the write lock first."""
    said: list[str] = []
    real = sqlite3.connect

    def connect(*args: object, **more: object) -> sqlite3.Connection:
        made = real(*args, **more)  # type: ignore[arg-type, call-overload]
        made.set_trace_callback(said.append)
        return made

    say(journal)
    monkeypatch.setattr(sqlite3, "connect", connect)
    say(journal)
    assert said.index("PRAGMA synchronous=EXTRA") < said.index("BEGIN IMMEDIATE")
    select = next(i for i, text in enumerate(said) if text.startswith("SELECT seq, hash"))
    assert said.index("BEGIN IMMEDIATE") < select < said.index("COMMIT")
    with closing(real(journal.path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_many_writers_make_one_chain(places: Places, journal: Journal) -> None:
    """Four processes that write at once leave one unbroken chain."""
    code = WRITER + ("[j.append('note', sys.argv[2], ('GPU-1',), {}, {'n': n}) for n in range(15)]")
    writers = [subprocess.Popen([sys.executable, "-c", code, str(places.state), f"w{n}"]) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    verdict = reading.check(journal)
    assert (verdict.lines, verdict.problems) == (60, ())


def test_a_killed_writer_leaves_whole_lines(places: Places, journal: Journal) -> None:
    """kill -9 in the middle of writing leaves a journal that reads, verifies and goes on."""
    code = WRITER + ("while True: j.append('note', '', ('GPU-1',), {}, {'text': 'x' * 3000}); print(flush=True)")
    for _ in range(5):
        command = [sys.executable, "-c", code, str(places.state)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(4):
                writer.stdout.readline()
            writer.kill()
    before = reading.check(journal)
    assert before.ok and before.lines >= 20
    say(journal)
    assert reading.check(journal).lines == before.lines + 1


def test_a_reader_does_not_hold_up_the_writer(journal: Journal) -> None:
    """What was read is closed again: a line can be written while the lines are still in hand."""
    for _ in range(3):
        say(journal)
    kept = iter(reading.lines(journal.path))
    next(kept)
    say(journal)
    assert len(reading.lines(journal.path)) == 4


def test_a_full_disk_is_a_sentence(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own "database or disk is full" becomes advice, and nothing is written."""
    say(journal)
    real = sqlite3.connect

    def full(*args: object, **more: object) -> sqlite3.Connection:
        made = real(*args, **more)  # type: ignore[arg-type, call-overload]
        made.execute(f"PRAGMA max_page_count={made.execute('PRAGMA page_count').fetchone()[0]}")
        return made

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        with pytest.raises(JournalError, match="the disk is full, make room"):
            say(journal, text="x" * 20000)
    assert reading.check(journal).lines == 1


@pytest.fixture
def readonly(journal: Journal) -> Iterator[Journal]:
    """A journal whose file may not be written; root may write anything, so immutability stands in where it can."""
    say(journal)
    journal.path.chmod(0o440)
    yield journal
    journal.path.chmod(0o660)


def test_a_read_only_journal_is_a_sentence(readonly: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite may only read, writing is a sentence and reading goes on."""
    real = sqlite3.connect

    def only_reads(path: object, **more: object) -> sqlite3.Connection:
        made = real(path, **more)  # type: ignore[arg-type, call-overload]
        made.execute("PRAGMA query_only=ON")
        return made

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", only_reads)
        with pytest.raises(JournalError, match="read-only, or not yours"):
            say(readonly)
    assert len(reading.lines(readonly.path)) == 1


def test_a_missing_directory_is_a_sentence(places: Places) -> None:
    """No directory, no journal, one sentence."""
    import msgspec

    gone = Journal(msgspec.structs.replace(places, state=places.state / "gone"))
    with pytest.raises(JournalError, match="No such file or directory"):
        say(gone)


@pytest.mark.parametrize("what", ["not a database", "torn pages"])
def test_a_damaged_journal_is_moved_aside(journal: Journal, what: str) -> None:
    """The damaged file is kept under another name; the new one begins with a note, and the check accounts for it."""
    for _ in range(30):
        say(journal, "outcome", text="x" * 500)
    damaged = b"garbage" * 2000 if what == "not a database" else _torn(journal.path.read_bytes())
    journal.path.write_bytes(damaged)
    say(journal, text="after")
    (aside,) = journal.path.parent.glob("journal.sqlite.damaged-20260714T*")
    assert aside.read_bytes() == damaged
    after, note = reading.lines(journal.path)
    assert (after.text, note.kind, note.body["moved_to"]) == ("after", "note", aside.name)
    assert "the journal was damaged" in note.text
    assert reading.check(journal).ok


def test_damage_among_older_lines_is_found_before_a_flip(journal: Journal) -> None:
    """A line could still be appended; looking the file over finds the damage and moves it aside, each time anew."""
    for _ in range(2):
        for _ in range(60):
            say(journal, text="x" * 500)
        data = bytearray(journal.path.read_bytes())
        data[5 * 4096 : 6 * 4096] = b"\xff" * 4096
        journal.path.write_bytes(data)
        say(journal, text="unaware")
        journal.mend()
        assert "was damaged" in reading.lines(journal.path)[0].text
    assert len(list(journal.path.parent.glob("journal.sqlite.damaged-*"))) == 2
    journal.mend()
    assert len(reading.lines(journal.path)) == 1


def test_two_that_find_the_damage_move_it_once(places: Places, journal: Journal) -> None:
    """Processes that all find the file damaged leave one damaged file and one chain with all their lines."""
    say(journal)
    journal.path.write_bytes(b"garbage" * 2000)
    code = WRITER + "j.append('note', '', ('GPU-1',), {}, {'text': 'mine'})"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(places.state)]) for _ in range(6)]
    assert [writer.wait(60) for writer in writers] == [0] * 6
    assert len(list(places.state.glob("journal.sqlite.damaged-*"))) == 1
    texts = [line.text for line in reading.lines(journal.path)]
    assert texts.count("mine") == 6 and len(texts) == 7


def test_reading_a_damaged_journal_is_a_sentence(journal: Journal) -> None:
    """A reader moves nothing; it says what is wrong."""
    journal.path.write_bytes(b"garbage" * 2000)
    with pytest.raises(JournalError, match="is not a database"):
        reading.lines(journal.path)
    assert journal.path.read_bytes()[:7] == b"garbage"


def test_a_newer_schema_is_left_alone(journal: Journal) -> None:
    """A journal of a newer changeover is neither read nor written."""
    say(journal)
    with closing(sqlite3.connect(journal.path)) as database:
        database.execute("PRAGMA user_version=2")
    for act in (lambda: say(journal), lambda: reading.lines(journal.path)):
        with pytest.raises(JournalError, match="schema 2, this changeover knows 1"):
            act()


def test_links_and_odd_bodies_are_refused(places: Places, journal: Journal) -> None:
    """A journal that is a symbolic link is not followed, and NaN is not JSON."""
    with pytest.raises(JournalError, match="not plain JSON"):
        say(journal, value=float("nan"))
    other = places.state / "elsewhere"
    journal.path.unlink()
    journal.path.symlink_to(other)
    with pytest.raises(JournalError, match="not a plain file"):
        say(journal)
    assert not other.exists()


def _torn(data: bytes) -> bytes:
    """The same file with its later pages overwritten, as a failing disk would."""
    return data[:4096] + b"\xff" * (len(data) - 4096)


def test_a_path_that_cannot_even_be_looked_at_is_a_sentence(tmp_path: Path) -> None:
    """As in a directory that was closed while the console ran: its journal's screen read on for ever."""
    with pytest.raises(JournalError, match="cannot be used: File name too long"):
        reading.lines(tmp_path / ("x" * 300))
