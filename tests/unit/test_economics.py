"""Options and their money: the identity, the break-evens, what is unknown, what is stale, and the header's sums."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.economics import breakeven
from console.economics.ladder import money
from console.economics.margins import option
from console.economics.payback import payback
from console.economics.revenue import UNSEEN_IDLE, unmeasured
from console.economics.rules import Moment, Rules
from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    Price,
    SiteTerms,
    Terms,
    TokenTerms,
    Work,
)
from console.economics.wall import calibrated
from console.model import (
    Basis,
    Kind,
    Option,
)

AMOUNT = st.floats(min_value=0, max_value=100)
FEE = st.floats(min_value=0, max_value=0.49)
POWER_PRICE = st.floats(min_value=-1, max_value=5)
WATTS = st.floats(min_value=1, max_value=1500)


def price(value: float | None, name: str = "price", *, stale: bool = False) -> Price:
    return Price(name=name, value=value, stale=stale)


def site(power: float | None = 0.07, **more: object) -> SiteTerms:
    return SiteTerms(power=price(power, "price of power"), **more)  # type: ignore[arg-type]


def work(
    rate: float | None = 178e6, power_w: float | None = 221, idle_w: float | None = 22, *, basis: Basis = Basis.MEASURED
) -> Work:
    return Work(workload="w", basis=basis, rate=rate, input_rate=100.0, power_w=power_w, idle_power_w=idle_w)


@st.composite
def all_terms(draw: st.DrawFn) -> Terms:
    """Any kind of paid work."""
    wear = draw(st.floats(min_value=0, max_value=0.1))
    rate = price(draw(AMOUNT), "rate")
    fee = draw(FEE)
    return draw(
        st.sampled_from(
            [
                MiningTerms(
                    workload="w",
                    coin="ERG",
                    algorithm="autolykos2",
                    per_hash=price(draw(AMOUNT) * 1e-12),
                    pool_fee=fee,
                    dev_fee=draw(FEE),
                    wear_per_h=wear,
                ),
                ContractTerms(workload="w", rate=rate, platform_fee=fee, wear_per_h=wear),
                MarketplaceTerms(
                    workload="w",
                    rate=rate,
                    occupancy=draw(st.floats(min_value=0, max_value=1)),
                    platform_fee=fee,
                    storage_per_h=draw(AMOUNT),
                    wear_per_h=wear,
                ),
                TokenTerms(
                    workload="w",
                    price_in_per_tok=draw(AMOUNT) * 1e-6,
                    price_out_per_tok=draw(AMOUNT) * 1e-6,
                    billed_share=draw(st.floats(min_value=0, max_value=1)),
                    wear_per_h=wear,
                ),
            ]
        )
    )


@st.composite
def sites(draw: st.DrawFn) -> SiteTerms:
    """A site with losses, overhead and carbon counted."""
    return site(
        draw(POWER_PRICE),
        psu_efficiency=draw(st.floats(min_value=0.5, max_value=1)),
        pue=draw(st.floats(min_value=1, max_value=2)),
        overhead_w_per_gpu=draw(st.floats(min_value=0, max_value=100)),
        carbon=price(draw(st.floats(min_value=0, max_value=1000)), "carbon"),
        carbon_price_per_t=draw(st.floats(min_value=0, max_value=200)),
        carbon_in_net=draw(st.booleans()),
    )


def carbon_cost(one: Option, at: SiteTerms) -> float:
    assert one.carbon_g_per_h is not None
    return one.carbon_g_per_h / 1e6 * at.carbon_price_per_t if at.carbon_in_net else 0.0


@given(all_terms(), sites(), WATTS)
def test_gross_less_everything_is_net(terms: Terms, at: SiteTerms, watts: float) -> None:
    """The ladder's columns add up to its net, for every kind, in floating point."""
    one = option(terms, work(power_w=watts), at)
    assert one.gross_per_h is not None and one.fees_per_h is not None and one.power_per_h is not None
    wear = 0.0 if isinstance(terms, OffTerms) else terms.wear_per_h
    left = one.gross_per_h - one.fees_per_h - one.power_per_h - wear - carbon_cost(one, at)
    assert one.net_per_h == pytest.approx(left, rel=1e-12, abs=1e-12)
    assert one.missing == ()


