"""A pen for terminals: writes styled text with the fewest bytes, a code only where a look differs from the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from widgets.plain import drawing

_ATTRIBUTES = (
    ("bold", 1, 22),
    ("dim", 2, 22),
    ("italic", 3, 23),
    ("underline", 4, 24),
    ("blink", 5, 25),
    ("reverse", 7, 27),
    ("conceal", 8, 28),
    ("strike", 9, 29),
    ("underline2", 21, 24),
    ("overline", 53, 55),
)
_OFF = {on: off for _, on, off in _ATTRIBUTES}

Look = tuple[frozenset[int], str, str]
"""Attribute codes that are on, foreground codes, background codes; ``39`` and ``49`` are the terminal's own."""

PLAIN: Look = (frozenset(), "39", "49")


@lru_cache(maxsize=4096)
def look(style: Style | None, system: ColorSystem) -> Look:
    """A style in the codes of a colour system."""
    if style is None:
        return PLAIN
    attributes = frozenset(on for name, on, _ in _ATTRIBUTES if getattr(style, name))
    fore = ";".join(style.color.downgrade(system).get_ansi_codes()) if style.color else "39"
    back = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False)) if style.bgcolor else "49"
    return attributes, fore, back


@lru_cache(maxsize=4096)
def turn(old: Look, new: Look) -> str:
    """The shortest codes that lead from one look to another."""
    if old == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    gone = old[0] - new[0]
    cleared = {_OFF[code] for code in gone}
    # 22 clears bold and dim together, 24 both underlines: what shares a code with what goes is switched on again.
    lost = {code for code in old[0] if _OFF[code] in cleared}
    codes = [*map(str, sorted(cleared)), *map(str, sorted(new[0] - (old[0] - lost)))]
    codes += [after for before, after in ((old[1], new[1]), (old[2], new[2])) if after != before]
    afresh = ["0", *map(str, sorted(new[0])), *(code for code in new[1:] if code not in ("39", "49"))]
    return f"\x1b[{min(';'.join(codes), ';'.join(afresh), key=len)}m"


class Pen:
    """One frame: begins and ends on the terminal's plain look, so that frames can be dropped whole.

    Here, in one place, what the terminal cannot draw becomes what it can.
    """

    def __init__(self, system: ColorSystem) -> None:
        self._system = system
        self._drawn = drawing()  # None: everything
        self._out: list[str] = []
        self._look = PLAIN
        self._x: int | None = None  # where the terminal's cursor is known to stand
        self._y: int | None = None

    def move(self, x: int, y: int) -> None:
        """Put the cursor at a column and line, both from 0; nothing is written where it already stands there."""
        if (self._x, self._y) == (x, y):
            return
        self._out.append(f"\x1b[{x + 1}G" if self._y == y else f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._x, self._y = x, y

    def write(self, segments: Iterable[Segment]) -> None:
        """Write whole segments where the cursor stands."""
        for text, style, control in segments:
            if text and not control:
                self._run(text, style, cell_len(text))

    def write_parts(self, segments: Iterable[Segment], x: int, y: int, spans: Sequence[tuple[int, int]]) -> None:
        """Of segments that begin at a column and line write what lies in spans of columns, which rise and part."""
        wanted = iter(spans)
        start, end = next(wanted)
        for text, style, control in segments:
            if control or not text:
                continue
            size = cell_len(text)
            while start < x + size:
                if end > x:
                    left, right = max(start, x), min(end, x + size)
                    self.move(left, y)
                    self._run(_part(text, size, left - x, right - x), style, right - left)
                if end > x + size:
                    break
                following = next(wanted, None)
                if following is None:
                    return
                start, end = following
            x += size

    def _run(self, text: str, style: Style | None, size: int) -> None:
        new = look(style, self._system)
        if new != self._look:
            self._out.append(turn(self._look, new))
            self._look = new
        if self._drawn is not None and not text.isascii():
            text = self._drawn(text)
        self._out.append(text if style is None or not style._link else _linked(text, style))
        # Terminals do not agree how wide some characters are: after any of them the cursor is placed anew.
        self._x = self._x + size if self._x is not None and text.isascii() else None

    def finish(self) -> str:
        """All that was written, the look put back."""
        self._out.append(turn(self._look, PLAIN))
        return "".join(self._out)


def _part(text: str, size: int, left: int, right: int) -> str:
    """Columns of a text that is ``size`` columns wide; half a wide character becomes a blank."""
    if left == 0 and right == size:
        return text
    if len(text) == size:
        return text[left:right]
    _, rest = split_text(text, left)
    part, _ = split_text(rest, right - left)
    return part


def split_text(text: str, column: int) -> tuple[str, str]:
    """A text parted at a column; a wide character across it becomes a blank on either side."""
    before, after = Segment(text).split_cells(column)
    return before.text, after.text


def _linked(text: str, style: Style) -> str:
    return f"\x1b]8;id={style._link_id};{style._link}\x1b\\{text}\x1b]8;;\x1b\\"
