"""Which GPUs stand in the table and in which order, and where the cursor goes. Pure: rows in, rows out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from console.model import GpuRow, GpuState, Uuid
from console.view import cells
from console.view.columns import BY_KEY, COLUMNS
from console.view.pieces import text_of

_COMPARE = re.compile(r"(?P<col>[^<>=]+?)\s*(?P<op>[<>]=?|=)\s*(?P<value>\S.*)")
_RISING = ("slot", "gpu", "workload")


def arrange(rows: Sequence[GpuRow], filter_text: str, sort: str, scene: cells.Scene) -> tuple[GpuRow, ...]:
    """The rows that the filter keeps, sorted by a column; unknown figures come last, equal ones by slot."""
    keep = wanted(filter_text, scene)
    kept = [row for row in rows if keep(row)]
    if sort != "slot":
        kept.sort(key=lambda row: _place(row, sort))
    return tuple(kept)


def _place(row: GpuRow, sort: str) -> tuple[bool, float | str, int]:
    figure = _figure(row, sort)
    if figure is None:
        return True, "" if sort in _RISING else 0.0, row.reading.slot
    if isinstance(figure, str):
        return False, figure, row.reading.slot
    return False, figure if sort in _RISING else -figure, row.reading.slot


def _figure(row: GpuRow, key: str) -> float | str | None:
    """What a column has of a row to compare; of a card that is not well its last figures are none of now."""
    figure = BY_KEY[key].figure(row)
    return figure if key == "slot" or isinstance(figure, str) or row.reading.state is GpuState.OK else None


def wanted(filter_text: str, scene: cells.Scene) -> Callable[[GpuRow], bool]:
    """Whether a row is kept: every word of the filter occurs in it, or its comparison holds, or with ``!`` does not.

    ``temp>70``, ``net<0``, ``workload=ergo`` compare one column; any other word is looked for in the row's text.
    """
    tests = [_word(word, scene) for word in filter_text.lower().split()]
    return lambda row: all(test(row) for test in tests)


def _word(word: str, scene: cells.Scene) -> Callable[[GpuRow], bool]:
    if word.startswith("!") and len(word) > 1:
        inner = _word(word[1:], scene)
        return lambda row: not inner(row)
    found = _COMPARE.fullmatch(word)
    column = _column(found["col"]) if found else None
    if found and column:
        return _comparison(column, found["op"], found["value"])
    return lambda row: word in _haystack(row, scene)


def _column(name: str) -> str | None:
    near = [c.key for c in COLUMNS if c.key == name or c.title.strip().lower().startswith(name)]
    return near[0] if near else None


def _comparison(key: str, op: str, value: str) -> Callable[[GpuRow], bool]:
    try:
        number: float | None = float(value)
    except ValueError:
        number = None

    def holds(row: GpuRow) -> bool:
        found = _figure(row, key)
        if isinstance(found, str):
            return op == "=" and value in found
        if found is None or number is None:
            return False
        return {">": found > number, "<": found < number, ">=": found >= number, "<=": found <= number}.get(
            op, found == number
        )

    return holds


def _haystack(row: GpuRow, scene: cells.Scene) -> str:
    seen = cells.Seen(row, scene)
    words = [row.reading.name, row.reading.state.value, cells.workload_name(row), *(g.name for g in row.guards)]
    if row.occupancy.instance is not None:
        words.append(row.occupancy.instance.kind.value)
    if row.was is not None:
        words.append(row.was.workload)
    return " ".join([str(row.reading.slot), *words, row.reading.uuid, text_of(cells.best(seen, 24))]).lower()


def place_of(rows: Sequence[GpuRow], uuid: Uuid | None, before: int) -> int:
    """Where the cursor's GPU stands now; where it has left the table, the place it had, or -1 in an empty table."""
    for index, row in enumerate(rows):
        if row.reading.uuid == uuid:
            return index
    return min(max(before, 0), len(rows) - 1)
