"""Rows of cells with a cursor, marks and its own scrolling: draws what is visible, repaints what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.ink import Ink, strips
from widgets.pieces import Line, Piece, changed, exactly


class _Drawn(NamedTuple):
    """A line as it stands on the screen: its pieces and the ground under them."""

    pieces: tuple[Piece, ...]
    ground: str


class Grid(Widget):
    """A table whose rows are made when they are seen: 40,000 rows cost what the visible ones do.

    The owner keeps cursor and marks; ``show`` takes them with the number of rows and a maker of lines. The first three
    columns of every line are the gutter: the mark and the cursor's ``▸``.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Grid { height: 0; width: 100%; background: transparent; }"

    class Picked(Message):
        """A row was clicked; ``twice`` on a double click."""

        def __init__(self, row: int, twice: bool) -> None:
            super().__init__()
            self.row = row
            self.twice = twice

    class Scrolled(Message):
        """The wheel was turned by ``lines``; the owner moves its cursor."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, ink: Ink, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.ink = ink
        self.top = 0
        self.count = 0
        self.cursor = -1
        self._line: Callable[[int], Line] = lambda _: ()
        self._marked: Callable[[int], bool] = lambda _: False
        self._drawn: list[_Drawn] = []
        self._strips: dict[int, Strip] = {}

    def show(
        self, count: int, cursor: int, line: Callable[[int], Line], marked: Callable[[int], bool] = lambda _: False
    ) -> None:
        """Draw ``count`` rows with the cursor at ``cursor`` (-1: none); only columns that differ are painted again."""
        self.count, self.cursor, self._line, self._marked = count, cursor, line, marked
        self.top = self._top()
        self.redraw()

    def _top(self) -> int:
        """The first visible row: moved only as far as the cursor needs."""
        height = max(1, self.size.height)
        top = min(self.top, max(0, self.count - height))
        if self.cursor >= 0:
            top = max(min(top, self.cursor), self.cursor - height + 1)
        return max(0, top)

    def redraw(self) -> None:
        """Make the visible rows again and repaint the columns in which they differ from what stands there."""
        width, height = self.size  # asked once: Textual works it out each time
        fresh = [self._row(y, width, height) for y in range(height)]
        blank = _blank(width)
        regions: list[Region] = []
        for y, after in enumerate(fresh):
            before = self._drawn[y] if y < len(self._drawn) else blank
            spans = [(0, width)] if before.ground != after.ground else changed(before.pieces, after.pieces)
            if spans:
                self._strips.pop(y, None)
                regions += [Region(x1, y, x2 - x1, 1) for x1, x2 in spans]
        self._drawn = fresh
        if regions:  # without any Textual would paint all of it
            self.refresh(*regions)

    def _row(self, y: int, width: int, height: int) -> _Drawn:
        index = self.top + y
        if not 0 <= index < self.count:
            return _blank(width)
        here = index == self.cursor
        mark = ("●", "mark") if self._marked(index) else (" ", "value")
        gutter: tuple[Piece, ...] = (mark, ("▸" if here else " ", "cursor"), (" ", "value"))
        pieces = exactly((*gutter, *self._line(index)), width - 1)
        return _Drawn((*pieces, self._thumb(y, height)), "cursor" if here else "page")

    def _thumb(self, y: int, height: int) -> Piece:
        """The last column: which part of a longer table is seen."""
        if self.count <= height:
            return " ", "value"
        size = max(1, height * height // self.count)
        start = round((height - size) * self.top / (self.count - height))
        return ("▐", "aside") if start <= y < start + size else ("▕", "rule")

    @property
    def page(self) -> int:
        """Rows that a page up or down moves."""
        return max(1, self.size.height - 1)

    def on_resize(self) -> None:
        """Draw anew at the new size."""
        self._drawn.clear()
        self._strips.clear()
        self.top = self._top()
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """The strip of one visible row."""
        return self._strip(y, self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a region, without Textual's cache of borders and paddings: this has neither."""
        width = self.size.width
        return strips(lambda y: self._strip(y, width), crop, width)

    def _strip(self, y: int, width: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            drawn = self._drawn[y] if y < len(self._drawn) else _blank(width)
            strip = self._strips[y] = self.ink.strip_of(drawn.pieces, width, drawn.ground)
        return strip

    def on_click(self, event: Click) -> None:
        """Say which row was clicked."""
        event.stop()
        if self.top + event.y < self.count:
            self.post_message(self.Picked(self.top + event.y, event.chain > 1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the cursor, so that what acts is always what is seen."""
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        event.stop()
        self.post_message(self.Scrolled(-1))


def _blank(width: int) -> _Drawn:
    return _Drawn(exactly((), width), "page")
