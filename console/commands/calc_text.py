"""The sums of ``calc`` in words: one line a term, amounts on their decimal point, 80 columns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from console import units
from console.commands.calc_sum import HOURS_PER_DAY, Sum
from console.economics.terms import MarketplaceTerms, MiningTerms, SiteTerms

LABEL, FORMULA, WHOLE = 15, 42, 6
_ASCII = str.maketrans({"−": "-", "–": "-", "×": "x", "─": "-", "€": "EUR", "£": "GBP", "¥": "JPY"})


class Term(NamedTuple):
    """One line of a sum: what it is, how it comes about, and what it adds; None is unknown."""

    label: str
    formula: str
    amount: float | None


def say(lines: Sequence[str]) -> None:
    """Print, in ASCII where the terminal can do no better."""
    text = "\n".join(lines) + "\n"
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = text.translate(_ASCII)
    sys.stdout.write(text)


def explained(done: Sum, currency: str) -> list[str]:
    """A whole sum, from what comes in to what is left, and what follows from it."""
    sign, net = units.symbol(currency), done.option.net_per_h
    terms = [*_terms(done, currency), Term("net", "" if net is not None else "unknown without --power-price", net)]
    decimals = 4 if max(abs(term.amount or 0.0) for term in terms) >= 0.1 else 6  # so that small fees show
    *lines, last = [_line(term, decimals, sign) for term in terms]
    rule = "  " + "─" * (len(last) - 2)
    return ["", f"  {_title(done)}", "", *lines, rule, last, "", *_consequences(done, currency), ""]


def _title(done: Sum) -> str:
    watts = units.si(done.work.power_w, "W")
    rate = f"{units.si(done.work.rate, 'H/s')} at " if isinstance(done.terms, MiningTerms) else ""
    return f"{done.option.workload}: {rate}{watts}{_wall(done.work.power_w, done.site)}"


def _wall(power_w: float | None, site: SiteTerms) -> str:
    wall_w = site.wall_w(power_w)
    return "" if wall_w == power_w else f" at the card, {units.si(wall_w, 'W')} at the wall"


def _terms(done: Sum, currency: str) -> list[Term]:
    one = done.option
    fees = None if one.fees_per_h is None else 0.0 - one.fees_per_h
    power = None if one.power_per_h is None else 0.0 - one.power_per_h
    return [
        Term("gross", _gross(done, currency), one.gross_per_h),
        Term("fees", _fees(done), fees),
        Term("power", _power(done, currency), power),
    ]


def _gross(done: Sum, currency: str) -> str:
    match done.terms:
        case MiningTerms(per_hash=price):
            text, unit = units.per_hash(price.value, currency)
            return f"{units.si(done.work.rate, 'H/s')} × 3600 s × {text} {unit}"
        case MarketplaceTerms(rate=rate, occupancy=occupancy):
            return f"{units.cost(rate.value)} {units.symbol(currency)}/h × {units.share(occupancy)} of the time"
        case _:
            return "nothing"


def _fees(done: Sum) -> str:
    match done.terms:
        case MiningTerms() as terms:
            taken = {
                "pool": terms.pool_fee,
                "exchange": terms.exchange_fee,
                "developer": terms.dev_fee,
                "rejected": terms.reject,
            }
        case MarketplaceTerms() as terms:
            taken = {"platform": terms.platform_fee}
        case _:
            taken = {}
    return ", ".join(f"{name} {units.share(share)}" for name, share in taken.items() if share) or "none"


def _power(done: Sum, currency: str) -> str:
    price = done.site.power.value
    watts = units.si(done.option.wall_w, "W")
    return f"{watts} × " + (
        "a price not given" if price is None else f"{units.cost(price)} {units.symbol(currency)}/kWh"
    )


def _line(term: Term, decimals: int, sign: str) -> str:
    return f"  {term.label:<{LABEL}}{term.formula:<{FORMULA}}{units.fixed(term.amount, WHOLE, decimals)} {sign}/h"


def _consequences(done: Sum, currency: str) -> list[str]:
    one, sign, figures = done.option, units.symbol(currency), done.figures()
    out = []
    if one.net_per_h is not None:
        out.append(_fact("a day", f"{units.money(one.net_per_h * HOURS_PER_DAY)} {sign}"))
    if isinstance(done.terms, MiningTerms):
        text, unit = units.per_hash(_number(figures["profit_per_hash"]), currency)
        out.append(_fact("per hash", f"{text} {unit}"))
    if isinstance(done.terms, MarketplaceTerms):
        out.append(_fact("per AI-hour", f"{units.money(one.net_per_h)} {sign}"))
    if one.value_per_kwh is not None:
        words = "the power price above which it loses money"
        out.append(_fact("break-even", f"{units.cost(one.value_per_kwh)} {sign}/kWh, {words}"))
    return out


def _fact(label: str, text: str) -> str:
    return f"  {label:<{LABEL}}{text}"


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None
