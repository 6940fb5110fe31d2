"""The console in this process with its frames recorded, and two terminals to show them on: ours and Textual's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pyte
from rich.color import ColorSystem
from textual._compositor import CompositorUpdate
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from console.app import ConsoleApp
from console.site.interface import Site
from tests.pilot import sample

SYSTEMS = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "16": ColorSystem.STANDARD,
    "mono": ColorSystem.TRUECOLOR,
}
TERMS = {
    "truecolor": ("xterm-256color", "truecolor"),
    "256": ("xterm-256color", ""),
    "16": ("xterm", ""),
    "mono": ("xterm-256color", "truecolor"),
}


class Wired(ConsoleApp):
    """The console; ``frames`` are what a terminal would have been sent."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.frames: list[str] = []

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            self.frames.append(renderable.render_segments(self.console))
        super()._display(screen, renderable)

    @property
    def silent_s(self) -> float:
        """A still site is silent by nature; the slowness of a test must not be told on its screen."""
        return 0.0

    def sent(self) -> str:
        """What was sent since the last call."""
        text = "".join(self.frames)
        self.frames.clear()
        return text

    def wanted(self) -> str:
        """The whole screen in Textual's own codes: every style in full, everything reset, every line placed.

        Textual keeps the codes of a style with the style, whatever terminal they were made for: they are made anew.
        """
        system = self.console._color_system or ColorSystem.TRUECOLOR
        out = []
        for y, strip in enumerate(self.screen._compositor.render_strips()):
            out.append(f"\x1b[{y + 1}H")
            for text, style, _ in strip:
                out.append(f"\x1b[{Strip.render_ansi(style, system) if style else ''}m{text}\x1b[0m")
        return "".join(out)


def console(site: Site | None = None, *, colours: str = "truecolor", **more: Any) -> Wired:
    """The console on a still site, as a terminal with so many colours would get it, at ``sample.NOW``."""
    term, colorterm = TERMS[colours]
    with patch.dict(os.environ, {"TERM": term, "COLORTERM": colorterm}):
        return Wired(site or sample.StillSite(), mono=colours == "mono", **more)


def terminal(width: int, height: int) -> tuple[pyte.Screen, pyte.Stream]:
    """An emulated terminal that does not wrap, as Textual sets it."""
    screen = pyte.Screen(width, height)
    screen.reset_mode(pyte.modes.DECAWM)
    return screen, pyte.Stream(screen)


def differing(one: pyte.Screen, other: pyte.Screen) -> list[str]:
    """Cells in which two terminals differ: character, colours, bold, reverse."""
    found = []
    for y in range(one.lines):
        for x in range(one.columns):
            a, b = one.buffer[y][x], other.buffer[y][x]
            if (a.data, a.fg, a.bg, a.bold, a.reverse, a.underscore) != (
                b.data,
                b.fg,
                b.bg,
                b.bold,
                b.reverse,
                b.underscore,
            ):
                found.append(f"line {y} column {x}: {a} instead of {b}")
    return found


def text(app: ConsoleApp) -> list[str]:
    """The lines of the screen as it stands."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


async def until(pilot: Pilot[Any], seen: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until the console has come to something, however slow the machine; it fails with the screen."""
    for _ in range(int(within_s / 0.05)):
        await pilot.pause(0.05)
        if seen():
            return
    raise AssertionError("never seen; the screen is\n" + "\n".join(text(pilot.app)))  # type: ignore[arg-type]
