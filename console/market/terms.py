"""The one translation of config and quotes into the terms that the sums are made of."""

from __future__ import annotations

from collections.abc import Mapping

from console.config.settings import Settings
from console.config.workload_settings import RevenueSettings, WorkloadSettings
from console.economics.rules import Rules
from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    Price,
    SiteTerms,
    Terms,
    TokenTerms,
)
from console.market.contracts import contract_of
from console.market.prices import Prices, lacking
from console.market.quotes import CONFIG, Board
from console.model import Input, Kept, Kind, Quote
from console.units import age

TOKENS_PER_MTOK = 1e6


def site_terms(settings: Settings, board: Board, now: float, gpus_in_roster: int) -> SiteTerms:
    """The site's meter and tariff. Host overhead is split over the GPUs of the roster, lost ones included."""
    site, prices = settings.site, Prices(settings, board, now)
    return SiteTerms(
        power=prices.power(),
        psu_efficiency=site.psu_efficiency,
        pue=site.pue,
        overhead_w_per_gpu=site.host_overhead_w / max(1, gpus_in_roster),
        carbon=prices.carbon(),
        carbon_price_per_t=settings.power.carbon_price_per_t,
        carbon_in_net=settings.power.carbon_in_net,
    )


def wall_power(board: Board, now: float) -> Price:
    """Watts at the wall: the sum over all meters of this host, one per power supply. A stale one makes it old.

    Meters are told apart by name: of several sources of one the quote to use counts, as of any other figure.
    """
    names = dict.fromkeys(quote.name for quote in board.quotes if quote.kind == "wall_power")
    meters = [quote for name in names if (quote := board.latest("wall_power", name, now))]
    if not meters:
        return Price(name="wall power", value=None)
    old = tuple(_old(q, now) for q in meters if q.stale(now))
    inputs = tuple(
        Input(name=f"wall power of {q.name}", value=q.value, unit=q.unit, source=q.source, at=q.at, stale=q.stale(now))
        for q in meters
    )
    return Price(name="wall power", value=sum(q.value for q in meters), stale=bool(old), old=old, inputs=inputs)


def _old(meter: Quote, now: float) -> str:
    if meter.ahead(now):
        return f"wall power of {meter.name} dated {age(meter.at - now)} ahead of this host's clock"
    return f"wall power of {meter.name} {age(meter.age_s(now))} old"


def rules(settings: Settings) -> Rules:
    """When a better option is enough better."""
    advice = settings.advice
    return Rules(
        margin=advice.margin,
        margin_per_h=advice.margin_per_h,
        samples=advice.samples,
        sample_gap_s=advice.sample_gap_s,
        min_run_s=advice.min_run_s,
        horizon_s=advice.horizon_s,
        currency=settings.site.currency,
    )


def terms_of(
    name: str,
    workload: WorkloadSettings,
    settings: Settings,
    board: Board,
    now: float,
    kept: Mapping[str, Kept] | None = None,
) -> Terms:
    """What ``workload`` is paid. ``kept`` is what pools were learned to count, by workload."""
    prices = Prices(settings, board, now)
    if workload.kind is Kind.MINE:
        return _mining(name, workload, prices, (kept or {}).get(name))
    if workload.kind is Kind.OFF:
        return OffTerms(workload=name)
    if workload.revenue is None:
        unpaid = lacking(f"revenue of {name}", f"set [workloads.{name}] revenue")
        return ContractTerms(workload=name, rate=unpaid, wear_per_h=workload.wear_per_h)
    return _hosting(name, workload, workload.revenue, prices)


def _mining(name: str, workload: WorkloadSettings, prices: Prices, kept: Kept | None) -> MiningTerms:
    coin = workload.coin or ""
    settings = prices.settings.coins.get(coin)
    return MiningTerms(
        workload=name,
        coin=coin,
        algorithm=settings.algorithm if settings else None,
        per_hash=prices.per_hash(coin) if coin else lacking(f"coin of {name}", f"set [workloads.{name}] coin"),
        pool_fee=workload.pool_fee,
        exchange_fee=workload.exchange_fee,
        dev_fee=workload.dev_fee,
        reject=workload.reject,
        credited=_credited(kept),
        credited_covers_pool=kept is not None and kept.counts and kept.learned_from == "balance",
        wear_per_h=workload.wear_per_h,
    )