@given(all_terms(), sites(), WATTS, st.floats(min_value=0, max_value=3))
def test_dearer_power_never_raises_net(terms: Terms, at: SiteTerms, watts: float, more: float) -> None:
    """Whatever runs, a dearer kWh makes it no better."""
    assert at.power.value is not None
    dearer = msgspec.structs.replace(at, power=price(at.power.value + more))
    before, after = option(terms, work(power_w=watts), at), option(terms, work(power_w=watts), dearer)
    assert before.net_per_h is not None and after.net_per_h is not None
    assert after.net_per_h <= before.net_per_h + 1e-12


@given(all_terms(), sites(), WATTS)
def test_value_per_kwh_is_the_price_that_makes_net_0(terms: Terms, at: SiteTerms, watts: float) -> None:
    """At its own break-even price an option nets nothing."""
    one = option(terms, work(power_w=watts), at)
    even = breakeven.break_even_power_price(one)
    assert even is not None
    there = option(terms, work(power_w=watts), msgspec.structs.replace(at, power=price(even)))
    assert there.net_per_h == pytest.approx(0, abs=1e-9 * (1 + abs(one.gross_per_h or 0)))


@given(all_terms(), sites(), WATTS)
def test_off_is_better_above_off_above_price(terms: Terms, at: SiteTerms, watts: float) -> None:
    """At that price running and standing down net the same; there is none where running draws no more than idling."""
    load = work(power_w=watts)
    one = option(terms, load, at)
    if one.off_above_price is None:
        assert watts <= 22 or isinstance(terms, MarketplaceTerms)
        return
    there = msgspec.structs.replace(at, power=price(one.off_above_price))
    run, off = option(terms, load, there).net_per_h, option(OffTerms(), load, there).net_per_h
    assert run == pytest.approx(off, abs=1e-6 * (1 + abs(one.off_above_price) + (one.gross_per_h or 0)))


@given(AMOUNT, POWER_PRICE, WATTS, WATTS, st.floats(min_value=0.05, max_value=1), FEE)
def test_break_even_rent_makes_ai_and_mining_equal(
    net_mine: float, kwh: float, watts: float, idle_w: float, occupancy: float, fee: float
) -> None:
    """AI rented at that rate nets what mining does."""
    load = work(power_w=watts, idle_w=idle_w)
    terms = MarketplaceTerms(workload="ai", rate=price(0.0), occupancy=occupancy, platform_fee=fee)
    costs = option(terms, load, site(kwh)).power_per_h
    assert costs is not None
    rent = breakeven.break_even_rent(net_mine, costs, occupancy, fee)
    assert rent is not None
    there = option(msgspec.structs.replace(terms, rate=price(rent)), load, site(kwh))
    assert there.net_per_h == pytest.approx(net_mine, abs=1e-9 * (1 + net_mine + abs(kwh)))


def test_no_rent_reaches_an_empty_market() -> None:
    """Never rented, or all of it taken: no rate makes up for that."""
    assert breakeven.break_even_rent(0.1, 0.02, 0.0, 0.1) is None
    assert breakeven.break_even_rent(0.1, 0.02, 0.5, 1.0) is None


@given(all_terms(), all_terms(), POWER_PRICE, WATTS, WATTS)
def test_even_power_price(one: Terms, other: Terms, kwh: float, watts: float, other_w: float) -> None:
    """Where two options change places over the power price, both net the same."""
    assume(abs(watts - other_w) > 1)
    loads = (work(power_w=watts, idle_w=watts), work(power_w=other_w, idle_w=other_w))
    a, b = option(one, loads[0], site(kwh)), option(other, loads[1], site(kwh))
    even = breakeven.even_power_price(a, b, kwh)
    assert even is not None
    there = option(one, loads[0], site(even)).net_per_h
    assert there == pytest.approx(option(other, loads[1], site(even)).net_per_h, abs=1e-6 * (1 + abs(even)))


