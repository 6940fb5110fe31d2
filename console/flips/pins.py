"""Whom a person's flip binds: the GPU stays with what was chosen by hand until somebody unpins it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from console import units
from console.flips.chain import Line
from console.flips.journal import Journal
from console.flips.reading import UNPINNED, hash_at, head, latest_done
from console.flips.who import whoami
from console.model import Record, Uuid

BY_HAND = frozenset({"console", "command", "undo"})
"""What a flip was asked through when a person asked for it."""


class Pin(Record):
    """The workload that a person gave a GPU (``off`` too), who it was and when."""

    workload: str
    by: str
    at: float


class Known(Record):
    """What a journal said of pins up to one of its lines: per GPU the line that counts, and its pin if it has one."""

    seq: int = 0
    hash: str = ""
    latest: Mapping[Uuid, tuple[int, Pin | None]] = {}

    @property
    def pins(self) -> dict[Uuid, Pin]:
        """The GPUs that are pinned."""
        return {uuid: pin for uuid, (_, pin) in self.latest.items() if pin is not None}


NOTHING = Known()


def pins(path: Path) -> dict[Uuid, Pin]:
    """Pins by GPU: its latest flip, if a person asked for it, it was done, and nobody has unpinned it since.

    However long ago that was. Raises JournalError.
    """
    return known(path).pins


def known(path: Path, before: Known = NOTHING) -> Known:
    """What the journal says of pins now; with what was known ``before`` only its newer lines are read.

    A journal that was moved aside or put back meanwhile is read anew. Raises JournalError.
    """
    seq, digest = head(path)
    if (seq, digest) == (before.seq, before.hash):
        return before
    if hash_at(path, before.seq) != before.hash:
        before = NOTHING
    latest = dict(before.latest)
    for line in latest_done(path, before.seq, seq):
        for uuid, pin in _unpinned(line) if line.kind == "note" else _given(line):
            # A flip counts from its intent: what was unpinned while it ran stays so.
            if line.seq > latest.get(uuid, (0, None))[0]:
                latest[uuid] = line.seq, pin
    return Known(seq=seq, hash=digest, latest=latest)


def unpin(journal: Journal, uuids: tuple[str, ...], slots: tuple[int, ...]) -> None:
    """Write the note that lifts the pins of these GPUs. Raises JournalError."""
    body = {"text": f"{units.gpus(slots)} unpinned", "step": "unpin", "slots": list(slots), UNPINNED: list(uuids)}
    journal.append("note", "", uuids, msgspec.to_builtins(whoami("unpin")), body)


def _unpinned(line: Line) -> Iterator[tuple[Uuid, None]]:
    listed = line.body.get(UNPINNED)
    for uuid in listed if isinstance(listed, list) else ():
        yield Uuid(str(uuid)), None


def _given(line: Line) -> Iterator[tuple[Uuid, Pin | None]]:
    """The pin of each GPU of a flip that was done; None, which ends an earlier one, where no person asked for it."""
    by_hand = line.who.get("via") in BY_HAND
    move = line.body.get("move")
    starts = move.get("starts") if isinstance(move, dict) else None
    for uuid in line.gpus:
        workload = next((name for name, uuids in _starts(starts) if uuid in uuids), "off")
        yield Uuid(uuid), Pin(workload=workload, by=line.login, at=line.at) if by_hand else None


def _starts(starts: object) -> Iterable[tuple[str, list[str]]]:
    for start in starts if isinstance(starts, list) else ():
        if isinstance(start, dict) and isinstance(start.get("uuids"), list):
            yield str(start.get("workload")), start["uuids"]
