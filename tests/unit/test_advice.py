"""When to flip and why: every rule on its own, and the line whose numbers can be checked by hand."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics.advice import advise
from console.economics.rules import (
    Moment,
    Rules,
    Sample,
    Stretch,
    confirmed,
    needed_per_h,
    repaid_after_s,
    sampled,
    switching_loss,
)
from console.model import Advice, Basis, Kind, Option

RULES = Rules()
NOW = 100_000.0
NET = st.floats(min_value=-10, max_value=10)


def option(
    workload: str,
    net: float | None,
    *,
    kind: Kind = Kind.MINE,
    gross: float = 0.045,
    fees: float = 0.001,
    basis: Basis = Basis.MEASURED,
    stale: bool = False,
    eligible: bool = True,
    missing: tuple[str, ...] = (),
    old: tuple[str, ...] = (),
) -> Option:
    return Option(
        workload=workload,
        kind=kind,
        basis=basis,
        gross_per_h=gross,
        fees_per_h=fees,
        power_per_h=None if net is None else gross - fees - net,
        net_per_h=net,
        stale=stale,
        eligible=eligible,
        missing=missing,
        old=old,
    )


MINE = option("mine", 0.02)
AI = option("ai", 0.29, kind=Kind.AI, gross=0.39, fees=0.07, basis=Basis.ESTIMATED)
OFF = option("off", -0.002, kind=Kind.OFF, gross=0.0, fees=0.0)
LADDER = (AI, MINE, OFF)


def samples(*options: Option, count: int = 3, gap_s: float = 300.0) -> tuple[Sample, ...]:
    nets = {o.workload: o.net_per_h for o in options if o.net_per_h is not None}
    return tuple(Sample(at=NOW - gap_s * n, nets=nets) for n in reversed(range(count)))


def moment(*options: Option, **more: object) -> Moment:
    """A moment in which nothing stands against a flip."""
    given = {"samples": samples(*(options or LADDER)), "ran_s": 7800.0, "downtimes_s": {"ai": 41.0, "mine": 41.0}}
    return Moment(at=NOW, **{**given, **more})  # type: ignore[arg-type]


def advice(*options: Option, running: str = "mine", **more: object) -> Advice:
    return advise(options or LADDER, running, moment(*options, **more), RULES)


def test_the_line_of_numbers() -> None:
    """Gain, what it needs and of what, samples, cost of the switch, pay-back and run, as one line."""
    found = advice()
    assert found.why == (
        "ai gains 0.27 $/h over mine, needs 0.02 (0.01 at least, doubled as estimated); 3 samples; "
        "41s down cost 0.00023 $, repaid in 3s; ran 2h 10m of 30m"
    )
    assert (found.best, found.acts, found.blocks) == ("ai", True, ())
    assert found.gain_per_h == pytest.approx(0.27)


def test_currency_and_percentage_stand_in_the_line() -> None:
    """Above the floor the percentage and what it is of are said, in the site's currency."""
    other = option("b", 0.5, gross=0.9)
    found = advise((other, AI), "ai", moment(other, AI, downtimes_s={"b": 60.0}, load_s=30.0), Rules(currency="EUR"))
    assert "b gains 0.21 €/h over ai, needs 0.032 (10 % of 0.32);" in found.why
    assert found.why.endswith("ran 2h 10m of 5m")


def test_best_running_says_what_is_next() -> None:
    """Nothing better is no block: it gains 0, and the runner-up stands beside it, marked as estimated."""
    found = advice(running="ai")
    assert (found.best, found.gain_per_h, found.acts, found.blocks) == ("ai", 0.0, False, ())
    assert found.why == "ai is best ~+0.29 $/h, next is mine +0.02 $/h"


def test_alone_known() -> None:
    """A ladder of one known option says that nothing else is."""
    found = advice(MINE, option("ai", None, kind=Kind.AI, missing=("rate of ai: set it",)))
    assert found.why == "mine is best +0.02 $/h, nothing else is known; ai unknown: no rate of ai: set it"


def test_a_missing_price_says_what_to_set() -> None:
    """Without a price the line is what to do, not a number."""
    ergo = option("ergo", None, missing=("price of ERG: set [quotes.ERG]", "price of power"))
    found = advice(ergo, AI, running="ergo")
    assert found.why == "what ergo nets is unknown: no price of ERG: set [quotes.ERG]; best known is ai ~+0.29 $/h"
    assert (found.best, found.gain_per_h, found.acts) == ("ai", None, False)
    assert advice(ergo, running="ergo").why == "nothing to compare: no price of ERG: set [quotes.ERG]"


