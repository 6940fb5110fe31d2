"""The journal for scripts and spreadsheets: JSON lines and CSV, to standard output or into a file of its own."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from console.flips.chain import Line
from console.flips.history import number
from console.text import cell, clean

PLAIN = ("seq", "at", "flip_id", "kind")
OF_WHO = ("login", "uid", "loginuid", "via", "claimed_ssh", "claimed_sudo")
OF_BODY = (
    "result", "step", "text", "reason", "before", "after", "took_s", "ok", "expected_per_h", "realised_per_h",
    "observed_s", "currency",
)  # fmt: skip
CHAIN = ("boot_id", "prev", "hash")
HEADER = (*PLAIN, "slots", "gpus", *OF_WHO, *OF_BODY, "body", *CHAIN)
_BLANKS = frozenset("\t\r\n")


class ExportError(Exception):
    """The file cannot be written; ``str`` is a sentence."""


def as_object(line: Line) -> dict[str, object]:
    """One line for scripts; ``at`` is ISO 8601 UTC with milliseconds."""
    return {
        "seq": line.seq,
        "at": _at(line),
        "flip_id": line.flip_id,
        "kind": line.kind,
        "gpus": list(line.gpus),
        "slots": list(line.slots),
        "who": line.who,
        "text": line.text,
        "body": line.body,
        "boot_id": line.boot_id,
        "prev": line.prev,
        "hash": line.hash,
    }


def as_json(lines: Iterable[Line]) -> Iterator[str]:
    """One object a line, in ASCII: what is no such character is escaped, so that no terminal obeys it."""
    for line in lines:
        yield json.dumps(as_object(line)) + "\n"


def as_csv(lines: Iterable[Line]) -> Iterator[str]:
    """CSV by RFC 4180 with a header; no cell is a formula, and the whole body stands in one as JSON."""
    room = io.StringIO(newline="")
    writer = csv.writer(room)
    writer.writerow(HEADER)
    for line in lines:
        writer.writerow(map(_cell, _row(line)))
        yield room.getvalue()
        room.seek(0)
        room.truncate()
    yield room.getvalue()


def write(path: Path, chunks: Iterable[str]) -> None:
    """Put them into a new file of mode 0600: whole, or no file at all. Raises ExportError, and what ``chunks`` raise.

    A file that is there already is left alone.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}.new")
    try:
        if os.path.lexists(path):
            raise FileExistsError
        _fill(beside, chunks)
        try:
            os.link(beside, path)  # unlike a rename it never takes the place of another file
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
    except FileExistsError:
        raise ExportError(f"{clean(path)} is there already and is not overwritten: name another file") from None
    except OSError as error:
        raise ExportError(f"{clean(path)} cannot be written: {error.strerror or error}") from error


def _fill(path: Path, chunks: Iterable[str]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            _pour(file, chunks)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _pour(file: TextIO, chunks: Iterable[str]) -> None:
    for chunk in chunks:
        file.write(chunk)


def _row(line: Line) -> Iterator[object]:
    yield from (line.seq, _at(line), line.flip_id, line.kind)
    yield " ".join(map(str, line.slots))
    yield " ".join(line.gpus)
    yield from map(line.who.get, OF_WHO)
    yield from map(line.body.get, OF_BODY)
    yield json.dumps(line.body)
    yield from (line.boot_id, line.prev, line.hash)


def _cell(value: object) -> object:
    """Numbers as they are, nothing where there is nothing, and text that no spreadsheet takes for a formula.

    Control and invisible characters are escaped as in JSON: a terminal would obey them.
    """
    if value is None or number(value) is not None:
        return value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text.isprintable():
        text = "".join(c if c in _BLANKS or c.isprintable() else json.dumps(c)[1:-1] for c in text)
    return cell(text)


def _at(line: Line) -> str:
    return datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMATS: dict[str, Callable[[Iterable[Line]], Iterator[str]]] = {"jsonl": as_json, "csv": as_csv}
