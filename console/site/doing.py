"""What a GPU counts as doing: on a vacant card of a marketplace that is not what runs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from console.config.settings import Settings
from console.economics.renting import now_per_h, vacant
from console.economics.terms import MarketplaceTerms, SiteTerms, Terms, Work
from console.flips.world import OFF
from console.model import Kind, Option


class Doing(NamedTuple):
    """``name`` is the option that counts as running, ``seen`` what is observed on the card.

    They differ on a card that is listed while its filler runs. ``tells`` is ``seen`` where an option may be measured by
    it: not while it is the marketplace's own and nobody rents.
    """

    name: str | None = None
    seen: Work | None = None
    tells: Work | None = None


def doing_of(seen: Work | None, terms: Mapping[str, Terms], fillers: Mapping[str, str]) -> Doing:
    """What ``seen`` counts as; ``terms`` are of the workloads that this GPU may run."""
    if seen is None:
        return Doing()
    own = terms.get(seen.workload)
    unlet = isinstance(own, MarketplaceTerms) and vacant(own)
    return Doing(_listed(seen.workload, terms, fillers) or seen.workload, seen, None if unlet else seen)


def fillers(settings: Settings) -> Iterator[tuple[str, str]]:
    """What runs while nobody rents, by the workload of each marketplace: a workload that mines, or off."""
    for name, workload in settings.workloads.items():
        revenue = workload.revenue
        if revenue is None or revenue.form != "marketplace":
            continue
        filler = settings.workloads.get(revenue.vacant or OFF)
        yield name, revenue.vacant if revenue.vacant and filler and filler.kind is Kind.MINE else OFF


def at_once(made: Option, terms: Terms, now: Doing, found: Mapping[str, Option], site: SiteTerms) -> Option:
    """The option of a marketplace that runs with what it nets at this moment, where it is told whether it is rented.

    ``found`` are the options of fillers on the same GPU. While its filler, or nothing, is on the card nobody rents
    that, told or not. Else, not told or too long ago, it is stale, so that its mean is no money of today; but what is
    let without a machine that anybody could tell of is left at its mean.
    """
    seen = now.seen
    if not isinstance(terms, MarketplaceTerms) or made.workload != now.name or seen is None:
        return made
    rented = terms.rented
    inputs = tuple(dict.fromkeys((*made.inputs, *(rented.inputs if rented else ()))))
    if seen.workload != made.workload:
        net = now_per_h(terms, seen, site, 0.0, found.get(seen.workload))
    elif rented is None and not terms.listed:
        return made
    elif rented is None or rented.stale or rented.value is None:
        old = rented.ages if rented else (f"whether {made.workload} is rented: not told",)
        return msgspec.structs.replace(made, stale=True, old=(*made.old, *old), inputs=inputs)
    else:
        net = now_per_h(terms, seen, site, rented.value, terms.vacant)
    return msgspec.structs.replace(made, now_per_h=net, inputs=inputs)


def _listed(on_card: str, terms: Mapping[str, Terms], fillers: Mapping[str, str]) -> str | None:
    """The marketplace on which a card is on offer though its filler, or nothing, runs there."""
    for name, filler in fillers.items():
        own = terms.get(name)
        if on_card in (filler, OFF) and isinstance(own, MarketplaceTerms) and own.listed:
            return name
    return None
