"""Mode 1: the GPUs of this site. Plumbing between keys, the site and the page; what stands where is ``view.page``."""

from __future__ import annotations

import msgspec
from textual.app import ComposeResult

from console.flips.records import Plan, Progress
from console.model import GpuRow, Snapshot
from console.screens import deeds
from console.screens.host import Host
from console.screens.modal import Press
from console.screens.mode import ModeScreen
from console.view.actions import GPUS
from console.view.layout import Regions
from console.view.page import Frame, Page, chart_room, page
from console.view.pieces import quiet
from console.view.sight import Sight
from widgets import chart
from widgets.grid import Grid
from widgets.ink import Ink
from widgets.lines import Lines
from widgets.pieces import Line

_ORDER = ("head", "banner", "titles", "table", "charts", "ladder", "why", "log", "foot")
_BARS = ("head", "foot")


class GpusScreen(ModeScreen):
    """The table, its charts, the ladder of the GPU under the cursor, why, the log, the keys."""

    mode = GPUS

    sight: Sight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.sight = Sight()
        self.shown: Page | None = None
        self._regions: Regions | None = None
        self._drawn: tuple[object, list[Line]] = (None, [])  # the charts last drawn, and from what
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

    # ---- what is heard -----------------------------------------------------------------------------------------------

    def heard(self, progress: Progress, plan: Plan) -> None:
        """A line of a flip of ours."""
        self.sight = self.sight.heard(progress, plan)
        self.paint()

    # ---- painting ----------------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> None:
        """See ModeScreen.draw."""
        frame = Frame(
            self.snapshot,
            self.sight,
            self.host.site.now(),
            width,
            height,
            self.actions,
            self.read_only,
            self.host.silent_s,
            self.shown,
        )
        shown = self.shown = page(frame)
        self.foot = shown.foot
        if shown.row is not None and self.sight.cursor is None:
            self.sight = self.sight.moved(shown.rows, shown.cursor)
        if shown.regions != self._regions:
            self._lay_out(shown.regions)
        self._show(shown, width)

    def _lay_out(self, regions: Regions) -> None:
        """Give each region its lines. Only here does Textual arrange anything."""
        self._regions = regions
        for name, height, air in (
            ("head", regions.head, 0),
            ("banner", regions.banner, 0),
            ("titles", 1, regions.air_table),
            ("table", regions.table - 1, 0),
            ("charts", regions.charts, regions.air_charts),
            ("ladder", regions.ladder, regions.air_ladder),
            ("why", regions.why, regions.air_why),
            ("log", regions.log, regions.air_log),
            ("foot", regions.foot, 0),
        ):
            styles = (self._grid if name == "table" else self._lines[name]).styles
            styles.height = height
            styles.margin = (air, 0, 0, 0)

    def _show(self, shown: Page, width: int) -> None:
        for name, lines in (
            ("head", shown.still.head[: shown.regions.head]),
            ("banner", shown.banner),
            ("titles", [shown.titles]),
            ("charts", self._charts(shown, width)),
            ("ladder", shown.ladder),
            ("why", shown.why),
            ("log", shown.log),
            ("foot", [quiet(shown.foot.line) if self.modal else shown.foot.line]),
        ):
            self._lines[name].show(lines)
        marks = self.sight.marks
        self._grid.show(
            len(shown.rows) or len(shown.empty),
            shown.cursor,
            shown.line,
            lambda index: index < len(shown.rows) and shown.rows[index].reading.uuid in marks,
        )

    def _charts(self, shown: Page, width: int) -> list[Line]:
        """The charts as lines; drawn only where they changed, they cost as much as all else together."""
        height, wanted = shown.regions.charts - 1, shown.still.charts
        if height < 3:
            return []
        source = (wanted, width, height)
        if self._drawn[0] != source:
            room = chart_room(width)
            drawn = [chart.draw(one, room, height, self.ink.fill) for one in wanted]
            self._drawn = source, [chart.beside(parts, room) for parts in zip(*drawn, strict=True)]
        return [shown.still.chart_title, *self._drawn[1]]

    # ---- keys --------------------------------------------------------------------------------------------------------

    def do(self, name: str) -> None:
        """See ModeScreen.do."""
        deeds.DEEDS[name](self)

    def takes(self, press: Press) -> bool:
        """A key while the filter is typed; False for those that move the cursor."""
        if not self.sight.typing:
            return False
        text = self.sight.filter
        if press.key == "enter":
            self.see(typing=False)
        elif press.key == "escape":
            self.see(typing=False, filter="")
        elif press.key == "backspace":
            self.see(filter=text[:-1], typing=bool(text))
        elif press.character and press.character.isprintable() and len(text) < 60:
            self.see(filter=text + press.character)
        else:
            return False
        return True

    def see(self, **changes: object) -> None:
        """Change what the operator has chosen."""
        self.sight = msgspec.structs.replace(self.sight, **changes)

    @property
    def row(self) -> GpuRow | None:
        """The row under the cursor."""
        return self.shown.row if self.shown else None

    def move(self, to: int | None = None, by: int = 0) -> None:
        """Move the cursor to a row, or by rows."""
        if self.shown is not None:
            self.sight = self.sight.moved(self.shown.rows, self.shown.cursor + by if to is None else to)

    @property
    def page_rows(self) -> int:
        """Rows that a page moves."""
        return self._grid.page

    # ---- the mouse ---------------------------------------------------------------------------------------------------

    def on_grid_picked(self, message: Grid.Picked) -> None:
        """A click moves the cursor, a double click opens the ladder."""
        if self.modal is None and self.shown is not None:
            self.move(message.row)
            self.act("choose") if message.twice else self.paint()

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel moves the cursor."""
        if self.modal is None:
            self.move(by=message.lines)
            self.paint()
