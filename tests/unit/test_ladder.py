"""The order of the ladder and the two headline figures."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics.ladder import money, ordered, profit_per_ai_hour, profit_per_hash
from console.economics.rules import Moment, Rules, best_of
from console.model import Basis, Kind, Option


def option(
    workload: str,
    net: float | None,
    kind: Kind = Kind.MINE,
    *,
    eligible: bool = True,
    hashes: float | None = 6.4e11,
    basis: Basis = Basis.MEASURED,
    stale: bool = False,
) -> Option:
    return Option(
        workload=workload,
        kind=kind,
        basis=basis,
        gross_per_h=net,
        fees_per_h=0.0,
        power_per_h=0.0,
        net_per_h=net,
        hashes_per_h=hashes if kind is Kind.MINE else None,
        algorithm=f"algorithm of {workload}" if kind is Kind.MINE else None,
        eligible=eligible,
        stale=stale,
    )


@st.composite
def ladders(draw: st.DrawFn) -> list[Option]:
    """Options of any eligibility with nets known and unknown."""
    nets = draw(st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=8))
    return [option(f"w{n}", net, eligible=draw(st.booleans())) for n, net in enumerate(nets)]


@given(ladders())
def test_best_first_unknown_last_ineligible_after_all(options: list[Option]) -> None:
    """Nets fall within the eligible and within the rest; nothing known stands below something unknown of its group."""
    ladder = ordered(options)
    assert sorted(o.workload for o in ladder) == sorted(o.workload for o in options)
    for above, below in itertools.pairwise(ladder):
        assert above.eligible >= below.eligible
        if above.eligible == below.eligible and below.net_per_h is not None:
            assert above.net_per_h is not None
            assert above.net_per_h >= below.net_per_h


@given(ladders())
def test_best_is_the_highest_known_net_that_may_be_chosen(options: list[Option]) -> None:
    """advice.best is the first of the ladder where that is eligible and known, else None."""
    nets = [o.net_per_h for o in options if o.eligible and o.net_per_h is not None]
    best = best_of(options)
    assert (best.net_per_h if best else None) == (max(nets) if nets else None)
    assert money(options, None, Moment(at=0.0), Rules()).advice.best == (best.workload if best else None)


def test_of_equals_the_running_one_leads() -> None:
    """Two workloads that earn the same are no reason to flip."""
    options = [option("a", 0.1), option("b", 0.1)]
    assert ordered(options, "b")[0].workload == "b"
    found = best_of(options, "b")
    assert found is not None
    assert found.workload == "b"


def test_profit_per_hash_is_of_the_running_miner() -> None:
    """It is net over hashes of what runs, even where another coin would pay more per hash."""
    options = [option("kaspa", 0.9, hashes=7.2e12), option("ergo", 0.02, hashes=6.4e11)]
    found = profit_per_hash(ordered(options), "ergo")
    assert found is not None
    assert (found.workload, found.algorithm) == ("ergo", "algorithm of ergo")
    assert found.value == pytest.approx(0.02 / 6.4e11)


def test_profit_per_hash_of_others_is_of_the_best_eligible_miner() -> None:
    """On an AI GPU the best miner that it may run is named, not a better one that it may not."""
    options = [
        option("vllm", 0.3, Kind.AI),
        option("kaspa", 0.9, eligible=False),
        option("ergo", 0.02, basis=Basis.ESTIMATED, stale=True),
        option("raven", 0.01),
    ]
    found = profit_per_hash(ordered(options, "vllm"), "vllm")
    assert found is not None
    assert (found.workload, found.basis, found.stale) == ("ergo", Basis.ESTIMATED, True)


def test_profit_per_hash_without_a_figure() -> None:
    """Unknown net or no hashes leave the value None with the name; no miner at all leaves nothing."""
    unknown = profit_per_hash([option("ergo", None)], "ergo")
    assert unknown is not None
    assert (unknown.workload, unknown.value) == ("ergo", None)
    for hashes in (None, 0.0):
        halted = profit_per_hash([option("ergo", 0.1, hashes=hashes)], "ergo")
        assert halted is not None
        assert halted.value is None
    assert profit_per_hash([option("vllm", 0.3, Kind.AI)], "vllm") is None
    assert profit_per_hash([option("kaspa", 0.9, eligible=False)], "off") is None


def test_profit_per_ai_hour() -> None:
    """The running AI's net, else the best eligible one's; a mining GPU has both headline figures."""
    options = [option("vllm", 0.3, Kind.AI, basis=Basis.ESTIMATED), option("sd", 0.2, Kind.AI), option("ergo", 0.02)]
    mining = money(options, "ergo", Moment(at=0.0), Rules())
    assert mining.profit_per_ai_hour is not None and mining.profit_per_hash is not None
    assert (mining.profit_per_ai_hour.workload, mining.profit_per_ai_hour.value) == ("vllm", 0.3)
    running = profit_per_ai_hour(options, "sd")
    assert running is not None
    assert (running.workload, running.value, running.basis) == ("sd", 0.2, Basis.MEASURED)


def test_net_now_is_the_running_options() -> None:
    """A GPU of somebody else has no net."""
    options = [option("vllm", 0.3, Kind.AI), option("off", -0.01, Kind.OFF)]
    assert money(options, "vllm", Moment(at=0.0), Rules()).net_per_h == 0.3
    assert money(options, None, Moment(at=0.0), Rules()).net_per_h is None
