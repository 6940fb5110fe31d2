"""What a feed's case says: settings, a source's answers by path, and the quotes that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[2] / "data" / "feeds"
NOW = 1_795_392_700.0
"""2026-11-23T00:11:40Z, shortly after the times in the fixtures."""


class Expected(NamedTuple):
    """One quote. ``interval_s`` is how long it holds, for prices that hold through an interval."""

    kind: str
    name: str
    value: float
    unit: str
    at: float
    interval_s: float | None = None


class Case(NamedTuple):
    """``answers`` maps a path (without its query) to the body; ``settings`` is the feed's table in the config.

    ``expected`` are all quotes that hold at ``now``, those of curves included. ``secret_in`` says where the key must
    be sent: a header's name, or ``?name`` for a query. ``queries`` are parts that the queries sent must have.
    """

    kind: str
    settings: Mapping[str, Any]
    answers: Mapping[str, bytes]
    expected: tuple[Expected, ...]
    now: float = NOW
    notes: tuple[str, ...] = ()
    secret_in: str = ""
    queries: tuple[str, ...] = ()
    is_json: bool = True
    reads_file: bool = False


def data(name: str) -> bytes:
    """A fixture's bytes."""
    return (DATA / name).read_bytes()
