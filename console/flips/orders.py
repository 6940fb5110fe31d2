"""What a console tells its runner: one JSON object per line on the runner's stdin. The answers are Progress objects.

``{"prepare": {…}}`` while the dialog is open, ``{"go": {…}}`` once it is confirmed, ``{"stop": true}`` to begin no
further move. The end of the file means that the console is gone.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.flips.records import Plan
from console.model import Record, Uuid
from console.paths import Places

MAX_LINE = 1 << 20
"""Bytes of one line; a plan for 64 GPUs takes about 60 kB."""


class OrderError(Exception):
    """A line that is no order; ``str`` is a sentence."""


class Prepare(Record):
    """Begin to read these GPUs, so that a confirmed flip waits for nothing. ``config`` is the site config's path,
    None where there is none; ``places`` the console's own directories, None for the host's."""

    uuids: tuple[Uuid, ...] = ()
    config: str | None = None
    places: Places | None = None


class Go(Record):
    """Carry out a confirmed plan. ``config`` and ``places`` as in Prepare; they must not differ from it."""

    plan: Plan
    config: str | None = None
    places: Places | None = None


class Order(Record):
    """One line: exactly one of these is set."""

    prepare: Prepare | None = None
    go: Go | None = None
    stop: bool = False


def decode(line: bytes) -> Order:
    """The order of one line. Raises OrderError."""
    if len(line) > MAX_LINE:
        raise OrderError(f"an order of more than {MAX_LINE} bytes")
    try:
        order = msgspec.json.decode(line, type=Order, dec_hook=_path)
    except msgspec.DecodeError as error:
        raise OrderError(f"no order: {error}") from error
    if sum((order.prepare is not None, order.go is not None, order.stop)) != 1:
        raise OrderError("an order says exactly one of prepare, go and stop")
    return order


def encode(order: Order) -> bytes:
    """One line for the runner's stdin, its newline included."""
    return msgspec.json.encode(order, enc_hook=_text) + b"\n"


def _text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _path(kind: type, value: object) -> Path:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind.__name__)