def test_nothing_to_judge() -> None:
    """Somebody else's GPU, no workload, and none that may run each have their line."""
    assert advise(LADDER, None, moment(), RULES).why == "what runs here is not known, so nothing is compared"
    assert advise((), "off", moment(), RULES).why == "no workload is configured"
    assert advise((option("a", 0.1, eligible=False),), "off", moment(), RULES).why == "no workload may run here"


@given(NET, NET, st.floats(min_value=0, max_value=10), st.sampled_from(list(Basis)))
def test_margin_is_added_never_multiplied(now: float, new: float, gross: float, basis: Basis) -> None:
    """Whatever the signs of the nets, acting means gaining more than the margin; a percentage never inverts."""
    running, other = option("a", now, gross=gross, fees=0.0), option("b", new, basis=basis)
    found = advise((running, other), "a", moment(running, other, downtimes_s={"b": 1.0}), RULES)
    margin = max(0.10 * gross, 0.01) * (1 if basis is Basis.MEASURED else 2)
    assert needed_per_h(running, other, RULES) == pytest.approx(margin)
    if found.acts:
        assert basis is not Basis.TABLE
        assert new - now > margin
    elif basis is not Basis.TABLE and new - now > margin * 1.0001 and now > -1:
        assert found.blocks == ()


@pytest.mark.parametrize("net", [-1.0, -0.05, 0.0, 0.05])
def test_a_better_loss_is_still_better(net: float) -> None:
    """A running workload that loses money is left for one that loses less, by the same margin as one that earns."""
    running = option("a", net, gross=0.3, fees=0.0)
    assert not advice(running, option("ai", net + 0.029), running="a").acts
    assert advice(running, option("ai", net + 0.031), running="a").acts


def test_estimated_figures_need_twice_the_margin() -> None:
    """0.015 above is enough for a measured option, not for an estimated one."""
    assert advice(MINE, option("ai", 0.035)).acts
    found = advice(MINE, option("ai", 0.035, basis=Basis.ESTIMATED))
    assert found.blocks == ("ai gains 0.015 $/h over mine, needs 0.02 (0.01 at least, doubled as estimated)",)
    assert found.why == found.blocks[0]


def test_table_figures_never_act() -> None:
    """However large the gain, a shipped figure asks to be measured first."""
    found = advice(MINE, option("ai", 9.0, basis=Basis.TABLE))
    assert found.blocks == ("a table figure never acts by itself, run ai once to measure it",)


def test_three_samples_a_gap_apart() -> None:
    """Two samples, or three too close together, do not confirm."""
    assert advice(samples=samples(*LADDER, count=2)).blocks == ("2 of 3 samples, 5m apart",)
    assert advice(samples=samples(*LADDER, count=5, gap_s=60.0)).blocks == ("1 of 3 samples, 5m apart",)
    assert advice(samples=samples(*LADDER, count=11, gap_s=60.0)).acts


def test_one_sample_without_the_gain_breaks_the_row() -> None:
    """A spike between two good samples starts the count again, and so does one where a figure was missing."""
    good = samples(*LADDER, count=4)
    for nets in ({"ai": 0.02, "mine": 0.02}, {"mine": 0.02}):
        broken = (*good[:2], Sample(at=good[2].at, nets=nets), good[3])
        assert confirmed(broken, "mine", "ai", 0.02, NOW, RULES) == 1


def test_samples_from_before_a_sleep_do_not_count() -> None:
    """What was true half an hour ago confirms nothing, nor does a sample from the future."""
    old = tuple(Sample(at=s.at - 1801, nets=s.nets) for s in samples(*LADDER))
    assert confirmed(old, "mine", "ai", 0.02, NOW, RULES) == 0
    ahead = tuple(Sample(at=s.at + 1000, nets=s.nets) for s in samples(*LADDER))
    assert confirmed(ahead, "mine", "ai", 0.02, NOW, RULES) == 0


def test_sampling_keeps_the_gap_and_leaves_stale_figures_out() -> None:
    """One sample per gap, none older than can confirm, nothing stale or unknown in it."""
    ladder = (AI, msgspec.structs.replace(MINE, stale=True), option("b", None))
    taken: tuple[Sample, ...] = ()
    for at in range(0, 4000, 10):
        taken = sampled(taken, ladder, float(at), RULES)
    assert [s.at for s in taken] == [2400.0, 2700.0, 3000.0, 3300.0, 3600.0, 3900.0]
    assert taken[0].nets == {"ai": 0.29}


