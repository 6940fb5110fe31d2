"""Whom a person's flip binds: the GPU stays with what was chosen by hand until somebody unpins it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from console import units
from console.flips.chain import Line
from console.flips.journal import Journal
from console.flips.reading import LEARNT_FROM, lines
from console.flips.who import whoami
from console.model import Record, Uuid

BY_HAND = frozenset({"console", "command", "undo"})
"""What a flip was asked through when a person asked for it."""
UNPINNED = "unpinned"
"""The key of a note's body that lists GPUs whose pin is lifted."""


class Pin(Record):
    """The workload that a person gave a GPU (``off`` too), who it was and when."""

    workload: str
    by: str
    at: float


def pins(path: Path) -> dict[Uuid, Pin]:
    """Pins by GPU: its latest flip, if a person asked for it, it was done, and nobody has unpinned it since.

    Raises JournalError.
    """
    found: dict[Uuid, Pin] = {}
    settled: set[str] = set()
    results: dict[str, str] = {}
    for line in lines(path, LEARNT_FROM, kinds=("intent", "outcome", "note")):
        if line.kind == "outcome":
            results[line.flip_id] = str(line.body.get("result"))
        elif line.kind == "note":
            settled |= {*_unpinned(line)}
        elif results.get(line.flip_id) == "done":
            found |= {uuid: pin for uuid, pin in _given(line) if uuid not in settled}
            settled |= set(line.gpus)
    return found


def unpin(journal: Journal, uuids: tuple[str, ...], slots: tuple[int, ...]) -> None:
    """Write the note that lifts the pins of these GPUs. Raises JournalError."""
    body = {"text": f"{units.gpus(slots)} unpinned", "step": "unpin", "slots": list(slots), UNPINNED: list(uuids)}
    journal.append("note", "", uuids, msgspec.to_builtins(whoami("unpin")), body)


def _unpinned(line: Line) -> tuple[str, ...]:
    listed = line.body.get(UNPINNED)
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _given(line: Line) -> Iterator[tuple[Uuid, Pin]]:
    if line.who.get("via") not in BY_HAND:
        return
    move = line.body.get("move")
    starts = move.get("starts") if isinstance(move, dict) else None
    for uuid in line.gpus:
        workload = next((name for name, uuids in _starts(starts) if uuid in uuids), "off")
        yield Uuid(uuid), Pin(workload=workload, by=line.login, at=line.at)


def _starts(starts: object) -> Iterable[tuple[str, list[str]]]:
    for start in starts if isinstance(starts, list) else ():
        if isinstance(start, dict) and isinstance(start.get("uuids"), list):
            yield str(start.get("workload")), start["uuids"]
