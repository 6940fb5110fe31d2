"""What each action of the registry does on the screen of GPUs, and what those do that are the same in every mode.

One entry per action that the mode has, none left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from console import units
from console.flips.records import Plan
from console.screens.choose import Picker
from console.screens.flip import FlipDialog
from console.screens.modal import Sheet, help_sheet
from console.screens.standdown import StandDown
from console.view import sources
from console.view.actions import GPUS, JOURNAL, MARKET
from console.view.pieces import Line

if TYPE_CHECKING:
    from console.screens.gpus import GpusScreen
    from console.screens.mode import ModeScreen

Deed = Callable[["GpusScreen"], None]
AnyDeed = Callable[["ModeScreen"], None]


def acted_on(screen: GpusScreen) -> tuple[tuple[int, ...], bool]:
    """The slots that an action takes in, and whether instances are taken whole: the cursor's are, marked ones not."""
    if screen.sight.marks:
        marked = (row for row in screen.snapshot.rows if row.reading.uuid in screen.sight.marks)
        return tuple(row.reading.slot for row in marked), False
    return ((screen.row.reading.slot,), True) if screen.row is not None else ((), True)


def flip(screen: GpusScreen, target: str) -> None:
    """Plan a flip of the marked GPUs, or of the one under the cursor, and show the plan."""
    slots, whole = acted_on(screen)
    if slots:
        site = screen.host.site
        _show(screen, lambda force: site.plan(slots, target, whole=whole, force=force), forces=True)


def undo(screen: GpusScreen) -> None:
    """Show the plan that takes back the latest flip."""
    slots, _ = acted_on(screen)
    if slots:
        _show(screen, lambda _: screen.host.site.undo(slots), forces=False)


def choose(screen: GpusScreen) -> None:
    """Open the picker with the ladder of the GPU under the cursor; what is picked there is for the marked ones too."""
    if screen.row is not None:
        slots, _ = acted_on(screen)
        screen.open(Picker(screen.row, len(slots), screen.snapshot.currency, partial(flip, screen), screen.close))


def _show(screen: GpusScreen, make: Callable[[tuple[str, ...]], Plan], *, forces: bool) -> None:
    site = screen.host.site

    def plan(force: tuple[str, ...] = ()) -> Plan:
        made = make(force)
        if made.moves:
            site.prepare()
        return made

    def confirm(confirmed: Plan) -> None:
        screen.close()
        screen.see(marks=frozenset())
        screen.host.flip(confirmed)

    def cancel() -> None:
        screen.close()
        site.dismiss()

    force = plan if forces else None
    screen.open(FlipDialog(plan(), screen.snapshot, confirm=confirm, cancel=cancel, force=force, again=plan))


def _stop(screen: GpusScreen) -> None:
    screen.host.site.stop_batch()
    said = "what has stopped anything goes on to its end, the rest is cancelled"
    screen.sight = screen.sight.noted(screen.host.site.now(), said, "warn")


def _stand_down(screen: GpusScreen) -> None:
    site = screen.host.site

    def confirm(confirmed: Plan) -> None:
        screen.close()
        screen.see(marks=frozenset())
        site.halt()
        if confirmed.moves:
            screen.host.flip(confirmed)

    def cancel() -> None:
        screen.close()
        site.dismiss()

    plan = site.stand_down()
    if plan.moves:
        site.prepare()
    screen.open(StandDown(plan, screen.snapshot, confirm, cancel))


def _unpin(screen: GpusScreen) -> None:
    slots, _ = acted_on(screen)
    if slots:
        screen.host.site.unpin(slots)
        said = f"asked to unpin {units.gpus(slots)}"  # what comes of it is the journal's to tell
        screen.sight = screen.sight.noted(screen.host.site.now(), said, "label")


def _mark(screen: GpusScreen) -> None:
    if screen.row is not None:
        screen.sight = screen.sight.toggled(screen.row.reading.uuid)
        screen.move(by=1)


def _sort(screen: GpusScreen) -> None:
    screen.sight = screen.sight.next_sort()


def _why(screen: GpusScreen) -> None:
    """First a few lines more, which follow the cursor; then the sheet with every figure of this GPU's money."""
    if not screen.sight.expanded or screen.row is None:
        screen.see(expanded=not screen.sight.expanded)
        return
    uuid = screen.row.reading.uuid
    title = f"GPU {screen.row.reading.slot}: where every figure comes from"

    def lines(room: int) -> list[Line]:
        row = next((row for row in screen.snapshot.rows if row.reading.uuid == uuid), None)
        return sources.lines(row, screen.snapshot, screen.host.site.now(), room)

    screen.see(expanded=False)
    screen.open(Sheet(title, lines, screen.close))


def _back(screen: GpusScreen) -> None:
    screen.sight = screen.sight.back()


SHARED: dict[str, AnyDeed] = {
    "mode_gpus": lambda screen: screen.host.show_mode(GPUS),
    "mode_market": lambda screen: screen.host.show_mode(MARKET),
    "mode_journal": lambda screen: screen.host.show_mode(JOURNAL),
    "palette": lambda screen: screen.host.open_palette(),
    "help": lambda screen: screen.open(help_sheet(screen.actions, screen.read_only, screen.close)),
    "quit": lambda screen: screen.host.leave(),
}
"""What is the same in every mode."""

DEEDS: dict[str, Deed] = {
    **SHARED,
    "up": lambda screen: screen.move(by=-1),
    "down": lambda screen: screen.move(by=1),
    "page_up": lambda screen: screen.move(by=-screen.page_rows),
    "page_down": lambda screen: screen.move(by=screen.page_rows),
    "first": lambda screen: screen.move(0),
    "last": lambda screen: screen.move(len(screen.snapshot.rows)),
    "mine": partial(flip, target="mine"),
    "ai": partial(flip, target="ai"),
    "off": partial(flip, target="off"),
    "best": partial(flip, target="best"),
    "choose": choose,
    "undo": undo,
    "unpin": _unpin,
    "stop": _stop,
    "standdown": _stand_down,
    "mark": _mark,
    "filter": lambda screen: screen.see(typing=True),
    "sort": _sort,
    "why": _why,
    "back": _back,
}
