"""The hash chain of the journal: what a line's hash is made of, where its heads are kept, and how both are checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from console.model import Record

GENESIS = "0" * 64
"""What stands as ``prev`` in the first line."""
MAX_ANCHOR_BYTES = 64 * 1024 * 1024


class Line(Record):
    """One line of the journal as it was written. ``gpus`` are UUIDs; ``who`` and ``body`` are JSON objects."""

    seq: int
    at_utc_ms: int
    boot_id: str
    flip_id: str
    kind: str
    gpus: tuple[str, ...]
    who: dict[str, object]
    body: dict[str, object]
    prev: str
    hash: str

    @property
    def at(self) -> float:
        """When it was written, Unix seconds."""
        return self.at_utc_ms / 1000

    @property
    def slots(self) -> tuple[int, ...]:
        """The slots its GPUs had then."""
        slots = self.body.get("slots")
        return tuple(slot for slot in slots if isinstance(slot, int)) if isinstance(slots, Sequence) else ()

    @property
    def text(self) -> str:
        """The sentence of this line."""
        return str(self.body.get("text", ""))

    @property
    def login(self) -> str:
        """The login of who acted."""
        return str(self.who.get("login", ""))


class Anchor(Record):
    """The head of a chain as it was at one outcome; ``genesis`` is the hash of that chain's first line."""

    genesis: str
    seq: int
    hash: str
    at_utc_ms: int


class Verdict(Record):
    """What a check of the journal found. ``anchored_to`` is the last line that an anchor vouches for."""

    lines: int
    problems: tuple[str, ...]
    anchored_to: int | None
    sentence: str

    @property
    def ok(self) -> bool:
        """True when nothing speaks against the journal."""
        return not self.problems


def canonical(value: object) -> str:
    """JSON in one way only: sorted keys, no spaces, ASCII, no NaN (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def line_hash(prev: str, fields: dict[str, object]) -> str:
    """SHA-256 over the previous hash and the canonical JSON of every other field of a line."""
    return hashlib.sha256((prev + canonical(fields)).encode()).hexdigest()


def fields_of(line: Line) -> dict[str, object]:
    """What of a line its hash covers beside ``prev``."""
    return {
        "seq": line.seq,
        "at_utc_ms": line.at_utc_ms,
        "boot_id": line.boot_id,
        "flip_id": line.flip_id,
        "kind": line.kind,
        "gpus": list(line.gpus),
        "who": line.who,
        "body": line.body,
    }


def keep(path: Path, anchor: Anchor) -> None:
    """Append one anchor and sync it. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
    try:
        with contextlib.suppress(PermissionError):  # another operator's
            os.fchmod(fd, 0o660)
        os.write(fd, msgspec.json.encode(anchor) + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


def anchors(path: Path) -> tuple[Anchor, ...]:
    """Every anchor of the file that can be read; none when there is no file. A torn last line is left out."""
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_ANCHOR_BYTES).splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Anchor))
        except msgspec.DecodeError:
            continue
    return tuple(found)


def verify(lines: Iterable[Line], kept: Iterable[Anchor]) -> Verdict:
    """Walk the chain and hold it against the anchors: finds changed, missing and cut-off lines."""
    problems: list[str] = []
    hashes: dict[int, str] = {}
    disowned: set[str] = set()
    prev, expected = GENESIS, 1
    for line in lines:
        problems += _link(line, prev, expected)
        disowned |= _set_aside(line)
        hashes[line.seq] = line.hash
        prev, expected = line.hash, line.seq + 1
    anchored, strange = _hold(hashes, kept, disowned)
    problems += strange
    return Verdict(
        lines=len(hashes),
        problems=tuple(problems),
        anchored_to=anchored,
        sentence=_sentence(len(hashes), problems, anchored, max(hashes, default=0)),
    )


def _link(line: Line, prev: str, expected: int) -> list[str]:
    if line.seq != expected:
        missing = f"line {expected}" if line.seq == expected + 1 else f"lines {expected} to {line.seq - 1}"
        return [f"{missing} missing"]
    if line.prev != prev:
        return [f"line {line.seq} does not continue line {line.seq - 1}"]
    if line.hash != line_hash(line.prev, fields_of(line)):
        return [f"line {line.seq} was changed after it was written"]
    return []


def _set_aside(line: Line) -> set[str]:
    earlier = line.body.get("earlier_genesis")
    return {earlier} if isinstance(earlier, str) else set()


def _hold(hashes: dict[int, str], kept: Iterable[Anchor], disowned: set[str]) -> tuple[int | None, list[str]]:
    """The last line that an anchor confirms, and what the anchors speak against."""
    own, problems = hashes.get(1), []
    confirmed: int | None = None
    others: dict[str, int] = {}
    for anchor in kept:
        if anchor.genesis != own:
            others[anchor.genesis] = max(anchor.seq, others.get(anchor.genesis, 0))
        elif hashes.get(anchor.seq) == anchor.hash:
            confirmed = max(anchor.seq, confirmed or 0)
        elif anchor.seq not in hashes:
            problems.append(f"lines up to {anchor.seq} were there once and are cut off")
        else:
            problems.append(f"line {anchor.seq} is not the one that its anchor names")
    lost = [seq for genesis, seq in others.items() if genesis not in disowned]
    problems += [f"an earlier journal of {seq} lines was replaced by this one" for seq in lost]
    return confirmed, problems


def _sentence(lines: int, problems: list[str], anchored: int | None, last: int) -> str:
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return f"{lines} lines; {problems[0]}{more}"
    if anchored is None:
        return f"{lines} lines, consistent, not tamper-evident: no anchor of this chain was found"
    tail = f"; {last - anchored} later ones are consistent only" if last > anchored else ""
    return f"{lines} lines, consistent, and as its anchors have them up to line {anchored}{tail}"
