"""What stands on a screen of a given size: which columns and how wide, and how many lines each region gets.

Columns leave by priority, regions too: air first, then the charts, then lines of the log. The rows, the header and
the badges in it never leave.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from console.view.columns import Column, Form
from console.view.columns import chosen as chosen_of

GUTTER = 3  # the cursor and the mark
NEEDED = (80, 24)


class Placed(NamedTuple):
    """A column in the form that fits, ``x`` columns from the left, ``room`` wide."""

    column: Column
    form: Form
    x: int
    room: int


@lru_cache(maxsize=16)
def columns(width: int, wanted: tuple[str, ...] = ()) -> tuple[Placed, ...]:
    """The columns of a screen ``width`` wide, in their order; ``wanted`` are those of the operator, none: all."""
    room = width - GUTTER - 1
    chosen = _that_fit(room, chosen_of(wanted))
    gap = 2
    forms = {c.key: len(c.forms) - 1 for c in chosen}
    for column in sorted(chosen, key=lambda c: c.leaves) * 3:  # one step each in turn, the dearest first
        wider = {**forms, column.key: max(0, forms[column.key] - 1)}
        if _total(chosen, wider, gap) <= room:
            forms = wider
    if _total(chosen, forms, 3) <= room:
        gap = 3
    spare = room - _total(chosen, forms, gap)
    placed, x = [], GUTTER
    for column in chosen:
        form = column.forms[forms[column.key]]
        size = form.width + min(spare, column.grows)
        placed.append(Placed(column, form, x, size))
        x += size + gap
    return tuple(placed)


def least_width(column: Column, wanted: tuple[str, ...]) -> int:
    """Columns that a screen needs to show ``column`` among those that are wanted."""
    before = [c for c in chosen_of(wanted) if c.leaves <= column.leaves]
    return _total(before, {c.key: len(c.forms) - 1 for c in before}, 2) + GUTTER + 1


def _that_fit(room: int, wanted: tuple[Column, ...]) -> list[Column]:
    chosen: list[Column] = []
    for column in sorted(wanted, key=lambda c: c.leaves):
        more = [*chosen, column]
        if chosen and _total(more, {c.key: len(c.forms) - 1 for c in more}, 2) > room:
            break
        chosen = more
    return [column for column in wanted if column in chosen]


def _total(chosen: list[Column], forms: dict[str, int], gap: int) -> int:
    return sum(c.forms[forms[c.key]].width for c in chosen) + gap * (len(chosen) - 1)


class Regions(NamedTuple):
    """Lines of each region from top to bottom, and 1 or 0 for the air above it."""

    head: int
    banner: int
    air_table: int
    table: int  # titles included
    air_charts: int
    charts: int  # hairline and axis included
    air_ladder: int
    ladder: int  # hairline included
    air_why: int
    why: int
    air_log: int
    log: int
    foot: int


def regions(
    height: int, *, rows: int, ladder: int, why: int, banners: int, bare: bool = False, charts: bool = True
) -> Regions:
    """Share ``height`` lines between the regions; ``rows``, ``ladder`` and ``why`` are what they would like.

    ``bare``: there is no GPU, so neither chart nor ladder has anything to say.
    """
    head = 2 if height >= 10 else 1
    foot = 1 if height >= 8 else 0
    banner = min(banners, banner_room(height), 4)
    left = height - head - foot - banner
    table_least = min(max(rows, 1), 8 if height >= 24 else max(1, height - head - foot - banner - 1)) + 1
    left -= table_least
    log_least = 1 if left >= 1 and height >= 12 else 0
    left -= log_least
    ladder_lines = ladder + 1 if left >= ladder + 1 + min(why, 2) and not bare else 0
    left -= ladder_lines
    why_lines = min(why, left) if ladder_lines else 0
    left -= why_lines
    airs = [0, 0, 0, 0, 0]
    for place in (3, 0, 2, 4):  # above why, table, ladder, log
        if left > (4 if place in (3, 4) else 0) and (ladder_lines or place == 0):
            airs[place], left = 1, left - 1
    table_more = max(0, min(rows + 1 - table_least, left))
    table, left = table_least + table_more, left - table_more
    chart, airs[1], left = _charts(left) if charts and not bare else (0, 0, left)
    log = log_least + left
    return Regions(
        head, banner, airs[0], table, airs[1], chart, airs[2], ladder_lines, airs[3], why_lines, airs[4], log, foot
    )


def banner_room(height: int) -> int:
    """Lines for banners: where there are few, the first of them stands for all that cannot."""
    return max(height - 8, 1 if height >= 4 else 0)


def _charts(left: int) -> tuple[int, int, int]:
    """Lines of the charts, of the air above them, and what is left: they stand only where five lines of area fit."""
    if left < 9:
        return 0, 0, left
    keep = min(5, left - 9)  # a longer log is worth more than a tenth line of chart
    lines = min(18, left - 1 - keep)
    return lines, 1, left - 1 - lines
