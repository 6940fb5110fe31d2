"""What a card that is offered on a marketplace nets at this moment, while decisions are made at its occupancy."""

from __future__ import annotations

import msgspec

from console.economics.margins import option
from console.economics.terms import MarketplaceTerms, Price, SiteTerms, Work
from console.model import Option


def vacant(terms: MarketplaceTerms) -> bool:
    """True where it is known, and not of long ago, that nobody rents now."""
    return terms.rented is not None and not terms.rented.stale and terms.rented.value == 0


def teaches(terms: MarketplaceTerms) -> bool:
    """Whether what the card draws now may be learned as what it draws while rented: not where nobody may be on it."""
    return terms.rented is None or (not terms.rented.stale and bool(terms.rented.value))


def now_per_h(
    terms: MarketplaceTerms, work: Work, site: SiteTerms, rented: float, filler: Option | None = None
) -> float | None:
    """Net per hour with the fraction ``rented`` of the rent coming in, at the watts that ``work`` measures now.

    ``filler`` is what runs on the vacant card, as measured. Storage and bandwidth, means over the clock hour, count
    while somebody rents; of a vacant card nobody is known to pay them. None where a figure of it is unknown; of a
    vacant card the rate is none of them.
    """
    there = msgspec.structs.replace(terms, occupancy=rented, occupancy_of=None, vacant=filler)
    if rented == 0:
        nothing = Price(name=terms.rate.name, value=0.0)
        there = msgspec.structs.replace(there, rate=nothing, storage_per_h=0.0, bandwidth_per_h=0.0)
    return option(there, msgspec.structs.replace(work, idle_power_w=work.power_w), site).net_per_h
