"""A widget of styled text lines that repaints only the columns that changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.ink import Ink, strips
from widgets.pieces import Line, Piece, changed, exactly


class Lines(Widget):
    """Lines one below the other on one ground; what is below the last is blank. Its height is set from outside."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Lines { height: 0; width: 100%; background: transparent; }"

    class Clicked(Message):
        """A mouse button went down and up at a column of a line."""

        def __init__(self, lines: Lines, row: int, column: int) -> None:
            super().__init__()
            self.lines = lines
            self.row = row
            self.column = column

        @property
        def control(self) -> Lines:
            """The widget that was clicked."""
            return self.lines

    def __init__(self, ink: Ink, ground: str = "page", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.ink = ink
        self.ground = ground
        self._shown: tuple[tuple[Piece, ...], ...] = ()
        self._strips: dict[int, Strip] = {}

    def show(self, lines: Sequence[Line]) -> None:
        """Replace what stands here; only columns that differ are painted again."""
        old, self._shown = self._shown, tuple(tuple(line) for line in lines)
        width = self.size.width
        if not width:  # hidden: it comes back at the size it had, and may be painted before it is told of that size
            self._strips.clear()
        for y in range(max(len(old), len(self._shown)) if width else 0):
            before = old[y] if y < len(old) else ()
            after = self._shown[y] if y < len(self._shown) else ()
            if before != after:
                self._repaint(y, changed(exactly(before, width), exactly(after, width)))

    def _repaint(self, y: int, spans: Sequence[tuple[int, int]]) -> None:
        self._strips.pop(y, None)
        if spans:
            self.refresh(*(Region(x1, y, x2 - x1, 1) for x1, x2 in spans))

    def on_resize(self) -> None:
        """Forget what was drawn at another width."""
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """The strip of one line."""
        strip = self._strips.get(y)
        if strip is None:
            line = self._shown[y] if y < len(self._shown) else ()
            strip = self._strips[y] = self.ink.strip(line, self.size.width, self.ground)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a region, without Textual's cache of borders and paddings: this has neither."""
        return strips(self.render_line, crop, self.size.width)

    def on_click(self, event: Click) -> None:
        """Say where it was clicked."""
        event.stop()
        self.post_message(self.Clicked(self, event.y, event.x))
