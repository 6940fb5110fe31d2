"""Lines as this package takes them: runs of ``(text, tone)``. Measuring, cutting and comparing them by columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

Piece = tuple[str, str]
Line = Sequence[Piece]


def length(line: Line) -> int:
    """Columns that the line takes."""
    return sum(cell_len(text) for text, _ in line)


def exactly(line: Line, width: int) -> tuple[Piece, ...]:
    """The line cut or filled with blanks to ``width`` columns, whatever it was."""
    out: list[Piece] = []
    left = width
    for text, tone in line:
        size = cell_len(text)
        if size > left:
            out.append((set_cell_size(text, left), tone))
            left = 0
            break
        out.append((text, tone))
        left -= size
    if left:
        out.append((" " * left, "value"))
    return tuple(out)


def changed(old: Line, new: Line) -> list[tuple[int, int]]:
    """Column spans in which two lines of equal width differ, each worth a cursor movement of its own.

    Blanks in two tones are the same sight only where neither tone has a ground; the caller's tones decide that, so a
    tone counts as a difference here.
    """
    if old == new:
        return []
    before, after = _columns(old), _columns(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    spans: list[tuple[int, int]] = []
    for x, (a, b) in enumerate(zip(before, after, strict=True)):
        if a == b:
            continue
        if spans and x - spans[-1][1] <= NEAR:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


NEAR = 4
"""Unchanged columns between two spans that are cheaper to send again than a cursor movement and its styles."""


def _columns(line: Line) -> list[tuple[str, str]]:
    """One entry per column; the second column of a wide character repeats it, so that it is never cut in two."""
    out: list[tuple[str, str]] = []
    for text, tone in line:
        if text.isascii():
            out.extend((c, tone) for c in text)
            continue
        for char in text:
            size = cell_len(char)
            if size == 0 and out:
                out[-1] = (out[-1][0] + char, tone)
            else:
                out.extend([(char, tone)] * size)
    return out
