"""The console's Textual application: one site, a screen per mode, the one in front told what is new, nothing waits."""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.segment import Segment, Segments
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.events import AppFocus, Event, InputEvent
from textual.filter import LineFilter, NoColor
from textual.message import Message
from textual.screen import Screen

from console import theming
from console.config.user import UserSettings
from console.config.user_saving import Keeper
from console.driver import PatientDriver
from console.flips.records import Plan, Progress
from console.model import LogLine, Snapshot
from console.screens.attention import Attention
from console.screens.gpus import GpusScreen
from console.screens.mode import ModeScreen
from console.screens.pace import Pace
from console.site.interface import Site
from console.view.actions import ACTIONS, GPUS, JOURNAL, MARKET, Action, first_key
from console.view.detailactions import DETAIL
from console.view.sight import Sight
from console.web import later

OURS = UserSettings()
TICK_S = 1.0
"""Ages are told in seconds; where data comes as often, its own paints are enough."""
YOUNG = 10_000
"""New objects after which the collector looks for cycles among them; that takes it 1 ms."""


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


class Unkept(Message):
    """What was chosen on the screen could not be kept in the operator's file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ConsoleApp(App[None]):
    """The console on a site. ``read_only`` is empty or why no key may act; ``mono`` None asks NO_COLOR.

    ``own`` is what the operator has chosen in his file, with which ``theme`` and ``registry`` go, the name of a theme
    and all actions with his keys; ``keep`` is given what he chooses on the screen, None where nothing is kept.
    """

    site: Site
    read_only: str
    gpus: GpusScreen
    front: ModeScreen

    DEFAULT_MODE = GPUS
    TITLE = "changeover"
    ENABLE_COMMAND_PALETTE = False  # ours is an action of the registry; Textual's key and commands stay unbound

    def __init__(
        self,
        site: Site,
        *,
        read_only: str = "",
        mono: bool | None = None,
        theme: str = "",
        own: UserSettings = OURS,
        registry: tuple[Action, ...] = ACTIONS,
        keep: Callable[[UserSettings], None] | None = None,
        looked_in: Path | None = None,
    ) -> None:
        unwanted = "NO_COLOR" in os.environ if mono is None else mono
        self._mono = unwanted or theme == "mono" or theming.colourless()
        super().__init__(driver_class=PatientDriver, ansi_color=True if self._mono else None)
        self.site = site
        self.read_only = read_only
        self.attention = Attention(site, looked_in)
        self._pace = Pace()
        self._own, self._own_keys, self._keep = own, registry, keep
        self.told_unkept = False
        self._whole = False  # what is drawn now is the whole screen
        self._held = ExitStack()
        self._filters_wanted: tuple[LineFilter, ...] = (NoColor(),) if self._mono else ()
        self._heard_at = time.monotonic()
        self.look = theming.choose(self.console.color_system, no_colour=self._mono, name=theme)
        drawn = theming.textual_theme(self.look)
        self.register_theme(drawn)
        # Set before anything is drawn: a theme set later parses all styles and paints the whole screen again.
        self.set_reactive(App.theme, drawn.name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.animation_level = "none"  # what moves for its own sake is bytes on somebody's link
        self._ink = theming.ink(self.look)
        self.front = self.gpus = GpusScreen(self._ink, site.snapshot(), self)
        self.gpus.registry = registry
        self.gpus.see(sort=own.sort or self.gpus.sight.sort, columns=own.columns)
        self._screens: dict[str, ModeScreen] = {GPUS: self.gpus}
        for mode in (GPUS, DETAIL, MARKET, JOURNAL):
            self.add_mode(mode, partial(self._screen_of, mode))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colour none may slip in from Textual's own widgets. Else no line needs a filter: none is cheaper."""
        return self._filters_wanted

    # ---- modes -------------------------------------------------------------------------------------------------------

    def _screen_of(self, mode: str) -> ModeScreen:
        """The screen of a mode, imported and made when it is first opened."""
        if mode not in self._screens:
            made = _opened(mode)(self._ink, self.site.snapshot(), self)
            made.registry = self._own_keys
            self._screens[mode] = made
        return self._screens[mode]

    def show_mode(self, name: str) -> None:
        """Bring the screen of a mode to the front as it was left, with what is known now.

        It comes in one frame, the first time in two: Textual paints a new screen once when it is mounted and once more
        when it is resumed.
        """
        if name == self.current_mode:
            return
        self.front = self._screen_of(name)
        held = ExitStack()
        held.enter_context(self.batch_update())
        self.front.apply(self.site.snapshot())
        mounted = self.switch_mode(name)

        async def shown() -> None:
            await mounted
            held.close()
            self.screen.refresh()  # what a screen that was made before has painted by now was held back, and is lost

        self.call_later(shown)

    def delay_update(self, delay: float = 0.0) -> None:
        """Textual holds frames back for 50 ms when modes change; ours are held until the new screen is laid out."""

    @property
    def notes(self) -> tuple[LogLine, ...]:
        """What this console's own flips have come to."""
        return self.gpus.sight.notes

    def note(self, text: str) -> None:
        """Say something in the log of every mode, at once."""
        self.gpus.see(notes=self.gpus.sight.noted(self.site.now(), text).notes)
        self.front.paint()

    # ---- the frames --------------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        """Hold frames back until all is in place: Textual would paint the whole screen three times over."""
        self._held.enter_context(self.batch_update())

    def on_ready(self) -> None:
        """The first frame."""
        self._held.close()
        self.call_after_refresh(later.release)
        if not self.is_headless:
            # What was imported lives as long as the program. Out of the collector's sight its pauses no longer grow
            # to 14 ms, longer than a key may take.
            gc.freeze()
            # A tick makes thousands of frozen records and no cycles: looking for some after every 700 is in vain.
            gc.set_threshold(YOUNG, 10, 10)

    def on_mount(self) -> None:
        """Ask to be told what comes."""
        self.set_interval(TICK_S, self._tick)
        self.site.listen(self._hear)

    async def on_event(self, event: Event) -> None:
        """Whatever the operator does is a sign of him."""
        if isinstance(event, (InputEvent, AppFocus)):
            self.attention.present()
        await super().on_event(event)

    def _hear(self, snapshot: Snapshot) -> None:
        self.post_message(News(snapshot))  # from a thread of the site

    @property
    def silent_s(self) -> float:
        """Seconds of this machine's clock since the site was last heard of."""
        return time.monotonic() - self._heard_at

    def _tick(self) -> None:
        """Seconds pass even where no data comes; what was chosen on the screen by now is kept."""
        self._keep_choices()
        if self._pace.due(self.front.painted_at):
            self.front.paint()
        if not isinstance(self._driver, PatientDriver):
            return
        self._driver.catch_up()
        if self._pace.offers(self._driver.dropped):
            key = first_key(self._own_keys, "pace")
            self.note(f"the link is slow, frames were dropped: {key} paints every {self._pace.following_s:g} s")

    def on_news(self, message: News) -> None:
        """Paint what a new snapshot changes."""
        self._heard_at = time.monotonic()
        self.front.apply(message.snapshot, quietly=self._pace.holds(self.front.painted_at))
        if self.attention.rings(message.snapshot, behind=self.link_behind):
            self.bell()

    def flip(self, plan: Plan) -> None:
        """Carry out a confirmed plan; what becomes of it comes back as messages."""

        def heard(progress: Progress) -> None:
            self.post_message(Told(progress, plan))  # from a thread of the site

        self.site.flip(plan, heard)

    def on_told(self, message: Told) -> None:
        """Show a line of a flip in its rows and in the log, whichever mode is in front."""
        self.gpus.heard(message.progress, message.plan)
        if self.front is not self.gpus:
            self.front.paint()

    def open_palette(self) -> None:
        """Open the palette of our actions."""
        from console.palette import Palette

        self.push_screen(Palette())

    def leave(self) -> None:
        """End the console."""
        self._keep_choices()
        self.exit()

    def _keep_choices(self) -> None:
        """Hand over order and columns of the table, where they are others than the operator's file has."""
        sort, columns = self.gpus.sight.sort, self.gpus.sight.columns
        if self._keep is not None and (sort, columns) != (self._own.sort or Sight().sort, self._own.columns):
            sort = sort if sort != Sight().sort or self._own.sort else ""
            self._own = msgspec.structs.replace(self._own, sort=sort, columns=columns)
            self._keep(self._own)

    def on_unkept(self, message: Unkept) -> None:
        """Say so in the log."""
        self.told_unkept = True
        self.note(message.text)

    def bell(self) -> None:
        """Ring, unless the operator's file wants silence."""
        if self._own.bell:
            super().bell()

    def _fatal_error(self) -> None:
        """Leave with where it happened and no more: Textual would print the values of all local variables as well."""
        self.bell()
        self._exit_renderables.append(Segments([Segment(traceback.format_exc())]))
        self._close_messages_no_wait()

    # ---- the link ----------------------------------------------------------------------------------------------------

    def slow_down(self) -> None:
        """Paint less often; after the slowest each second again."""
        said = self._pace.step()
        self.note(f"the screen is painted {said}; a key is answered at once as ever")

    @property
    def link_behind(self) -> bool:
        """True while the terminal has not taken all that was drawn."""
        return isinstance(self._driver, PatientDriver) and self._driver.waiting

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        self._whole = isinstance(renderable, LayoutUpdate)
        super()._display(screen, renderable)

    def _begin_update(self) -> None:
        if isinstance(self._driver, PatientDriver):
            self._driver.begin_frame(whole=self._whole)
        super()._begin_update()

    def _end_update(self) -> None:
        super()._end_update()
        if isinstance(self._driver, PatientDriver):
            self._driver.end_frame()


