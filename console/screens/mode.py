"""What the screens of all modes share: keys that become deeds, what may stand over a screen, the clicks on its footer.

A screen that is not in front is neither painted nor told anything: it is brought up to date when it is opened.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.events import Key, Paste, Resize
from textual.widget import Widget

from console.model import Snapshot
from console.screens.flip import FlipDialog
from console.screens.host import Host
from console.screens.modal import STOOD_S, Modal, Press, TakesPaste, framed
from console.text import clean
from console.view import actions
from console.view.actions import Foot
from widgets.grid import Grid
from widgets.ink import Ink
from widgets.lines import Lines
from widgets.pieces import Line
from widgets.wire import WireScreen

NO_FOOT = Foot((), ())
BARS, TABLE = ("head", "foot"), "table"
LONGEST_FILTER = 60  # characters
LONGEST_PASTE = 200  # characters of which a field takes what it has room for
Arranged = tuple[tuple[str, int, int], ...]
"""Name, lines and air above of each region."""


class ModeScreen(WireScreen[None]):
    """One mode of the console. A member says what it draws and what its actions do; it composes ``panel`` last."""

    # As the first screen of its application its CSS would not be loaded; DEFAULT_CSS is.
    DEFAULT_CSS = """
    ModeScreen { layers: page over; layout: vertical; overflow: hidden; }
    #panel { layer: over; display: none; }
    """

    mode: ClassVar[str]

    host: Host
    snapshot: Snapshot
    registry: tuple[actions.Action, ...] = actions.ACTIONS
    """Every action with the operator's own keys; the application sets it before the screen is shown."""

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(id=self.mode)
        self.host = host
        self.ink = ink
        self.snapshot = snapshot
        self.modal: Modal | None = None
        self.painted_at = 0.0  # monotonic
        self.foot = NO_FOOT
        self.panel = Lines(ink, "panel", id="panel")

    @abstractmethod
    def draw(self, width: int, height: int) -> None:
        """Bring every region to what is known and chosen now, and ``foot`` to what can be clicked."""

    @abstractmethod
    def do(self, name: str) -> None:
        """Do one action that this mode has."""

    def takes(self, press: Press) -> bool:  # noqa: ARG002
        """True for a key that is text being typed here, and has been taken in."""
        return False

    # ---- painting ----------------------------------------------------------------------------------------------------

    def apply(self, snapshot: Snapshot, *, quietly: bool = False) -> None:
        """A new snapshot: paint what it changes. ``quietly``: keys act on it, and only what stands over the screen is
        shown, for that is what somebody looks at."""
        self.snapshot = snapshot
        if isinstance(self.modal, FlipDialog) and self.modal.heard(snapshot):
            self._present()
        elif not quietly or self.modal is not None:
            self.paint()

    def on_resize(self, _: Resize) -> None:
        """Lay out for the new size; the last of a storm of sizes wins."""
        self.paint()

    def paint(self) -> None:
        """Bring the screen to what is known and chosen now, where anybody sees it."""
        width, height = self.app.size
        if not width or not height or self.host.front is not self:
            return
        self.painted_at = time.monotonic()
        self.draw(width, height)
        self._show_panel(width, height)

    def _show_panel(self, width: int, height: int) -> None:
        """Draw what stands over the screen; it lies over the lower part, so that header and rows stay in sight."""
        panel = self.panel
        if self.modal is None:
            if panel.display:
                panel.display = False
            return
        lines = framed(self.modal, width, height - 2)
        if not panel.display or panel.size != (width, len(lines)):
            panel.styles.height = len(lines)
            panel.styles.offset = (0, max(1, height - len(lines) - 1))
            panel.display = True
        panel.show(lines)

    # ---- keys --------------------------------------------------------------------------------------------------------

    @property
    def read_only(self) -> str:
        """Why no key acts here, or nothing."""
        return self.host.read_only or self.snapshot.read_only

    @property
    def actions(self) -> tuple[actions.Action, ...]:
        """What there is to do: under read-only nothing that touches a workload."""
        return actions.allowed(self.read_only, self.mode, self.registry)

    def on_key(self, event: Key) -> None:
        """A key: for what stands over the screen, for what is being typed, or for an action."""
        event.stop()
        press = Press(event.key, event.character, event.time)
        if event.key == "ctrl+c":
            self.host.note(f"{actions.first_key(self.actions, 'quit')} leaves; nothing that runs is touched")
        elif self.modal is not None:
            self.modal.press(press)
            self._present()
        elif self.takes(press):
            self.paint()
        else:
            action = actions.keymap(self.actions).get(event.key)
            if action is not None:
                self.act(action)

    def on_paste(self, event: Paste) -> None:
        """Pasted text: for a field in which something is being typed. It is never a key, and elsewhere it is nothing.

        What asks for a word before it acts wants it typed.
        """
        event.stop()
        text = clean(event.text, LONGEST_PASTE)
        if self.modal is not None:
            taken = isinstance(self.modal, TakesPaste) and self.modal.paste(text)
        else:
            taken = False
            for char in text:
                taken = self.takes(Press(char, char, event.time)) or taken
        if not taken:
            self.host.note("what was pasted is dropped: a paste is text for a field, and no field here takes it")
        self.paint()

    def act(self, name: str) -> None:
        """Do one action of the registry; what read-only or the mode leaves out of it does not exist here either."""
        if name in {action.id for action in self.actions} and self.painted_at:
            self.do(name)
            self.paint()

    def on_lines_clicked(self, message: Lines.Clicked) -> None:
        """A click on a key of the footer presses it."""
        if message.lines.id == "foot" and self.modal is None:
            for start, end, name in self.foot.spans:
                if start <= message.column < end:
                    self.act(name)

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
            self.set_timer(0.1, lambda: self.call_after_refresh(self._stands, modal))
            return
        at = time.monotonic()
        modal.stands(at)
        if isinstance(modal, FlipDialog):
            self.set_timer(STOOD_S, lambda: self._arm(modal, at))

    def _arm(self, dialog: FlipDialog, stood_at: float) -> None:
        if self.modal is dialog:
            dialog.arm(stood_at)
            self.paint()