def test_wall_power_holds_overhead_loss_and_cooling() -> None:
    """Overhead is added before the power supply, its loss and the cooling scale both."""
    at = site(overhead_w_per_gpu=15.0, psu_efficiency=0.9, pue=1.2)
    assert at.wall_w(225.0) == pytest.approx(320.0)
    assert at.wall_w(None) is None


@pytest.mark.parametrize(("meter_w", "factor"), [(0, None), (999, None), (1000, 1.0), (1500, 1.5), (1501, None)])
def test_a_meter_far_from_what_is_reckoned_reads_something_else(meter_w: float, factor: float | None) -> None:
    """Never less than the cards themselves draw; half as much again may be lost; twice is one wall read twice."""
    at = calibrated(site(), (600.0, 400.0), price(meter_w, "wall power"))
    assert at.wall is not None
    if factor is None:
        assert at.wall_factor == site().wall_factor
        assert at.wall.missing == (f"wall power: {meter_w} W beside 1000 W reckoned, not used",)
    else:
        assert (at.wall_factor, at.wall.missing) == (factor, ())


MINING = MiningTerms(workload="ergo", coin="ERG", algorithm="autolykos2", per_hash=price(7e-14))


@pytest.mark.parametrize(
    ("terms", "load", "at", "missing"),
    [
        (
            msgspec.structs.replace(MINING, per_hash=price(None, "price of ERG")),
            work(),
            site(),
            ("price of ERG",),
        ),
        (MINING, work(rate=None), site(), (unmeasured("hashrate", "ergo"),)),
        (MINING, work(power_w=None), site(), (unmeasured("power", "ergo"),)),
        (MINING, work(), site(None), ("price of power",)),
        (
            MINING,
            work(),
            site(carbon_in_net=True, carbon_price_per_t=80.0),
            ("carbon intensity",),
        ),
        (ContractTerms(workload="ai", rate=price(None, "rate of ai")), work(), site(), ("rate of ai",)),
        (
            MarketplaceTerms(workload="ai", rate=price(0.4), occupancy=0.8),
            work(idle_w=None),
            site(),
            (UNSEEN_IDLE,),
        ),
        (
            TokenTerms(workload="ai", price_in_per_tok=1e-6, price_out_per_tok=None, billed_share=None),
            work(),
            site(),
            ("price_out_per_mtok of ai", "billed_share of ai"),
        ),
        (OffTerms(), work(idle_w=None), site(), (UNSEEN_IDLE,)),
    ],
)
def test_what_is_unknown_leaves_net_unknown_and_is_named(
    terms: Terms, load: Work, at: SiteTerms, missing: tuple[str, ...]
) -> None:
    """A sum of the known part is never shown as net, and the option says what it lacks."""
    one = option(terms, load, at)
    assert one.net_per_h is None
    assert one.missing == missing


def test_what_is_not_needed_may_be_unknown() -> None:
    """Full occupancy needs no idle power, an empty market no busy power, carbon outside net no intensity."""
    full = MarketplaceTerms(workload="ai", rate=price(0.4), occupancy=1.0)
    assert option(full, work(idle_w=None), site()).net_per_h == pytest.approx(0.4 - 0.221 * 0.07)
    empty = msgspec.structs.replace(full, occupancy=0.0)
    assert option(empty, work(power_w=None), site()).net_per_h == pytest.approx(-0.022 * 0.07)
    assert option(MINING, work(), site(carbon_price_per_t=80.0)).net_per_h is not None


