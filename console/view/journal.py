"""The whole screen of mode 5 as data: the flips of this host, and all about the one under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from console import units
from console.flips.history import Flip
from console.model import Kind, LogLine, Record, Snapshot
from console.view import actions, flipabout, fliptable, header, log, start
from console.view.actions import JOURNAL, Action, Foot
from console.view.ladder import hairline
from console.view.layout import GUTTER
from console.view.pieces import Line, Piece, fit, wrap

LEAST_TABLE = 5
MOST_ABOUT = 22
"""Lines: a flip has some ten steps, and the table is what is scrolled."""


class JournalSight(Record):
    """What the operator has chosen here. ``cursor`` is a flip's id, never a row."""

    cursor: str | None = None
    index: int = 0
    filter: str = ""
    typing: bool = False

    def moved(self, found: Sequence[Flip], to: int) -> JournalSight:
        """The cursor at row ``to``, or as near as the table goes."""
        if not found:
            return msgspec.structs.replace(self, cursor=None, index=0)
        index = min(max(to, 0), len(found) - 1)
        return msgspec.structs.replace(self, cursor=found[index].flip_id, index=index)


class JournalFrame(NamedTuple):
    """What a page is made from. ``flips`` are newest first, None while the journal has not been read yet."""

    snapshot: Snapshot
    flips: tuple[Flip, ...] | None
    trouble: str
    sight: JournalSight
    now: float
    width: int
    height: int
    actions: tuple[Action, ...]
    read_only: str = ""
    silent_s: float = 0.0
    notes: tuple[LogLine, ...] = ()


class JournalPage(NamedTuple):
    """What stands where. ``found`` are the flips that the filter lets through, ``cursor`` is a row of them or -1."""

    regions: tuple[tuple[str, int, int], ...]  # name, lines, air above
    parts: tuple[tuple[str, list[Line]], ...]
    found: tuple[Flip, ...]
    empty: tuple[Line, ...]
    cursor: int
    scene: tuple[float, str, Mapping[str, Kind], tuple[fliptable.Placed, ...]]
    foot: Foot

    def line(self, index: int) -> Line:
        """One row of the table, made when it is seen."""
        if index < len(self.found):
            return fliptable.line(fliptable.Seen(self.found[index], *self.scene[:3]), self.scene[3])
        return self.empty[index] if index < len(self.empty) else ()


def page(frame: JournalFrame) -> JournalPage:
    """Lay out one frame."""
    snapshot, room = frame.snapshot, frame.width
    found = tuple(flip for flip in frame.flips or () if matches(flip, frame.sight.filter))
    cursor = place_of(found, frame.sight)
    banner = start.banners(snapshot, room, frame.height, len(snapshot.rows), len(snapshot.rows), "")
    placed = fliptable.columns(room)
    about = _about(found, cursor, frame)
    empty = _empty(frame, found)
    regions = _regions(frame.height, len(banner), len(found) or len(empty) - 1, len(about))
    given = {name: lines for name, lines, _ in regions}
    head = [
        header.first(snapshot, frame.now, room, frame.read_only),
        header.second(snapshot, frame.now, room, frame.silent_s),
    ]
    foot = actions.footer(frame.actions, room, JOURNAL)
    parts = (
        ("head", head[: given["head"]]),
        ("banner", banner),
        ("titles", [_titles(frame, found, placed)]),
        ("about", about[: given["about"]]),
        ("log", log.lines(log.merged(snapshot.log, frame.notes), snapshot.timezone, room, given["log"])),
        ("foot", [foot.line]),
    )
    kinds = {option.workload: option.kind for row in snapshot.rows for option in row.money.options}
    scene = (frame.now, snapshot.timezone, kinds, placed)
    return JournalPage(regions, parts, found, empty, cursor, scene, foot)


