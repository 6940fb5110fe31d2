"""All about one GPU, the one under the table's cursor. Plumbing between keys, site and page; see ``view.detail``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from console import units
from console.model import GpuRow, Snapshot, Uuid
from console.screens import deeds
from console.screens.host import Host
from console.screens.mode import RegionScreen
from console.view import detailactions
from console.view.actions import GPUS, Action
from console.view.detail import DetailFrame, DetailPage, DetailSight, page
from console.view.detailactions import DETAIL
from console.view.detaillayout import GAP
from console.view.sight import Sight
from widgets import chart
from widgets.ink import Ink
from widgets.pieces import Line


class DetailScreen(RegionScreen):
    """Head, which GPU, its plots, sections of what else is known of it, the log, the keys."""

    mode = DETAIL
    order = ("head", "banner", "about", "plots", "rest", "log", "foot")

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.chosen = DetailSight()
        self.sight = Sight()  # what acts here acts on this GPU alone: marks are the table's
        self.shown: DetailPage | None = None
        self._drawn: tuple[object, list[Line]] = (None, [])  # the plots last drawn, and from what

    @property
    def actions(self) -> tuple[Action, ...]:
        """What there is to do here."""
        return detailactions.actions(self.read_only, self.registry)

    # ---- which GPU ---------------------------------------------------------------------------------------------------

    @property
    def uuid(self) -> Uuid | None:
        """The GPU under the table's cursor."""
        return self.host.gpus.sight.cursor

    @property
    def row(self) -> GpuRow | None:
        """Its row in the newest snapshot."""
        return next((row for row in self.snapshot.rows if row.reading.uuid == self.uuid), None)

    @property
    def around(self) -> tuple[GpuRow, ...]:
        """The rows of the table as it stood last: it keeps its order while one of them is looked at."""
        shown = self.host.gpus.shown
        return shown.rows if shown is not None else ()

    @property
    def place(self) -> int:
        """Where among them this GPU is, -1 where it has left them."""
        return next((at for at, row in enumerate(self.around) if row.reading.uuid == self.uuid), -1)

    def step(self, by: int) -> None:
        """The GPU before or after in the table's order, and the table's cursor with it."""
        if self.around:
            table = self.host.gpus
            table.sight = table.sight.moved(self.around, self.place + by if self.place >= 0 else table.sight.index)

    # ---- painting ----------------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> None:
        """See ModeScreen.draw."""
        site, uuid = self.host.site, self.uuid
        place = f"{self.place + 1} of {len(self.around)}" if self.place >= 0 else ""
        frame = DetailFrame(
            self.snapshot,
            site.detail(uuid, self.chosen.span_s) if uuid is not None else None,
            site.flips(),
            self.chosen,
            place,
            site.now(),
            width,
            height,
            self.actions,
            self.read_only,
            self.host.silent_s,
            self.host.notes,
        )
        shown = self.shown = page(frame)
        self.foot = shown.foot
        self.lay_out(shown.regions)
        self.fill([*shown.parts, ("plots", self._plots(shown))])

    def _plots(self, shown: DetailPage) -> list[Line]:
        """The plots as lines under their hairline; drawn only where they changed."""
        grid = shown.grid
        if not grid.shown:
            return []
        source = (shown.plots, grid)
        if self._drawn[0] != source:
            drawn = [
                [plot.head, *chart.draw(plot.chart, grid.width, grid.height, self.ink.fill)[1:-1], plot.times]
                for plot in shown.plots
            ]
            rows = [drawn[at : at + grid.across] for at in range(0, len(drawn), grid.across)]
            lines = [chart.beside(parts, grid.width, GAP) for row in rows for parts in zip(*row, strict=True)]
            self._drawn = source, lines
        return [shown.plot_title, *self._drawn[1]]

    # ---- keys --------------------------------------------------------------------------------------------------------

    def do(self, name: str) -> None:
        """See ModeScreen.do."""
        DEEDS[name](self)

    def see(self, **changes: Any) -> None:
        """Change what the operator has chosen, as the deeds of the table do; there is nothing marked here."""
        self.sight = msgspec.structs.replace(self.sight, **changes)

    def zoom(self, by: int, *, round_about: bool = False) -> None:
        """A longer time or a shorter one."""
        self.chosen = self.chosen.zoomed(by, round_about=round_about)

    def other_plots(self) -> None:
        """The next plots."""
        self.chosen = msgspec.structs.replace(self.chosen, plots=self.chosen.plots + 1)

    def unpin(self) -> None:
        """Lift the pin of this GPU."""
        if self.row is not None:
            slot = self.row.reading.slot
            self.host.site.unpin((slot,))
            self.host.note(f"asked to unpin {units.gpus((slot,))}")


DEEDS: dict[str, Callable[[DetailScreen], None]] = {
    **deeds.SHARED,
    "mine": partial(deeds.flip, target="mine"),
    "ai": partial(deeds.flip, target="ai"),
    "off": partial(deeds.flip, target="off"),
    "best": partial(deeds.flip, target="best"),
    "choose": deeds.choose,
    "undo": deeds.undo,
    "unpin": DetailScreen.unpin,
    "why": deeds.sheet_of_sources,
    "detail_close": lambda screen: screen.host.show_mode(GPUS),
    "detail_before": lambda screen: screen.step(-1),
    "detail_next": lambda screen: screen.step(1),
    "detail_longer": lambda screen: screen.zoom(1),
    "detail_shorter": lambda screen: screen.zoom(-1),
    "detail_zoom": lambda screen: screen.zoom(1, round_about=True),
    "detail_plots": DetailScreen.other_plots,
}
