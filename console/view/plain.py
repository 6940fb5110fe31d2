"""One snapshot as plain lines: what a pipe, a log file or a terminal without a screen gets."""

from __future__ import annotations

from console.model import Snapshot
from console.view import alarms, cells, header, layout, rows, start
from console.view.pieces import Line, Piece, fit, text_of

NARROWEST = 60
NOT_IN_TEXT = ("trend",)


def table(snapshot: Snapshot, width: int) -> list[str]:
    """The header, what the operator must know, a line per GPU and the alarms, none longer than ``width`` columns."""
    room = max(width, NARROWEST)
    scene = cells.Scene(snapshot.at, snapshot.currency, cells.hash_prefixes(snapshot.rows, {}))
    placed = tuple(one for one in layout.columns(room) if one.column.key not in NOT_IN_TEXT)
    head: list[Line] = [header.first(snapshot, snapshot.at, room, snapshot.read_only)]
    if snapshot.quotes:
        head.append(header.second(snapshot, snapshot.at, room))
    count = len(snapshot.rows)
    head += start.banners(snapshot, room, layout.NEEDED[1] + count, count, count, "")
    if not snapshot.rows:
        return _texts([*head, *start.empty(snapshot, room), *_alarms(snapshot, room)])
    body = [rows.line(row, placed, scene) for row in snapshot.rows]
    listed = (" " * layout.GUTTER + text for text in _texts(body))
    return [*_texts([*head, (), rows.titles(placed, "slot")]), *listed, *_texts(_alarms(snapshot, room))]


def _alarms(snapshot: Snapshot, room: int) -> list[Line]:
    """A blank line, then what stands, each that calls with what to do; nothing where all is well."""
    lines: list[Line] = []
    for alarm in alarms.order((one for one in snapshot.alarms if one.over_at is None), snapshot.at):
        lines.append(alarms.line(alarm, snapshot.at, room, chosen=False, since=None))
        if alarm.do and alarm.calls(snapshot.at):
            lines.append(fit((Piece(" " * alarms.BEFORE), Piece(f"→ {alarm.do}", "value")), room))
    return [(), *lines] if lines else []


def _texts(lines: list[Line]) -> list[str]:
    return [text_of(line).rstrip() for line in lines]
