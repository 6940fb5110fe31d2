"""What the operator has chosen to see: the cursor, marks, filter, sort. Frozen; every change makes a new one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console import units
from console.flips.records import Plan, Progress
from console.model import Flipping, GpuRow, LogLine, Record, Uuid
from console.view import columns

KEEP_NOTES = 50
_ENDS = ("outcome", "refused", "error")


class Sight(Record):
    """The choices. ``cursor`` is a GPU, never a row: a new order moves the row, not the choice."""

    cursor: Uuid | None = None
    index: int = 0  # where the cursor stood last, for when its GPU leaves the table
    marks: frozenset[Uuid] = frozenset()
    filter: str = ""
    typing: bool = False
    sort: str = "slot"
    turned: bool = False  # the order the other way about
    columns: tuple[str, ...] = ()  # in this order; none: all of them in ours
    expanded: bool = False
    notes: tuple[LogLine, ...] = ()
    flights: tuple[tuple[int, Flipping], ...] = ()  # slots whose flip this console watches

    def moved(self, rows: Sequence[GpuRow], to: int) -> Sight:
        """The cursor at row ``to``, or as near as the table goes."""
        if not rows:
            return msgspec.structs.replace(self, cursor=None, index=0)
        index = min(max(to, 0), len(rows) - 1)
        return msgspec.structs.replace(self, cursor=rows[index].reading.uuid, index=index)

    def toggled(self, uuid: Uuid) -> Sight:
        """The mark of a GPU set or lifted."""
        return msgspec.structs.replace(self, marks=self.marks ^ {uuid})

    def next_sort(self) -> Sight:
        """Sorted by the next of ``columns.SORTS``."""
        after = (columns.SORTS.index(self.sort) + 1) % len(columns.SORTS)
        return msgspec.structs.replace(self, sort=columns.SORTS[after], turned=False)

    def back(self) -> Sight:
        """One step back: what is expanded closes, then the filter goes, then the marks."""
        if self.expanded:
            return msgspec.structs.replace(self, expanded=False)
        if self.filter or self.typing:
            return msgspec.structs.replace(self, filter="", typing=False)
        return msgspec.structs.replace(self, marks=frozenset())

    def noted(self, at: float, text: str, tone: str = "label") -> Sight:
        """A line more in the log of this console."""
        return msgspec.structs.replace(self, notes=(*self.notes, LogLine(at=at, text=text, tone=tone))[-KEEP_NOTES:])

    def heard(self, progress: Progress, plan: Plan) -> Sight:
        """A line of a flip of ours: its steps stand in its rows, how it ended in the log."""
        others = tuple((slot, f) for slot, f in self.flights if f.flip_id != progress.flip_id)
        if progress.kind not in _ENDS:
            move = next((m for m in plan.moves if m.flip_id == progress.flip_id), None)
            to = move.after if move else plan.target
            now = Flipping(flip_id=progress.flip_id, to=to, step=progress.step, since=progress.at, by=plan.who.login)
            others += tuple((slot, now) for slot in progress.slots)
        seen = msgspec.structs.replace(self, flights=others)
        return seen.noted(progress.at, _said(progress), _tone(progress)) if progress.kind in _ENDS else seen


def _said(progress: Progress) -> str:
    if "GPU" in progress.text:
        return progress.text
    return f"{units.gpus(progress.slots)} {progress.text}"


def _tone(progress: Progress) -> str:
    if progress.kind == "error" or progress.result in ("rolled_back", "stuck", "off"):
        return "harm"
    if progress.kind == "refused" or progress.result in ("cancelled", "refused"):
        return "warn"
    return "value"


def in_flight(row: GpuRow, flights: dict[int, Flipping]) -> GpuRow:
    """The row with the flip that this console watches, where the site does not say it already."""
    flight = flights.get(row.reading.slot)
    if flight is None or row.flipping is not None:
        return row
    return msgspec.structs.replace(row, flipping=flight)
