"""What is rented out or sold by the token in rows, sums and on the screen: earned now, and judged by the clock hour."""

from __future__ import annotations

import msgspec
import pytest

from console.economics.advice import advise
from console.economics.ladder import money
from console.economics.margins import option
from console.economics.rules import Moment, Rules, net_now
from console.economics.terms import Price, SiteTerms, TokenTerms, Work
from console.economics.totals import fresh_net_per_h, totals
from console.model import Basis, GpuRow, Holder, Instance, Kind, Money, Occupancy, Option, Reading, Uuid
from console.view import cells, ladder
from console.view.pieces import text_of

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z
CARD = Uuid("GPU-11111111-2222-3333-4444-555555555555")
SITE = SiteTerms(power=Price(name="price of power", value=0.1))
MINING_W = 220.0


def row(found: Money) -> GpuRow:
    reading = Reading(slot=0, uuid=CARD, pci="", name="RTX 4090", at=START, power_w=MINING_W)
    held = Instance(workload="let", kind=Kind.AI, uuids=(CARD,), pids=(1,), unit="let", since=START)
    occupancy = Occupancy(uuid=CARD, holder=Holder.WORKLOAD, instance=held)
    return GpuRow(reading=reading, occupancy=occupancy, output=None, money=found)


def let_at(now: float | None, net: float | None = 0.21) -> GpuRow:
    """A row that lets its card and could mine."""
    let = Option(
        workload="let",
        kind=Kind.AI,
        basis=Basis.MEASURED,
        gross_per_h=0.34,
        fees_per_h=0.05,
        power_per_h=0.08,
        net_per_h=net,
        now_per_h=now,
        occupancy=0.85,
        source="its own, 2h ago",
    )
    mine = msgspec.structs.replace(let, workload="ergo", kind=Kind.MINE, net_per_h=0.02, now_per_h=None, occupancy=None)
    return row(money((let, mine), "let", Moment(at=START), Rules()))


def test_the_header_sums_what_is_earned_now() -> None:
    """A vacant card accrues no rent, a rented one all of it; the best sum has no gap where nothing is to be done."""
    vacant_row, rented_row = let_at(-0.003), let_at(0.33)
    found = totals((vacant_row, rented_row), SITE)
    assert found.net_per_h == pytest.approx(0.327)
    assert fresh_net_per_h((vacant_row, rented_row)) == pytest.approx(0.327)
    assert found.best_net_per_h == pytest.approx(0.327)
    assert (vacant_row.money.net_per_h, rented_row.money.net_per_h) == (-0.003, 0.33)


def test_an_option_without_a_moment_of_its_own_nets_what_it_is_judged_by() -> None:
    """Every other option, and a marketplace of which nobody says whether it is rented."""
    assert let_at(None).money.net_per_h == 0.21
    assert net_now(None) is None


def test_now_is_known_where_the_occupancy_is_not() -> None:
    """A rented card earns its rent although nobody can say how often it does."""
    found = let_at(0.33, net=None)
    assert found.money.net_per_h == 0.33 and totals((found,), SITE).unknown_rows == 0
    assert "what let nets is unknown" in found.money.advice.why


def test_advice_compares_at_the_occupancy_and_not_now() -> None:
    """A vacant moment makes no gain, a rented one no loss."""
    ladders = [let_at(now).money.options for now in (-0.003, 0.33)]
    seen = Moment(at=START, ran_s=1e6, downtimes_s={"ergo": 60.0, "let": 60.0})
    for running in ("let", "ergo"):
        first, second = (advise(options, running, seen, Rules()) for options in ladders)
        assert first == second


# ---- on the screen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [80, 100, 105, 120, 140, 172, 200, 240])
@pytest.mark.parametrize("now", [-0.003, 0.33])
def test_the_ladder_says_both_figures_and_the_row_the_one_of_now(room: int, now: float) -> None:
    """At every width the running line has what the row says, and the net that it is judged by with its occupancy."""
    seen = let_at(now)
    line = text_of(ladder.option_line(seen.money.options[0], "$", room, running=True))
    word = {-0.003: "−0.00", 0.33: "+0.33"}[now]
    assert f"now {word}, at 85 % occupancy" in line
    assert "+0.21 $/h" in line and len(line) <= room
    cell = text_of(cells.net(cells.Seen(seen, cells.Scene(START)), 12))
    assert word in cell


def test_a_line_whose_figures_are_one_says_it_once() -> None:
    """Nothing is added where now and the mean read the same, nor on options that do not run."""
    for seen in (let_at(None), let_at(0.2101)):
        for one in seen.money.options:
            assert "now " not in text_of(ladder.option_line(one, "$", 200, running=True))


# ---- sold by the token -----------------------------------------------------------------------------------------------

TOKENS = TokenTerms(workload="api", price_in_per_tok=2e-6, price_out_per_tok=6e-6, billed_share=0.8, platform_fee=0.05)
SERVING = Work(workload="api", basis=Basis.MEASURED, rate=1900.0, input_rate=4000.0, power_w=300.0, idle_power_w=25.0)


def test_tokens_that_are_measured_and_billed_are_revenue() -> None:
    """Prompts and answers at their own prices, the billed share of them, less the platform's fee."""
    found = option(TOKENS, SERVING, SITE)
    gross = (4000 * 2e-6 + 1900 * 6e-6) * 3600 * 0.8
    assert (found.gross_per_h, found.fees_per_h) == (pytest.approx(gross), pytest.approx(gross * 0.05))
    assert found.net_per_h == pytest.approx(gross * 0.95 - 0.03) and found.now_per_h is None


@pytest.mark.parametrize("key", ["price_in_per_tok", "price_out_per_tok", "billed_share"])
def test_any_of_the_three_unset_is_unknown(key: str) -> None:
    """And named; a price of 0 is a price."""
    found = option(msgspec.structs.replace(TOKENS, **{key: None}), SERVING, SITE)
    assert (found.gross_per_h, found.fees_per_h, found.net_per_h) == (None, None, None)
    assert len(found.missing) == 1 and key.replace("_per_tok", "_per_mtok") in found.missing[0]
    free = option(msgspec.structs.replace(TOKENS, **{key: 0.0}), SERVING, SITE)
    assert free.net_per_h is not None and free.missing == ()


@pytest.mark.parametrize("key", ["rate", "input_rate"])
def test_tokens_that_nobody_measured_are_unknown(key: str) -> None:
    """A meter that does not tell prompts or answers apart leaves the revenue unknown, and not 0."""
    found = option(TOKENS, msgspec.structs.replace(SERVING, **{key: None}), SITE)
    assert found.net_per_h is None and "tokens per second of api" in found.missing[0]
    idle = option(TOKENS, msgspec.structs.replace(SERVING, rate=0.0, input_rate=0.0), SITE)
    assert (idle.gross_per_h, idle.net_per_h) == (0.0, pytest.approx(-0.03))
