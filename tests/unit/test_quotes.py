"""Quotes with their ages, and the one translation of config and quotes into terms."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.settings import CoinSettings, QuoteSettings, Settings, SiteSettings
from console.config.tariff_settings import Component, PowerSettings
from console.config.workload_settings import RevenueSettings, WorkloadSettings
from console.economics.margins import option
from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    Price,
    TokenTerms,
    Work,
)
from console.market.prices import Prices
from console.market.quotes import CONFIG, YEAR_S, Board, configured, instant
from console.market.terms import rules, site_terms, terms_of, wall_power
from console.model import Basis, Kind, Quote

WRITTEN = 1_780_000_000.0
NOW = WRITTEN + 600.0
ERG = CoinSettings(algorithm="autolykos2", reward=12.0, difficulty=3.3e15)
ERGO = WorkloadSettings(kind=Kind.MINE, coin="ERG", pool_fee=0.01, dev_fee=0.02, reject=0.005, wear_per_h=0.001)


def settings(**more: object) -> Settings:
    given: dict[str, object] = {
        "site": SiteSettings(psu_efficiency=0.9, pue=1.2, host_overhead_w=120.0),
        "power": PowerSettings(price_per_kwh=0.071, carbon_g_per_kwh=212.0, carbon_price_per_t=80.0),
        "coins": {"ERG": ERG},
        "quotes": {"ERG": QuoteSettings(kind="coin_price", value=0.84, unit="USD")},
    }
    return Settings(**{**given, **more})  # type: ignore[arg-type]


def board(config: Settings, *more: Quote) -> Board:
    return Board().put((*configured(config, WRITTEN), *more))


def quote(
    kind: str, name: str, value: float, unit: str, *, source: str = "feed", at: float = NOW, max_age_s: float = 900.0
) -> Quote:
    return Quote(name=name, kind=kind, value=value, unit=unit, source=source, at=at, max_age_s=max_age_s)


def test_config_becomes_quotes_with_its_own_time() -> None:
    """Power, carbon, network figures and hand-set prices stand with source, unit, age limit and the file's time."""
    found = {(q.kind, q.name): q for q in configured(settings(), WRITTEN)}
    assert set(found) == {
        ("power_price", "power"),
        ("carbon", "carbon"),
        ("reward", "ERG"),
        ("difficulty", "ERG"),
        ("coin_price", "ERG"),
    }
    assert {(q.source, q.at) for q in found.values()} == {(CONFIG, WRITTEN)}
    tariff = found["power_price", "power"]
    assert (tariff.value, tariff.unit, tariff.max_age_s) == (0.071, "USD/kWh", YEAR_S)
    assert found["coin_price", "ERG"].max_age_s == 86400.0


def test_components_add_up() -> None:
    """Energy, grid and tax are one price; neither a price nor components is no quote."""
    parts = (Component(name="energy", price_per_kwh=0.05), Component(name="grid", price_per_kwh=0.03))
    with_parts = configured(settings(power=PowerSettings(components=parts)), WRITTEN)
    assert [q.value for q in with_parts if q.kind == "power_price"] == [pytest.approx(0.08)]
    assert not [q for q in configured(settings(power=PowerSettings()), WRITTEN) if q.kind in ("power_price", "carbon")]


def test_a_given_time_beats_the_files() -> None:
    """`at` is the instant the figure was true; without a zone it is UTC, unreadable it is long past."""
    assert instant("2026-06-01T12:00:00Z", 0.0) == 1780315200.0
    assert instant("2026-06-01T14:00:00+02:00", 0.0) == 1780315200.0
    assert instant("2026-06-01T12:00:00", 7.0) == 1780315200.0
    assert instant(None, 7.0) == 7.0
    assert instant("yesterday", 7.0) == 0.0
    set_by_hand = QuoteSettings(kind="coin_price", value=0.9, unit="USD", at="2026-06-01T12:00:00Z")
    found = configured(settings(quotes={"ERG": set_by_hand}), WRITTEN)
    assert [q.at for q in found if q.kind == "coin_price"] == [1780315200.0]


