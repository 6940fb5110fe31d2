"""Text with a tone: what every part of the screen is made of before anything draws it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from console.text import joins


class Piece(NamedTuple):
    """A run of text and the tone it is said in, a word of ``view.tones``."""

    text: str
    tone: str = "value"


Line = tuple[Piece, ...]

_WIDE_NOW = re.compile("[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]")
"""Wide since Unicode 16, which Python's own tables are older than and Rich's are not (EastAsianWidth.txt)."""


def cells(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    return len(text) if text.isascii() else _columns(text)


@lru_cache(maxsize=4096)
def _columns(text: str) -> int:
    return sum(_cell(c) for c in text)


def _cell(char: str) -> int:
    if char < "\u0300":
        return 1
    if joins(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" or _WIDE_NOW.match(char) else 1


def width(line: Iterable[Piece]) -> int:
    """Columns that a line takes."""
    return sum(cells(piece.text) for piece in line)


def cut(text: str, room: int) -> str:
    """``text`` in at most ``room`` columns; what is left out is shown by ``…``."""
    if cells(text) <= room:
        return text
    if room <= 0:
        return ""
    kept, used = [], 0
    for char in text:
        used += _cell(char)
        if used > room - 1:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def fit(line: Sequence[Piece], room: int) -> Line:
    """The line in exactly ``room`` columns: cut with ``…`` or filled with blanks."""
    kept: list[Piece] = []
    left = room
    for index, piece in enumerate(line):
        size = cells(piece.text)
        rest = left - size
        if rest < 0 or (rest == 0 and any(p.text.strip() for p in line[index + 1 :])):
            text = cut(piece.text, left) if rest < 0 else cut(piece.text + " …", left)
            kept.append(Piece(text, piece.tone))
            left -= cells(text)
            break
        kept.append(piece)
        left = rest
    if left:
        kept.append(Piece(" " * left, "value"))
    return tuple(kept)


def left(text: str, room: int, tone: str = "value") -> Line:
    """``text`` at the left of ``room`` columns."""
    return fit((Piece(text, tone),), room)


def right(text: str, room: int, tone: str = "value") -> Line:
    """``text`` at the right of ``room`` columns; what does not fit becomes ``…``, never a wrong number."""
    size = cells(text)
    if size > room:
        return (Piece("…".rjust(room), tone),)
    return (Piece(" " * (room - size) + text, tone),)


def on_point(text: str, before: int, after: int) -> str:
    """A figure with its decimal point after ``before`` columns, ``before + 1 + after`` wide.

    Without a point its last digit stands before that place. What does not fit becomes ``…``, never a cut figure.
    """
    head, point, tail = text.partition(".")
    if len(head) > before or len(tail) > after:
        return "…".rjust(before).ljust(before + 1 + after)
    return head.rjust(before) + (point + tail).ljust(after + 1)


def spread(parts: Sequence[Line], room: int, gap: int = 3, most: int = 12) -> Line:
    """Parts side by side over ``room`` columns, the spare blanks shared between them up to ``most`` each."""
    total = sum(width(part) for part in parts)
    holes = max(1, len(parts) - 1)
    each = min(most, max(gap, (room - total) // holes))
    return fit(together(parts, each), room)


def together(parts: Iterable[Line], gap: int = 3) -> Line:
    """Parts side by side with ``gap`` blanks between them."""
    out: list[Piece] = []
    for part in parts:
        if out:
            out.append(Piece(" " * gap, "value"))
        out.extend(part)
    return tuple(out)


def flow(parts: Iterable[Line], room: int, gap: int = 3) -> list[Line]:
    """As ``together``, in as many lines as it takes: no part is cut that has room in a line of its own."""
    rows: list[list[Line]] = []
    for part in parts:
        if rows and width(together((*rows[-1], part), gap)) <= room:
            rows[-1].append(part)
        else:
            rows.append([part])
    return [together(row, gap) for row in rows]


def text_of(line: Iterable[Piece]) -> str:
    """The line's text alone."""
    return "".join(piece.text for piece in line)


def wrap(text: str, room: int, lines: int) -> list[str]:
    """``text`` at word breaks in at most ``lines`` lines of ``room`` columns; a cut is shown by ``…``."""
    out: list[str] = []
    current = ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if cells(longer) <= room or not current:
            current = longer
            continue
        out.append(current)
        current = word
    out.append(current)
    if len(out) > lines:
        out = [*out[: lines - 1], " ".join(out[lines - 1 :])]
    return [cut(line, room) for line in out]


def quiet(line: Line) -> Line:
    """The line in the tone of what may go unread."""
    return tuple(Piece(piece.text, "aside") for piece in line)