def _credited(kept: Kept | None) -> float | None:
    """The learned share of reported hashes, once it is sure enough. More than all of them is luck, and not expected."""
    return min(1.0, kept.ratio) if kept is not None and kept.counts and kept.ratio is not None else None


def _hosting(name: str, workload: WorkloadSettings, revenue: RevenueSettings, prices: Prices) -> Terms:
    wear, fee = workload.wear_per_h, revenue.platform_fee
    if revenue.form == "tokens":
        return TokenTerms(
            workload=name,
            price_in_per_tok=_per_token(revenue.price_in_per_mtok),
            price_out_per_tok=_per_token(revenue.price_out_per_mtok),
            billed_share=revenue.billed_share,
            platform_fee=fee,
            wear_per_h=wear,
        )
    rate = _rate(name, revenue, prices)
    if revenue.form == "contract" and _taken_or_paid(revenue, prices.settings):
        return ContractTerms(workload=name, rate=rate, platform_fee=fee, wear_per_h=wear)
    occupancy = _occupancy(name, revenue, prices)
    known = revenue.occupancy if occupancy is None else occupancy.value
    return MarketplaceTerms(
        workload=name,
        rate=rate,
        occupancy=1.0 if known is None else known,
        occupancy_of=occupancy,
        rented=prices.fraction("rented", revenue.machine) if revenue.machine else None,
        listed=revenue.machine is not None and _listed(revenue.machine, prices),
        platform_fee=fee,
        storage_per_h=revenue.storage_per_h,
        bandwidth_per_h=revenue.bandwidth_per_h,
        wear_per_h=wear,
    )


def _listed(machine: str, prices: Prices) -> bool:
    """A feed of machines gives the rate of one that is listed, and of no other."""
    quote, rate = prices.board.latest("rental", machine, prices.now), prices.rental(machine)
    return quote is not None and quote.source != CONFIG and rate.value is not None and not rate.stale


def _taken_or_paid(revenue: RevenueSettings, settings: Settings) -> bool:
    """Whether a contract is paid busy or not; one that is not is paid like a marketplace, for the time it is used."""
    contract = settings.contracts.get(revenue.contract or "")
    return contract is None or contract.take_or_pay


def _occupancy(name: str, revenue: RevenueSettings, prices: Prices) -> Price | None:
    """The occupancy of a named machine as it is quoted or learned; None where the config's own figure holds.

    What is quoted wins while it is fresh, as a feed's figures do over those that are set by hand.
    """
    if revenue.machine is None:
        return None
    quoted = prices.fraction("occupancy", revenue.machine)
    if revenue.occupancy is not None:
        return quoted if quoted is not None and not quoted.stale else None
    if quoted is None:
        hint = f"a day of watching teaches it, or set [workloads.{name}] revenue.occupancy"
        return lacking(f"occupancy of {revenue.machine}", hint)
    return quoted


def _rate(name: str, revenue: RevenueSettings, prices: Prices) -> Price:
    if revenue.contract is not None:
        return _contract_rate(revenue.contract, prices)
    if revenue.quote is not None:
        return prices.rental(revenue.quote)
    if revenue.rate_per_h is None and revenue.machine is not None:
        return prices.rental(revenue.machine)
    if revenue.rate_per_h is None:
        return lacking(f"rate of {name}", f"set [workloads.{name}] revenue.rate_per_h or revenue.quote")
    return Price(name=f"rate of {name}", value=revenue.rate_per_h)


def _contract_rate(contract: str, prices: Prices) -> Price:
    """What a contract pays now; what it paid before its start or pays after its end is not known, and not nothing."""
    name = f"rate of contract {contract}"
    settings = prices.settings.contracts.get(contract)
    if settings is None:
        return lacking(name, f"set [contracts.{contract}]")
    terms = contract_of(contract, settings, prices.settings.site.timezone)
    if not terms.in_force(prices.now):
        over = terms.ends_at is not None and prices.now >= terms.ends_at
        return lacking(name, f"it ended on {terms.end}" if over else f"it begins on {terms.start}")
    rate = terms.rate_at(prices.now)
    source = Input(name=name, value=rate, unit=f"{prices.currency}/h", source=CONFIG)
    return Price(name=name, value=rate, inputs=(source,))


def _per_token(price_per_mtok: float | None) -> float | None:
    return None if price_per_mtok is None else price_per_mtok / TOKENS_PER_MTOK
