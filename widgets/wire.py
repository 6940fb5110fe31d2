"""What goes over the wire: frames that send only changed columns, in as few bytes as their look allows.

Textual 8.2 crops a changed span on its right only (``ChopsUpdate.render_segments``), so that one cell at the far right
sends its whole line again, and it writes every segment's style in full and resets it. Here a span is cropped on both
sides and one ``Pen`` writes the frame. Both are private to the compositor of ``WireScreen``; nothing of Textual is
replaced. On another version of Textual the screen keeps its own compositor: dearer, and still right.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import textual
from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.screen import Screen

from widgets.pen import Pen

TESTED = ("8.2.8",)
"""Versions of Textual whose compositor the replay tests have been run against."""

Result = TypeVar("Result")


class WireChops(ChopsUpdate):
    """Changed spans, cropped on both sides."""

    def render_segments(self, console: Console) -> str:
        """The frame as terminal sequences."""
        pen = Pen(console._color_system or ColorSystem.TRUECOLOR)
        for y, spans in groupby(self.spans, key=itemgetter(0)):
            wanted = [(x1, x2) for _, x1, x2 in spans]
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < wanted[-1][1] and end > wanted[0][0]:
                    here = [(max(x, x1), min(end, x2)) for x1, x2 in wanted if x < x2 and end > x1]
                    pen.write_parts(strip._segments, x, y, here)
        return pen.finish()


class WireLayout(LayoutUpdate):
    """A whole screen."""

    def render_segments(self, console: Console) -> str:
        """The frame as terminal sequences."""
        pen = Pen(console._color_system or ColorSystem.TRUECOLOR)
        for y, line in enumerate(self.strips, self.region.y):
            pen.move(self.region.x, y)
            for strip in line:
                pen.write(strip._segments)
        return pen.finish()


class WireCompositor(Compositor):
    """Textual's compositor with frames that are cheap to send."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """A repaint of everything."""
        update = super().render_full_update(simplify)
        return WireLayout(update.strips, update.region)

    def render_partial_update(self) -> ChopsUpdate | None:
        """A repaint of what changed, or None."""
        update = super().render_partial_update()
        return None if update is None else WireChops(update.chops, update.spans, update.chop_ends)


class WireScreen(Screen[Result]):
    """A screen whose frames are cheap to send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if textual.__version__ in TESTED:
            self._compositor = WireCompositor()

    def _compositor_refresh(self) -> None:
        """Paint what changed, also under another screen that lets this one through.

        Textual hands the regions on and then keeps them as this screen's own, so that once all of it has changed every
        later frame under the other screen is the whole of it.
        """
        regions = self._compositor._dirty_regions
        under = self is not self.app.screen and self in self.app._background_screens
        if not (under and regions and isinstance(self._compositor, WireCompositor)):
            super()._compositor_refresh()
            return
        self.app.screen.refresh(*regions)
        regions.clear()
        self._dirty_widgets.clear()
