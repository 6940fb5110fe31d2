"""One workload on one GPU as an ``Option``: what comes in, what fees, power and wear take, what is left.

``gross - fees - power - wear - carbon = net`` holds as floating point, carbon only where it is ``carbon_in_net``. A
figure that hangs on something unknown is None and the option's ``missing`` says on what; a sum of the known part only
is never shown as net. What is known but too old is named in ``old``, together with ``stale``.
"""

from __future__ import annotations

from typing import NamedTuple

from console.economics import ai, mining
from console.economics.inputs import inputs
from console.economics.revenue import UNSEEN_IDLE, Revenue, occupied, revenue, unmeasured
from console.economics.terms import MarketplaceTerms, MiningTerms, OffTerms, SiteTerms, Terms, Work
from console.model import Kind, Option

GRAMS_PER_TONNE = 1e6


class Draw(NamedTuple):
    """Watts at the wall, clock-hour mean under the option and standing idle."""

    wall_w: float | None
    idle_wall_w: float | None
    lacks: tuple[str, ...] = ()


def option(terms: Terms, work: Work, site: SiteTerms, why_not: str = "") -> Option:
    """The money of one workload on one GPU, per GPU and clock hour. ``why_not``, a reason, makes it ineligible."""
    income = revenue(terms, work)
    draw = _draw(terms, work, site)
    prices = (*income.prices, site.power, *((site.carbon,) if _carbon_counts(site) else ()))
    power = _power_per_h(draw.wall_w, site)
    wear = _wear_per_h(terms, site)
    return Option(
        workload=terms.workload,
        kind=kind(terms),
        basis=work.basis,
        gross_per_h=income.gross,
        fees_per_h=income.fees,
        power_per_h=power,
        net_per_h=_net_per_h(income, power, wear, _carbon_per_h(draw.wall_w, site)),
        value_per_kwh=None if isinstance(terms, OffTerms) else _per_kwh(income, wear, draw.wall_w, 0.0, site),
        off_above_price=None if isinstance(terms, OffTerms) else _off_above(income, wear, draw, site),
        hashes_per_h=_hashes_per_h(terms, work),
        algorithm=terms.algorithm if isinstance(terms, MiningTerms) else None,
        wall_w=draw.wall_w,
        carbon_g_per_h=_grams_per_h(draw.wall_w, site),
        stale=any(price.stale for price in prices),
        eligible=not why_not,
        why_not=why_not,
        source=work.source,
        missing=tuple(dict.fromkeys((*(m for p in prices for m in p.missing), *income.lacks, *draw.lacks))),
        old=tuple(dict.fromkeys(words for price in prices for words in price.ages)),
        inputs=inputs(terms, work, site),
        occupancy=occupied(terms) if isinstance(terms, MarketplaceTerms) else None,
    )


def kind(terms: Terms) -> Kind:
    """Which of the three kinds of work these terms pay for."""
    if isinstance(terms, MiningTerms):
        return Kind.MINE
    return Kind.OFF if isinstance(terms, OffTerms) else Kind.AI


def _draw(terms: Terms, work: Work, site: SiteTerms) -> Draw:
    idle = site.wall_w(work.idle_power_w)
    busy = site.wall_w(work.power_w)
    occupancy = occupied(terms) if isinstance(terms, MarketplaceTerms) else 1.0
    vacant = terms.vacant.wall_w if isinstance(terms, MarketplaceTerms) and terms.vacant else idle
    if isinstance(terms, OffTerms):
        return Draw(idle, idle, () if idle is not None else (UNSEEN_IDLE,))
    if occupancy is None:
        return Draw(None, idle)
    lacks = []
    if busy is None and occupancy > 0:
        lacks.append(unmeasured("power", terms.workload))
    if vacant is None and occupancy < 1:
        lacks.append(UNSEEN_IDLE)
    mean = None if lacks else ai.blended(occupancy, busy or 0.0, vacant or 0.0)
    return Draw(mean, idle, tuple(lacks))


def _hashes_per_h(terms: Terms, work: Work) -> float | None:
    if not isinstance(terms, MiningTerms) or terms.dual or work.rate is None:
        return None
    return work.rate * mining.SECONDS_PER_HOUR


def _wear_per_h(terms: Terms, site: SiteTerms) -> float:
    if isinstance(terms, OffTerms):
        return 0.0
    if not isinstance(terms, MarketplaceTerms) or terms.vacant is None:
        return terms.wear_per_h
    return terms.wear_per_h + (1 - terms.occupancy) * _wear_within(terms.vacant, site)


def _wear_within(vacant: Option, site: SiteTerms) -> float:
    """The wear that an option's net holds: what is missing between its other terms and its net."""
    gross, fees, power, net = vacant.gross_per_h, vacant.fees_per_h, vacant.power_per_h, vacant.net_per_h
    if gross is None or fees is None or power is None or net is None:
        return 0.0  # its net is unknown, and so is any that is blended from it
    return gross - fees - power - (_carbon_per_h(vacant.wall_w, site) or 0.0) - net


def _power_per_h(wall_w: float | None, site: SiteTerms) -> float | None:
    if wall_w is None or site.power.value is None:
        return None
    return wall_w / 1000 * site.power.value


def _net_per_h(income: Revenue, power: float | None, wear: float, carbon: float | None) -> float | None:
    if income.gross is None or income.fees is None or power is None or carbon is None:
        return None
    return income.gross - income.fees - power - wear - carbon


def _carbon_counts(site: SiteTerms) -> bool:
    return site.carbon_in_net and site.carbon_price_per_t != 0


def _grams_per_h(wall_w: float | None, site: SiteTerms) -> float | None:
    if wall_w is None or site.carbon.value is None:
        return None
    return wall_w / 1000 * site.carbon.value


def _carbon_per_h(wall_w: float | None, site: SiteTerms) -> float | None:
    """What carbon takes from net: 0 where it is a line of its own, None where it counts and is not known."""
    if not _carbon_counts(site):
        return 0.0
    grams = _grams_per_h(wall_w, site)
    return None if grams is None else grams / GRAMS_PER_TONNE * site.carbon_price_per_t


def _per_kwh(income: Revenue, wear: float, wall_w: float | None, idle_wall_w: float, site: SiteTerms) -> float | None:
    """The power price at which the watts above ``idle_wall_w`` pay for themselves, wear and carbon paid."""
    if income.gross is None or income.fees is None or wall_w is None:
        return None
    kwh_per_h, carbon = (wall_w - idle_wall_w) / 1000, _carbon_per_h(1000.0, site)
    if kwh_per_h <= 0 or carbon is None:
        return None
    return (income.gross - income.fees - wear) / kwh_per_h - carbon


def _off_above(income: Revenue, wear: float, draw: Draw, site: SiteTerms) -> float | None:
    if draw.idle_wall_w is None:
        return None
    return _per_kwh(income, wear, draw.wall_w, draw.idle_wall_w, site)
