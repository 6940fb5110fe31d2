"""One snapshot as plain lines: what a pipe, a log file or a terminal without a screen gets."""

from __future__ import annotations

from console.model import Snapshot
from console.view import cells, header, layout, rows, start
from console.view.pieces import Line, text_of

NARROWEST = 60
NOT_IN_TEXT = ("trend",)


def table(snapshot: Snapshot, width: int) -> list[str]:
    """The header, what the operator must know, and one line per GPU, none longer than ``width`` columns."""
    room = max(width, NARROWEST)
    scene = cells.Scene(snapshot.at, snapshot.currency, cells.hash_prefixes(snapshot.rows, {}))
    placed = tuple(one for one in layout.columns(room) if one.column.key not in NOT_IN_TEXT)
    head: list[Line] = [header.first(snapshot, snapshot.at, room, snapshot.read_only)]
    if snapshot.quotes:
        head.append(header.second(snapshot, snapshot.at, room))
    count = len(snapshot.rows)
    head += start.banners(snapshot, room, layout.NEEDED[1] + count, count, count, "")
    if not snapshot.rows:
        return _texts([*head, *start.empty(snapshot, room)])
    body = [rows.line(row, placed, scene) for row in snapshot.rows]
    return [*_texts([*head, (), rows.titles(placed, "slot")]), *(" " * layout.GUTTER + text for text in _texts(body))]


def _texts(lines: list[Line]) -> list[str]:
    return [text_of(line).rstrip() for line in lines]