class RegionScreen(ModeScreen):
    """A mode made of regions of lines one below the other, and the panel over them."""

    order: ClassVar[tuple[str, ...]]
    """The regions from top to bottom."""

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.parts: dict[str, Lines] = {
            name: Lines(ink, "bar" if name in BARS else "page", id=name) for name in self.order if name != TABLE
        }
        self._arranged: Arranged = ()

    def compose(self) -> ComposeResult:
        """One widget per region from top to bottom, filled from the first frame on, and the panel over them."""
        self.paint()
        for name in self.order:
            yield self.region_of(name)
        yield self.panel

    def region_of(self, name: str) -> Widget:
        """The widget of a region."""
        return self.parts[name]

    def lay_out(self, regions: Arranged) -> None:
        """Give each region its lines and the air above it. Only here does Textual arrange anything."""
        if regions == self._arranged:
            return
        self._arranged = regions
        for name, height, air in regions:
            styles = self.region_of(name).styles
            styles.height = height
            styles.margin = (air, 0, 0, 0)

    def fill(self, parts: Iterable[tuple[str, Sequence[Line]]]) -> None:
        """Show the lines of each region; the footer's are dim while something stands over the screen."""
        for name, lines in parts:
            dim = name == "foot" and self.modal is not None
            self.parts[name].show([[(text, "aside") for text, _ in line] for line in lines] if dim else lines)


class Typed(NamedTuple):
    """What has been typed of a filter, and whether it goes on."""

    text: str
    typing: bool


class TableScreen(RegionScreen):
    """A mode whose middle is a table: the region ``table`` is a grid, and the mouse reaches its rows."""

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.grid = Grid(ink, id=TABLE)

    def region_of(self, name: str) -> Widget:
        """See RegionScreen.region_of."""
        return self.grid if name == TABLE else super().region_of(name)

    def typed(self, press: Press, text: str, *, typing: bool) -> Typed | None:
        """What a key makes of a filter that is being typed; None where the key is not for it."""
        if not typing:
            return None
        if press.key == "enter":
            return Typed(text, typing=False)
        if press.key == "escape":
            return Typed("", typing=False)
        if press.key == "backspace":
            return Typed(text[:-1], typing=bool(text))
        if press.character and press.character.isprintable():
            return Typed((text + press.character)[:LONGEST_FILTER], typing=True)  # a full one still takes the key
        return None

    @property
    def page_rows(self) -> int:
        """Rows that a page moves."""
        return self.grid.page

    @abstractmethod
    def move(self, to: int | None = None, by: int = 0) -> None:
        """Move the cursor to a row, or by rows."""

    @abstractmethod
    def twice(self) -> None:
        """A row was clicked twice."""

    def on_grid_picked(self, message: Grid.Picked) -> None:
        """A click moves the cursor, a double click does what the mode has for it."""
        if self.modal is None:
            self.move(message.row)
            self.twice() if message.twice else self.paint()

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel moves the cursor."""
        if self.modal is None:
            self.move(by=message.lines)
            self.paint()