def test_stale_prices_mark_what_hangs_on_them() -> None:
    """A stale power price marks every option, a stale carbon figure only where it is in net; the net stays readable."""
    stale_power = SiteTerms(power=price(0.07, "price of power", stale=True))
    one = option(OffTerms(), work(), stale_power)
    assert (one.stale, one.old, one.missing, one.net_per_h is not None) == (True, ("price of power",), (), True)
    carbon = price(200.0, "carbon", stale=True)
    assert not option(MINING, work(), site(carbon=carbon, carbon_price_per_t=80.0)).stale
    assert option(MINING, work(), site(carbon=carbon, carbon_price_per_t=80.0, carbon_in_net=True)).stale


def test_zero_watts_have_no_break_even() -> None:
    """What draws nothing has no price of power at which it breaks even."""
    one = option(MINING, work(power_w=0.0), site())
    assert (one.value_per_kwh, one.off_above_price) == (None, None)
    assert one.net_per_h == one.gross_per_h


def test_marketplace_is_judged_by_occupancy() -> None:
    """Rented and vacant hours in their shares, each with its power; storage and bandwidth come after fees."""
    terms = MarketplaceTerms(
        workload="ai", rate=price(0.4), occupancy=0.75, platform_fee=0.15, storage_per_h=0.01, bandwidth_per_h=0.002
    )
    expected = 0.75 * (0.34 - 0.3 * 0.1) + 0.25 * (0.0 - 0.02 * 0.1) + 0.012
    assert option(terms, work(power_w=300.0, idle_w=20.0), site(0.1)).net_per_h == pytest.approx(expected)


def test_a_miner_may_fill_vacant_hours() -> None:
    """Vacant hours bring what the miner nets, wear included, and its staleness."""
    at = site(0.1)
    mining = msgspec.structs.replace(MINING, wear_per_h=0.003)
    miner = option(mining, work(), at)
    assert miner.net_per_h is not None
    terms = MarketplaceTerms(workload="ai", rate=price(0.4), occupancy=0.75, vacant=miner)
    one = option(terms, work(power_w=300.0), at)
    assert one.net_per_h == pytest.approx(0.75 * (0.4 - 0.03) + 0.25 * miner.net_per_h, rel=1e-12)
    stale = msgspec.structs.replace(terms, vacant=msgspec.structs.replace(miner, stale=True))
    assert option(stale, work(power_w=300.0), at).stale
    unknown = msgspec.structs.replace(terms, vacant=option(mining, work(rate=None), at))
    assert option(unknown, work(power_w=300.0), at).net_per_h is None


def test_dual_mining_has_no_profit_per_hash() -> None:
    """Two algorithms at once have no hash in common."""
    dual = msgspec.structs.replace(MINING, dual=True)
    assert option(dual, work(), site()).hashes_per_h is None
    found = money([option(dual, work(), site())], "ergo", Moment(at=0.0), Rules())
    assert found.profit_per_hash is not None
    assert found.profit_per_hash.value is None
    assert found.net_per_h is not None


def test_kinds_of_options() -> None:
    """Each kind of terms belongs to one of the three businesses."""
    kinds = [
        option(t, work(), site()).kind for t in (MINING, ContractTerms(workload="ai", rate=price(1.0)), OffTerms())
    ]
    assert kinds == [Kind.MINE, Kind.AI, Kind.OFF]


def test_payback() -> None:
    """Days until earnings equal the price; never when it loses; resale counts at the horizon only."""
    back = payback(1600.0, 2.0, resale=500.0, horizon_years=4.0)
    assert (back.days, back.years) == (800.0, pytest.approx(2.19178, rel=1e-5))
    assert back.total_return == pytest.approx((2920.0 + 500.0 - 1600.0) / 1600.0)
    assert payback(1600.0, 0.0).days is None
    assert payback(1600.0, -1.0).total_return is None
    assert payback(0.0, -1.0, horizon_years=1.0) == (0.0, 0.0, None)
