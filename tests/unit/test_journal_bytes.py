"""``journal verify`` against every byte: of each stored cell through SQLite, and of the rows in the file itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.flips import reading
from console.flips.chain import fields_of, line_hash
from console.flips.journal import Journal, JournalError
from console.flips.ledger import COLUMNS
from console.paths import Places

PAGE_BYTES = 4096
LEAF = 13  # https://www.sqlite.org/fileformat2.html#b_tree_pages: a table's leaf page
UNREAD = (8, 9, 10, 11, 12, 13)
"""Types of a record's first column that take no room. It is the row's number, which SQLite reads from elsewhere."""
QUIET = ""
ALICE = {"uid": 1000, "login": "alice", "claimed_ssh": "192.0.2.7"}


def write(folder: Path) -> Journal:
    """Twelve lines of all kinds, with numbers, letters beyond ASCII, and bodies within bodies."""
    (folder / "run").mkdir(parents=True)
    made = Journal(Places(state=folder, run=folder / "run", shared=True), now=lambda: 1784000000.5, boot_id="b-1")
    for flip in ("f1", "f2"):
        marks = {"slots": [0], "clock_s": 12.5}
        made.append(
            "intent", flip, ("GPU-1",), ALICE, {"text": "GPU 0: a → b", "move": {"net": 1e-05, "to": []}, **marks}
        )
        made.append("step", flip, ("GPU-1",), ALICE, {"step": "stop", "took_s": 0.25, "ok": True, **marks})
        made.append("note", flip, ("GPU-1",), ALICE, {"step": "advice", "advised": [{"why": "ai 1"}], **marks})
        made.append("outcome", flip, ("GPU-1",), ALICE, {"result": "done", "text": "GPU 0: a → b", **marks})
        made.append("realised", flip, ("GPU-1",), ALICE, {"realised_per_h": -2e22, "text": "expected …", **marks})
        made.append("lock", "", (), ALICE, {"on": "host", "until": None})
    return made


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """That journal."""
    return write(tmp_path)


def told(journal: Journal) -> str:
    """What is wrong with it, "" where nothing is."""
    try:
        verdict = reading.check(journal, QUIET)
    except JournalError as error:
        return str(error)
    return "; ".join(verdict.problems)


def open_up(journal: Journal) -> sqlite3.Connection:
    """The file as somebody with his own SQLite has it, its triggers gone, synced by nobody."""
    database = sqlite3.connect(journal.path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    for name in ("lines_stay", "lines_remain", "lines_follow"):
        database.execute(f"DROP TRIGGER IF EXISTS {name}")
    return database


def other_cells(cell: object) -> Iterator[object]:
    """A cell with one byte of it changed, for each of its bytes: a bit, letter case, a space, an escape, rubbish."""
    if isinstance(cell, int):
        for place in range(cell.bit_length() + 1):
            yield cell ^ (1 << place)
    elif isinstance(cell, bytes):
        for place, byte in enumerate(cell):
            other = (byte ^ 0x01, byte ^ 0x20, 0x20, 0x5C, 0xFF)[place % 5]
            yield cell[:place] + bytes([other if other != byte else byte ^ 0x02]) + cell[place + 1 :]


def stored(journal: Journal) -> list[tuple[object, ...]]:
    """Every row with the types of its cells, text as bytes."""
    with closing(sqlite3.connect(journal.path)) as database:
        database.text_factory = bytes
        types = ", ".join(f"typeof({name})" for name in COLUMNS)
        return database.execute(f"SELECT *, {types} FROM lines ORDER BY seq").fetchall()


def test_it_stands_before_anybody_touches_it(journal: Journal) -> None:
    """The journal of these tests is in order, and holds every kind of line."""
    assert told(journal) == ""
    assert {line.kind for line in reading.lines(journal.path, advice=True)} == {
        "intent", "step", "outcome", "realised", "lock", "note"
    }  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_one_byte_of_any_cell_is_found(journal: Journal, column: str) -> None:
    """Whatever column, line and place."""
    tried = 0
    for row in stored(journal):
        seq, cell = row[0], row[COLUMNS.index(column)]
        with closing(open_up(journal)) as database:
            change = (
                f"UPDATE lines SET {column} = {'CAST(? AS TEXT)' if isinstance(cell, bytes) else '?'} WHERE rowid = ?"
            )
            for other in other_cells(cell):
                if column == "seq" and isinstance(other, int) and 1 <= other <= 12:
                    continue  # taken by another line
                database.execute(change, (other, seq))
                assert told(journal), (column, seq, other)
                database.execute(change, (cell, other if column == "seq" else seq))
                tried += 1
    assert tried >= 12
    assert told(journal) == ""


SPELLINGS = [
    ("body", '{"a": 1}', "a space"),
    ("body", '{"move":{"net":1E-05,"to":[]}}', "another exponent"),
    ("body", '{"text":"\\u0041"}', "an escape that needs none"),
    ("body", '{"a":1,"a":1}', "a key twice"),
    ("body", '{"b":1,"a":1}', "keys in another order"),
    ("body", '{"a":1.0e0}', "a number in another way"),
    ("body", '{"a":NaN}', "what is no JSON"),
    ("body", "[" * 100000, "too deep to be read"),
    ("who", "[]", "a list"),
    ("gpus", "{}", "an object"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), [one[:2] for one in SPELLINGS], ids=[one[2] for one in SPELLINGS])
def test_only_one_spelling_is_believed(journal: Journal, column: str, text: str) -> None:
    """What a line of the same meaning would hash to does not make another spelling of it the line that was written."""
    with closing(open_up(journal)) as database:
        database.execute(f"UPDATE lines SET {column} = ? WHERE seq = 12", (text,))
    assert "line 12 was changed after it was written: its " in told(journal)


def test_the_same_value_written_in_another_way_is_found(journal: Journal) -> None:
    """The very bodies of the journal, respelled so that they parse to what they were."""
    for before, after in (("1e-05", "1E-05"), ("0.25", "0.250"), ("true", "true "), ('"ok"', '"o\\u006b"')):
        with closing(open_up(journal)) as database:
            [(seq, body)] = database.execute(
                "SELECT seq, body FROM lines WHERE instr(body, ?) LIMIT 1", (before,)
            ).fetchall()
            database.execute("UPDATE lines SET body = replace(body, ?, ?) WHERE seq = ?", (before, after, seq))
            assert f"line {seq} was changed" in told(journal), after
            database.execute("UPDATE lines SET body = ? WHERE seq = ?", (body, seq))
    assert told(journal) == ""


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "at_utc_ms"])
def test_a_cell_of_another_type_is_found(journal: Journal, column: str) -> None:
    """A table without types, made by hand: each text as a blob of the same bytes, and a number as text."""
    with closing(open_up(journal)) as database:
        database.execute("ALTER TABLE lines RENAME TO old")
        database.execute(f"CREATE TABLE lines ({', '.join(COLUMNS)})")
        as_what = "TEXT" if column == "seq" else "BLOB"
        cells = ", ".join(f"CAST({name} AS {as_what})" if name == column else name for name in COLUMNS)
        database.execute(f"INSERT INTO lines SELECT {cells} FROM old")
        database.execute("DROP TABLE old")
    found = told(journal)
    assert "the table of lines is not the one that this program makes" in found
    assert f"its {column} is kept as {'text' if column == 'seq' else 'blob'}" in found


LOSSES = {
    "first": "line 1 missing",
    "middle": "line 6 missing",
    "last": "lines up to 10 were there once and are cut off",
    "tail": "lines up to 10 were there once and are cut off",
}


@pytest.mark.parametrize("which", LOSSES)
def test_a_lost_line_is_found(journal: Journal, which: str) -> None:
    """The first, one in the middle, the last that an anchor names, and everything after the seventh."""
    where = {"first": "= 1", "middle": "= 6", "last": ">= 10", "tail": "> 7"}[which]
    with closing(open_up(journal)) as database:
        database.execute(f"DELETE FROM lines WHERE seq {where}")
    assert LOSSES[which] in told(journal)


def test_two_lines_that_changed_places_are_found(journal: Journal) -> None:
    """With their hashes or without them."""
    for columns in (COLUMNS[1:], COLUMNS[1:8]):
        kept = journal.path.read_bytes()
        with closing(open_up(journal)) as database:
            rows = {
                n: database.execute(f"SELECT {', '.join(columns)} FROM lines WHERE seq = {n}").fetchone()
                for n in (4, 5)
            }
            for seq, other in ((4, 5), (5, 4)):
                sets = ", ".join(f"{name} = ?" for name in columns)
                database.execute(f"UPDATE lines SET {sets} WHERE seq = {seq}", rows[other])
        assert "line 4" in told(journal) and "line 5" in told(journal)
        journal.path.write_bytes(kept)
    assert told(journal) == ""


def test_a_line_added_by_hand_is_consistent_only(journal: Journal) -> None:
    """Who can compute a hash can add a line; it is not said to be more than consistent."""
    last = reading.lines(journal.path, 1)[0]
    fields = {**fields_of(last), "seq": 13}
    with closing(open_up(journal)) as database:
        cells = database.execute("SELECT * FROM lines WHERE seq = 12").fetchone()
        row = (13, *cells[1:8], last.hash, line_hash(last.hash, fields))
        database.execute(f"INSERT INTO lines VALUES ({', '.join('?' * 10)})", row)
    verdict = reading.check(journal, QUIET)
    assert (verdict.ok, verdict.lines, verdict.anchored_to) == (True, 13, 10)
    assert verdict.sentence.endswith("up to line 10; 3 later ones are consistent only")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of SQLite's own form, and where it ends."""
    value = 0
    for place in range(9):
        byte = data[at + place]
        if place == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    raise AssertionError("unreachable")


