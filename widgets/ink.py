"""From a tone on a ground to a style of the terminal, and from a line of tones to a strip."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from widgets.pieces import Line, exactly


class Ink:
    """The looks of all tones on all grounds. An unknown tone or ground raises ``KeyError``: a word was misspelt."""

    def __init__(self, tones: Mapping[str, str], grounds: Mapping[str, str], fill: str = " ") -> None:
        self.fill = fill
        self._tones = {name: Style.parse(look or "none") for name, look in tones.items()}
        self._grounds = {name: Style.parse(look or "none") for name, look in grounds.items()}
        self._styles: dict[tuple[str, str], Style] = {}

    def style(self, tone: str, ground: str) -> Style:
        """The style of a tone on a ground. On a reversed ground nothing is dim: dim on reverse cannot be read."""
        found = self._styles.get((tone, ground))
        if found is None:
            look, under = self._tones[tone], self._grounds[ground]
            found = under + look
            if under.reverse:
                found = Style(reverse=not look.reverse, bold=look.bold)
            self._styles[tone, ground] = found
        return found

    def strip(self, line: Line, width: int, ground: str) -> Strip:
        """The line on its ground, exactly ``width`` columns wide."""
        return self.strip_of(exactly(line, width), width, ground)

    def strip_of(self, line: Line, width: int, ground: str) -> Strip:
        """The same for a line that is ``width`` columns wide already."""
        styles = self._styles
        return Strip(
            [Segment(text, styles.get((tone, ground)) or self.style(tone, ground)) for text, tone in line if text],
            width,
        )


def strips(line: Callable[[int], Strip], crop: Region, width: int) -> list[Strip]:
    """The lines of a region, cut to its columns."""
    found = [line(y) for y in crop.line_range]
    if crop.column_span == (0, width):
        return found
    return [strip.crop(*crop.column_span) for strip in found]
