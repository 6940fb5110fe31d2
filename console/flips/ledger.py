"""The journal's file: SQLite in rollback mode, opened for one line or one reading, its faults told as sentences.

``synchronous=EXTRA``: a line that was written is on the disk, its directory entry included. WAL was not taken: it needs
shared memory and leaves the newest lines in a second file. Each use opens and closes its own connection, so that a file
that was moved aside or restored meanwhile is never written to behind its back.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from console.flips.chain import Line
from console.text import clean

SCHEMA = 1
BUSY_S = 5.0

TABLE = """
CREATE TABLE IF NOT EXISTS lines (
    seq INTEGER PRIMARY KEY, at_utc_ms INTEGER NOT NULL, boot_id TEXT NOT NULL, flip_id TEXT NOT NULL,
    kind TEXT NOT NULL, gpus TEXT NOT NULL, who TEXT NOT NULL, body TEXT NOT NULL, prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS lines_by_flip ON lines (kind, flip_id);
CREATE TRIGGER IF NOT EXISTS lines_stay BEFORE UPDATE ON lines
    BEGIN SELECT RAISE(ABORT, 'a journal line is never changed'); END;
CREATE TRIGGER IF NOT EXISTS lines_remain BEFORE DELETE ON lines
    BEGIN SELECT RAISE(ABORT, 'a journal line is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS lines_follow BEFORE INSERT ON lines
    WHEN NEW.seq != (SELECT COALESCE(MAX(seq), 0) + 1 FROM lines)
    BEGIN SELECT RAISE(ABORT, 'a journal line follows the last one'); END;
"""
COLUMNS = ("seq", "at_utc_ms", "boot_id", "flip_id", "kind", "gpus", "who", "body", "prev", "hash")
IS_THERE = "SELECT 1 FROM lines WHERE kind = ? AND flip_id = ? LIMIT 1"
INSERT = "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalError(Exception):
    """The journal cannot be read or written; ``str`` is a sentence. Nothing may be done without it."""


class DamagedError(JournalError):
    """The file is not a database, or its pages contradict each other."""


@contextmanager
def writing(path: Path, mode: int) -> Iterator[sqlite3.Connection]:
    """A transaction that holds the write lock from its first statement; committed at its end. Raises JournalError."""
    with sentences(path):
        _make(path, mode)
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            database.execute("PRAGMA synchronous=EXTRA")
            database.execute("BEGIN IMMEDIATE")
            try:
                _schema(database)
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one short reading: fetch whole pages and leave, an open cursor blocks every commit.

    Raises JournalError; FileNotFoundError when there is no journal yet.
    """
    with sentences(path):
        there = path.exists()
    if not there:
        raise FileNotFoundError(path)
    # Who may write opens for writing: only he can roll back what a killed writer left half done.
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    with sentences(path), closing(sqlite3.connect(_uri(path, mode), timeout=BUSY_S, uri=True)) as database:
        database.execute("PRAGMA trusted_schema=OFF")
        _check_version(database)
        yield database


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into a JournalError that a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGE:
            raise DamagedError(f"{path}: {clean(error)}") from error
        raise JournalError(f"the journal {path} cannot be used: {clean(error)}; {_advice(code)}") from error
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be used: {error.strerror or error}") from error
    except ValueError as error:
        raise JournalError(f"a line for the journal {path} is not plain JSON: {error}") from error


def line_of(row: tuple[object, ...]) -> Line:
    """One row of the table as a Line. What is not JSON any more reads as empty: its hash then tells.

    Raises JournalError where another cell is not what it must be.
    """
    fields = dict(zip(COLUMNS, row, strict=True))
    for key, shape in (("gpus", list), ("who", dict), ("body", dict)):
        fields[key] = _parsed(fields[key], shape)
    try:
        return msgspec.convert(fields, Line)
    except msgspec.ValidationError as error:
        said = f"line {clean(fields['seq'], 20)} of the journal cannot be read: {error}"
        raise JournalError(f"{said}; changeover journal verify tells what was changed") from error


def _parsed(cell: object, shape: type) -> object:
    try:
        value = json.loads(str(cell))
    except (ValueError, RecursionError):
        return shape()
    return value if isinstance(value, shape) else shape()


def _make(path: Path, mode: int) -> None:
    """Create the file with its mode, or make sure that it is a plain file.

    Never opened here when it exists: closing any descriptor of it would drop the locks of this process's connections.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise JournalError(f"the journal {path} is not a plain file")
    except FileNotFoundError:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        except FileExistsError:
            return
        os.fchmod(fd, mode)
        os.close(fd)


def _schema(database: sqlite3.Connection) -> None:
    if _check_version(database) == SCHEMA:
        return
    for statement in _statements(TABLE):
        database.execute(statement)
    database.execute(f"PRAGMA user_version={SCHEMA}")


def _check_version(database: sqlite3.Connection) -> int:
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA:
        raise JournalError(f"the journal has schema {version}, this changeover knows {SCHEMA}: use the newer one")
    return version


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: executescript would commit the transaction around them."""
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _advice(code: int) -> str:
    return {
        sqlite3.SQLITE_FULL: "the disk is full, make room",
        sqlite3.SQLITE_READONLY: "the file or its directory is read-only, or not yours",
        sqlite3.SQLITE_CANTOPEN: "check that its directory exists and is yours",
        sqlite3.SQLITE_BUSY: f"another process held it for {BUSY_S:.0f} s",
        sqlite3.SQLITE_IOERR: "the disk answered with an error, see the kernel log",
    }.get(code, "check the file and its directory")


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"
