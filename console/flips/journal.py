"""The journal: one SQLite file per host, append-only, a hash chain, synced before anything is done.

Rollback mode with ``synchronous=EXTRA``: a line that was written is on the disk, its directory entry included. WAL was
not taken: it needs shared memory and leaves the newest lines in a second file. Each line opens and closes its own
connection, so that a file that was moved aside or restored meanwhile is never written to behind its back.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from console.flips import systemlog
from console.flips.alone import alone
from console.flips.chain import GENESIS, Anchor, Line, anchors, canonical, keep, line_hash
from console.paths import Places

SCHEMA = 1
BUSY_S = 5.0
KINDS = ("intent", "step", "outcome", "realised", "lock", "note")

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
INSERT = "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_RANK_AND_FILE = threading.Lock()
"""One writer per process at a time: threads of one batch queue here instead of on SQLite's polling."""


class JournalError(Exception):
    """The journal cannot be read or written; ``str`` is a sentence. Nothing may be done without it."""


class Journal:
    """Appends lines. Threads and processes may share one file."""

    def __init__(self, places: Places, *, now: Callable[[], float] = time.time, boot_id: str | None = None) -> None:
        self.path = places.journal
        self.anchors = places.state / "journal.anchors"
        self.boot_id = read_boot_id() if boot_id is None else boot_id
        self._mode = 0o660 if places.shared else 0o600
        self._now = now

    def append(
        self,
        kind: str,
        flip_id: str,
        gpus: tuple[str, ...],
        who: Mapping[str, object],
        body: Mapping[str, object],
    ) -> Line:
        """Write one line and sync it; the line as it stands. An outcome is anchored as well. Raises JournalError.

        A damaged file is moved aside first, and the new one begins with a note that says so.
        """
        if kind not in KINDS:
            raise ValueError(f"no kind of journal line: {kind}")
        with _RANK_AND_FILE:
            try:
                line = self._append(kind, flip_id, gpus, dict(who), dict(body))
            except _DamagedError:
                self._set_aside()
                line = self._append(kind, flip_id, gpus, dict(who), dict(body))
        if kind == "outcome":
            self._anchor(line)
        return line

    def mend(self) -> None:
        """Look the whole file over and move it aside if any page is damaged. Raises JournalError.

        A line can be appended to a file whose older pages are gone; what is open or stuck must be readable, too.
        """
        if self._damage():
            with _RANK_AND_FILE:
                self._set_aside()

    def _damage(self) -> str:
        """What is wrong with the file, ``""`` when it is whole or not there. Raises JournalError."""
        try:
            with reading(self.path) as database:
                found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
        except FileNotFoundError:
            return ""
        except _DamagedError as damage:
            return str(damage)
        return "" if found == "ok" else found

    def _append(
        self, kind: str, flip_id: str, gpus: tuple[str, ...], who: dict[str, object], body: dict[str, object]
    ) -> Line:
        with self._write() as database:
            last = database.execute("SELECT seq, hash FROM lines ORDER BY seq DESC LIMIT 1").fetchone()
            seq, prev = (last[0] + 1, last[1]) if last else (1, GENESIS)
            fields: dict[str, object] = {
                "seq": seq,
                "at_utc_ms": round(self._now() * 1000),
                "boot_id": self.boot_id,
                "flip_id": flip_id,
                "kind": kind,
                "gpus": list(gpus),
                "who": who,
                "body": body,
            }
            fields["hash"] = line_hash(prev, fields)
            fields["prev"] = prev
            texts = {key: canonical(fields[key]) for key in ("gpus", "who", "body")}
            row = {**fields, **texts}
            database.execute(INSERT, tuple(row[key] for key in _COLUMNS))
        return line_of(tuple(row[key] for key in _COLUMNS))

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its first statement; committed on the way out."""
        with sentences(self.path):
            _make(self.path, self._mode)
            with closing(sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)) as database:
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

    def _anchor(self, line: Line) -> None:
        """Put the chain's head where the journal's own writer cannot quietly take it back. Best effort."""
        try:
            genesis = self._genesis()
            keep(self.anchors, Anchor(genesis=genesis, seq=line.seq, hash=line.hash, at_utc_ms=line.at_utc_ms))
        except (OSError, JournalError) as error:
            systemlog.tell(f"the journal's head could not be anchored: {error}", systemlog.WARNING)
        systemlog.tell(f"journal line {line.seq} {line.hash} flip {line.flip_id}")

    def _genesis(self) -> str:
        with reading(self.path) as database:
            return str(database.execute("SELECT hash FROM lines WHERE seq = 1").fetchone()[0])

    def _set_aside(self) -> None:
        """Move a damaged file out of the way, never delete it, and begin a new one with a note about it.

        Looked at once more while nobody else does the same: two may have found the damage, one moves the file.
        """
        try:
            with alone(self.path.with_suffix(".lock"), self._mode):
                if why := self._damage():
                    self._begin_anew(why, self._moved_aside())
        except OSError as error:
            raise JournalError(f"the damaged journal {self.path} could not be moved aside: {error.strerror}") from error

    def _moved_aside(self) -> str:
        """Rename the file, and the half of a transaction that may lie beside it; the new name."""
        stamp = datetime.fromtimestamp(self._now(), UTC).strftime("%Y%m%dT%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        while aside.exists():
            aside = aside.with_name(f"{aside.name}x")
        for suffix in ("-journal", ""):
            found = self.path.with_name(self.path.name + suffix)
            if found.exists():
                found.rename(aside.with_name(aside.name + suffix))
        return aside.name

    def _begin_anew(self, why: str, aside: str) -> None:
        text = f"the journal was damaged ({why}) and moved to {aside}; this one begins anew"
        systemlog.tell(text, systemlog.ALERT)
        body: dict[str, object] = {"text": text, "moved_to": aside}
        if kept := anchors(self.anchors):
            body |= {"earlier_genesis": kept[-1].genesis, "earlier_lines": kept[-1].seq}
        self._append("note", "", (), {}, body)


_COLUMNS = ("seq", "at_utc_ms", "boot_id", "flip_id", "kind", "gpus", "who", "body", "prev", "hash")


class _DamagedError(JournalError):
    """The file is not a database, or its pages contradict each other."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one short reading: fetch whole pages and leave, an open cursor blocks every commit.

    Raises JournalError; FileNotFoundError when there is no journal yet.
    """
    if not path.exists():
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
            raise _DamagedError(f"{path}: {error}") from error
        raise JournalError(f"the journal {path} cannot be used: {error}; {_advice(code)}") from error
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be used: {error.strerror or error}") from error
    except ValueError as error:
        raise JournalError(f"a line for the journal {path} is not plain JSON: {error}") from error


def line_of(row: tuple[object, ...]) -> Line:
    """One row of the table as a Line. What is not JSON any more reads as empty: its hash then tells."""
    import json

    import msgspec

    fields = dict(zip(_COLUMNS, row, strict=True))
    for key, empty in (("gpus", []), ("who", {}), ("body", {})):
        try:
            fields[key] = json.loads(str(fields[key]))
        except ValueError:
            fields[key] = empty
    return msgspec.convert(fields, Line)


def read_boot_id() -> str:
    """This boot's id, ``""`` where the kernel does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


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
