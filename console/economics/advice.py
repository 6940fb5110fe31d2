"""What one GPU should do, and the one line of numbers that says why.

A pure function of its inputs: the same options, samples and moment give the same advice, so that any advice can be
replayed from the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console import units
from console.economics.rules import (
    Moment,
    Rules,
    Sample,
    Stretch,
    best_of,
    confirmed,
    least_run_s,
    named,
    needed_per_h,
    repaid_after_s,
    sampled,
    switching_loss,
)
from console.model import Advice, Basis, Kind, Option

__all__ = ["Moment", "Rules", "Sample", "Stretch", "advise", "sampled"]


class Part(NamedTuple):
    """One clause of the why line, and whether it lets the flip pass."""

    text: str
    passes: bool


def advise(options: Sequence[Option], running: str | None, moment: Moment, rules: Rules) -> Advice:
    """What one GPU should do, with the reasons in numbers.

    ``best`` is the eligible option with the highest known net, the running one included; ``acts`` is true only when
    every rule passes. ``blocks`` are the clauses of ``why`` that do not.
    """
    best, now = best_of(options, running), named(options, running)
    if best is None:
        return _no_advice(None, _nothing_known(options))
    if now is None:
        return _no_advice(best.workload, "what runs here is not known, so nothing is compared")
    if now.net_per_h is None:
        found = f"what {now.workload} nets is unknown: {_no(now.missing)}"
        return _no_advice(best.workload, f"{found}; best known is {best.workload} {_net(best, rules)}")
    if best.workload == now.workload:
        why = "; ".join([_is_best(options, now, rules), *_unjudged(options)])
        return Advice(best=best.workload, gain_per_h=0.0, acts=False, why=why)
    parts = _parts(now, best, moment, rules)
    blocks = tuple(part.text for part in parts if not part.passes)
    why = "; ".join([*(part.text for part in parts), *_unjudged(options)])
    gain = (best.net_per_h or 0.0) - now.net_per_h
    return Advice(best=best.workload, gain_per_h=gain, acts=not blocks, why=why, blocks=blocks)


def _parts(now: Option, best: Option, moment: Moment, rules: Rules) -> list[Part]:
    gain = (best.net_per_h or 0.0) - (now.net_per_h or 0.0)
    needed = needed_per_h(now, best, rules)
    parts = [_gain(now, best, gain, needed, rules)]
    if gain > needed:
        parts.append(_confirmation(now, best, needed, moment, rules))
        parts.append(_repayment(now, best, gain, moment, rules))
        parts += _minimum_run(now, moment, rules)
    return parts + _standing(now, best, moment)


def _gain(now: Option, best: Option, gain: float, needed: float, rules: Rules) -> Part:
    revenue = abs((now.gross_per_h or 0.0) - (now.fees_per_h or 0.0))
    share = f"{units.share(rules.margin)} of {units.cost(revenue)}"
    floor = f"{units.cost(rules.margin_per_h)} at least"
    of = share if rules.margin * revenue > rules.margin_per_h else floor
    doubled = "" if best.basis is Basis.MEASURED else f", doubled as {_basis(best)}"
    sign = units.symbol(rules.currency)
    text = f"{best.workload} gains {units.cost(gain)} {sign}/h over {now.workload}, needs {units.cost(needed)}"
    return Part(f"{text} ({of}{doubled})", gain > needed)


def _confirmation(now: Option, best: Option, needed: float, moment: Moment, rules: Rules) -> Part:
    seen = min(rules.samples, confirmed(moment.samples, now.workload, best.workload, needed, moment.at, rules))
    if seen >= rules.samples:
        return Part(f"{seen} samples", True)
    return Part(f"{seen} of {rules.samples} samples, {units.age(rules.sample_gap_s)} apart", False)


def _repayment(now: Option, best: Option, gain: float, moment: Moment, rules: Rules) -> Part:
    downtime_s = moment.downtimes_s.get(best.workload)
    if downtime_s is None:
        return Part(f"how long a flip to {best.workload} takes is not known", False)
    loss = switching_loss(now.net_per_h or 0.0, downtime_s, moment)
    if loss is None:
        return Part(f"what the pool keeps unpaid when {now.workload} leaves is unknown: its coin has no price", False)
    repaid_s = repaid_after_s(loss, gain, moment.outlook, rules.horizon_s)
    text = f"{units.age(downtime_s)} down cost {units.cost(loss)} {units.symbol(rules.currency)}"
    if moment.penalty and now.bond is not None:
        text += f", {units.cost(moment.penalty)} of it for leaving contract {now.bond.contract}"
    if repaid_s is None:
        return Part(f"{text}, not repaid within {units.age(rules.horizon_s)}", False)
    return Part(f"{text}, repaid in {units.age(repaid_s)}" if loss > 0 else f"{text}, repaid at once", True)


def _minimum_run(now: Option, moment: Moment, rules: Rules) -> list[Part]:
    if now.kind is Kind.OFF:
        return []
    if moment.failing:
        return [Part(f"{now.workload} fails or overheats, minimum run waived", True)]
    least_s = least_run_s(now.kind, moment.load_s, rules.min_run_s)
    if moment.ran_s is None:
        return [Part(f"how long {now.workload} has run is not known, needs {units.age(least_s)}", False)]
    return [Part(f"ran {units.age(moment.ran_s)} of {units.age(least_s)}", moment.ran_s >= least_s)]


def _standing(now: Option, best: Option, moment: Moment) -> list[Part]:
    """What forbids acting whatever the gain."""
    found = [f"stale: {', '.join(o.old) or 'quotes of ' + o.workload}" for o in (now, best) if o.stale]
    if best.basis is Basis.TABLE:
        found.append(f"a table figure never acts by itself, run {best.workload} once to measure it")
    if moment.pinned:
        found.append(moment.pinned)
    if moment.locked:
        found.append(f"locked: {moment.locked}")
    return [Part(text, False) for text in dict.fromkeys((*found, *moment.guards))]


def _no_advice(best: str | None, why: str) -> Advice:
    return Advice(best=best, gain_per_h=None, acts=False, why=why, blocks=(why,))


def _nothing_known(options: Sequence[Option]) -> str:
    if options and all(o.kind is Kind.OFF for o in options):
        return "no workload may run here, so there is nothing to compare"
    lacks = tuple(dict.fromkeys(m for o in options if o.eligible for m in o.missing))
    if lacks:
        return f"nothing to compare: {_no(lacks)}"
    return "no workload may run here" if options else "no workload is configured"


def _is_best(options: Sequence[Option], now: Option, rules: Rules) -> str:
    nexts = best_of([o for o in options if o.workload != now.workload])
    rest = f", next is {nexts.workload} {_net(nexts, rules)}" if nexts else ", nothing else is known"
    return f"{now.workload} is best {_net(now, rules)}{rest}"


def _unjudged(options: Sequence[Option]) -> list[str]:
    return [f"{o.workload} unknown: {_no(o.missing)}" for o in options if o.eligible and o.net_per_h is None]


def _no(missing: Sequence[str]) -> str:
    return f"no {missing[0]}" if missing else "a figure is missing"


def _net(option: Option, rules: Rules) -> str:
    return f"{_basis_mark(option)}{units.money(option.net_per_h)} {units.symbol(rules.currency)}/h"


def _basis_mark(option: Option) -> str:
    return "" if option.basis is Basis.MEASURED else "~"


def _basis(option: Option) -> str:
    return "estimated" if option.basis is Basis.ESTIMATED else "from a table"