@given(st.text(max_size=40))
def test_no_text_breaks_an_instant(text: str) -> None:
    """Any `at` is a time or long past."""
    assert isinstance(instant(text, 0.0), float)


def test_board_keeps_the_newest_of_each_source() -> None:
    """An older quote that arrives late replaces nothing; other sources and names stand beside it."""
    first = quote("coin_price", "ERG", 0.8, "USD", at=NOW - 60)
    held = Board().put([first]).put([quote("coin_price", "ERG", 0.7, "USD", at=NOW - 120)])
    assert held.of("coin_price", "ERG") == (first,)
    newer = quote("coin_price", "ERG", 0.9, "USD")
    other = quote("coin_price", "ERG", 0.85, "USD", source="other", at=NOW - 30)
    held = held.put([newer, other, quote("coin_price", "RVN", 0.01, "USD")])
    assert held.of("coin_price", "ERG") == (newer, other)
    assert len(held.quotes) == 3


def test_a_fresh_feed_counts_before_config_and_config_before_a_dead_feed() -> None:
    """What is set by hand is the fallback, never an override by accident of its later time."""
    config = settings()
    live = quote("coin_price", "ERG", 0.9, "USD", at=WRITTEN - 60, max_age_s=900.0)
    both = board(config, live)
    assert both.latest("coin_price", "ERG", NOW) is live
    later = both.latest("coin_price", "ERG", NOW + 3600)
    assert later is not None
    assert later.source == CONFIG
    assert both.latest("coin_price", "XXX", NOW) is None


def test_site_terms() -> None:
    """Overhead is split over the roster; tariff and carbon come with their staleness."""
    found = site_terms(settings(), board(settings()), NOW, 8)
    assert (found.power.value, found.carbon.value, found.overhead_w_per_gpu) == (0.071, 212.0, 15.0)
    assert found.wall_w(225.0) == pytest.approx(320.0)
    assert not found.power.stale
    old = site_terms(settings(), board(settings()), WRITTEN + YEAR_S + 86400, 0)
    assert (old.power.stale, old.overhead_w_per_gpu) == (True, 120.0)
    assert (old.power.old, old.power.missing) == (("price of power 366d old, limit 365d",), ())
    none = site_terms(settings(power=PowerSettings()), Board(), NOW, 8)
    assert none.power.missing == ("price of power: set [power] price_per_kwh",)


def test_rules_are_the_configs() -> None:
    """Margins and times of [advice], in the site's currency."""
    config = settings(site=SiteSettings(currency="EUR"))
    found = rules(config)
    assert found.currency == "EUR"
    assert msgspec.structs.asdict(found) == {**msgspec.structs.asdict(config.advice), "currency": "EUR"}


def test_hash_price_of_a_coin() -> None:
    """Coin price times reward over hashes per block; one stale part makes it stale and names itself."""
    config = settings()
    found = Prices(config, board(config), NOW).per_hash("ERG")
    assert (found.value, found.stale) == (pytest.approx(0.84 * 12 / 3.3e15), False)
    live = board(config, quote("difficulty", "ERG", 3.0e15, "", at=NOW - 3600, max_age_s=600.0))
    assert Prices(config, live, NOW).per_hash("ERG").value == found.value
    tomorrow = Prices(config, board(config), WRITTEN + 90000).per_hash("ERG")
    assert tomorrow.stale
    assert tomorrow.old[0] == "price of ERG 1d old, limit 1d"
    assert (len(tomorrow.old), tomorrow.missing) == (3, ())


