"""Mode 5: the journal of this host. Plumbing between keys, site and page; what stands where is ``view.journal``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from console.model import Snapshot
from console.screens import taking
from console.screens.deeds import SHARED
from console.screens.host import Host
from console.screens.modal import Press, Sheet
from console.screens.mode import TableScreen
from console.view import copies, flipabout
from console.view.actions import JOURNAL
from console.view.journal import JournalFrame, JournalPage, JournalSight, fields, page
from console.view.pieces import Line
from console.view.schema import iso
from widgets.ink import Ink


class JournalScreen(TableScreen):
    """The flips, all about one of them, the log, the keys."""

    mode = JOURNAL
    order = ("head", "banner", "titles", "table", "about", "log", "foot")

    sight: JournalSight

    def __init__(self, ink: Ink, snapshot: Snapshot, host: Host) -> None:
        super().__init__(ink, snapshot, host)
        self.sight = JournalSight()
        self.shown: JournalPage | None = None

    def draw(self, width: int, height: int) -> None:
        """See ModeScreen.draw."""
        site = self.host.site
        told = site.flips()
        frame = JournalFrame(
            self.snapshot,
            told.flips,
            told.trouble,
            self.sight,
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
        if shown.cursor >= 0 and self.sight.cursor is None:
            self.sight = self.sight.moved(shown.found, shown.cursor)
        self.lay_out(shown.regions)
        self.fill(shown.parts)
        self.grid.show(len(shown.found) or len(shown.empty), shown.cursor, shown.line)

    # ---- keys --------------------------------------------------------------------------------------------------------

    def do(self, name: str) -> None:
        """See ModeScreen.do."""
        DEEDS[name](self)

    def takes(self, press: Press) -> bool:
        """A key while the filter is typed."""
        typed = self.typed(press, self.sight.filter, typing=self.sight.typing)
        if typed is None:
            return False
        self.see(filter=typed.text, typing=typed.typing)
        return True

    def see(self, **changes: Any) -> None:
        """Change what the operator has chosen."""
        self.sight = msgspec.structs.replace(self.sight, **changes)

    def move(self, to: int | None = None, by: int = 0) -> None:
        """Move the cursor to a flip, or by flips."""
        if self.shown is not None:
            self.sight = self.sight.moved(self.shown.found, self.shown.cursor + by if to is None else to)

    @property
    def last(self) -> int:
        """The last row."""
        return len(self.shown.found) if self.shown else 0

    def tell_all(self) -> None:
        """Open all about the flip under the cursor, where the screen is too low for it."""
        shown = self.shown
        if shown is None or not 0 <= shown.cursor < len(shown.found):
            return
        flip, timezone = shown.found[shown.cursor], self.snapshot.timezone

        def lines(room: int) -> list[Line]:
            return flipabout.lines(flip, timezone, room)

        self.open(Sheet(" · ".join(flipabout.title(flip)), lines, self.close))

    def copy(self) -> None:
        """Copy the flip under the cursor as a line."""
        shown = self.shown
        if shown is not None and 0 <= shown.cursor < len(shown.found):
            flip = shown.found[shown.cursor]
            cells = [iso(flip.at) or "", *map(copies.words, fields(flip))]
            taking.copy(self, copies.joined(cells), f"the flip {flip.flip_id}")

    def twice(self) -> None:
        """See TableScreen.twice."""
        self.act("why")


DEEDS: dict[str, Callable[[JournalScreen], None]] = {
    **SHARED,
    "up": lambda screen: screen.move(by=-1),
    "down": lambda screen: screen.move(by=1),
    "page_up": lambda screen: screen.move(by=-screen.page_rows),
    "page_down": lambda screen: screen.move(by=screen.page_rows),
    "first": lambda screen: screen.move(0),
    "last": lambda screen: screen.move(screen.last),
    "filter": lambda screen: screen.see(typing=True),
    "why": JournalScreen.tell_all,
    "copy": JournalScreen.copy,
    "back": lambda screen: screen.see(filter="", typing=False),
}
