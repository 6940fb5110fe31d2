"""What the journal can be asked: the latest lines, intents without an outcome, stuck GPUs, and what was learnt."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.flips.chain import Line, Verdict, anchors
from console.flips.journal import KINDS, Journal
from console.flips.ledger import COLUMNS, TABLE, line_of, reading
from console.flips.systemlog import name_of
from console.model import Record
from console.text import clean

if TYPE_CHECKING:
    from console.flips.verifying import Stored

PAGE = 2000
"""Lines per reading while the whole journal is walked: between two pages writers get their turn."""
LEARNT_FROM = 500
"""How many of the latest steps usual times and base memory are taken from."""
FAR_BACK = 2000
"""How many of the latest lines of flips are looked through for those of the last day."""
BAD_FROM = 5000
"""How many of the latest lines are looked through for flips that ended badly."""
ADVISED = "advised"
"""The key of a note's body that keeps what a flip's advice was made of: some 5 kB a GPU."""
MOST_SEQ = (1 << 63) - 1
"""The largest number that SQLite keeps."""
UNPINNED = "unpinned"
"""The key of a note's body that lists GPUs whose pin is lifted."""


_LEARNT = frozenset({"clock_s", "failed_start", "free_mib", "took_s", "workloads", "ok", "step"})


def lines(
    path: Path, limit: int = 50, *, gpu: str = "", kinds: Iterable[str] = (), with_key: str = "", advice: bool = False
) -> tuple[Line, ...]:
    """The latest lines, newest first; only those of one UUID, of some kinds, or with a key in their body if asked.

    Notes that keep ``advice`` are long, and left out unless asked for. Raises JournalError.
    """
    asked: dict[str, tuple[str, ...]] = {}
    if gpu:
        asked["instr(gpus, ?)"] = (f'"{gpu}"',)
    if wanted := tuple(kinds):
        asked[f"kind IN ({','.join('?' * len(wanted))})"] = wanted
    if with_key:
        asked["instr(body, ?)"] = (f'"{with_key}":',)
    if not advice:
        asked[f"NOT {KEEPS_ADVICE}"] = ()
    query = f"SELECT * FROM lines WHERE {' AND '.join(asked) or 1} ORDER BY seq DESC LIMIT ?"
    return _fetch(path, query, (*(value for values in asked.values() for value in values), limit))


def open_intents(path: Path) -> tuple[Line, ...]:
    """Intents that have no outcome, oldest first. Raises JournalError."""
    query = """SELECT * FROM lines WHERE kind = 'intent' AND flip_id NOT IN
               (SELECT flip_id FROM lines WHERE kind = 'outcome') ORDER BY seq"""
    return _fetch(path, query, ())


def of_flip(path: Path, flip_id: str) -> tuple[Line, ...]:
    """Every line of one flip, oldest first. Raises JournalError."""
    return of_flips(path, (flip_id,), KINDS)  # by kind as well, because that is what the index begins with


def page(path: Path, below: int, size: int, where: str, values: tuple[object, ...]) -> tuple[Line, ...]:
    """The latest ``size`` lines before line ``below`` for which also ``where`` (" AND …") holds, newest first.

    Raises JournalError.
    """
    query = f"SELECT * FROM lines WHERE seq < ?{where} ORDER BY seq DESC LIMIT ?"
    return _fetch(path, query, (below, *values, size))


