"""A pen for terminals: writes styled text with the fewest bytes, a code only where a look differs from the last."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

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
    """One frame: begins and ends on the terminal's plain look, so that frames can be dropped whole."""

    def __init__(self, system: ColorSystem) -> None:
        self._system = system
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

    def write(self, segments: Iterable[Segment], length: int) -> None:
        """Write segments that are ``length`` columns long together."""
        sure = True
        for text, style, control in segments:
            if control or not text:
                continue
            new = look(style, self._system)
            self._out.append(turn(self._look, new))
            self._look = new
            self._out.append(_linked(text, style))
            sure = sure and text.isascii()
        # Terminals do not agree how wide some characters are: after any of them the cursor is placed anew.
        self._x = self._x + length if sure and self._x is not None else None

    def finish(self) -> str:
        """All that was written, the look put back."""
        self._out.append(turn(self._look, PLAIN))
        return "".join(self._out)


def _linked(text: str, style: Style | None) -> str:
    if style is None or not style._link:
        return text
    return f"\x1b]8;id={style._link_id};{style._link}\x1b\\{text}\x1b]8;;\x1b\\"
