"""The table of flips: its columns, their titles, each flip as a line exactly as wide as the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from console import units
from console.flips.history import Flip
from console.model import Kind
from console.view import clock, tones
from console.view.layout import GUTTER
from console.view.pieces import Line, Piece, cut, fit, left, on_point, right

GAP = 2
MONEY = (4, 2)  # columns on both sides of an amount's point
RESULTS: Mapping[str, tuple[str, str]] = {
    "done": ("done", "value"),
    "rolled_back": ("rolled back", "warn"),
    "cancelled": ("cancelled", "aside"),
    "off": ("✕ off", "harm"),
    "stuck": ("✕ stuck", "harm"),
    "": ("under way", "label"),
}
"""How a result is said, and in which tone; the words tell it without colour."""


class Seen(NamedTuple):
    """One flip in one frame; ``kinds`` are the businesses of workloads by name."""

    flip: Flip
    now: float
    timezone: str
    kinds: Mapping[str, Kind]


class Column(NamedTuple):
    """A column; of those that do not fit the highest ``leaves`` goes first, and ``grows`` is what it may take more."""

    key: str
    title: str
    width: int
    leaves: int
    cell: Callable[[Seen, int], Line]
    is_right: bool = False
    grows: int = 0


class Placed(NamedTuple):
    """A column ``x`` columns from the left, ``room`` wide."""

    column: Column
    x: int
    room: int


def _when(seen: Seen, room: int) -> Line:
    """The time of today, the day of what is older."""
    return right(clock.dated(seen.flip.at, seen.now, seen.timezone, "%H:%M:%S", "%d %b %H:%M"), room, "label")


def _gpus(seen: Seen, room: int) -> Line:
    return right(cut(",".join(map(str, seen.flip.slots)), room), room, "value")


def _move(seen: Seen, room: int) -> Line:
    before, after = (_named(name, seen.kinds) for name in (seen.flip.before, seen.flip.after))
    return fit((*before, Piece(" → ", "label"), *after), room)


def _named(names: str, kinds: Mapping[str, Kind]) -> Line:
    """A workload with the sign of its business; of several the first one's."""
    first = names.split(",")[0].strip()
    kind = kinds.get(first, Kind.OFF)
    tone, glyph = tones.business(kind)
    return (Piece(f"{glyph} {names}", tone if first in kinds else "value"),)


def _result(seen: Seen, room: int) -> Line:
    words, tone = RESULTS.get(seen.flip.result, (seen.flip.result, "warn"))
    return left(cut(words, room), room, tone)


def _took(seen: Seen, room: int) -> Line:
    took_s = seen.flip.took_s
    text = units.UNKNOWN if took_s is None else f"{took_s:.1f} s" if took_s < 60 else units.age(took_s)
    return right(text, room, "label" if took_s is not None else "aside")


def _expected(seen: Seen, room: int) -> Line:
    return _amount(seen.flip.expected_per_h, room, estimated=True)


def _realised(seen: Seen, room: int) -> Line:
    return _amount(seen.flip.realised_per_h, room)


def _amount(value: float | None, room: int, *, estimated: bool = False) -> Line:
    mark = "~" if estimated and value is not None else ""
    text = mark + units.money(value)
    return left(on_point(text, *MONEY), room, "estimate" if mark else tones.money(value))


def _who(seen: Seen, room: int) -> Line:
    via = "" if seen.flip.via in ("", "console") else f" ({seen.flip.via})"
    return left(cut(seen.flip.who + via, room), room, "label")


def _why(seen: Seen, room: int) -> Line:
    """The reason given, else how it ended where that says more than its result."""
    said = seen.flip.reason or ("" if seen.flip.result in ("done", "") else seen.flip.text)
    return left(cut(said, room), room, "value" if seen.flip.reason else "aside")


COLUMNS: tuple[Column, ...] = (
    Column("when", "when", 12, 0, _when, is_right=True),
    Column("gpus", "GPU", 5, 0, _gpus, is_right=True, grows=6),
    Column("move", "from → to", 27, 0, _move, grows=10),
    Column("result", "result", 11, 0, _result),
    Column("took", "took", 8, 5, _took, is_right=True),
    Column("expected", "expected", 8, 3, _expected),
    Column("realised", "realised", 8, 2, _realised),
    Column("who", "who", 8, 4, _who, grows=8),
    Column("why", "why", 12, 6, _why, grows=200),
)


@lru_cache(maxsize=16)
def columns(room: int) -> tuple[Placed, ...]:
    """The columns of a screen ``room`` wide, in their order; what is over goes to those that may grow, left first."""
    chosen = list(COLUMNS)
    while _total(chosen) > room - GUTTER - 1 and any(column.leaves for column in chosen):
        chosen.remove(max(chosen, key=lambda column: column.leaves))
    spare = max(0, room - GUTTER - 1 - _total(chosen))
    placed, x = [], GUTTER
    for column in chosen:
        size = column.width + min(spare, column.grows)
        spare -= size - column.width
        placed.append(Placed(column, x, size))
        x += size + GAP
    return tuple(placed)


def _total(chosen: list[Column]) -> int:
    return sum(column.width for column in chosen) + GAP * (len(chosen) - 1)


def titles(placed: tuple[Placed, ...]) -> Line:
    """The names of the columns over their figures."""
    out: list[Piece] = [Piece(" " * GUTTER)]
    for one in placed:
        place = right if one.column.is_right else left
        out += [*place(one.column.title, one.room, "title"), Piece(" " * GAP)]
    return tuple(out)


def line(seen: Seen, placed: tuple[Placed, ...]) -> Line:
    """One flip; the grid has a gutter of its own."""
    out: list[Piece] = []
    for one in placed:
        out += [*one.column.cell(seen, one.room), Piece(" " * GAP)]
    return tuple(out)
