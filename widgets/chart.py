"""An area chart of block characters: a bright edge over a quiet body, its axis at the left. Draws, decides nothing.

The edge is one row thick, wherever in a row it ends: where it ends inside one, ``NAME_rim`` draws the body's upper end
on the edge's colour. Where the body is a shade and no ground (``fill``), the edge is what its last row has of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from widgets.pieces import Line, Piece, exactly

AXIS = 8  # columns of the axis labels, with the blank after them
_UP = " ▁▂▃▄▅▆▇█"


class Chart(Protocol):
    """What is drawn: one value per column, in the range of the axis, with its words."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def values(self) -> Sequence[float | None]: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def ticks(self) -> Sequence[tuple[float, str]]: ...
    @property
    def since(self) -> str: ...
    @property
    def until(self) -> str: ...
    @property
    def edge(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def limit(self) -> float | None: ...
    @property
    def limit_text(self) -> str: ...
    @property
    def limit_word(self) -> str: ...


class Scale(NamedTuple):
    """What a chart's rows stand for: the values at its lower and upper end."""

    low: float
    high: float
    rows: int

    def eighths(self, value: float) -> int:
        """How high a value stands, in eighths of a row from the bottom."""
        span = self.high - self.low
        return round((value - self.low) / span * self.rows * 8) if span > 0 else 0

    def row(self, value: float) -> int:
        """The row from the top that a value reaches into."""
        return min(self.rows - 1, max(0, self.rows - 1 - max(0, self.eighths(value) - 1) // 8))

    def row_above(self, value: float) -> int:
        """The row from the top on whose bottom a line at a value lies."""
        return max(0, self.rows - 1 - self.eighths(value) // 8)


def draw(chart: Chart, width: int, height: int, fill: str = " ") -> list[Line]:
    """``height`` lines of ``width`` columns: the title, the area with its axis, and the times under it."""
    scale = _scale(chart, height - 2)
    levels = [None if value is None else scale.eighths(value) for value in chart.values[-(width - AXIS) :]]
    labels = _labels(chart, scale)
    legend = ((f"   ▁▁ {chart.limit_word}", "limit"),) if chart.limit is not None else ()
    out: list[Line] = [((chart.title.rjust(AXIS - 1) + " ", "label"), (chart.unit, "aside"), *legend)]
    for row in range(scale.rows):
        label, tone = labels.get(row, ("", "aside"))
        out.append(((label.rjust(AXIS - 1) + " ", tone), *_row(chart, levels, row, scale, fill)))
    out.append(_times(chart, len(levels)))
    return out


def beside(lines: Sequence[Line], width: int, gap: int = 3) -> Line:
    """Lines of ``width`` columns each, side by side."""
    out: list[Piece] = []
    for line in lines:
        if out:
            out.append((" " * gap, "value"))
        out.extend(exactly(line, width))
    return out


def _scale(chart: Chart, rows: int) -> Scale:
    """The axis as it is drawn. A limit that nothing exceeds gets the top row for itself and lies on its bottom.

    Drawn inside a row that the area reaches into, a line just above the area would seem to be crossed by it.
    """
    high = chart.high
    if chart.limit is not None and chart.limit >= high > chart.low and rows > 1:
        high = chart.low + (chart.limit - chart.low) * rows / (rows - 1)
    return Scale(chart.low, high, rows)


def _labels(chart: Chart, scale: Scale) -> dict[int, Piece]:
    """Which row carries which label of the axis; the limit's wins."""
    out: dict[int, Piece] = {scale.row(value): (text, "aside") for value, text in chart.ticks}
    if chart.limit is not None:
        out[scale.row_above(chart.limit)] = (chart.limit_text, "limit")
    return out


def _row(chart: Chart, levels: Sequence[int | None], row: int, scale: Scale, fill: str) -> list[Piece]:
    """One row of the area from left to right, equal neighbours in one piece."""
    floor = (scale.rows - 1 - row) * 8
    zero = max(0, scale.eighths(0.0))
    nothing = ("▁", "limit") if chart.limit is not None and scale.row_above(chart.limit) == row else (" ", "value")
    out: list[Piece] = []
    for level, run in groupby(levels):
        text, tone = _cell(chart, level, floor, zero, fill) or nothing
        out.append((text * len(list(run)), tone))
    return out


def _cell(chart: Chart, level: int | None, floor: int, zero: int, fill: str) -> Piece | None:
    """One cell: the quiet body under a column's top, its edge in the row it ends in, None outside.

    ``level``, ``floor`` (the row's bottom) and ``zero`` are eighths of a row from the bottom of the chart.
    """
    if level is None:
        return None
    if level < zero:
        return _below(level, zero, floor, fill)
    top = max(level, zero + 1)
    if floor + 8 <= zero or floor >= top:
        return None
    if floor + 8 >= top:
        return _UP[min(8, top - floor)], chart.edge
    left = top - floor - 8
    if fill != " " or left >= 8:
        return fill, chart.body
    # A body with a ground of its own takes in the rest of an edge that does not fill its row: all of it is as thick.
    return _UP[left], chart.body.removesuffix("body") + "rim"


def _below(level: int, zero: int, floor: int, fill: str) -> Piece | None:
    """A cell of a column that hangs down from zero; lower blocks cannot hang, so its edge is drawn by halves."""
    if floor >= zero or floor + 8 <= level:
        return None
    if floor > level:
        return fill, "loss_body"
    return ("█" if floor + 8 - level >= 6 else "▀"), "loss_edge"


def _times(chart: Chart, plot: int) -> Line:
    gap = max(1, plot - len(chart.since) - len(chart.until))
    return (" " * AXIS, "value"), (chart.since, "aside"), (" " * gap, "value"), (chart.until, "aside")
