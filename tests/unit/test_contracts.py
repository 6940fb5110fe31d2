"""Contracts: what the config may say of them, what they pay, what downtime and leaving cost, and the words for it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.contract_settings import ContractSettings
from console.config.settings import Settings, SiteSettings
from console.config.workload_settings import RevenueSettings, WorkloadSettings
from console.economics.advice import advise
from console.economics.contract import (
    Contract,
    Credit,
    Month,
    bond,
    clauses,
    leaving_clause,
    leaving_cost,
    penalty,
    steps,
)
from console.economics.rules import Moment, Rules
from console.economics.terms import ContractTerms, MarketplaceTerms
from console.flips.plan import plan
from console.market.contracts import contract_of
from console.market.quotes import Board
from console.market.terms import terms_of
from console.model import Basis, Bond, Fine, Kind, Option
from tests.unit.flipworld import HOST, WHO, World, miner, server, with_option

HOUR, DAY = 3600.0, 86400.0
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
JANUARY = DECEMBER + 31 * DAY
TIERS = (
    Credit(below_pct=99.5, credit_pct=10.0),
    Credit(below_pct=99.0, credit_pct=30.0),
    Credit(below_pct=95.0, credit_pct=100.0),
)
ACME = Contract(name="acme-7", rate_per_gpu_h=0.25, credits=TIERS)  # 186.00 in a month of 31 days


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# ---- from dates to instants ------------------------------------------------------------------------------------------


def test_dates_are_days_of_the_site() -> None:
    """In force from the first midnight to the last one there, an hour off where clocks change between."""
    paper = ContractSettings(rate_per_gpu_h=0.5, start="2026-03-01", end="2026-03-31")
    found = contract_of("c", paper, "Europe/Berlin")
    assert (found.starts_at, found.ends_at) == (instant("2026-03-01T00:00+01:00"), instant("2026-04-01T00:00+02:00"))
    assert not found.in_force(instant("2026-02-28T23:59+01:00")) and found.in_force(instant("2026-03-01T00:00+01:00"))
    assert found.in_force(instant("2026-03-31T23:59+02:00")) and not found.in_force(instant("2026-04-01T00:00+02:00"))
    assert (found.start, found.end) == ("2026-03-01", "2026-03-31")
    always = contract_of("c", ContractSettings(rate_per_gpu_h=0.5), "Asia/Tokyo")
    assert always.in_force(0.0) and always.in_force(1e10)


def test_notice_ends_it_where_that_is_sooner() -> None:
    """Thirty days after notice was given, or at the end of the term."""
    paper = ContractSettings(rate_per_gpu_h=0.5, end="2026-12-31", notice_days=30.0, notice_given="2026-06-01")
    assert contract_of("c", paper, "UTC").ends_at == instant("2026-07-01T00:00+00:00")
    assert contract_of("c", paper, "UTC").end == "2026-06-30"
    late = msgspec.structs.replace(paper, notice_given="2026-12-20")
    assert contract_of("c", late, "UTC").end == "2026-12-31"


def test_the_rate_rises_at_each_anniversary() -> None:
    """Not before its day, compound, and a leap day's anniversary is the last of February."""
    found = contract_of("c", ContractSettings(rate_per_gpu_h=1.0, start="2024-02-29", escalator_pct=10.0), "UTC")
    assert found.rate_at(instant("2025-02-27T23:59+00:00")) == 1.0
    assert found.rate_at(instant("2025-02-28T00:00+00:00")) == pytest.approx(1.1)
    assert found.rate_at(instant("2028-02-28T12:00+00:00")) == pytest.approx(1.1**3)
    assert found.rate_at(instant("2028-02-29T00:00+00:00")) == pytest.approx(1.1**4)


# ---- what it pays ----------------------------------------------------------------------------------------------------


def paid(at: str, **more: object) -> ContractTerms | MarketplaceTerms:
    """The terms of a workload under contract ``c`` at an instant."""
    paper = ContractSettings(
        **{"rate_per_gpu_h": 0.5, "start": "2026-01-01", "end": "2026-12-31", **more}  # type: ignore[arg-type]
    )
    workload = WorkloadSettings(
        kind=Kind.AI,
        revenue=RevenueSettings(form="contract", contract="c", occupancy=None if paper.take_or_pay else 0.4),
    )
    settings = Settings(site=SiteSettings(currency="EUR"), contracts={"c": paper}, workloads={"w": workload})
    found = terms_of("w", workload, settings, Board(), instant(at))
    assert isinstance(found, ContractTerms | MarketplaceTerms)
    return found