def matches(flip: Flip, typed: str) -> bool:
    """True when every word that was typed is somewhere in the flip, and none of those behind a ``!``.

    ``gpu:3`` is that GPU and no other, ``who:bob`` his flips, ``result:stuck`` how they ended.
    """
    said = " ".join(fields(flip)).casefold()
    words = typed.casefold().split()
    return all(
        not _has(flip, said, word[1:]) if word.startswith("!") and word[1:] else _has(flip, said, word)
        for word in words
    )


def _has(flip: Flip, said: str, word: str) -> bool:
    key, colon, wanted = word.partition(":")
    if not colon or key not in _KEYS:
        return word in said
    return wanted in (one.casefold() for one in _KEYS[key](flip))


_KEYS: dict[str, Callable[[Flip], tuple[str, ...]]] = {
    "gpu": lambda flip: tuple(map(str, flip.slots)),
    "who": lambda flip: (flip.who,),
    "result": lambda flip: (flip.result, flip.result.replace("_", "-")),
}


def fields(flip: Flip) -> tuple[str, ...]:
    """What of a flip can be found."""
    result = fliptable.RESULTS.get(flip.result, (flip.result, ""))[0]
    gpus = units.gpus(flip.slots) if flip.slots else ""
    return gpus, flip.flip_id, flip.who, flip.claimed, flip.via, flip.before, flip.after, flip.reason, result, flip.text


def place_of(found: Sequence[Flip], sight: JournalSight) -> int:
    """The row of the cursor's flip; at first the newest; where it has left the table, the place it had."""
    for index, flip in enumerate(found):
        if flip.flip_id == sight.cursor:
            return index
    return min(max(sight.index, 0), len(found) - 1)


def _titles(frame: JournalFrame, found: Sequence[Flip], placed: tuple[fliptable.Placed, ...]) -> Line:
    """The names of the columns; while something is looked for, that and how much it leaves."""
    sight = frame.sight
    if not sight.filter and not sight.typing:
        return fliptable.titles(placed)
    count = f"  {len(found)} of {len(frame.flips or ())} flips"
    caret = (Piece("▏", "cursor"),) if sight.typing else ()
    return fit((Piece("   /", "key"), Piece(sight.filter, "entry"), *caret, Piece(count, "label")), frame.width)


def _empty(frame: JournalFrame, found: Sequence[Flip]) -> tuple[Line, ...]:
    """What stands in a table without rows."""
    if found:
        return ()
    if frame.trouble:
        said = frame.trouble
    elif frame.flips is None:
        said = "reading the journal …"
    elif frame.flips:
        said = "no flip has these words: esc shows all"
    elif not frame.snapshot.configured:
        said = "no flip has been made on this host yet"
    else:
        said = "no flip has been made on this host yet; a flip on the GPUs' screen (1) is the first line here"
    room = max(1, frame.width - 2 * GUTTER)
    return tuple((Piece(f"   {part}", "label"),) for part in wrap(said, room, 3))


def _about(found: Sequence[Flip], cursor: int, frame: JournalFrame) -> list[Line]:
    if not 0 <= cursor < len(found):
        return []
    flip = found[cursor]
    body = flipabout.lines(flip, frame.snapshot.timezone, frame.width)
    return [hairline(flipabout.title(flip), frame.width), *body]


def _regions(height: int, banners: int, rows: int, about: int) -> tuple[tuple[str, int, int], ...]:
    """Lines of each region with the air above it: rows and all about one of them share what is left."""
    head, foot, log_lines = (2 if height >= 18 else 1), 1, (1 if height >= 20 else 0)
    air = 1 if height >= 30 else 0
    left = height - head - banners - foot - log_lines - 1 - 3 * air
    wanted = min(about, MOST_ABOUT)
    told = max(0, min(wanted, left - min(rows, LEAST_TABLE)))
    table = max(1, left - told)
    spare = table - rows
    if spare > 2 and log_lines:
        table, log_lines = rows + 1, log_lines + spare - 1
    return (
        ("head", head, 0),
        ("banner", banners, 0),
        ("titles", 1, air),
        ("table", table, 0),
        ("about", told, air),
        ("log", log_lines, air),
        ("foot", foot, 0),
    )
