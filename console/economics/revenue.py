"""What each kind of workload brings in per clock hour and what fees take of it, before power."""

from __future__ import annotations

from typing import NamedTuple

from console.economics import ai, mining
from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    Price,
    Terms,
    TokenTerms,
    Work,
)
from console.model import Option

UNSEEN_IDLE = "idle power of this GPU: leave it off for half a minute with a console open"
"""What is lacking where no card of this model has stood idle while somebody looked, see console.history.measured."""


class Revenue(NamedTuple):
    """What comes in per clock hour, the prices it hangs on, and what else it lacks."""

    gross: float | None
    fees: float | None
    prices: tuple[Price, ...] = ()
    lacks: tuple[str, ...] = ()


def unmeasured(what: str, workload: str) -> str:
    """What is lacking of a workload that no card of this model has run while somebody looked, and how to come by it."""
    return f"{what} of {workload}: run it for 2 min with a console open, or set [workloads.{workload}] expected"


def revenue(terms: Terms, work: Work) -> Revenue:
    """Gross and fees of ``terms`` for what the GPU does; None with the words for what is missing."""
    match terms:
        case MiningTerms():
            return _mined(terms, work)
        case ContractTerms():
            return _contracted(terms)
        case MarketplaceTerms():
            return _rented(terms)
        case TokenTerms():
            return _sold(terms, work)
        case OffTerms():
            return Revenue(0.0, 0.0)


def _mined(terms: MiningTerms, work: Work) -> Revenue:
    price = terms.per_hash
    lacks = () if work.rate is not None else (unmeasured("hashrate", terms.workload),)
    if work.rate is None or price.value is None:
        return Revenue(None, None, (price,), lacks)
    gross = mining.gross_per_h(work.rate, price.value)
    kept = mining.kept(
        pool_fee=terms.pool_fee,
        exchange_fee=terms.exchange_fee,
        dev_fee=terms.dev_fee,
        reject=terms.reject,
        credited=terms.credited,
        credited_covers_pool=terms.credited_covers_pool,
    )
    return Revenue(gross, gross - gross * kept, (price,))


def _contracted(terms: ContractTerms) -> Revenue:
    if terms.rate.value is None:
        return Revenue(None, None, (terms.rate,))
    gross = ai.contract_per_h(terms.rate.value)
    return Revenue(gross, gross * terms.platform_fee, (terms.rate,))


def occupied(terms: MarketplaceTerms) -> float | None:
    """The share of the time in which somebody rents; None while it is not known."""
    return terms.occupancy if terms.occupancy_of is None else terms.occupancy_of.value


def _rented(terms: MarketplaceTerms) -> Revenue:
    occupancy = occupied(terms)
    vacant = terms.vacant if occupancy is None or occupancy < 1 else None
    blend = (terms.occupancy_of, _vacancy(vacant) if vacant else None)
    prices = (terms.rate, *(price for price in blend if price is not None))
    if terms.rate.value is None or occupancy is None:
        return Revenue(None, None, prices)
    rent = ai.rent_per_h(terms.rate.value, occupancy)
    gross = rent + terms.storage_per_h + terms.bandwidth_per_h
    fees = rent * terms.platform_fee
    if vacant is None:
        return Revenue(gross, fees, prices)
    if vacant.gross_per_h is None or vacant.fees_per_h is None:
        return Revenue(None, None, prices)
    idle = 1 - occupancy
    return Revenue(gross + idle * vacant.gross_per_h, fees + idle * vacant.fees_per_h, prices)


def _vacancy(vacant: Option) -> Price:
    """What runs while nobody rents, as one more price that the blend hangs on."""
    name, value = f"net of {vacant.workload}", vacant.net_per_h
    return Price(name=name, value=value, stale=vacant.stale, lacks=vacant.missing, old=vacant.old)


def _sold(terms: TokenTerms, work: Work) -> Revenue:
    needs = {
        f"price_in_per_mtok of {terms.workload}": terms.price_in_per_tok,
        f"price_out_per_mtok of {terms.workload}": terms.price_out_per_tok,
        f"billed_share of {terms.workload}": terms.billed_share,
        f"prompt tokens per second of {terms.workload}": work.input_rate,
        f"tokens per second of {terms.workload}": work.rate,
    }
    known = [value for value in needs.values() if value is not None]
    if len(known) < len(needs):
        return Revenue(None, None, (), tuple(name for name, value in needs.items() if value is None))
    price_in, price_out, billed, rate_in, rate_out = known
    gross = ai.tokens_per_h(rate_in, rate_out, price_in, price_out, billed)
    return Revenue(gross, gross * terms.platform_fee)