def test_a_contract_pays_its_rate_while_it_is_in_force() -> None:
    """The rate with its source; before and after it is unknown, with the day, and neither 0 nor the old rate."""
    rate = paid("2026-06-01T00:00+00:00").rate
    assert (rate.value, rate.missing) == (0.5, ())
    assert [(one.value, one.unit, one.source) for one in rate.inputs] == [(0.5, "EUR/h", "config")]
    before, after = paid("2025-12-31T23:00+00:00").rate, paid("2027-01-01T00:00+00:00").rate
    assert (before.value, before.missing) == (None, ("rate of contract c: it begins on 2026-01-01",))
    assert (after.value, after.missing) == (None, ("rate of contract c: it ended on 2026-12-31",))


def test_without_take_or_pay_it_is_paid_for_the_time_it_is_used() -> None:
    """Then it has an occupancy as a marketplace has; with take-or-pay busy or not."""
    used, kept = paid("2026-06-01T00:00+00:00", take_or_pay=False), paid("2026-06-01T00:00+00:00")
    assert isinstance(used, MarketplaceTerms) and (used.rate.value, used.occupancy) == (0.5, 0.4)
    assert isinstance(kept, ContractTerms)


# ---- credits ---------------------------------------------------------------------------------------------------------


def test_steps_of_a_month_of_thirty_days() -> None:
    """Below 99.5 % of it means more than 216 minutes down; credits are capped and not added up."""
    found = steps(Contract(name="c", rate_per_gpu_h=0.5, credits=TIERS, credit_cap_pct=50.0))
    assert [step.down_s / 60 for step in found] == pytest.approx([216.0, 432.0, 2160.0])
    assert [step.credit for step in found] == pytest.approx([36.0, 108.0, 180.0])
    assert [step.more for step in found] == pytest.approx([36.0, 72.0, 72.0])


@pytest.mark.parametrize(("days", "minutes"), [(28, 201.6), (30, 216.0), (31, 223.2)])
def test_a_real_month_has_its_own_minutes(days: int, minutes: float) -> None:
    """The same percentage allows fewer minutes in February."""
    assert steps(ACME, days * DAY)[0].down_s / 60 == pytest.approx(minutes)


def owed(contract: Contract, month_s: float, down_s: float) -> float:
    """The credit of a month by its definition: the highest tier whose uptime was missed."""
    uptime_pct = 100 * (month_s - down_s) / month_s
    shares = [min(t.credit_pct, contract.credit_cap_pct) for t in contract.credits if uptime_pct < t.below_pct]
    return max(shares, default=0.0) / 100 * contract.rate_per_gpu_h * month_s / 3600


@given(
    st.floats(0, 3 * DAY),
    st.floats(0, 3 * DAY),
    st.floats(10, 100),
    st.sampled_from([28, 29, 30, 31]),
)
def test_being_away_costs_what_the_month_then_owes_more(down_s: float, away_s: float, cap: float, days: int) -> None:
    """The fines that are crossed are exactly the credit of the month after less that of the month before."""
    contract = msgspec.structs.replace(ACME, credit_cap_pct=cap)
    month = Month(DECEMBER, DECEMBER + days * DAY, up_s=DAY, down_s=down_s)
    at = DECEMBER + 5 * DAY
    held = bond(contract, (month,), at, horizon_s=10 * DAY)
    edges = [step.down_s for step in steps(contract, month.length_s)]
    if min(abs(edge - spot) for edge in edges for spot in (down_s, down_s + away_s)) < 1e-3:
        return  # at the very edge the two ways of reckoning round differently
    costs = leaving_cost(held, away_s, exits=False)
    assert costs == pytest.approx(
        owed(contract, month.length_s, down_s + away_s) - owed(contract, month.length_s, down_s)
    )
    assert leaving_cost(held, away_s + HOUR, exits=False) >= costs


