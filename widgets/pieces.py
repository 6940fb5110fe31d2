"""Lines as this package takes them: runs of ``(text, tone)``. Measuring, cutting and comparing them by columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

Piece = tuple[str, str]
Line = Sequence[Piece]


def length(line: Line) -> int:
    """Columns that the line takes."""
    return sum(cell_len(text) for text, _ in line)


def printable(text: str) -> str:
    """The text without control and format characters: the last line of defence, whatever a caller has forgotten."""
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")


def exactly(line: Line, width: int) -> tuple[Piece, ...]:
    """The line cut or filled with blanks to ``width`` columns, whatever it was, without what a terminal would obey."""
    out: list[Piece] = []
    left = width
    for piece in line:
        text = piece[0]
        if not text.isprintable():
            text = printable(text)
            piece = (text, piece[1])  # noqa: PLW2901 - the same piece, harmless
        size = len(text) if text.isascii() else cell_len(text)
        if size > left:
            out.append((set_cell_size(text, left), piece[1]))
            left = 0
            break
        out.append(piece)
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
    spans = _by_pieces(old, new)
    return _by_steps(old, new) if spans is None else spans


def _by_pieces(old: Line, new: Line) -> list[tuple[int, int]] | None:
    """The spans where the pieces of both lines lie over each other, as those of a table mostly do, else None.

    Only pieces that differ are looked into: of a table's line most do not.
    """
    if len(old) != len(new):
        return None
    spans: list[tuple[int, int]] = []
    x = 0
    for (before, was), (after, tone) in zip(old, new, strict=True):
        if before == after and was == tone:
            x += len(after) if after.isascii() else cell_len(after)
            continue
        if len(before) != len(after) or not (_narrow(before) and _narrow(after)):
            return None
        _differ(spans, x, before, after, same_tone=was == tone)
        x += len(after)
    return spans


def _differ(spans: list[tuple[int, int]], x: int, before: str, after: str, *, same_tone: bool) -> None:
    """Add the columns from ``x`` on in which two texts differ; all of them where their tones do."""
    if not same_tone:
        if after:
            _add(spans, x, x + len(after))
    elif before != after:
        for at, (a, b) in enumerate(zip(before, after, strict=True), x):
            if a != b:
                _add(spans, at, at + 1)


def _by_steps(old: Line, new: Line) -> list[tuple[int, int]]:
    length = _narrow_length(new)
    if length is None or _narrow_length(old) != length:
        return _by_columns(old, new)
    spans: list[tuple[int, int]] = []
    x = 0
    for before, after, same_tone in _side_by_side(old, new):
        _differ(spans, x, before, after, same_tone=same_tone)
        x += len(after)
    return spans


def _narrow_length(line: Line) -> int | None:
    """Columns of a line in which every character takes one, else None."""
    length = 0
    for text, _ in line:
        if not _narrow(text):
            return None
        length += len(text)
    return length


@lru_cache(maxsize=4096)
def _narrow(text: str) -> bool:
    """Every character takes one column; an accent of none and a wide character together are as long as they look."""
    return text.isascii() or all(cell_len(char) == 1 for char in text)


def _side_by_side(old: Line, new: Line) -> Iterator[tuple[str, str, bool]]:
    """Lines of equal length in steps that end wherever a piece of either does: both texts, whether the tones agree."""
    others = (piece for piece in new if piece[0])
    after, other = "", ""
    for text, tone in old:
        before = text
        while before:
            if not after:
                after, other = next(others)
            size = min(len(before), len(after))
            yield before[:size], after[:size], tone == other
            before, after = before[size:], after[size:]


NEAR = 4
"""Unchanged columns between two spans that are cheaper to send again than a cursor movement and its styles."""


def _add(spans: list[tuple[int, int]], start: int, end: int) -> None:
    if spans and start - spans[-1][1] <= NEAR:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _by_columns(old: Line, new: Line) -> list[tuple[int, int]]:
    before, after = _columns(old), _columns(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    spans: list[tuple[int, int]] = []
    for x, (a, b) in enumerate(zip(before, after, strict=True)):
        if a != b:
            _add(spans, x, x + 1)
    return spans


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
