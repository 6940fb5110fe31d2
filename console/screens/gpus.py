"""Mode 1: the GPUs of this site. Plumbing between keys, the site and the page; what stands where is ``view.page``."""

from __future__ import annotations

import msgspec

from console.flips.records import Plan, Progress
from console.model import GpuRow, Snapshot
from console.screens import deeds
from console.screens.host import Host
from console.screens.modal import Press
from console.screens.mode import Arranged, TableScreen
from console.view.actions import GPUS, first_key
from console.view.layout import Regions
from console.view.page import Frame, Page, chart_room, page
from console.view.sight import Sight
from widgets import chart
from widgets.ink import Ink
from widgets.pieces import Line


class GpusScreen(TableScreen):
    """The table, its charts, the ladder of the GPU under the cursor, why, the log, the keys."""

    mode = GPUS
    order = ("head", "banner", "titles", "table", "charts", "ladder", "why", "log", "foot")

    sight: Sight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.sight = Sight()
        self.shown: Page | None = None
        self._drawn: tuple[object, list[Line]] = (None, [])  # the charts last drawn, and from what

    # ---- what is heard -----------------------------------------------------------------------------------------------

    def heard(self, progress: Progress, plan: Plan) -> None:
        """A line of a flip of ours."""
        self.sight = self.sight.heard(progress, plan)
        self.paint()

    @property
    def since(self) -> str:
        """What came since the operator looked last, until he has taken it in."""
        attention = self.host.attention
        if attention.since is None:  # nearly always, and asked at each key
            return ""
        return attention.sentence(self.snapshot, first_key(self.actions, "alarms"))

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
            self.since,
        )
        shown = self.shown = page(frame)
        self.foot = shown.foot
        if shown.row is not None and self.sight.cursor is None:
            self.sight = self.sight.moved(shown.rows, shown.cursor)
        self.lay_out(_arranged(shown.regions))
        self._show(shown, width)

    def _show(self, shown: Page, width: int) -> None:
        self.fill(
            (
                ("head", shown.still.head[: shown.regions.head]),
                ("banner", shown.banner),
                ("titles", [shown.titles]),
                ("charts", self._charts(shown, width)),
                ("ladder", shown.ladder),
                ("why", shown.why),
                ("log", shown.log),
                ("foot", [shown.foot.line]),
            )
        )
        marks = self.sight.marks
        self.grid.show(
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
        typed = self.typed(press, self.sight.filter, typing=self.sight.typing)
        if typed is None:
            return False
        self.see(filter=typed.text, typing=typed.typing)
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

    def twice(self) -> None:
        """A double click opens the ladder."""
        self.act("choose")


def _arranged(regions: Regions) -> Arranged:
    """Lines and air of each region, from top to bottom."""
    return (
        ("head", regions.head, 0),
        ("banner", regions.banner, 0),
        ("titles", 1, regions.air_table),
        ("table", regions.table - 1, 0),
        ("charts", regions.charts, regions.air_charts),
        ("ladder", regions.ladder, regions.air_ladder),
        ("why", regions.why, regions.air_why),
        ("log", regions.log, regions.air_log),
        ("foot", regions.foot, 0),
    )
