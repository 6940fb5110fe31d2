"""The header's sums, made of the rows' unrounded values; what is unknown is left out and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from console.economics.rules import named, net_now
from console.economics.terms import SiteTerms
from console.model import Basis, GpuRow, GpuState, Holder, Option, Totals, WorkState

_LOST = tuple(state.value for state in GpuState if state is not GpuState.OK)
HARM = (WorkState.STUCK.value, WorkState.FAILING.value, *_LOST)
"""The words of ``row_word`` that call somebody."""
_ORDER = ("ai", "mine", "off", "foreign", "unknown", *HARM)
_BASES = tuple(Basis)
"""From the surest to the least sure."""


def totals(
    rows: Sequence[GpuRow],
    site: SiteTerms,
    today_accrued: float | None = None,
    today_since: float | None = None,
) -> Totals:
    """Sums over ``rows``. A sum without a single known addend is None; ``unknown_rows`` counts rows without a net."""
    best = [(row, _best(row)) for row in rows]
    chosen = [option for _, option in best if option is not None and option.net_per_h is not None]
    return Totals(
        wall_w=known_sum(site.wall_w(row.reading.power_w) for row in rows),
        net_per_h=known_sum(row.money.net_per_h for row in rows),
        best_net_per_h=known_sum(_nets(row, option) for row, option in best),
        today_accrued=today_accrued,
        today_since=today_since,
        unknown_rows=sum(row.money.net_per_h is None for row in rows),
        stale_rows=sum(row.money.net_per_h is not None and _stale(row) for row in rows),
        best_stale_rows=sum(option.stale for option in chosen),
        best_basis=max((option.basis for option in chosen), key=_BASES.index, default=Basis.MEASURED),
        counts=counts(rows),
    )


def best_net_per_h(row: GpuRow) -> float | None:
    """What the row would net under its best option; what it nets now where that runs, or nothing else may be chosen.

    None on a GPU that is not ours: what it could earn is nobody's to choose.
    """
    return _nets(row, _best(row))


def _nets(row: GpuRow, best: Option | None) -> float | None:
    if best is None:
        return None
    return net_now(best) if best.workload == row.money.running else best.net_per_h


def fresh_net_per_h(rows: Iterable[GpuRow]) -> float | None:
    """What the rows earn whose prices are all fresh: the only money that may be accrued. None where no row has any."""
    return known_sum(row.money.net_per_h for row in rows if not _stale(row))


def row_word(row: GpuRow) -> str:
    """What a row counts as: what is wrong with it, whose it is, or its kind of work."""
    if row.reading.state is not GpuState.OK:
        return row.reading.state.value
    instance = row.occupancy.instance
    if row.stuck or (instance is not None and instance.state is WorkState.STUCK):
        return WorkState.STUCK.value
    if instance is not None and instance.state is WorkState.FAILING:
        return WorkState.FAILING.value
    if row.occupancy.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        return row.occupancy.holder.value
    return instance.kind.value if instance is not None else "off"


def _best(row: GpuRow) -> Option | None:
    """The option whose net is this row's addend of the best sum; None where what runs is not one of ours."""
    if row.money.running is None:
        return None
    return named(row.money.options, row.money.advice.best) or named(row.money.options, row.money.running)


def _stale(row: GpuRow) -> bool:
    running = named(row.money.options, row.money.running)
    return running is not None and running.stale


def known_sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None, not 0, where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def counts(rows: Sequence[GpuRow]) -> tuple[tuple[str, int], ...]:
    """How many rows count as what, by the words of ``row_word``, those that call somebody last."""
    found = Counter(row_word(row) for row in rows)
    return tuple((word, found[word]) for word in _ORDER if found[word])