def rows_in(data: bytes, root: int) -> Iterator[tuple[int, int, int]]:
    """Where each row of a table begins, where its record does and where it ends, from its leaf pages."""
    at = (root - 1) * PAGE_BYTES
    count = int.from_bytes(data[at + 3 : at + 5], "big")
    head = 8 if data[at] == LEAF else 12
    pointers = [int.from_bytes(data[at + head + 2 * n : at + head + 2 * n + 2], "big") for n in range(count)]
    if data[at] != LEAF:
        below = [int.from_bytes(data[at + p : at + p + 4], "big") for p in pointers]
        for page in (*below, int.from_bytes(data[at + 8 : at + 12], "big")):
            yield from rows_in(data, page)
        return
    for pointer in pointers:
        size, record = varint(data, at + pointer)
        _, record = varint(data, record)
        yield at + pointer, record, record + size


def passing(journal: Journal, others: Callable[[int, int], Iterable[int]]) -> set[tuple[int, int]]:
    """What verify lets pass of edits of single bytes in the rows of the file: (place behind the record's length, byte).

    ``others`` says which bytes to try in the place of one. What passes must have left every line as it was.
    """
    data = journal.path.read_bytes()
    with closing(sqlite3.connect(journal.path)) as database:
        [(root,)] = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'lines'").fetchall()
    before, passed = stored(journal), set()
    for begin, record, end in rows_in(data, root):
        _, types = varint(data, record)
        for place in range(begin, end):
            for other in set(others(place - types, data[place])) - {data[place]}:
                with journal.path.open("r+b") as file:
                    file.seek(place)
                    file.write(bytes([other]))
                if not told(journal):
                    assert stored(journal) == before, (place, other)
                    passed.add((place - types, other))
                with journal.path.open("r+b") as file:
                    file.seek(place)
                    file.write(data[place : place + 1])
    assert told(journal) == ""
    return passed


def test_one_byte_of_any_row_in_the_file_is_found(journal: Journal) -> None:
    """Each byte of the table's rows on the file itself: the line fails, or the file is told to be damaged.

    What passes leaves every line as it was, and is one byte a row: the type of a column that SQLite never reads.
    """
    found = passing(journal, lambda place, byte: range(20) if place == 0 else (byte ^ (1 << place % 8),))
    assert found == {(0, other) for other in UNREAD}


@pytest.mark.slow
def test_any_other_byte_at_the_head_of_a_row_is_found(journal: Journal) -> None:
    """All 255 others of the lengths and types that stand before a row's cells."""
    found = passing(journal, lambda place, _: range(256) if place < 12 else ())
    assert found == {(0, other) for other in UNREAD}