def test_network_hashrate_stands_in_for_difficulty() -> None:
    """D k = nethash T; a fresh nethash replaces a difficulty gone stale; without a block time it cannot."""
    by_rate = CoinSettings(algorithm="pearlhash", reward=2660.0, nethash=2.4e19, block_time_s=194.0)
    config = settings(coins={"ERG": by_rate})
    found = Prices(config, board(config), NOW).per_hash("ERG")
    assert found.value == pytest.approx(0.84 * 2660 / (2.4e19 * 194))
    fresh = quote("nethash", "ERG", 1e13, "H/s", at=WRITTEN + 90000)
    timed = settings(coins={"ERG": msgspec.structs.replace(ERG, block_time_s=120.0)})
    later = Prices(timed, board(timed, fresh), WRITTEN + 90000).per_hash("ERG")
    assert later.value == pytest.approx(0.84 * 12 / (1e13 * 120))
    untimed = Prices(settings(), board(settings(), fresh), WRITTEN + 90000).per_hash("ERG")
    assert untimed.value is None
    assert "block time of ERG: set [coins.ERG] block_time_s" in untimed.missing


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        (settings(quotes={}), "price of ERG: set [quotes.ERG]"),
        (settings(coins={}), "price per hash of ERG: set [coins.ERG] or [quotes.ERG]"),
        (
            settings(coins={"ERG": msgspec.structs.replace(ERG, difficulty=None)}),
            "difficulty of ERG: set [coins.ERG] difficulty, or nethash and block_time_s",
        ),
        (
            settings(coins={"ERG": msgspec.structs.replace(ERG, reward=None)}),
            "block reward of ERG: set [coins.ERG] reward",
        ),
        (
            settings(coins={"ERG": msgspec.structs.replace(ERG, difficulty=0.0)}),
            "difficulty of ERG: found 0, expected above 0",
        ),
        (
            settings(quotes={"ERG": QuoteSettings(kind="coin_price", value=0.84, unit="USD/RVN")}),
            "readable unit of ERG (config): found 'USD/RVN', expected USD or USD/ERG",
        ),
        (
            settings(quotes={"ERG": QuoteSettings(kind="hash_price", value=43.1, unit="USD/fortnight")}),
            "readable unit of ERG (config): found 'USD/fortnight', expected USD/PH/day",
        ),
        (
            settings(quotes={"ERG": QuoteSettings(kind="coin_price", value=0.8, unit="EUR")}),
            'exchange rate EUR to USD: set [quotes.EUR] kind = "fx", unit = "USD/EUR"',
        ),
    ],
)
def test_what_a_hash_pays_is_missing_in_words(config: Settings, missing: str) -> None:
    """Each gap says what to set where, and no value is made up for it."""
    found = Prices(config, board(config), NOW).per_hash("ERG")
    assert found.value is None
    assert missing in found.missing


def test_a_market_that_pays_per_hash() -> None:
    """A quoted hash price needs no coin price and no difficulty."""
    config = settings(coins={}, quotes={"X": QuoteSettings(kind="hash_price", value=43.1, unit="USD/PH/day")})
    found = Prices(config, board(config), NOW).per_hash("X")
    assert found.value == pytest.approx(43.1 / (1e15 * 86400))


def test_exchange_rates_work_both_ways() -> None:
    """A coin priced in euro is worth dollars through either notation; a stale rate makes the price stale."""
    euro = {"ERG": QuoteSettings(kind="coin_price", value=0.8, unit="EUR")}
    for value, unit in ((1.25, "USD/EUR"), (0.8, "EUR/USD")):
        config = settings(quotes={**euro, "fx": QuoteSettings(kind="fx", value=value, unit=unit, max_age_s=60.0)})
        found = Prices(config, board(config), WRITTEN).coin("ERG")
        assert (found.value, found.stale) == (pytest.approx(1.0), False)
        later = Prices(config, board(config), NOW).coin("ERG")
        assert later.stale
        assert later.old == ("exchange rate EUR to USD 10m old, limit 1m",)


@pytest.mark.parametrize(
    ("unit", "per_h"),
    [("USD/h", 0.4), ("USD/GPU/h", 0.4), ("USD/day", 0.4 / 24), ("USD/month", 0.4 / 730), ("h", None), ("$/h", None)],
)
def test_rental_units(unit: str, per_h: float | None) -> None:
    """Rates by hour, day and month become hourly; what is not understood is missing."""
    config = settings(quotes={"4090 median": QuoteSettings(kind="rental", value=0.4, unit=unit)})
    found = Prices(config, board(config), NOW).rental("4090 median")
    assert found.value == (None if per_h is None else pytest.approx(per_h))
    assert bool(found.missing) == (per_h is None)
    absent = Prices(config, board(config), NOW).rental("3090 median")
    assert absent.missing == ('rental rate 3090 median: set [quotes."3090 median"]',)