def of_flips(path: Path, flip_ids: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[Line, ...]:
    """The lines of some kinds of several flips, a hundred or so, oldest first. Raises JournalError."""
    of_kinds, of_ids = (",".join("?" * len(one)) for one in (kinds, flip_ids))
    query = f"SELECT * FROM lines WHERE kind IN ({of_kinds}) AND flip_id IN ({of_ids}) ORDER BY seq"
    return _fetch(path, query, (*kinds, *flip_ids))


def bad_ends(path: Path) -> tuple[Line, ...]:
    """Outcomes that left a GPU off or stuck, or a journal that has not all of it, newest first.

    Of the latest BAD_FROM lines: a few days of a busy host. Raises JournalError.
    """
    return _fetch(path, _BAD_ENDS, (BAD_FROM,))


def of_flips_since(path: Path, after: int, at: float) -> tuple[Line, ...]:
    """Intents, outcomes and realised gains after line ``after`` and not older than ``at`` (Unix seconds), oldest first.

    At most the latest FAR_BACK of them. Raises JournalError.
    """
    # The + has SQLite walk back from the end instead of sorting all lines of these kinds.
    query = """SELECT * FROM lines WHERE seq > ? AND +kind IN ('intent', 'outcome', 'realised')
               ORDER BY seq DESC LIMIT ?"""
    return tuple(line for line in reversed(_fetch(path, query, (after, FAR_BACK))) if line.at >= at)


def head(path: Path) -> tuple[int, str]:
    """Number and hash of the newest line; 0 and "" in a journal without any. Raises JournalError."""
    found = _rows_of(path, "SELECT seq, hash FROM lines ORDER BY seq DESC LIMIT 1", ())
    return (int(str(found[0][0])), str(found[0][1])) if found else (0, "")


def hash_at(path: Path, seq: int) -> str:
    """The hash of one line by its number; "" where there is none. Raises JournalError."""
    found = _rows_of(path, "SELECT hash FROM lines WHERE seq = ?", (seq,))
    return str(found[0][0]) if found else ""


def latest_done(path: Path, after: int, until: int) -> tuple[Line, ...]:
    """Per GPU the intent of its latest flip that ended as done, and the latest note that unpins it, oldest first.

    Of the flips that ended, and the notes that were written, after line ``after`` and up to line ``until``. At most
    two lines a GPU are decoded, however long the journal is. Raises JournalError.
    """
    return _fetch(path, _LATEST_DONE, (after, until, after, until))


def stuck(path: Path) -> dict[str, str]:
    """GPUs that a flip left stuck and nobody has seen free since, with the sentence. Raises JournalError."""
    found: dict[str, str] = {}
    for line in reversed(_fetch(path, _MARKS, ())):
        found |= _words(line, "stuck")
        for uuid in _names(line, "cleared"):
            found.pop(uuid, None)
    return found


class Learnt(Record):
    """The steps that something is learnt from, up to one line of a journal: at most LEARNT_FROM of each, newest first.

    ``took`` tell how long a workload took, ``free`` a free GPU's memory, ``failed`` units that did not start.
    """

    seq: int = 0
    hash: str = ""
    took: tuple[Line, ...] = ()
    free: tuple[Line, ...] = ()
    failed: tuple[Line, ...] = ()

    def failed_starts(self, boot_id: str, clock_s: float, within_s: float, unit: str = "") -> dict[str, int]:
        """How many starts failed on each GPU in the last ``within_s`` of this boot's clock, of one unit if asked."""
        counts: dict[str, int] = defaultdict(int)
        for line in self.failed:
            at, failed = line.body.get("clock_s"), line.body.get("failed_start")
            if line.boot_id != boot_id or not isinstance(at, float) or clock_s - at > within_s:
                break
            for uuid, units in (failed if isinstance(failed, dict) else {}).items():
                counts[uuid] += len([one for one in units if unit in ("", one)])
        return {uuid: count for uuid, count in counts.items() if count}

    def base_mib(self, boot_id: str) -> dict[str, float]:
        """The least memory seen in use on each GPU while it was free, in MiB, since this boot.

        Of this boot only: another driver keeps another share for itself.
        """
        least: dict[str, float] = {}
        for line in self.free:
            seen = line.body.get("free_mib") if line.boot_id == boot_id else None
            for uuid, mib in (seen if isinstance(seen, dict) else {}).items():
                if isinstance(mib, (int, float)):
                    least[uuid] = min(float(mib), least.get(uuid, float(mib)))
        return least

    def usual_s(self) -> dict[tuple[str, str], float]:
        """Median seconds by (step, workload) for the steps stop and warm."""
        import statistics  # seven modules that nobody else here needs

        took: dict[tuple[str, str], list[float]] = defaultdict(list)
        for line in self.took:
            seconds, names = line.body.get("took_s"), line.body.get("workloads")
            if isinstance(seconds, float) and isinstance(names, list) and line.body.get("ok") is True:
                for name in names:
                    took[str(line.body.get("step")), str(name)].append(seconds)
        return {key: statistics.median(values) for key, values in took.items()}


UNREAD = Learnt()


def learnt(path: Path, before: Learnt = UNREAD) -> Learnt:
    """What steps teach now; with what was learnt ``before`` only newer lines are read.

    A journal that was moved aside or put back meanwhile is read anew. Raises JournalError.
    """
    seq, digest = head(path)
    if (seq, digest) == (before.seq, before.hash):
        return before
    if hash_at(path, before.seq) != before.hash:
        before = UNREAD
    took, free, failed = (_steps(path, key, before.seq, seq) for key in ("workloads", "free_mib", "failed_start"))
    return Learnt(
        seq=seq,
        hash=digest,
        took=(*took, *before.took)[:LEARNT_FROM],
        free=(*free, *before.free)[:LEARNT_FROM],
        failed=(*failed, *before.failed)[:LEARNT_FROM],
    )


def failed_starts(path: Path, boot_id: str, clock_s: float, within_s: float, unit: str = "") -> dict[str, int]:
    """See Learnt.failed_starts. Raises JournalError."""
    return Learnt(failed=_steps(path, "failed_start")).failed_starts(boot_id, clock_s, within_s, unit)


def base_mib(path: Path, boot_id: str) -> dict[str, float]:
    """See Learnt.base_mib. Raises JournalError."""
    return Learnt(free=_steps(path, "free_mib")).base_mib(boot_id)


def usual_s(path: Path) -> dict[tuple[str, str], float]:
    """See Learnt.usual_s. Raises JournalError."""
    return Learnt(took=_steps(path, "workloads")).usual_s()


def check(journal: Journal, program: str = "journalctl") -> Verdict:
    """Verify the whole chain against its anchors, beside it and in the system log as ``program`` tells it.

    Raises JournalError when the file cannot be read at all.
    """
    from console.flips.logged import ask
    from console.flips.verifying import Heads, verify

    path = journal.path
    # Heads first: what is written meanwhile is then a later line, and not one that is missing.
    kept, log = anchors(journal.anchors), ask(path, program)
    return verify(
        _all(path),
        Heads(kept=kept, logged=log.heads, said=log.said),
        here=name_of(path),
        found=tuple(_damage(path)),
        is_there=lambda name: path.with_name(clean(name)).is_file(),
    )


# Notes without a flip, so by the index: the long notes of flips are not even looked into.
_MARKS = """SELECT * FROM lines WHERE (kind = 'outcome' OR kind = 'note' AND flip_id = '')
            AND (instr(body, '"stuck":{"') OR instr(body, '"cleared":["')) ORDER BY seq DESC"""
KEEPS_ADVICE = f"""(kind = 'note' AND flip_id != '' AND instr(body, '"{ADVISED}":'))"""
# The + has SQLite walk back from the end, here too.
_BAD_ENDS = """SELECT * FROM lines WHERE seq > (SELECT max(seq) FROM lines) - ? AND +kind = 'outcome'
               AND (instr(body, '"result":"off"') OR instr(body, '"result":"stuck"') OR instr(body, '"alarm":true'))
               ORDER BY seq DESC LIMIT 200"""
# The + keeps SQLite from walking all outcomes by its index where a few lines by their number are wanted.
_LATEST_DONE = f"""
SELECT * FROM lines WHERE seq IN (
    SELECT max(intent.seq) FROM lines AS outcome
        CROSS JOIN lines AS intent ON intent.kind = 'intent' AND intent.flip_id = outcome.flip_id
        CROSS JOIN json_each(CASE WHEN json_valid(intent.gpus) THEN intent.gpus ELSE '[]' END) AS gpu
        WHERE outcome.seq > ? AND outcome.seq <= ? AND +outcome.kind = 'outcome'
        AND instr(outcome.body, '"result":"done"') GROUP BY gpu.value
    UNION
    SELECT max(note.seq) FROM lines AS note
        CROSS JOIN json_each(CASE WHEN json_valid(note.gpus) THEN note.gpus ELSE '[]' END) AS gpu
        WHERE note.seq > ? AND note.seq <= ? AND note.kind = 'note' AND note.flip_id = ''
        AND instr(note.body, '"{UNPINNED}":[') GROUP BY gpu.value
) ORDER BY seq"""


def _steps(path: Path, key: str, after: int = 0, until: int = MOST_SEQ) -> tuple[Line, ...]:
    """The latest LEARNT_FROM steps with ``key`` after line ``after`` and up to line ``until``, newest first, with what
    is learnt from alone."""
    # The + has SQLite walk back from the end: by its index it would sort all steps there ever were.
    query = """SELECT * FROM lines WHERE seq > ? AND seq <= ? AND +kind = 'step' AND instr(body, ?)
               ORDER BY seq DESC LIMIT ?"""
    found = _fetch(path, query, (after, until, f'"{key}":', LEARNT_FROM))
    return tuple(
        msgspec.structs.replace(line, who={}, body={name: line.body[name] for name in _LEARNT & line.body.keys()})
        for line in found
    )


def _damage(path: Path) -> Iterator[str]:
    """What is wrong with the file beneath its lines: pages, index, and whether its table is the one of this program."""
    for (said,) in _rows_of(path, "PRAGMA integrity_check(3)", ()):
        if said != "ok":
            yield f"the file is damaged: {clean(said)}"
    for kind, sql in _rows_of(path, "SELECT type, sql FROM sqlite_schema WHERE name = 'lines'", ()):
        if kind != "table" or str(sql).partition("(")[2] != TABLE.partition(";")[0].partition("(")[2]:
            yield f"the table of lines is not the one that this program makes: {clean(sql)}"


def _all(path: Path) -> Iterator[Stored]:
    """Every row as it is stored, page by page."""
    from console.flips.verifying import Stored

    cells = ", ".join(COLUMNS)
    query = f"SELECT rowid, {cells}, {', '.join(f'typeof({name})' for name in COLUMNS)} FROM lines"
    seen, half = 0, len(COLUMNS) + 1
    rows: list[tuple[object, ...]] = []
    while not rows or len(rows) == PAGE:
        rows = _rows_of(path, f"{query} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}", (seen,), bytes)
        if not rows:
            return
        for row in rows:
            types = tuple(str(name, "ascii") if isinstance(name, bytes) else str(name) for name in row[half:])
            yield Stored(types=types, cells=row[1:half])
        seen = int(str(rows[-1][0]))


def _fetch(path: Path, query: str, values: tuple[object, ...]) -> tuple[Line, ...]:
    return tuple(map(line_of, _rows_of(path, query, values)))


def _rows_of(
    path: Path, query: str, values: tuple[object, ...], text: Callable[[bytes], object] | None = None
) -> list[tuple[object, ...]]:
    """What a query finds; ``text`` makes something else than str of what is stored as text."""
    try:
        with reading(path) as database:
            database.text_factory = text or str
            return _rows(database, query, values)
    except FileNotFoundError:
        return []


def _rows(database: sqlite3.Connection, query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
    if not database.execute("PRAGMA user_version").fetchone()[0]:
        return []  # made, and not yet written to
    return database.execute(query, values).fetchall()


def _words(line: Line, key: str) -> dict[str, str]:
    found = line.body.get(key)
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _names(line: Line, key: str) -> tuple[str, ...]:
    found = line.body.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()
