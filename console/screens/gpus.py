"""Mode 1: the GPUs of this site. Plumbing between keys, the site and the page; what stands where is ``view.page``."""

from __future__ import annotations

import time

import msgspec
from textual.app import ComposeResult
from textual.events import Key, Resize

from console.flips.records import Plan, Progress
from console.model import GpuRow, Snapshot
from console.screens import deeds
from console.screens.flip import FlipDialog
from console.screens.host import Host
from console.screens.modal import STOOD_S, Modal, Press, framed
from console.view import actions
from console.view.layout import Regions
from console.view.page import Frame, Page, chart_room, page
from console.view.pieces import quiet
from console.view.sight import Sight
from widgets import chart
from widgets.grid import Grid
from widgets.ink import Ink
from widgets.lines import Lines
from widgets.pieces import Line
from widgets.wire import WireScreen

_ORDER = ("head", "banner", "titles", "table", "charts", "ladder", "why", "log", "foot")
_BARS = ("head", "foot")


class GpusScreen(WireScreen[None]):
    """The table, its charts, the ladder of the GPU under the cursor, why, the log, the keys."""

    # As the default screen of its application its CSS would not be loaded; DEFAULT_CSS is.
    DEFAULT_CSS = """
    GpusScreen { layers: page over; layout: vertical; overflow: hidden; }
    #panel { layer: over; display: none; }
    """

    host: Host
    snapshot: Snapshot
    sight: Sight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(id="gpus")
        self.host = host
        self.ink = ink
        self.snapshot = snapshot
        self.sight = Sight()
        self.modal: Modal | None = None
        self.painted_at = 0.0  # monotonic
        self.shown: Page | None = None
        self._regions: Regions | None = None
        self._drawn: tuple[object, list[Line]] = (None, [])  # the charts last drawn, and from what
        self._grid = Grid(ink, id="table")
        self._panel = Lines(ink, "panel", id="panel")
        self._lines = {
            name: Lines(ink, "bar" if name in _BARS else "page", id=name) for name in _ORDER if name != "table"
        }

    def compose(self) -> ComposeResult:
        """One widget per region from top to bottom, filled from the first frame on, and the panel over them."""
        self.paint()
        for name in _ORDER:
            yield self._grid if name == "table" else self._lines[name]
        yield self._panel

    # ---- what is heard -----------------------------------------------------------------------------------------------

    def apply(self, snapshot: Snapshot) -> None:
        """A new snapshot: paint what it changes."""
        self.snapshot = snapshot
        self.paint()

    def heard(self, progress: Progress, plan: Plan) -> None:
        """A line of a flip of ours."""
        self.sight = self.sight.heard(progress, plan)
        self.paint()

    def on_resize(self, _: Resize) -> None:
        """Lay out for the new size; the last of a storm of sizes wins."""
        self.paint()

    # ---- painting ----------------------------------------------------------------------------------------------------

    @property
    def read_only(self) -> str:
        """Why no key acts here, or nothing."""
        return self.host.read_only or self.snapshot.read_only

    @property
    def actions(self) -> tuple[actions.Action, ...]:
        """What there is to do: under read-only nothing that touches a workload."""
        return actions.allowed(self.read_only)

    def paint(self) -> None:
        """Bring the screen to what is known and chosen now."""
        width, height = self.app.size
        if not width or not height:
            return
        self.painted_at = time.monotonic()
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
        self._show_panel()

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

    def _show_panel(self) -> None:
        """Draw what stands over the screen; it lies over the lower part, so that header and rows stay in sight."""
        panel = self._panel
        if self.modal is None:
            if panel.display:
                panel.display = False
            return
        width, height = self.app.size
        lines = framed(self.modal, width, height - 2)
        if not panel.display or panel.size != (width, len(lines)):
            panel.styles.height = len(lines)
            panel.styles.offset = (0, max(1, height - len(lines) - 1))
            panel.display = True
        panel.show(lines)

    # ---- keys --------------------------------------------------------------------------------------------------------

    def on_key(self, event: Key) -> None:
        """A key: for what stands over the screen, for the filter being typed, or for an action."""
        event.stop()
        press = Press(event.key, event.character, event.time)
        if self.modal is not None:
            self.modal.press(press)
            self._present()
        elif self.sight.typing and self._type(press):
            self.paint()
        else:
            action = actions.keymap(self.actions).get(event.key)
            if action is not None:
                self.act(action)

    def act(self, name: str) -> None:
        """Do one action of the registry; what read-only leaves out of it does not exist here either."""
        if name not in {action.id for action in self.actions} or self.shown is None:
            return
        deeds.DEEDS[name](self)
        self.paint()

    def _type(self, press: Press) -> bool:
        """A key while the filter is typed; False for those that move the cursor."""
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

    # ---- what stands over the screen ---------------------------------------------------------------------------------

    def open(self, modal: Modal) -> None:
        """Let something stand over the screen; it is told when the terminal shows it."""
        self.modal = modal
        self._present()

    def _present(self) -> None:
        self.paint()
        if self.modal is not None and self.modal.waits:
            self.call_after_refresh(self._stands, self.modal)

    def close(self) -> None:
        """Take away what stands over the screen."""
        self.modal = None

    def _stands(self, modal: Modal) -> None:
        if self.modal is not modal:
            return
        if self.host.link_behind:  # the terminal has not shown it yet
            self.set_timer(0.1, lambda: self._stands(modal))
            return
        modal.stands(time.monotonic())
        if isinstance(modal, FlipDialog):
            self.set_timer(STOOD_S, lambda: self._arm(modal))

    def _arm(self, dialog: FlipDialog) -> None:
        if self.modal is dialog:
            dialog.arm()
            self.paint()

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

    def on_lines_clicked(self, message: Lines.Clicked) -> None:
        """A click on a key of the footer presses it."""
        if message.lines.id == "foot" and self.modal is None and self.shown is not None:
            for start, end, name in self.shown.foot.spans:
                if start <= message.column < end:
                    self.act(name)