def test_wholesale_units() -> None:
    """A price per MWh is a thousandth per kWh; carbon per MWh in kg is the same number."""
    unpriced = settings(power=PowerSettings())
    live = board(unpriced, quote("power_price", "power", 71.0, "USD/MWh"), quote("carbon", "carbon", 300.0, "kg/MWh"))
    prices = Prices(unpriced, live, NOW)
    assert (prices.power().value, prices.carbon().value) == (pytest.approx(0.071), 300.0)
    odd = board(unpriced, quote("power_price", "power", 71.0, "USD/BTU"), quote("carbon", "carbon", 1.0, "lb/kWh"))
    prices = Prices(unpriced, odd, NOW)
    assert (prices.power().value, prices.carbon().value) == (None, None)


def test_an_interval_price_holds_through_its_interval() -> None:
    """Its end, not an age, makes it stale."""
    spot = Quote(
        name="power",
        kind="power_price",
        value=0.05,
        unit="USD/kWh",
        source="day-ahead",
        at=NOW - 800,
        max_age_s=60.0,
        interval_end=NOW + 100,
    )
    held = Board().put([spot])
    assert not Prices(settings(), held, NOW + 99).power().stale
    over = Prices(settings(), held, NOW + 100).power()
    assert over.old == ("price of power 15m old, its interval is over",)


def test_mining_terms() -> None:
    """Fees, wear and algorithm come from the config, the price per hash from the quotes."""
    config = settings(workloads={"ergo": ERGO})
    found = terms_of("ergo", ERGO, config, board(config), NOW)
    assert isinstance(found, MiningTerms)
    assert (found.workload, found.coin, found.algorithm) == ("ergo", "ERG", "autolykos2")
    assert (found.pool_fee, found.dev_fee, found.reject, found.wear_per_h) == (0.01, 0.02, 0.005, 0.001)
    assert found.per_hash == Prices(config, board(config), NOW).per_hash("ERG")
    nameless = terms_of("m", WorkloadSettings(kind=Kind.MINE), config, board(config), NOW)
    assert isinstance(nameless, MiningTerms)
    assert nameless.per_hash.missing == ("coin of m: set [workloads.m] coin",)


def hosted(revenue: RevenueSettings | None) -> object:
    config = settings(quotes={"median": QuoteSettings(kind="rental", value=0.41, unit="USD/h")})
    workload = WorkloadSettings(kind=Kind.AI, revenue=revenue, wear_per_h=0.002)
    return terms_of("ai", workload, config, board(config), NOW)


def test_hosting_terms() -> None:
    """Contract, marketplace and tokens each keep every figure of their form."""
    assert hosted(RevenueSettings(form="contract", rate_per_h=2.2, platform_fee=0.1)) == ContractTerms(
        workload="ai", rate=Price(name="rate of ai", value=2.2), platform_fee=0.1, wear_per_h=0.002
    )
    market = RevenueSettings(
        form="marketplace", quote="median", occupancy=0.8, platform_fee=0.15, storage_per_h=0.01, bandwidth_per_h=0.02
    )
    made = hosted(market)
    assert isinstance(made, MarketplaceTerms)
    assert [(one.value, one.unit, one.source, one.at) for one in made.rate.inputs] == [
        (0.41, "USD/h", "config", WRITTEN)
    ]
    assert made == MarketplaceTerms(
        workload="ai",
        rate=Price(name="rental rate median", value=0.41, inputs=made.rate.inputs),
        occupancy=0.8,
        platform_fee=0.15,
        storage_per_h=0.01,
        bandwidth_per_h=0.02,
        wear_per_h=0.002,
    )
    assert hosted(RevenueSettings(form="tokens", price_in_per_mtok=2.0, price_out_per_mtok=6.0)) == TokenTerms(
        workload="ai", price_in_per_tok=2e-6, price_out_per_tok=6e-6, billed_share=None, wear_per_h=0.002
    )


