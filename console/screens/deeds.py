"""What each action of the registry does on the screen of GPUs, and what those do that are the same in every mode.

One entry per action that the mode has, none left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from console import units
from console.flips.records import Plan
from console.screens import taking
from console.screens.choose import Picker
from console.screens.columns import Columns
from console.screens.flip import FlipDialog
from console.screens.goto import GoTo
from console.screens.modal import Sheet, help_sheet
from console.screens.standdown import StandDown
from console.view import cells, copies, rows, sources, why
from console.view.actions import GPUS, JOURNAL, MARKET
from console.view.detailactions import DETAIL
from console.view.pieces import Line, text_of

if TYPE_CHECKING:
    from console.model import GpuRow, Snapshot
    from console.screens.gpus import GpusScreen
    from console.screens.host import Host
    from console.screens.modal import Modal
    from console.screens.mode import ModeScreen
    from console.view.sight import Sight

Deed = Callable[["GpusScreen"], None]
AnyDeed = Callable[["ModeScreen"], None]


class Acting(Protocol):
    """A screen with a GPU that can be acted on: the table with its cursor, the screen of one GPU."""

    host: Host
    snapshot: Snapshot
    sight: Sight

    @property
    def row(self) -> GpuRow | None:
        """The GPU under the cursor."""

    def open(self, modal: Modal) -> None:
        """Let something stand over the screen."""

    def close(self) -> None:
        """Take away what stands over the screen."""

    def see(self, **changes: object) -> None:
        """Change what the operator has chosen."""


def acted_on(screen: Acting) -> tuple[tuple[int, ...], bool]:
    """The slots that an action takes in, and whether instances are taken whole: the cursor's are, marked ones not."""
    if screen.sight.marks:
        marked = (row for row in screen.snapshot.rows if row.reading.uuid in screen.sight.marks)
        return tuple(row.reading.slot for row in marked), False
    return ((screen.row.reading.slot,), True) if screen.row is not None else ((), True)


def flip(screen: Acting, target: str) -> None:
    """Plan a flip of the marked GPUs, or of the one under the cursor, and show the plan."""
    slots, whole = acted_on(screen)
    if slots:
        site = screen.host.site
        _show(screen, lambda force: site.plan(slots, target, whole=whole, force=force))


def undo(screen: Acting) -> None:
    """Show the plan that takes back the latest flip."""
    slots, _ = acted_on(screen)
    if slots:
        _show(screen, lambda force: screen.host.site.undo(slots, force=force))


def choose(screen: Acting) -> None:
    """Open the picker with the ladder of the GPU under the cursor; what is picked there is for the marked ones too."""
    if screen.row is not None:
        slots, _ = acted_on(screen)
        screen.open(Picker(screen.row, len(slots), screen.snapshot.currency, partial(flip, screen), screen.close))


def _show(screen: Acting, make: Callable[[tuple[str, ...]], Plan]) -> None:
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

    screen.open(FlipDialog(plan(), screen.snapshot, confirm=confirm, cancel=cancel, again=plan))


def _stop(screen: GpusScreen) -> None:
    screen.host.site.stop_batch()
    said = "what has stopped anything goes on to its end, the rest is cancelled"
    screen.sight = screen.sight.noted(screen.host.site.now(), said, "warn")


def _stand_down(screen: GpusScreen) -> None:
    site = screen.host.site

    def confirm(confirmed: Plan) -> None:
        screen.close()
        screen.see(marks=frozenset())
        site.stop_batch()
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


def _mark_all(screen: GpusScreen) -> None:
    if screen.shown is not None:
        screen.see(marks=screen.sight.marks | {row.reading.uuid for row in screen.shown.rows})


def _place(screen: GpusScreen, slot: int) -> int | None:
    rows = screen.shown.rows if screen.shown else ()
    return next((index for index, row in enumerate(rows) if row.reading.slot == slot), None)


def _found(screen: GpusScreen, slot: int) -> str:
    there = next((row for row in screen.snapshot.rows if row.reading.slot == slot), None)
    if there is None:
        return f"no GPU has slot {slot}"
    hidden = "" if _place(screen, slot) is not None else ", which the filter does not show"
    return f"{cells.short_name(there.reading.name)}, {cells.workload_name(there)}{hidden}"


