"""The console's Textual application: one site, one screen that is told what is new, nothing that waits."""

from __future__ import annotations

import gc
import os
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack

from rich.segment import Segment, Segments
from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.message import Message

from console import theming
from console.driver import PatientDriver
from console.flips.records import Plan, Progress
from console.model import Snapshot
from console.screens.gpus import GpusScreen
from console.site.interface import Site

TICK_S = 1.0
"""Ages are told in seconds; where data comes as often, its own paints are enough."""


class News(Message):
    """The site has a new snapshot. One that waits is replaced by the next."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """A newer snapshot makes an older one worthless."""
        return isinstance(message, News)


class Told(Message):
    """A line of a flip that was confirmed here. None may be missed."""

    def __init__(self, progress: Progress, plan: Plan) -> None:
        super().__init__()
        self.progress = progress
        self.plan = plan


class ConsoleApp(App[None]):
    """The console on a site. ``read_only`` is empty or why no key may act; ``mono`` None asks NO_COLOR."""

    site: Site
    read_only: str
    gpus: GpusScreen

    TITLE = "changeover"
    ENABLE_COMMAND_PALETTE = False  # ours is an action of the registry; Textual's key and commands stay unbound

    def __init__(
        self,
        site: Site,
        *,
        read_only: str = "",
        mono: bool | None = None,
    ) -> None:
        self._mono = "NO_COLOR" in os.environ if mono is None else mono
        super().__init__(driver_class=PatientDriver, ansi_color=True if self._mono else None)
        self.site = site
        self.read_only = read_only
        self._held = ExitStack()
        self._filters_wanted: tuple[LineFilter, ...] = (NoColor(),) if self._mono else ()
        self._heard_at = time.monotonic()
        self.look = theming.choose(self.console.color_system, no_colour=self._mono)
        theme = theming.textual_theme(self.look)
        self.register_theme(theme)
        # Set before anything is drawn: a theme set later parses all styles and paints the whole screen again.
        self.set_reactive(App.theme, theme.name)
        self.stylesheet.set_variables(self.get_css_variables())
        if os.environ.get("SSH_CONNECTION"):
            self.animation_level = "none"
        self.gpus = GpusScreen(theming.ink(self.look), site.snapshot(), self)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colour none may slip in from Textual's own widgets. Else no line needs a filter: none is cheaper."""
        return self._filters_wanted

    def get_default_screen(self) -> GpusScreen:
        """The screen of GPUs is there from the first frame on."""
        return self.gpus

    def on_load(self) -> None:
        """Hold frames back until all is in place: Textual would paint the whole screen three times over."""
        self._held.enter_context(self.batch_update())

    def on_ready(self) -> None:
        """The first frame."""
        self._held.close()
        if not self.is_headless:
            # What was imported lives as long as the program. Out of the collector's sight its pauses no longer grow
            # to 14 ms, longer than a key may take.
            gc.freeze()

    def on_mount(self) -> None:
        """Ask to be told what comes."""
        self.set_interval(TICK_S, self._tick)
        self.site.listen(self._hear)

    def _hear(self, snapshot: Snapshot) -> None:
        self.post_message(News(snapshot))  # from a thread of the site

    @property
    def silent_s(self) -> float:
        """Seconds of this machine's clock since the site was last heard of."""
        return time.monotonic() - self._heard_at

    def _tick(self) -> None:
        """Seconds pass even where no data comes."""
        if time.monotonic() - self.gpus.painted_at > TICK_S * 0.95:
            self.gpus.paint()

    def on_news(self, message: News) -> None:
        """Paint what a new snapshot changes."""
        self._heard_at = time.monotonic()
        self.gpus.apply(message.snapshot)
        if self.screen is not self.gpus:
            self.screen.refresh()  # the palette lies over it and shows it: old figures must not stand there

    def flip(self, plan: Plan) -> None:
        """Carry out a confirmed plan; what becomes of it comes back as messages."""

        def heard(progress: Progress) -> None:
            self.post_message(Told(progress, plan))  # from a thread of the site

        self.site.flip(plan, heard)

    def on_told(self, message: Told) -> None:
        """Show a line of a flip in its rows and in the log."""
        self.gpus.heard(message.progress, message.plan)

    def open_palette(self) -> None:
        """Open the palette of our actions."""
        from console.palette import Palette

        self.push_screen(Palette())

    def leave(self) -> None:
        """End the console."""
        self.exit()

    def _fatal_error(self) -> None:
        """Leave with where it happened and no more: Textual would print the values of all local variables as well."""
        self.bell()
        self._exit_renderables.append(Segments([Segment(traceback.format_exc())]))
        self._close_messages_no_wait()

    # ---- the link ----------------------------------------------------------------------------------------------------

    @property
    def link_behind(self) -> bool:
        """True while the terminal has not taken all that was drawn."""
        return isinstance(self._driver, PatientDriver) and self._driver.waiting

    def _begin_update(self) -> None:
        if isinstance(self._driver, PatientDriver):
            self._driver.begin_frame()
        super()._begin_update()

    def _end_update(self) -> None:
        super()._end_update()
        if isinstance(self._driver, PatientDriver):
            self._driver.end_frame()


def run(site: Site, *, read_only: str = "", mono: bool | None = None) -> int:
    """Run the console until it is left; 0, or 1 where Textual ended it with an error. The site stays open."""
    app = ConsoleApp(site, read_only=read_only, mono=mono)
    app.run()
    return app.return_code or 0