def test_hosting_without_revenue_is_unknown_not_free() -> None:
    """A workload without revenue, or with a form but no rate, says what to set."""
    unpaid, rateless = hosted(None), hosted(RevenueSettings(form="contract"))
    assert isinstance(unpaid, ContractTerms) and isinstance(rateless, ContractTerms)
    assert unpaid.rate.missing == ("revenue of ai: set [workloads.ai] revenue",)
    assert rateless.rate.missing == ("rate of ai: set [workloads.ai] revenue.rate_per_h or revenue.quote",)
    off = terms_of("stand-down", WorkloadSettings(kind=Kind.OFF), settings(), Board(), NOW)
    assert off == OffTerms(workload="stand-down")


@given(st.floats(min_value=0, max_value=10 * YEAR_S))
def test_no_quote_past_its_limit_looks_fresh(age_s: float) -> None:
    """Config to ladder: an option is stale exactly when a quote behind it is past its own limit."""
    config = settings(workloads={"ergo": ERGO})
    held, now = board(config), WRITTEN + age_s
    work = Work(workload="ergo", basis=Basis.MEASURED, rate=178e6, power_w=221.0)
    one = option(terms_of("ergo", ERGO, config, held, now), work, site_terms(config, held, now, 8))
    assert one.stale == any(q.stale(now) for q in held.quotes if q.kind != "carbon")
    assert one.net_per_h is not None


def test_fresh_figures_of_a_coin_count_before_a_stale_hash_price() -> None:
    """A market that has gone silent hides nothing; where the coin's own figures are no better it is named as old."""
    hash_price = quote("hash_price", "ERG", 50.0, "USD/PH/day", at=NOW - 5000)
    config = settings()
    composed = Prices(config, board(config), NOW).per_hash("ERG")
    assert Prices(config, board(config, hash_price), NOW).per_hash("ERG") == composed
    for poorer in (settings(quotes={}), settings(coins={}), settings(coins={"ERG": OLD_ERG})):
        found = Prices(poorer, board(poorer, hash_price), NOW).per_hash("ERG")
        assert (found.value, found.stale) == (pytest.approx(50.0 / (1e15 * 86400)), True)
    fresh = msgspec.structs.replace(hash_price, at=NOW)
    assert Prices(config, board(config, fresh), NOW).per_hash("ERG").value == pytest.approx(50.0 / (1e15 * 86400))


OLD_ERG = msgspec.structs.replace(ERG, max_age_s=1.0)


def test_what_is_dated_ahead_is_old_in_words() -> None:
    """An age of nothing would not say why advice waits."""
    config = settings(quotes={})
    later = quote("coin_price", "ERG", 1.0, "USD", at=NOW + 7200)
    found = Prices(config, board(config, later), NOW).coin("ERG")
    assert found.stale and found.old == ("price of ERG dated 2h ahead of this host's clock",)
    meter = wall_power(Board().put((quote("wall_power", "pdu", 900.0, "W", at=NOW + 7200),)), NOW)
    assert meter.stale and meter.old == ("wall power of pdu dated 2h ahead of this host's clock",)


def test_two_sources_of_one_meter_are_one_meter() -> None:
    """Supplies add up by name; of two sources of one the fresh and newer counts."""
    meters = (
        quote("wall_power", "pdu", 900.0, "W", source="wall", at=NOW - 5),
        quote("wall_power", "pdu", 1000.0, "W", source="json"),
        quote("wall_power", "other supply", 400.0, "W", source="json"),
        quote("wall_power", "other supply", 500.0, "W", source="wall", at=NOW - 5000),
    )
    found = wall_power(Board().put(meters), NOW)
    assert (found.value, found.stale, found.old) == (1400.0, False, ())
    assert [one.source for one in found.inputs] == ["json", "json"]
