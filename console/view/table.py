"""Which GPUs stand in the table and in which order, and where the cursor goes. Pure: rows in, rows out."""

from __future__ import annotations

from collections.abc import Sequence

from console.model import GpuRow, Uuid
from console.view import cells, filtering
from console.view.columns import BY_KEY, RISING


def arrange(
    rows: Sequence[GpuRow], filter_text: str, sort: str, scene: cells.Scene, *, turned: bool = False
) -> tuple[GpuRow, ...]:
    """The rows that the filter keeps, sorted by a column; unknown figures come last, equal ones by slot.

    ``turned``: the other way about; what is unknown stays last.
    """
    wanted = filtering.parse(filter_text, scene.currency)
    kept = [row for row in rows if wanted.keeps(row, scene)]
    if sort == "slot" and not turned:
        return tuple(kept)
    column = BY_KEY[sort]
    found = [(filtering.figure_of(row, column), row) for row in kept]
    # Stable, so that equal figures stand by slot whichever way about.
    known = sorted((pair for pair in found if pair[0] is not None), key=lambda pair: pair[1].reading.slot)
    known.sort(key=lambda pair: _key(pair[0]), reverse=falls(sort, turned=turned))
    unknown = sorted((row for figure, row in found if figure is None), key=lambda row: row.reading.slot)
    return (*(row for _, row in known), *unknown)


def falls(sort: str, *, turned: bool) -> bool:
    """True where the highest stands first."""
    return (sort not in RISING) is not turned


def _key(figure: float | str | None) -> tuple[float, str]:
    return (0.0, figure) if isinstance(figure, str) else (figure or 0.0, "")


def place_of(rows: Sequence[GpuRow], uuid: Uuid | None, before: int) -> int:
    """Where the cursor's GPU stands now; where it has left the table, the place it had, or -1 in an empty table."""
    if 0 <= before < len(rows) and rows[before].reading.uuid == uuid:
        return before  # nearly always: a key must not cost by the rows that nobody sees
    for index, row in enumerate(rows):
        if row.reading.uuid == uuid:
            return index
    return min(max(before, 0), len(rows) - 1)
