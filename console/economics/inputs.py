"""Every figure that an option's money was made of, with where it comes from: what stands behind ``w``."""

from __future__ import annotations

from collections.abc import Iterator

from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    SiteTerms,
    Terms,
    TokenTerms,
    Work,
)
from console.model import Input

CONFIG = "config"
NVML = "NVML"


def inputs(terms: Terms, work: Work, site: SiteTerms) -> tuple[Input, ...]:
    """In the order in which the sum is made: what comes in, what fees take, what the watts cost. No figure twice."""
    found = (*_income(terms, work), *_watts(terms, work, site), *site.power.inputs, *_carbon(site))
    return tuple(dict.fromkeys(found))


def _income(terms: Terms, work: Work) -> Iterator[Input]:
    match terms:
        case MiningTerms():
            yield _worked(work, "hashrate", work.rate, "H/s")
            yield from terms.per_hash.inputs
            yield from _mining_fees(terms)
        case ContractTerms():
            yield from _rate(terms.rate.inputs, terms.rate.value)
            yield _set("platform fee", terms.platform_fee)
        case MarketplaceTerms():
            yield from _rate(terms.rate.inputs, terms.rate.value)
            yield from terms.occupancy_of.inputs if terms.occupancy_of else (_set("occupancy", terms.occupancy),)
            yield _set("platform fee", terms.platform_fee)
            yield _set("storage", terms.storage_per_h, "/h")
            yield _set("bandwidth", terms.bandwidth_per_h, "/h")
            yield from terms.vacant.inputs if terms.vacant else ()
        case TokenTerms():
            yield _worked(work, "prompt tokens", work.input_rate, "tok/s")
            yield _worked(work, "tokens", work.rate, "tok/s")
            yield _set("price of prompt tokens", _per_mtok(terms.price_in_per_tok), "/Mtok")
            yield _set("price of tokens", _per_mtok(terms.price_out_per_tok), "/Mtok")
            yield _set("billed share", terms.billed_share)
            yield _set("platform fee", terms.platform_fee)
        case OffTerms():
            return


def _rate(quoted: tuple[Input, ...], value: float | None) -> Iterator[Input]:
    yield from quoted or (_set("rate", value, "/h"),)


def _mining_fees(terms: MiningTerms) -> Iterator[Input]:
    """What is learned from the pool stands in place of what it replaces."""
    if terms.credited is not None:
        yield Input(name="credited of reported", value=terms.credited, unit="", source="learned from the pool")
    else:
        yield _set("developer fee", terms.dev_fee)
        yield _set("rejected shares", terms.reject)
    if not (terms.credited is not None and terms.credited_covers_pool):
        yield _set("pool fee", terms.pool_fee)
    yield _set("exchange fee", terms.exchange_fee)


def _watts(terms: Terms, work: Work, site: SiteTerms) -> Iterator[Input]:
    if not isinstance(terms, OffTerms):
        yield _worked(work, "power at the card", work.power_w, "W", measured_by=NVML)
    yield Input(
        name="idle power of the card", value=work.idle_power_w, unit="W", source=work.idle_source or "last idle"
    )
    yield _set("host overhead per GPU", site.overhead_w_per_gpu, "W")
    yield _set("efficiency of the power supply", site.psu_efficiency)
    yield _set("PUE", site.pue)
    yield from site.wall.inputs
    if not isinstance(terms, OffTerms):
        yield _set("wear", terms.wear_per_h, "/h")


def _carbon(site: SiteTerms) -> Iterator[Input]:
    if site.carbon_in_net:
        yield from site.carbon.inputs
        yield _set("price of carbon", site.carbon_price_per_t, "/t")


def _worked(work: Work, name: str, value: float | None, unit: str, measured_by: str = "meter") -> Input:
    """A figure of what the GPU does; measured now, or with the words for where the estimate comes from."""
    now = work.source.startswith("measured")
    return Input(name=name, value=value, unit=unit, source=measured_by if now else work.source, at=work.at)


def _per_mtok(price_per_tok: float | None) -> float | None:
    return None if price_per_tok is None else price_per_tok * 1e6


def _set(name: str, value: float | None, unit: str = "") -> Input:
    return Input(name=name, value=value, unit=unit, source=CONFIG)
