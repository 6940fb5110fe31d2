"""The hash chain of the journal: what a line's hash is made of, and its heads outside the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
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


class Logged(Anchor):
    """A head as the system log has it; ``path`` is the journal's, because the log holds those of every journal."""

    path: str


class Verdict(Record):
    """What a check of the journal found. ``anchored_to`` is the last line that an anchor vouches for, ``logged_to``
    the last that the system log vouches for; ``log`` tells how asking that went."""

    lines: int
    problems: tuple[str, ...]
    anchored_to: int | None
    sentence: str
    logged_to: int | None = None
    log: str = ""

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
