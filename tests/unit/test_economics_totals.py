"""The header's sums: what is known, what is stale, how sure the best is, and what counts as what."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics.ladder import money
from console.economics.margins import option
from console.economics.rules import Moment, Rules
from console.economics.terms import OffTerms, SiteTerms
from console.economics.totals import HARM, fresh_net_per_h, totals
from console.model import Basis, GpuRow, GpuState, Holder, Instance, Occupancy, Option, Reading, Uuid, WorkState
from tests.unit.test_economics import AMOUNT, MINING, WATTS, price, site, sites, work


def row(
    slot: int,
    options: list[Option],
    running: str | None,
    *,
    power_w: float | None = 200.0,
    state: GpuState = GpuState.OK,
    holder: Holder = Holder.WORKLOAD,
) -> GpuRow:
    uuid = Uuid(f"GPU-{slot}")
    now = next((o for o in options if o.workload == running), None)
    instance = Instance(workload=now.workload, kind=now.kind, uuids=(uuid,), pids=(), unit="u") if now else None
    return GpuRow(
        reading=Reading(slot=slot, uuid=uuid, pci="", name="", at=0.0, state=state, power_w=power_w),
        occupancy=Occupancy(uuid=uuid, holder=holder, instance=instance),
        output=None,
        money=money(options, running, Moment(at=0.0), Rules()),
    )


@given(st.lists(st.tuples(st.one_of(st.none(), AMOUNT), st.one_of(st.none(), WATTS)), min_size=1, max_size=9), sites())
def test_totals_are_the_sums_of_rows(rows: list[tuple[float | None, float | None]], at: SiteTerms) -> None:
    """Known rows add up, unknown ones are left out and counted, and nothing known is None, not 0."""
    made = []
    for slot, (per_hash, watts) in enumerate(rows):
        per = price(None if per_hash is None else per_hash * 1e-12)
        mine = option(msgspec.structs.replace(MINING, per_hash=per), work(), at)
        off = option(OffTerms(), work(), at)
        made.append(row(slot, [mine, off], "ergo", power_w=watts))
    found = totals(made, at)
    nets = [r.money.net_per_h for r in made if r.money.net_per_h is not None]
    assert found.net_per_h == (pytest.approx(sum(nets)) if nets else None)
    walls = [at.wall_w(watts) or 0.0 for _, watts in rows if watts is not None]
    assert found.wall_w == (pytest.approx(sum(walls)) if walls else None)
    assert found.unknown_rows == len(made) - len(nets)
    bests = [max(o.net_per_h for o in r.money.options if o.net_per_h is not None) for r in made]
    assert found.best_net_per_h == pytest.approx(sum(bests))


def test_counts_say_whose_and_what_became() -> None:
    """AI, mining and off first, then GPUs of others, then lost ones."""
    at = site()
    mine, off = option(MINING, work(), at), option(OffTerms(), work(), at)
    rows = [
        row(0, [mine, off], "ergo"),
        row(1, [mine, off], "off"),
        row(2, [mine, off], None, holder=Holder.FOREIGN),
        row(3, [], None, state=GpuState.LOST, power_w=None),
        row(4, [mine, off], "ergo"),
    ]
    assert totals(rows, at).counts == (("mine", 2), ("off", 1), ("foreign", 1), ("lost", 1))
    assert totals(rows, at).unknown_rows == 2
    assert totals(rows[2:4], at).best_net_per_h is None, "nobody chooses for a GPU of somebody else"
    assert totals([], at).net_per_h is None


def test_what_is_wrong_counts_before_what_runs() -> None:
    """A stuck or failing GPU calls somebody, whatever kind of work it holds; a lost one is lost first."""
    at = site()
    mine = option(MINING, work(), at)
    well = row(0, [mine], "ergo")
    held = well.occupancy.instance
    assert held is not None
    failing, stuck = (
        msgspec.structs.replace(
            well,
            occupancy=msgspec.structs.replace(well.occupancy, instance=msgspec.structs.replace(held, state=state)),
        )
        for state in (WorkState.FAILING, WorkState.STUCK)
    )
    marked = msgspec.structs.replace(well, stuck="not free: pid 4711")
    silent = row(4, [], None, state=GpuState.UNSUPPORTED, power_w=None)
    lost = msgspec.structs.replace(row(5, [], None, state=GpuState.LOST, power_w=None), stuck="not free")
    found = totals([well, failing, stuck, marked, silent, lost], at).counts
    assert found == (("mine", 1), ("stuck", 2), ("failing", 1), ("lost", 1), ("unsupported", 1))
    assert {word for word, _ in found} - {"mine"} <= set(HARM)


def test_sums_say_how_many_rows_hang_on_stale_prices_and_how_sure_the_best_is() -> None:
    """A rate without a fresh price is not a profit: it stands in the sum, counted, and in no accrual."""
    at = site()
    fresh = row(0, [option(MINING, work(), at), option(OffTerms(), work(), at)], "ergo")
    old = option(msgspec.structs.replace(MINING, per_hash=price(1e-12, stale=True)), work(), at)
    stale = row(1, [old, option(OffTerms(), work(), at)], "ergo")
    found = totals([fresh, stale], at)
    assert (found.stale_rows, found.unknown_rows, found.best_basis) == (1, 0, Basis.MEASURED)
    assert found.best_stale_rows == (stale.money.advice.best == "ergo")
    assert fresh_net_per_h([fresh, stale]) == fresh.money.net_per_h
    assert fresh_net_per_h([stale]) is None
    for basis in (Basis.ESTIMATED, Basis.TABLE):
        better = option(msgspec.structs.replace(MINING, workload="kaspa"), work(rate=1e12, basis=basis), at)
        turn = row(2, [*fresh.money.options, better], "ergo")
        assert turn.money.advice.best == "kaspa"
        assert totals([fresh, turn, stale], at).best_basis is basis
