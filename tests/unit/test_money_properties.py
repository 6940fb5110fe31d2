"""Laws that money keeps whatever the figures: power prices, break-evens, currencies, and what may reach advice."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.config.settings import CoinSettings, Settings, SiteSettings
from console.config.workload_settings import WorkloadSettings
from console.economics.advice import advise
from console.economics.ladder import ordered
from console.economics.margins import option
from console.economics.rules import Moment, Rules, Sample, sampled
from console.economics.terms import OffTerms, Work
from console.market.prices import Prices
from console.market.quotes import Board
from console.market.terms import site_terms, terms_of
from console.model import Basis, Kind, Option, Quote

NOW = 1_795_392_700.0
COINS = ("ERG", "RVN")
SETTINGS = Settings(
    site=SiteSettings(currency="USD"),
    coins={coin: CoinSettings(algorithm="any", reward=10.0, block_time_s=100.0) for coin in COINS},
    workloads={coin.lower(): WorkloadSettings(kind=Kind.MINE, coin=coin, pool_fee=0.01) for coin in COINS},
)
AGE = st.floats(min_value=0, max_value=7200)
VALUE = st.floats(min_value=1e-6, max_value=1e6)


def quote(kind: str, name: str, value: float, unit: str, age_s: float = 0.0) -> Quote:
    return Quote(name=name, kind=kind, value=value, unit=unit, source="feed", at=NOW - age_s, max_age_s=900.0)


def network(coin: str) -> tuple[Quote, Quote]:
    return quote("nethash", coin, 1e12, "H/s"), quote("reward", coin, 10.0, coin)


def ladder(quotes: list[Quote]) -> tuple[Option, ...]:
    """Both miners and standing down, at these quotes."""
    board = Board().put(quotes)
    site = site_terms(SETTINGS, board, NOW, 1)
    work = Work(workload="w", basis=Basis.MEASURED, rate=1e8, power_w=200.0, idle_power_w=20.0)
    made = [
        option(terms_of(name, workload, SETTINGS, board, NOW), work, site)
        for name, workload in SETTINGS.workloads.items()
    ]
    return ordered([*made, option(OffTerms(), work, site)], "erg")


@given(st.floats(-1, 5), st.floats(0.001, 5), VALUE)
def test_net_falls_as_power_grows_dearer_by_just_the_draw(price: float, dearer: float, coin_price: float) -> None:
    """Every option, off too; and the dearer power, the nearer comes standing down."""
    quotes = [quote("coin_price", "ERG", coin_price, "USD"), *network("ERG"), *network("RVN")]
    cheap = {o.workload: o for o in ladder([*quotes, quote("power_price", "power", price, "USD/kWh")])}
    dear = {o.workload: o for o in ladder([*quotes, quote("power_price", "power", price + dearer, "USD/kWh")])}
    for name, before in cheap.items():
        after = dear[name]
        if before.net_per_h is None or after.net_per_h is None or before.wall_w is None:
            continue
        assert after.net_per_h < before.net_per_h
        fell = before.net_per_h - after.net_per_h
        assert fell == pytest.approx(before.wall_w / 1000 * dearer, rel=1e-6, abs=1e-9 * abs(before.net_per_h))
    assert cheap["off"].net_per_h is not None and cheap["erg"].net_per_h is not None


@given(VALUE)
def test_at_its_break_even_an_option_nets_nothing(coin_price: float) -> None:
    """`value_per_kwh` is the power price of net 0, `off_above_price` that at which off nets the same."""
    quotes = [quote("coin_price", "ERG", coin_price, "USD"), *network("ERG")]
    at_any = {o.workload: o for o in ladder([*quotes, quote("power_price", "power", 0.1, "USD/kWh")])}
    even, off_above = at_any["erg"].value_per_kwh, at_any["erg"].off_above_price
    assert even is not None and off_above is not None
    gross = at_any["erg"].gross_per_h or 0.0
    at_even = {o.workload: o for o in ladder([*quotes, quote("power_price", "power", even, "USD/kWh")])}
    assert at_even["erg"].net_per_h == pytest.approx(0.0, abs=1e-9 * max(1.0, gross))
    at_off = {o.workload: o for o in ladder([*quotes, quote("power_price", "power", off_above, "USD/kWh")])}
    assert at_off["erg"].net_per_h == pytest.approx(at_off["off"].net_per_h, abs=1e-9 * max(1.0, gross))


@given(VALUE, st.floats(min_value=1e-3, max_value=1e3), st.booleans())
def test_currencies_go_round(value: float, rate: float, inverse: bool) -> None:
    """A price in euros at so many dollars a euro is that price in dollars, however the rate is written."""
    unit, said = ("EUR/USD", 1 / rate) if inverse else ("USD/EUR", rate)
    board = Board().put([quote("coin_price", "ERG", value, "EUR"), quote("fx", "EUR", said, unit)])
    dollars = Prices(SETTINGS, board, NOW).coin("ERG").value
    assert dollars == pytest.approx(value * rate, rel=1e-12)
    back = msgspec.structs.replace(SETTINGS, site=SiteSettings(currency="EUR"))
    again = Board().put([quote("coin_price", "ERG", dollars or 0.0, "USD"), quote("fx", "EUR", said, unit)])
    assert Prices(back, again, NOW).coin("ERG").value == pytest.approx(value, rel=1e-12)


@given(AGE, AGE, AGE, st.floats(0.1, 10), st.floats(0.1, 10))
def test_no_quote_past_its_limit_reaches_advice(
    erg_age: float, rvn_age: float, power_age: float, erg: float, rvn: float
) -> None:
    """Whichever of the figures is old: nothing acts on it, no sample is made of it, and why names it with its age."""
    ages = {"ERG": erg_age, "RVN": rvn_age, "power": power_age}
    options = ladder(
        [
            quote("coin_price", "ERG", erg * 1e3, "USD", erg_age),
            quote("coin_price", "RVN", rvn * 1e3, "USD", rvn_age),
            quote("power_price", "power", 0.05, "USD/kWh", power_age),
            *network("ERG"),
            *network("RVN"),
        ]
    )
    rules = Rules(samples=1)
    samples = sampled((), options, NOW, rules)
    confirming = (Sample(at=NOW, nets={o.workload: o.net_per_h for o in options if o.net_per_h is not None}),)
    moment = Moment(at=NOW, samples=confirming, ran_s=1e6, downtimes_s={"erg": 1.0, "rvn": 1.0, "off": 1.0})
    found = advise(options, "erg", moment, rules)
    involved = {"erg": ("ERG", "power"), "rvn": ("RVN", "power"), "off": ("power",)}
    old = {name: [what for what in needs if ages[what] > 900.0] for name, needs in involved.items()}
    assert {*samples[0].nets} == {name for name, what in old.items() if not what}
    assume(found.best not in (None, "erg"))
    blocking = [*old["erg"], *old[found.best or ""]]
    if blocking:
        assert not found.acts
        assert all(any(what in block and "old" in block for block in found.blocks) for what in blocking), found
    else:
        assert not any(block.startswith("stale") for block in found.blocks)
