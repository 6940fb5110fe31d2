"""The options of one GPU best first, and the two headline figures that stand on every row."""

from __future__ import annotations

from collections.abc import Sequence

from console.economics.advice import advise
from console.economics.rules import Moment, Rules, named, net_now
from console.model import Kind, Money, Option, Profit


def money(options: Sequence[Option], running: str | None, moment: Moment, rules: Rules) -> Money:
    """Everything the row and the ladder of one GPU show.

    ``running`` is the workload it does now, ``"off"`` when it is free, None when its holder is not one of ours: then
    nothing is compared and its net is unknown.
    """
    ladder = ordered(options, running)
    now = named(ladder, running)
    return Money(
        options=ladder,
        running=running,
        net_per_h=net_now(now),
        profit_per_hash=profit_per_hash(ladder, running),
        profit_per_ai_hour=profit_per_ai_hour(ladder, running),
        advice=advise(ladder, running, moment, rules),
    )


def ordered(options: Sequence[Option], running: str | None = None) -> tuple[Option, ...]:
    """Best net first, unknown nets after known ones, the ineligible after the eligible. Ties go to the running one."""

    def rank(option: Option) -> tuple[bool, bool, float, bool, str]:
        unknown = option.net_per_h is None
        return not option.eligible, unknown, -(option.net_per_h or 0.0), option.workload != running, option.workload

    return tuple(sorted(options, key=rank))


def profit_per_hash(ladder: Sequence[Option], running: str | None) -> Profit | None:
    """Net per hour over hashes per hour of the running mining option, else of the best eligible one; named.

    None when nothing mines here; a value of None when a price or rate is missing or two algorithms run at once.
    """
    option = _headline(ladder, running, Kind.MINE)
    if option is None:
        return None
    if option.net_per_h is None or not option.hashes_per_h:
        return _profit(option, None)
    return _profit(option, option.net_per_h / option.hashes_per_h)


def profit_per_ai_hour(ladder: Sequence[Option], running: str | None) -> Profit | None:
    """Net per GPU and clock hour of the running AI option, else of the best eligible one; named."""
    option = _headline(ladder, running, Kind.AI)
    return _profit(option, option.net_per_h) if option else None


def _headline(ladder: Sequence[Option], running: str | None, kind: Kind) -> Option | None:
    now = named(ladder, running)
    if now is not None and now.kind is kind:
        return now
    return next((o for o in ladder if o.kind is kind and o.eligible), None)


def _profit(option: Option, value: float | None) -> Profit:
    return Profit(
        value=value,
        workload=option.workload,
        basis=option.basis,
        algorithm=option.algorithm,
        stale=option.stale,
    )
