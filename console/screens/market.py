"""Mode 2: the market of this site. Plumbing between keys, site and page; what stands where is ``view.market``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from console.model import Snapshot
from console.screens.deeds import SHARED
from console.screens.host import Host
from console.screens.mode import Arranged, TableScreen
from console.view import evens
from console.view.actions import MARKET
from console.view.charts import Chart
from console.view.market import GAP, MarketFrame, MarketPage, MarketSight, Part, filled, page, side_by_side
from console.view.marketlayout import MarketRegions
from widgets import chart, plot
from widgets.ink import Ink
from widgets.pieces import Line

NAMES = 16  # columns in which the plot names its lines


class MarketScreen(TableScreen):
    """The table of quotes, the break-even of one GPU model, the feeds, the power price to come, the log, the keys."""

    mode = MARKET
    order = ("head", "banner", "titles", "table", "about", "evens", "feeds", "log", "foot")

    sight: MarketSight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.sight = MarketSight()
        self.shown: MarketPage | None = None
        self._drawn: dict[str, tuple[object, list[Line]]] = {}  # what was drawn last, and from what

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
        self.lay_out(_arranged(shown.regions))
        self._show(shown)

    def _show(self, shown: MarketPage) -> None:
        self.fill(
            (
                ("head", shown.head),
                ("banner", shown.banner),
                ("titles", [shown.titles]),
                ("about", shown.about),
                ("evens", self._evens(shown.even_part)),
                ("feeds", self._feeds(shown.feed_part)),
                ("log", shown.log),
                ("foot", [shown.foot.line]),
            )
        )
        self.grid.show(len(shown.entries), shown.cursor, shown.line)

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
    def last(self) -> int:
        """The last row."""
        return len(self.shown.entries) if self.shown else 0

    def twice(self) -> None:
        """See TableScreen.twice."""
        self.act("why")


def _arranged(regions: MarketRegions) -> Arranged:
    """Lines and air of each region, from top to bottom."""
    return (
        ("head", regions.head, 0),
        ("banner", regions.banner, 0),
        ("titles", 1, regions.air_table),
        ("table", regions.table - 1, 0),
        ("about", regions.about, regions.air_about),
        ("evens", regions.evens, regions.air_evens),
        ("feeds", regions.feeds, regions.air_feeds),
        ("log", regions.log, regions.air_log),
        ("foot", regions.foot, 0),
    )


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