def test_minimum_run() -> None:
    """Half an hour for a miner, ten load times for AI, none for off; unknown blocks, failing waives."""
    assert advice(ran_s=240.0).blocks == ("ran 4m of 30m",)
    assert advice(ran_s=None).blocks == ("how long mine has run is not known, needs 30m",)
    assert advice(ran_s=None, failing=True).acts
    assert "minimum run waived" in advice(ran_s=1.0, failing=True).why
    rich = option("mine", 2.0)
    assert advice(AI, rich, running="ai", load_s=200.0, ran_s=1900.0).blocks == ("ran 31m of 33m",)
    assert advice(AI, rich, running="ai", load_s=100.0, ran_s=1100.0).acts
    assert advise(LADDER, "off", moment(ran_s=None), RULES).acts


def test_only_the_two_options_quotes_can_block() -> None:
    """A stale third option is no reason to wait; a stale first or second is, and names the quote."""
    third = option("kaspa", 0.05, stale=True, old=("price of KAS 25m old, limit 15m",))
    assert advice(AI, MINE, third).acts
    stale = msgspec.structs.replace(MINE, stale=True, old=("price of ERG 25m old, limit 15m",))
    assert advice(AI, stale).blocks == ("stale: price of ERG 25m old, limit 15m",)
    assert not advice(msgspec.structs.replace(AI, stale=True), MINE).acts


def test_what_people_said_stands() -> None:
    """Pins, locks and guards block whatever the gain, and are told apart."""
    found = advice(
        pinned="pinned to mine in the config", locked="alice until 06:00: riser", guards=("rented until 2026-12-01",)
    )
    assert found.blocks == (
        "pinned to mine in the config",
        "locked: alice until 06:00: riser",
        "rented until 2026-12-01",
    )
    assert found.gain_per_h == pytest.approx(0.27)


def test_switching_loss() -> None:
    """Earnings and transition power of the downtime, plus what is forfeited and penalties."""
    costs = moment(transition_per_h=0.03, forfeited=0.5, penalty=1.0)
    assert switching_loss(0.6, 120.0, costs) == pytest.approx(120 / 3600 * 0.63 + 1.5)


def test_a_loss_that_is_not_repaid_blocks() -> None:
    """Six hours of 0.27 repay 1.62 and not more; an unknown downtime repays nothing."""
    assert advice(forfeited=1.60).acts
    assert advice(forfeited=1.63).blocks == ("41s down cost 1.63 $, not repaid within 6h",)
    [said] = advice(forfeited=None).blocks
    assert said.startswith("what the pool keeps unpaid when ") and said.endswith(
        " leaves is unknown: its coin has no price"
    )
    assert advice(downtimes_s={}).blocks == ("how long a flip to ai takes is not known",)
    assert "repaid at once" in advice(option("a", -0.5), AI, running="a").why


@pytest.mark.parametrize(
    ("loss", "outlook", "seconds"),
    [
        (0.0, (), 0.0),
        (0.27, (), 3600.0),
        (1.63, (), None),
        (0.27, (Stretch(until_s=3600.0, gain_per_h=0.0),), 7200.0),
        (0.27, (Stretch(until_s=1800.0, gain_per_h=1.08), Stretch(until_s=21600.0, gain_per_h=0.0)), 900.0),
        (0.27, (Stretch(until_s=3600.0, gain_per_h=1.0), Stretch(until_s=21600.0, gain_per_h=-1.0)), None),
        (1.0, (Stretch(until_s=90000.0, gain_per_h=0.1),), None),
    ],
)
def test_repayment_follows_the_known_future(loss: float, outlook: tuple[Stretch, ...], seconds: float | None) -> None:
    """Price steps delay or undo the pay-back; what lies behind the horizon does not count."""
    found = repaid_after_s(loss, 0.27, outlook, 21600.0)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(st.lists(st.tuples(NET, st.sampled_from(list(Basis)), st.booleans()), min_size=1, max_size=5))
def test_advice_is_one_line_and_repeatable(found: list[tuple[float, Basis, bool]]) -> None:
    """The same inputs give the same advice, on one line, and what acts has nothing blocking."""
    ladder = [option(f"w{n}", net, basis=basis, stale=stale) for n, (net, basis, stale) in enumerate(found)]
    first = advise(ladder, "w0", moment(*ladder), RULES)
    assert first == advise(ladder, "w0", moment(*ladder), RULES)
    assert "\n" not in first.why and first.why
    assert not (first.acts and first.blocks)


def test_with_nothing_but_off_no_price_is_asked_for() -> None:
    """A host without workloads lacks workloads first."""
    off = option("off", None, kind=Kind.OFF, missing=("price of power: set [power] price_per_kwh",))
    assert advise((off,), "off", moment(), RULES).why == "no workload may run here, so there is nothing to compare"
