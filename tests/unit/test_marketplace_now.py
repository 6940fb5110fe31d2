"""What is rented out: at which occupancy it is judged, and what it nets at this moment."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.cautions import cautions
from console.config.workload_settings import RevenueSettings
from console.economics.margins import option
from console.economics.renting import now_per_h, teaches, vacant
from console.economics.terms import OffTerms, Price, Work
from console.market.quotes import Board
from console.model import (
    Basis,
)
from tests.unit.test_marketplace import DAY, IDLE_W, LET, REVENUE, SITE, START, board, let_work, settings, terms


def test_a_quoted_occupancy_wins_while_it_is_fresh() -> None:
    """As a feed's price does over one set by hand; stale or absent, the config's own holds."""
    quoted = terms(settings(), board(settings(), START, 1.0, occupancy=0.7))
    assert quoted.occupancy == 0.7 and quoted.occupancy_of is not None
    assert [(one.value, one.source) for one in quoted.occupancy_of.inputs] == [(0.7, "vast")]
    old = terms(settings(), board(settings(), START, 1.0, occupancy=0.7), START + 2 * DAY)
    none = terms(settings(), board(settings(), START, 1.0))
    assert (old.occupancy, old.occupancy_of) == (none.occupancy, none.occupancy_of) == (0.6, None)


def test_an_occupancy_that_nobody_knows_is_not_always_rented() -> None:
    """A machine with no figure yet leaves the option unknown, and says how that ends; it is not 1, nor 0."""
    config = settings(msgspec.structs.replace(REVENUE, occupancy=None))
    found = option(terms(config, board(config, START, 1.0)), let_work(), SITE)
    assert (found.net_per_h, found.gross_per_h, found.power_per_h, found.occupancy) == (None, None, None, None)
    hint = "a day of watching teaches it, or set [workloads.let] revenue.occupancy"
    assert found.missing == (f"occupancy of rig-a: {hint}",)
    told = option(terms(config, board(config, START, 1.0, occupancy=0.7)), let_work(), SITE)
    assert told.occupancy == 0.7 and told.net_per_h is not None
    aged = option(terms(config, board(config, START, None, occupancy=0.7), START + 2 * DAY), let_work(), SITE)
    assert aged.stale and "occupancy of rig-a 2d old, limit 1d" in aged.old


def test_without_a_machine_the_config_says_it_or_it_is_always_rented() -> None:
    """A caution tells the owner of the latter, and of nothing else."""
    said = [
        text for text in cautions(settings(RevenueSettings(form="marketplace", rate_per_h=0.4))) if "rented" in text
    ]
    assert said == ["workloads.let.revenue has no occupancy and no machine: it is judged as if always rented"]
    assert not [text for text in cautions(settings()) if "rented" in text]
    plain = RevenueSettings(form="marketplace", rate_per_h=0.4)
    assert terms(settings(plain), Board()).occupancy == 1.0
    assert terms(settings(msgspec.structs.replace(plain, occupancy=0.3)), Board()).occupancy == 0.3


def test_a_machines_listed_rate_is_its_rate() -> None:
    """Unless the config names another; what is not listed has none."""
    config = settings()
    assert terms(config, board(config, START, 0.0)).rate.value == 0.4
    assert terms(config, board(config, START, 0.0)).listed
    unlisted = terms(config, board(config, START, 0.0, listed=False))
    assert (unlisted.rate.value, unlisted.listed) == (None, False)
    fixed = settings(msgspec.structs.replace(REVENUE, rate_per_h=0.5))
    assert terms(fixed, board(fixed, START, 0.0)).rate.value == 0.5


# ---- what it nets at this moment -------------------------------------------------------------------------------------


def test_now_is_the_rent_or_nothing_at_the_watts_of_now() -> None:
    """Rented: rate less fee and power; vacant: power alone; half a machine: half the rent."""
    assert now_per_h(LET, let_work(), SITE, 1.0) == pytest.approx(0.4 * 0.9 - 0.03)
    assert now_per_h(LET, let_work(IDLE_W), SITE, 0.0) == pytest.approx(-0.0025)
    assert now_per_h(LET, let_work(), SITE, 0.5) == pytest.approx(0.5 * 0.4 * 0.9 - 0.03)
    assert now_per_h(LET, let_work(None), SITE, 1.0) is None


def test_a_vacant_card_needs_no_rate() -> None:
    """Nothing comes in, whatever it would be; a rented one without a rate is unknown."""
    rateless = msgspec.structs.replace(LET, rate=Price(name="rate", value=None))
    assert now_per_h(rateless, let_work(IDLE_W), SITE, 0.0) == pytest.approx(-0.0025)
    assert now_per_h(rateless, let_work(), SITE, 1.0) is None


def test_nobody_pays_storage_or_bandwidth_of_a_vacant_card() -> None:
    """The config's figures are means over the clock hour: rented they count, vacant nothing comes in."""
    stored = msgspec.structs.replace(LET, storage_per_h=0.01, bandwidth_per_h=0.02)
    assert now_per_h(stored, let_work(IDLE_W), SITE, 0.0) == pytest.approx(-0.0025)
    assert now_per_h(stored, let_work(), SITE, 1.0) == pytest.approx(0.4 * 0.9 + 0.03 - 0.03)


@given(st.floats(0, 1), st.floats(0, 2), st.floats(0, 0.4), st.floats(1, 500), st.floats(1, 500))
def test_the_decision_is_the_mean_of_rented_and_vacant_moments(
    occupancy: float, rate: float, fee: float, busy_w: float, vacant_w: float
) -> None:
    """Over the time the two figures are the same money: occupancy times rented plus the rest vacant, filler or not."""
    let = msgspec.structs.replace(LET, rate=Price(name="rate", value=rate), occupancy=occupancy, platform_fee=fee)
    work = Work(workload="let", basis=Basis.MEASURED, power_w=busy_w, idle_power_w=vacant_w)
    filler = msgspec.structs.replace(
        option(OffTerms(workload="ergo"), let_work(), SITE),
        gross_per_h=0.05,
        net_per_h=0.05 - vacant_w / 1e4,
        power_per_h=vacant_w / 1e4,
        wall_w=vacant_w,
    )
    for runs in (None, filler):
        decided = option(msgspec.structs.replace(let, vacant=runs), work, SITE).net_per_h
        rented = now_per_h(let, work, SITE, 1.0)
        idle = now_per_h(let, msgspec.structs.replace(work, power_w=vacant_w), SITE, 0.0, runs)
        assert decided is not None and rented is not None and idle is not None
        assert decided == pytest.approx(occupancy * rented + (1 - occupancy) * idle, abs=1e-9)


@pytest.mark.parametrize(
    ("rented", "is_vacant", "may_teach"),
    [
        (None, False, True),
        (Price(name="r", value=1.0), False, True),
        (Price(name="r", value=0.5), False, True),
        (Price(name="r", value=0.0), True, False),
        (Price(name="r", value=0.0, stale=True), False, False),
        (Price(name="r", value=1.0, stale=True), False, False),
    ],
)
def test_only_a_rented_card_teaches_what_renting_draws(rented: Price | None, is_vacant: bool, may_teach: bool) -> None:
    """A vacant card's watts are not a renter's, and of a state told long ago nothing is known."""
    told = msgspec.structs.replace(LET, rented=rented)
    assert (vacant(told), teaches(told)) == (is_vacant, may_teach)
