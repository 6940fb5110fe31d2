"""What the journal can be asked: the latest lines, intents without an outcome, stuck GPUs, and what was learnt."""

from __future__ import annotations

import sqlite3
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from console.flips.chain import Line, Verdict, anchors, verify
from console.flips.journal import Journal
from console.flips.ledger import line_of, reading

PAGE = 2000
"""Lines per reading while the whole journal is walked: between two pages writers get their turn."""
LEARNT_FROM = 500
"""How many of the latest steps usual times and base memory are taken from."""


def lines(
    path: Path, limit: int = 50, *, gpu: str = "", kinds: Iterable[str] = (), with_key: str = ""
) -> tuple[Line, ...]:
    """The latest lines, newest first; only those of one UUID, of some kinds, or with a key in their body if asked.

    Raises JournalError.
    """
    asked: dict[str, tuple[str, ...]] = {}
    if gpu:
        asked["instr(gpus, ?)"] = (f'"{gpu}"',)
    if wanted := tuple(kinds):
        asked[f"kind IN ({','.join('?' * len(wanted))})"] = wanted
    if with_key:
        asked["instr(body, ?)"] = (f'"{with_key}":',)
    query = f"SELECT * FROM lines WHERE {' AND '.join(asked) or 1} ORDER BY seq DESC LIMIT ?"
    return _fetch(path, query, (*(value for values in asked.values() for value in values), limit))


def open_intents(path: Path) -> tuple[Line, ...]:
    """Intents that have no outcome, oldest first. Raises JournalError."""
    query = """SELECT * FROM lines WHERE kind = 'intent' AND flip_id NOT IN
               (SELECT flip_id FROM lines WHERE kind = 'outcome') ORDER BY seq"""
    return _fetch(path, query, ())


def of_flip(path: Path, flip_id: str) -> tuple[Line, ...]:
    """Every line of one flip, oldest first. Raises JournalError."""
    return _fetch(path, "SELECT * FROM lines WHERE flip_id = ? ORDER BY seq", (flip_id,))


def stuck(path: Path) -> dict[str, str]:
    """GPUs that a flip left stuck and nobody has seen free since, with the sentence. Raises JournalError."""
    found: dict[str, str] = {}
    for line in reversed(_fetch(path, _MARKS, ())):
        found |= _words(line, "stuck")
        for uuid in _names(line, "cleared"):
            found.pop(uuid, None)
    return found


def failed_starts(path: Path, boot_id: str, clock_s: float, within_s: float, unit: str = "") -> dict[str, int]:
    """How many starts failed on each GPU in the last ``within_s`` of this boot's clock, of one unit if asked.

    Raises JournalError.
    """
    counts: dict[str, int] = defaultdict(int)
    for line in lines(path, LEARNT_FROM, kinds=("step",), with_key="failed_start"):
        at, failed = line.body.get("clock_s"), line.body.get("failed_start")
        if line.boot_id != boot_id or not isinstance(at, float) or clock_s - at > within_s:
            break
        for uuid, units in (failed if isinstance(failed, dict) else {}).items():
            counts[uuid] += len([one for one in units if unit in ("", one)])
    return {uuid: count for uuid, count in counts.items() if count}


def base_mib(path: Path, boot_id: str) -> dict[str, float]:
    """The least memory seen in use on each GPU while it was free, in MiB, since this boot. Raises JournalError.

    Of this boot only: another driver keeps another share for itself.
    """
    least: dict[str, float] = {}
    for line in lines(path, LEARNT_FROM, kinds=("step",), with_key="free_mib"):
        seen = line.body.get("free_mib") if line.boot_id == boot_id else None
        for uuid, mib in (seen if isinstance(seen, dict) else {}).items():
            if isinstance(mib, (int, float)):
                least[uuid] = min(float(mib), least.get(uuid, float(mib)))
    return least


def usual_s(path: Path) -> dict[tuple[str, str], float]:
    """Median seconds by (step, workload) for the steps stop and warm. Raises JournalError."""
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in lines(path, LEARNT_FROM, kinds=("step",), with_key="workloads"):
        seconds, names = line.body.get("took_s"), line.body.get("workloads")
        if isinstance(seconds, float) and isinstance(names, list) and line.body.get("ok") is True:
            for name in names:
                took[str(line.body.get("step")), str(name)].append(seconds)
    return {key: statistics.median(values) for key, values in took.items()}


def check(journal: Journal) -> Verdict:
    """Verify the whole chain against its anchors. Raises JournalError when the file cannot be read at all."""
    return verify(_all(journal.path), anchors(journal.anchors))


_MARKS = """SELECT * FROM lines WHERE kind IN ('outcome', 'note')
            AND (instr(body, '"stuck":{"') OR instr(body, '"cleared":["')) ORDER BY seq DESC"""


def _all(path: Path) -> Iterator[Line]:
    seen = 0
    while page := _fetch(path, "SELECT * FROM lines WHERE seq > ? ORDER BY seq LIMIT ?", (seen, PAGE)):
        yield from page
        seen = page[-1].seq


def _fetch(path: Path, query: str, values: tuple[object, ...]) -> tuple[Line, ...]:
    try:
        with reading(path) as database:
            return tuple(line_of(row) for row in _rows(database, query, values))
    except FileNotFoundError:
        return ()


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
