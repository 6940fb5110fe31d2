"""Mode 2: the market of this site. Plumbing between keys, site and page; what stands where is ``view.market``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from textual.app import ComposeResult

from console.model import Snapshot
from console.screens.deeds import SHARED
from console.screens.host import Host
from console.screens.mode import ModeScreen
from console.view import evens
from console.view.actions import MARKET
from console.view.charts import Chart
from console.view.market import GAP, MarketFrame, MarketPage, MarketSight, Part, filled, page, side_by_side
from console.view.marketlayout import MarketRegions
from console.view.pieces import quiet
from widgets import chart, plot
from widgets.grid import Grid
from widgets.ink import Ink
from widgets.lines import Lines
from widgets.pieces import Line

_ORDER = ("head", "banner", "titles", "table", "about", "evens", "feeds", "log", "foot")
_BARS = ("head", "foot")
NAMES = 16  # columns in which the plot names its lines


class MarketScreen(ModeScreen):
    """The table of quotes, the break-even of one GPU model, the feeds, the power price to come, the log, the keys."""

    mode = MARKET

    sight: MarketSight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.sight = MarketSight()
        self.shown: MarketPage | None = None
        self._regions: MarketRegions | None = None
        self._drawn: dict[str, tuple[object, list[Line]]] = {}  # what was drawn last, and from what
        self._grid = Grid(ink, id="table")
        self._lines = {
            name: Lines(ink, "bar" if name in _BARS else "page", id=name) for name in _ORDER if name != "table"
        }

    def compose(self) -> ComposeResult:
        """One widget per region from top to bottom, filled from the first frame on, and the panel over them."""
        self.paint()
        for name in _ORDER:
            yield self._grid if name == "table" else self._lines[name]
        yield self.panel

    # ---- painting ----------------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> None:
        """See ModeScreen.draw."""
        frame = MarketFrame(
            self.snapshot,
            self.sight,
            self.host.site.now(),
            width,
            height,
            self.actions,
            self.read_only,
            self.host.silent_s,
            self.host.notes,
            self.shown,
        )
        shown = self.shown = page(frame)
        self.foot = shown.foot
        if shown.cursor >= 0 and self.sight.cursor is None:
            self.sight = self.sight.moved(shown.entries, shown.cursor)
        if shown.regions != self._regions:
            self._lay_out(shown.regions)
        self._show(shown)

    def _lay_out(self, regions: MarketRegions) -> None:
        """Give each region its lines. Only here does Textual arrange anything."""
        self._regions = regions
        for name, height, air in (
            ("head", regions.head, 0),
            ("banner", regions.banner, 0),
            ("titles", 1, regions.air_table),
            ("table", regions.table - 1, 0),
            ("about", regions.about, regions.air_about),
            ("evens", regions.evens, regions.air_evens),
            ("feeds", regions.feeds, regions.air_feeds),
            ("log", regions.log, regions.air_log),
            ("foot", regions.foot, 0),
        ):
            styles = (self._grid if name == "table" else self._lines[name]).styles
            styles.height = height
            styles.margin = (air, 0, 0, 0)

    def _show(self, shown: MarketPage) -> None:
        for name, lines in (
            ("head", shown.head),
            ("banner", shown.banner),
            ("titles", [shown.titles]),
            ("about", shown.about),
            ("evens", self._evens(shown.even_part)),
            ("feeds", self._feeds(shown.feed_part)),
            ("log", shown.log),
            ("foot", [quiet(shown.foot.line) if self.modal else shown.foot.line]),
        ):
            self._lines[name].show(lines)
        self._grid.show(len(shown.entries), shown.cursor, shown.line)

    def _evens(self, part: Part) -> list[Line]:
        """The plot with the words at its right, or above it."""
        width, height = part.size
        wanted = part.drawing
        if not isinstance(wanted, evens.Plot):
            return [part.title, *part.lines]
        names = NAMES if width >= 70 else plot.SIGN
        drawn = self._kept("plot", (wanted, width, height), lambda: plot.draw(wanted, width, height, names))
        if not side_by_side(self.app.size.width):
            return [part.title, *part.lines, *drawn]
        right = filled(part.lines, self.app.size.width - width - GAP, height)
        return [part.title, *_abreast(drawn, right)]

    def _feeds(self, part: Part) -> list[Line]:
        """The feeds with the chart of power at their right, or alone."""
        width, height = part.size
        wanted = part.drawing
        if not isinstance(wanted, Chart):
            return [part.title, *part.lines]
        drawn = self._kept("power", (wanted, width, height), lambda: chart.draw(wanted, width, height, self.ink.fill))
        left = filled(part.lines, self.app.size.width - width - GAP - 1, height)
        return [part.title, *_abreast(left, drawn)]

    def _kept(self, name: str, source: object, make: Callable[[], list[Line]]) -> list[Line]:
        """A drawing, made anew only where what it is made of has changed."""
        if name not in self._drawn or self._drawn[name][0] != source:
            self._drawn[name] = source, make()
        return self._drawn[name][1]

    # ---- keys --------------------------------------------------------------------------------------------------------

    def do(self, name: str) -> None:
        """See ModeScreen.do."""
        DEEDS[name](self)

    def see(self, **changes: Any) -> None:
        """Change what the operator has chosen."""
        self.sight = msgspec.structs.replace(self.sight, **changes)

    def move(self, to: int | None = None, by: int = 0) -> None:
        """Move the cursor to a quote, or by quotes."""
        if self.shown is not None:
            self.sight = self.sight.moved(self.shown.entries, self.shown.cursor + by if to is None else to)

    def turn(self, by: int) -> None:
        """Draw the GPU model ``by`` places further."""
        if self.shown is not None:
            shown = self.shown.evens.shown
            self.see(model=evens.cycle(self.shown.evens.models, shown.name if shown else None, by))

    @property
    def page_rows(self) -> int:
        """Rows that a page moves."""
        return self._grid.page

    @property
    def last(self) -> int:
        """The last row."""
        return len(self.shown.entries) if self.shown else 0

    # ---- the mouse ---------------------------------------------------------------------------------------------------

    def on_grid_picked(self, message: Grid.Picked) -> None:
        """A click moves the cursor, a double click tells all about the quote."""
        if self.modal is None:
            self.move(message.row)
            self.act("why") if message.twice else self.paint()

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel moves the cursor."""
        if self.modal is None:
            self.move(by=message.lines)
            self.paint()


def _abreast(left: Sequence[Line], right: Sequence[Line]) -> list[Line]:
    """Lines of two parts side by side."""
    gap = (" " * GAP, "value")
    return [(*one, gap, *other) for one, other in zip(left, right, strict=True)]


DEEDS: dict[str, Callable[[MarketScreen], None]] = {
    **SHARED,
    "up": lambda screen: screen.move(by=-1),
    "down": lambda screen: screen.move(by=1),
    "page_up": lambda screen: screen.move(by=-screen.page_rows),
    "page_down": lambda screen: screen.move(by=screen.page_rows),
    "first": lambda screen: screen.move(0),
    "last": lambda screen: screen.move(screen.last),
    "model": lambda screen: screen.turn(1),
    "model_before": lambda screen: screen.turn(-1),
    "why": lambda screen: screen.see(expanded=not screen.sight.expanded),
    "back": lambda screen: screen.see(expanded=False),
}
