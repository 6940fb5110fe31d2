"""Straight lines over a scale: thin strokes with signs on them, one upright mark, who is highest below. Draws only.

A stroke stands in the middle of a row or between two rows, so that a slope falls in steps of half a row. Its sign, a
glyph, is set on it again and again, so that lines are told apart without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from widgets.pieces import Line, Piece, exactly

AXIS = 8  # columns of the axis labels, with the blank after them
SIGN_EVERY = 22
SIGN = 4  # columns for names in which only the sign stands
BELOW = 2  # lines under the area: who is highest, and the scale
ABOVE = 1
_TOP, _MIDDLE, _BOTTOM, _DASH = "▔", "━", "▁", "╌"
_MARK = "│"


class Stroke(Protocol):
    """A line from the left edge to the right one, named at its end; a ``quiet`` one is dashed and wears no signs."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def tone(self) -> str: ...
    @property
    def sign(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def quiet(self) -> bool: ...


class Band(Protocol):
    """Whose line is highest, from the end of the band before to ``until`` on the lower scale."""

    @property
    def until(self) -> float: ...
    @property
    def tone(self) -> str: ...
    @property
    def text(self) -> str: ...


class Plot(Protocol):
    """What is drawn. Strokes later in the order lie over those before."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def ticks(self) -> Sequence[tuple[float, str]]: ...
    @property
    def left(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def scale(self) -> Sequence[tuple[float, str, str]]: ...
    @property
    def scale_unit(self) -> str: ...
    @property
    def strokes(self) -> Sequence[Stroke]: ...
    @property
    def bands(self) -> Sequence[Band]: ...
    @property
    def mark(self) -> float: ...
    @property
    def mark_text(self) -> str: ...


class _Sheet(NamedTuple):
    """The cells of the area, row by row from the top."""

    cells: list[list[Piece]]
    width: int
    rows: int

    def put(self, x: int, y: int, text: str, tone: str) -> None:
        """One character, where it lies on the sheet."""
        if 0 <= x < self.width and 0 <= y < self.rows:
            self.cells[y][x] = (text, tone)


def draw(plot: Plot, width: int, height: int, names: int) -> list[Line]:
    """``height`` lines of ``width`` columns; the last ``names`` of them name the strokes at their ends."""
    area = width - AXIS - names
    rows = height - ABOVE - BELOW
    sheet = _Sheet([[(" ", "value")] * area for _ in range(rows)], area, rows)
    mark = _column(plot, plot.mark, area)
    for y in range(rows):
        sheet.put(mark, y, _MARK, "label")
    for index, stroke in enumerate(plot.strokes):
        _stroke(plot, stroke, sheet, mark, SIGN_EVERY * (index + 1) // (len(plot.strokes) + 1))
    labels = {_row(plot, value, rows)[0]: text for value, text in plot.ticks}
    ends = _ends(plot, rows)
    out: list[Line] = [_title(plot, mark, width)]
    for y, cells in enumerate(sheet.cells):
        label = (labels.get(y, "").rjust(AXIS - 1) + " ", "aside")
        name, tone = ends.get(y, ("", "value"))
        out.append((label, *_runs(cells), *exactly(((f" {name}" if names > SIGN else f" {name[:1]}", tone),), names)))
    return [*out, _bands(plot, area, width), _scale(plot, area, width)]


def _column(plot: Plot, value: float, area: int) -> int:
    return min(area - 1, max(0, int((value - plot.left) / (plot.right - plot.left) * area)))


def _row(plot: Plot, value: float, rows: int) -> tuple[int, str]:
    """The row from the top that a value lies in, and its stroke there: in the middle, or at the bottom between two."""
    halves = round((plot.high - value) / (plot.high - plot.low) * rows * 2)
    if halves <= 0:
        return 0, _TOP
    return min(rows - 1, (halves - 1) // 2), _MIDDLE if halves % 2 else _BOTTOM


def _stroke(plot: Plot, stroke: Stroke, sheet: _Sheet, mark: int, first: int) -> None:
    """The line; its sign stands at the mark, and about as often as is good where the line is in the middle of a row."""
    due = first
    for x in range(sheet.width):
        share = (x + 0.5) / sheet.width
        y, text = _row(plot, stroke.start + (stroke.end - stroke.start) * share, sheet.rows)
        if stroke.quiet:
            text = _DASH
        elif x == mark:
            text = stroke.sign
        elif x >= due and text == _MIDDLE and abs(x - mark) > 2:
            text, due = stroke.sign, due + SIGN_EVERY
        sheet.put(x, y, text, stroke.tone)


def _ends(plot: Plot, rows: int) -> dict[int, Piece]:
    """Which row names which stroke: its own, or the next free one below, above at the bottom."""
    out: dict[int, Piece] = {}
    for stroke in sorted(plot.strokes, key=lambda s: -s.end):
        row, _ = _row(plot, stroke.end, rows)
        free = [y for y in (*range(row, rows), *range(row - 1, -1, -1)) if y not in out]
        if free:
            out[free[0]] = (f"{stroke.sign} {stroke.name}", stroke.tone)
    return out


def _title(plot: Plot, mark: int, width: int) -> Line:
    """The unit at the left, and what the mark says above it: to its right, or to its left near the edge."""
    head: Line = ((plot.title.rjust(AXIS - 1) + " ", "label"), (plot.unit, "aside"))
    start = AXIS + mark
    least = AXIS + len(plot.unit) + 2
    if start + len(plot.mark_text) > width:
        start -= len(plot.mark_text) - 1
    start = max(start, least)
    used = AXIS + len(plot.unit)
    return exactly((*head, (" " * (start - used), "value"), (plot.mark_text, "strong")), width)


def _bands(plot: Plot, area: int, width: int) -> Line:
    """Who is highest where: a band in its tone with its words in it where they fit."""
    out: list[Piece] = [("best".rjust(AXIS - 1) + " ", "aside")]
    at = 0
    for index, band in enumerate(plot.bands):
        end = area if index == len(plot.bands) - 1 else max(at, _column(plot, band.until, area))
        room = end - at
        text = f"{band.text} " if len(band.text) + 2 <= room else band.text[:1] if room else ""
        out.append((text + "━" * (room - len(text)), band.tone))
        at = end
    return exactly(out, width)


def _scale(plot: Plot, area: int, width: int) -> Line:
    """The figures of the lower scale centred under their places; of two that would touch the earlier given stands."""
    taken: list[tuple[int, Piece]] = []
    for value, said, tone in plot.scale:
        start = min(max(0, _column(plot, value, area) - len(said) // 2), area - len(said))
        if all(start > x + len(text) + 1 or x > start + len(said) + 1 for x, (text, _) in taken):
            taken.append((start, (said, tone)))
    out: list[Piece] = [(plot.scale_unit.rjust(AXIS - 1) + " ", "aside")]
    at = 0
    for start, piece in sorted(taken):
        out += [(" " * (start - at), "value"), piece]
        at = start + len(piece[0])
    return exactly(out, width)


def _runs(cells: Sequence[Piece]) -> list[Piece]:
    """Equal tones side by side in one piece."""
    out: list[Piece] = []
    for text, tone in cells:
        if out and out[-1][1] == tone:
            out[-1] = (out[-1][0] + text, tone)
        else:
            out.append((text, tone))
    return out