def run(
    site: Site,
    *,
    read_only: str = "",
    mono: bool | None = None,
    theme: str = "",
    own: UserSettings = OURS,
    registry: tuple[Action, ...] = ACTIONS,
    kept_in: Path | None = None,
    looked_in: Path | None = None,
) -> int:
    """Run the console until it is left; 0, or 1 where Textual ended it with an error. The site stays open.

    ``theme`` is one asked for this once: it goes before the operator's own and before NO_COLOR, and is not kept. What
    is chosen on the screen is, in the operator's file ``kept_in``. That it cannot be is told in the log, or on stderr
    where it shows only at the end; it is no error of the console.
    """
    trouble: list[str] = []

    def tell(said: str) -> None:
        trouble.append(said)
        app.post_message(Unkept(said))  # from the keeper's thread

    keeper = Keeper(kept_in, own, tell) if kept_in else None
    app = ConsoleApp(
        site,
        read_only=read_only,
        mono=False if theme else mono,
        theme=theme or own.theme,
        own=own,
        registry=registry,
        keep=keeper.save if keeper else None,
        looked_in=looked_in,
    )
    app.run(mouse=own.mouse)
    app.attention.close()
    if keeper and not keeper.close():
        trouble.append("your choices may not be kept: the disk has not taken them")
    if trouble and not app.told_unkept:
        sys.stderr.write(f"changeover: {trouble[-1]}\n")
    return app.return_code or 0


def _opened(mode: str) -> type[ModeScreen]:
    """The screen of a mode that is imported when it is first opened."""
    if mode == JOURNAL:
        from console.screens.journal import JournalScreen

        return JournalScreen
    if mode == DETAIL:
        from console.screens.detail import DetailScreen

        return DetailScreen
    from console.screens.market import MarketScreen

    return MarketScreen