def go_to(screen: GpusScreen, slot: int) -> None:
    """Put the cursor on the GPU of a slot; where it is not in the table the log says why."""
    if (index := _place(screen, slot)) is not None:
        screen.move(index)
    else:
        said = f"not gone to {slot}: {_found(screen, slot)}"
        screen.sight = screen.sight.noted(screen.host.site.now(), said, "warn")
    screen.paint()


def _goto(screen: GpusScreen) -> None:
    """Ask for a slot, and put the cursor on its GPU."""

    def go(slot: int) -> None:
        screen.close()
        go_to(screen, slot)

    screen.open(GoTo(go, screen.close, screen.set_timer, partial(_found, screen)))


def _alarms(screen: ModeScreen) -> None:
    """Open what calls. With that whoever was away has taken in what came meanwhile."""
    from console.screens.alarms import AlarmList

    host = screen.host

    def go(slot: int) -> None:
        host.show_mode(GPUS)
        go_to(host.gpus, slot)

    screen.open(
        AlarmList(
            host.site,
            lambda: screen.snapshot,
            read_only=screen.read_only,
            since=host.attention.since,
            go=go,
            close=screen.close,
        )
    )
    host.attention.taken_in()


def _sort(screen: GpusScreen) -> None:
    screen.sight = screen.sight.next_sort()


def _turn(screen: GpusScreen) -> None:
    screen.see(turned=not screen.sight.turned)


def _columns(screen: GpusScreen) -> None:
    def keep(wanted: tuple[str, ...]) -> None:
        screen.close()
        screen.see(columns=wanted)

    screen.open(Columns(screen.sight.columns, lambda: screen.app.size.width, keep, screen.close))


def _copy(screen: GpusScreen) -> None:
    if screen.row is not None and screen.shown is not None:
        text = rows.copied(screen.row, screen.shown.still.placed, screen.shown.still.scene)
        taking.copy(screen, text, f"the row of GPU {screen.row.reading.slot}")


def _copy_why(screen: GpusScreen) -> None:
    if screen.row is not None:
        [line] = why.lines(screen.row, screen.snapshot, copies.MOST_BYTES, 1, expanded=False)
        text = copies.joined([text_of(line).strip().removeprefix("why").strip()])
        taking.copy(screen, text, f"why of GPU {screen.row.reading.slot}")


def _why(screen: GpusScreen) -> None:
    """First a few lines more, which follow the cursor; then the sheet with every figure of this GPU's money."""
    if not screen.sight.expanded or screen.row is None:
        screen.see(expanded=not screen.sight.expanded)
        return
    screen.see(expanded=False)
    sheet_of_sources(screen)


def sheet_of_sources(screen: Acting) -> None:
    """Open the sheet that says where every figure of this GPU's money comes from."""
    if screen.row is None:
        return
    uuid = screen.row.reading.uuid
    title = f"GPU {screen.row.reading.slot}: where every figure comes from"

    def lines(room: int) -> list[Line]:
        row = next((row for row in screen.snapshot.rows if row.reading.uuid == uuid), None)
        return sources.lines(row, screen.snapshot, screen.host.site.now(), room)

    screen.open(Sheet(title, lines, screen.close))


def _back(screen: GpusScreen) -> None:
    if screen.since:
        screen.host.attention.taken_in()
    else:
        screen.sight = screen.sight.back()


SHARED: dict[str, AnyDeed] = {
    "mode_gpus": lambda screen: screen.host.show_mode(GPUS),
    "mode_market": lambda screen: screen.host.show_mode(MARKET),
    "mode_journal": lambda screen: screen.host.show_mode(JOURNAL),
    "alarms": _alarms,
    "pace": lambda screen: screen.host.slow_down(),
    "picture": taking.picture,
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
    "goto": _goto,
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
    "mark_all": _mark_all,
    "filter": lambda screen: screen.see(typing=True),
    "sort": _sort,
    "turn": _turn,
    "columns": _columns,
    "copy": _copy,
    "copy_why": _copy_why,
    "why": _why,
    "detail": lambda screen: screen.host.show_mode(DETAIL),
    "back": _back,
}