def test_past_the_end_of_the_month_the_next_one_counts_anew() -> None:
    """Three hours before the end of December: what is left of it fines once, and four hours of January once more."""
    this, after = Month(DECEMBER, JANUARY, down_s=180 * 60.0), Month(JANUARY, JANUARY + 31 * DAY)
    held = bond(ACME, (this, after), JANUARY - 3 * HOUR, horizon_s=7 * HOUR)
    first, second = held.fines
    assert (first.after_s / 60, first.amount) == (pytest.approx(43.2), pytest.approx(18.60))
    assert (second.after_s / 60, second.amount) == (pytest.approx(180 + 223.2), pytest.approx(18.60))
    assert leaving_cost(held, 3 * HOUR, exits=False) == pytest.approx(18.60)
    assert leaving_cost(held, 7 * HOUR, exits=False) == pytest.approx(37.20)


def test_a_contract_that_is_over_ties_to_nothing() -> None:
    """No fine and no exit after its last day."""
    over = msgspec.structs.replace(ACME, ends_at=DECEMBER, early_exit=50.0)
    assert bond(over, (Month(DECEMBER, JANUARY),), DECEMBER, 6 * HOUR) == Bond(contract="acme-7")
    assert leaving_cost(None, DAY, exits=True) == 0.0


# ---- the words -------------------------------------------------------------------------------------------------------


def month(down_min: float, up_s: float = 20 * DAY) -> Month:
    return Month(DECEMBER, JANUARY, up_s=up_s, down_s=down_min * 60)


def said(down_min: float, contract: Contract = ACME, at: float = DECEMBER + 21 * DAY) -> tuple[str, ...]:
    return clauses(contract, month(down_min), at, "USD")


def test_minutes_left_to_the_next_tier_and_its_price() -> None:
    """The sentence that an operator acts on; behind a tier it says what the next costs more."""
    rate = msgspec.structs.replace(ACME, rate_per_gpu_h=184.0 / 744)
    assert said(182.0, rate)[0] == "contract acme-7: 41 min of downtime left this month to the 10 % tier (18.40 $)"
    assert said(10.0)[0] == "contract acme-7: 3h 33m of downtime left this month to the 10 % tier (18.60 $)"
    assert said(400.0)[0] == "contract acme-7: 46 min of downtime left this month to the 30 % tier (37.20 $ more)"
    full = "contract acme-7: every credit tier of this month is reached, 186.00 $ owed for this GPU"
    assert said(2300.0)[0] == full


def test_a_target_without_credits_is_counted_down_as_well() -> None:
    """What was promised is said even where missing it costs nothing, and nothing where nothing was promised."""
    promised = Contract(name="c", rate_per_gpu_h=0.25, uptime_target_pct=99.5)
    assert said(182.0, promised)[0] == "contract c: 41 min of downtime left this month to the 99.5 % promised"
    assert said(300.0, promised)[0] == "contract c: the 99.5 % promised are missed"
    assert len(said(0.0, Contract(name="c", rate_per_gpu_h=0.25))) == 1


def test_what_was_not_watched_is_said_and_counts_as_neither() -> None:
    """Uptime is of the watched time; it is never rounded up to 100 %."""
    assert said(0.0)[1] == "contract acme-7: up 100 % of 20d watched this month; 1d not watched count as neither"
    assert said(0.5)[1].startswith("contract acme-7: up 99.99 % of 20d watched this month, 0 min down; ")
    whole = clauses(ACME, Month(DECEMBER, JANUARY, up_s=DAY), DECEMBER + DAY, "USD")
    assert whole[1] == "contract acme-7: up 100 % of 1d watched this month"
    unseen = clauses(ACME, Month(DECEMBER, JANUARY), DECEMBER + DAY, "USD")
    assert unseen[1] == "contract acme-7: nothing of this month was watched yet"


def test_leaving_says_what_it_costs_and_why() -> None:
    """Credits within the horizon, the exit before the end or without notice, both, or not a word."""
    ended = msgspec.structs.replace(ACME, end="2027-03-31", ends_at=JANUARY + 90 * DAY, early_exit=50.0)
    held = bond(ended, (month(182.0),), DECEMBER + DAY, 6 * HOUR)
    text = "contract acme-7: leaving costs 55.80 $ of credits within 6h and 50.00 $ for ending it before 2027-03-31"
    assert leaving_clause(ended, held, 6 * HOUR, "USD") == text
    open_end = msgspec.structs.replace(ACME, notice_days=30.0, early_exit=9.0)
    text = "contract acme-7: leaving costs 9.00 € for ending it without 30 days' notice"
    assert leaving_clause(open_end, bond(open_end, (), DECEMBER, 6 * HOUR), 6 * HOUR, "EUR") == text
    assert leaving_clause(ACME, bond(ACME, (month(0.0, 0.0),), DECEMBER, HOUR), HOUR, "USD") == ""


