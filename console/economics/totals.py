"""The header's sums, made of the rows' unrounded values; what is unknown is left out and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from console.economics.rules import named
from console.economics.terms import SiteTerms
from console.model import GpuRow, GpuState, Holder, Totals

_ORDER = ("ai", "mine", "off", "foreign", "unknown", *(state.value for state in GpuState if state is not GpuState.OK))


def totals(
    rows: Sequence[GpuRow],
    site: SiteTerms,
    today_accrued: float | None = None,
    today_since: float | None = None,
) -> Totals:
    """Sums over ``rows``. A sum without a single known addend is None; ``unknown_rows`` counts rows without a net."""
    return Totals(
        wall_w=_sum(site.wall_w(row.reading.power_w) for row in rows),
        net_per_h=_sum(row.money.net_per_h for row in rows),
        best_net_per_h=_sum(best_net_per_h(row) for row in rows),
        today_accrued=today_accrued,
        today_since=today_since,
        unknown_rows=sum(row.money.net_per_h is None for row in rows),
        counts=_counts(rows),
    )


def best_net_per_h(row: GpuRow) -> float | None:
    """What the row would net under its best option; what it nets now where no option may be chosen."""
    best = named(row.money.options, row.money.advice.best)
    return row.money.net_per_h if best is None else best.net_per_h


def row_word(row: GpuRow) -> str:
    """What a row counts as: its kind of work, whose it is, or what became of it."""
    if row.reading.state is not GpuState.OK:
        return row.reading.state.value
    if row.occupancy.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        return row.occupancy.holder.value
    return row.occupancy.instance.kind.value if row.occupancy.instance else "off"


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _counts(rows: Sequence[GpuRow]) -> tuple[tuple[str, int], ...]:
    found = Counter(row_word(row) for row in rows)
    return tuple((word, found[word]) for word in _ORDER if found[word])