# ---- what leaving costs a flip ---------------------------------------------------------------------------------------

HELD = Bond(contract="acme-7", fines=(Fine(after_s=41 * 60.0, amount=18.4, credit_pct=10.0),), early_exit=5.0)


def test_within_one_contract_only_the_flip_itself_is_downtime() -> None:
    """Another workload of the same contract goes on serving it; any other target is down for the horizon, and exits."""
    serves = Option(
        workload="served",
        kind=Kind.AI,
        basis=Basis.MEASURED,
        gross_per_h=1.0,
        fees_per_h=0.0,
        power_per_h=0.1,
        net_per_h=0.9,
        bond=HELD,
    )
    twin = msgspec.structs.replace(serves, workload="twin", bond=Bond(contract="acme-7"))
    other = msgspec.structs.replace(serves, workload="other", bond=Bond(contract="b-9"))
    mine = msgspec.structs.replace(serves, workload="ergo", kind=Kind.MINE, bond=None)
    assert penalty(serves, twin, 60.0, 6 * HOUR) == 0.0
    assert penalty(serves, twin, 42 * 60.0, 6 * HOUR) == pytest.approx(18.4)
    assert penalty(serves, other, 60.0, 6 * HOUR) == penalty(serves, mine, 60.0, 6 * HOUR) == pytest.approx(23.4)
    assert penalty(serves, mine, 60.0, 30 * 60.0) == pytest.approx(5.0)
    assert penalty(mine, serves, 60.0, 6 * HOUR) == penalty(None, mine, 60.0, 6 * HOUR) == 0.0


def test_advice_does_not_leave_for_less_than_leaving_costs() -> None:
    """A better option is not taken while its gain within the horizon is less than the credits; the line says so."""
    now = Option(
        workload="served",
        kind=Kind.AI,
        basis=Basis.MEASURED,
        gross_per_h=0.3,
        fees_per_h=0.0,
        power_per_h=0.1,
        net_per_h=0.2,
        bond=HELD,
    )
    better = msgspec.structs.replace(now, workload="ergo", kind=Kind.MINE, gross_per_h=1.3, net_per_h=1.2, bond=None)
    seen = Moment(at=0.0, ran_s=1e6, downtimes_s={"ergo": 60.0})
    free = advise((better, now), "served", seen, Rules(samples=0))
    assert free.acts
    bound = advise((better, now), "served", msgspec.structs.replace(seen, penalty=23.4), Rules(samples=0))
    assert not bound.acts
    assert "1m down cost 23.40 $, 23.40 of it for leaving contract acme-7, not repaid within 6h" in bound.why


def test_a_plan_charges_and_tells_what_leaving_a_contract_costs() -> None:
    """The dialog's cost holds the credits and the exit, and its warnings are the contract's sentences."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").terms = "contract"
    sentence = "contract acme-7: 41 min of downtime left this month to the 10 % tier (18.40 $)"
    free = world.row(0)
    bound = with_option(free, "vllm", bond=HELD, clauses=(sentence,))
    moves = []
    for row in (free, bound):
        seen = world.planning(rows=(row,))
        made = plan(seen, (0,), "ergo", whole=False, who=WHO, at=world.now(), force=(f"{HOST}:0",))
        moves.append(made.moves[0])
    assert moves[0].downtime_cost is not None and moves[1].downtime_cost is not None
    assert moves[1].downtime_cost - moves[0].downtime_cost == pytest.approx(23.4)
    assert sentence in moves[1].warnings and sentence not in moves[0].warnings


def test_the_guard_names_the_contract() -> None:
    """Whoever forces a GPU off a contract reads which."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").terms = "contract"
    seen = world.planning()
    named = tuple(msgspec.structs.replace(one, contract="acme-7") for one in seen.candidates)
    for candidates, words in ((seen.candidates, "under a contract"), (named, "under contract acme-7")):
        made = plan(
            msgspec.structs.replace(seen, candidates=candidates), (0,), "ergo", whole=False, who=WHO, at=world.now()
        )
        assert [refusal.guard.sentence for refusal in made.refusals] == [f"GPU 0 serves vllm {words}"]
