"""An AI-hosting contract: what it pays, how much downtime costs a credit, and what leaving it costs.

Uptime is ``(total - downtime) / total`` of one GPU in one calendar month, as public service terms reckon it (AWS EC2
for an instance, Nebius for a VM). A credit is a share of that GPU's pay for that month; of several tiers that are
reached the highest counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from console import units
from console.model import Bond, Fine, Option, Record

MONTH_S = 30 * 86400.0
"""A month of 30 days, the window that several public service terms reckon with; on paper, where no month is meant."""


class Credit(Record):
    """Below ``below_pct`` of uptime in a month, ``credit_pct`` of that month is given back."""

    below_pct: float
    credit_pct: float


class Contract(Record):
    """What one GPU earns under a contract, per hour, and on what conditions. Instants are Unix seconds.

    ``ends_at`` is the end of the term or of the notice given, whichever is sooner; ``start`` and ``end`` are its first
    and last day in words. ``gpus`` are committed here, None: as many as serve. Without ``take_or_pay`` it pays for the
    time it is used. The rate rises by ``escalator_pct`` at each of ``raises_at``.
    """

    name: str
    rate_per_gpu_h: float
    customer: str = ""
    starts_at: float | None = None
    ends_at: float | None = None
    start: str = ""
    end: str = ""
    gpus: int | None = None
    take_or_pay: bool = True
    escalator_pct: float = 0.0
    raises_at: tuple[float, ...] = ()
    uptime_target_pct: float | None = None
    credits: tuple[Credit, ...] = ()
    credit_cap_pct: float = 100.0
    notice_days: float = 0.0
    early_exit: float = 0.0

    def in_force(self, at: float) -> bool:
        """True from its start until its end."""
        begun = self.starts_at is None or at >= self.starts_at
        return begun and (self.ends_at is None or at < self.ends_at)

    def rate_at(self, at: float) -> float:
        """Per GPU and hour, with every rise until then."""
        rises = sum(at >= instant for instant in self.raises_at)
        return self.rate_per_gpu_h * (1 + self.escalator_pct / 100) ** rises


class Month(NamedTuple):
    """The part of a calendar month that lies in a contract's term, and what was seen of one GPU in it.

    Time that nobody watched is in neither ``up_s`` nor ``down_s``.
    """

    starts_at: float
    ends_at: float
    up_s: float = 0.0
    down_s: float = 0.0

    @property
    def length_s(self) -> float:
        """Seconds of it."""
        return max(0.0, self.ends_at - self.starts_at)

    @property
    def uptime(self) -> float | None:
        """The fraction of the watched time in which it served; None while none was watched."""
        watched_s = self.up_s + self.down_s
        return self.up_s / watched_s if watched_s > 0 else None

    def unwatched_s(self, at: float) -> float:
        """Seconds of it until ``at`` that nobody watched."""
        return max(0.0, min(at, self.ends_at) - self.starts_at - self.up_s - self.down_s)


class Step(NamedTuple):
    """With more than ``down_s`` of downtime in a month, ``credit`` is owed for that GPU and month.

    ``more`` is what it adds to the credit of the step before.
    """

    down_s: float
    below_pct: float
    credit_pct: float
    credit: float
    more: float


def steps(contract: Contract, month_s: float = MONTH_S, at: float = 0.0) -> tuple[Step, ...]:
    """The credit steps of one GPU's month, the first to be reached first, capped as the contract says."""
    pay = contract.rate_at(at) * month_s / 3600
    found: list[Step] = []
    owed = 0.0
    for tier in sorted(contract.credits, key=lambda credit: -credit.below_pct):
        share_pct = min(tier.credit_pct, contract.credit_cap_pct)
        credit = max(owed, pay * share_pct / 100)
        down_s = (100 - tier.below_pct) / 100 * month_s
        found.append(Step(down_s, tier.below_pct, share_pct, credit, credit - owed))
        owed = credit
    return tuple(found)


def bond(contract: Contract, months: Sequence[Month], at: float, horizon_s: float) -> Bond:
    """What ties one GPU to the contract at ``at``: the credits that being away costs within ``horizon_s``, and the
    exit. ``months`` are this one and, where the horizon reaches into it, the next.
    """
    if not contract.in_force(at):
        return Bond(contract=contract.name)
    fines = tuple(sorted(_fines(contract, months, at, horizon_s), key=lambda fine: fine.after_s))
    return Bond(contract=contract.name, fines=fines, early_exit=contract.early_exit)


def _fines(contract: Contract, months: Sequence[Month], at: float, horizon_s: float) -> Iterator[Fine]:
    for month in months:
        begin = max(at, month.starts_at)
        end = min(at + horizon_s, month.ends_at)
        for step in steps(contract, month.length_s, at):
            after_s = begin - at + step.down_s - month.down_s
            if month.down_s <= step.down_s and after_s < end - at and step.more > 0:
                yield Fine(after_s=after_s, amount=step.more, credit_pct=step.credit_pct)


def leaving_cost(held: Bond | None, away_s: float, *, exits: bool) -> float:
    """What being away for ``away_s`` costs at once: the credits of the tiers crossed, and the exit where it ``exits``.

    0 for a workload under no contract.
    """
    if held is None:
        return 0.0
    crossed = sum(fine.amount for fine in held.fines if away_s > fine.after_s)
    return crossed + (held.early_exit if exits else 0.0)


def penalty(leaves: Option | None, enters: Option | None, downtime_s: float, horizon_s: float) -> float:
    """What a flip costs at the contract that is left: down for the horizon, or only for the flip where what it enters
    serves the same contract.
    """
    if leaves is None or leaves.bond is None:
        return 0.0
    stays = enters is not None and enters.bond is not None and enters.bond.contract == leaves.bond.contract
    return leaving_cost(leaves.bond, downtime_s if stays else horizon_s, exits=not stays)


def clauses(contract: Contract, month: Month, at: float, currency: str) -> tuple[str, ...]:
    """Where one GPU stands in a month of the contract: to the next tier, and what was seen of it, as sentences."""
    said = (_to_next(contract, month, at, units.symbol(currency)), _seen(month, at))
    return tuple(f"contract {contract.name}: {text}" for text in said if text)


def leaving_clause(contract: Contract, held: Bond, horizon_s: float, currency: str) -> str:
    """What leaving for good costs, with its reasons; empty where it costs nothing."""
    sign, parts = units.symbol(currency), []
    crossed = leaving_cost(held, horizon_s, exits=False)
    if crossed > 0:
        parts.append(f"{units.cost(crossed)} {sign} of credits within {units.age(horizon_s)}")
    if held.early_exit > 0:
        before = f"before {contract.end}" if contract.end else f"without {contract.notice_days:g} days' notice"
        parts.append(f"{units.cost(held.early_exit)} {sign} for ending it {before}")
    return f"contract {contract.name}: leaving costs {' and '.join(parts)}" if parts else ""


def _to_next(contract: Contract, month: Month, at: float, sign: str) -> str:
    tiers = steps(contract, month.length_s, at)
    ahead = next((step for step in tiers if month.down_s <= step.down_s), None)
    if ahead is not None:
        more = " more" if ahead is not tiers[0] else ""
        tier = f"the {ahead.credit_pct:g} % tier ({units.cost(ahead.more)} {sign}{more})"
        return f"{_minutes(ahead.down_s - month.down_s)} of downtime left this month to {tier}"
    if tiers:
        return f"every credit tier of this month is reached, {units.cost(tiers[-1].credit)} {sign} owed for this GPU"
    if contract.uptime_target_pct is None:
        return ""
    left_s = (100 - contract.uptime_target_pct) / 100 * month.length_s - month.down_s
    target = f"the {contract.uptime_target_pct:g} % promised"
    return f"{_minutes(left_s)} of downtime left this month to {target}" if left_s >= 0 else f"{target} are missed"


def _seen(month: Month, at: float) -> str:
    uptime, missed_s = month.uptime, month.unwatched_s(at)
    if uptime is None:
        return "nothing of this month was watched yet"
    # Rounded down: 100 % stands for no downtime at all.
    up = f"up {int(uptime * 10000) / 100:g} % of {units.age(month.up_s + month.down_s)} watched this month"
    down = f", {_minutes(month.down_s)} down" if month.down_s > 0 else ""
    missed = f"; {units.age(missed_s)} not watched count as neither" if missed_s >= 60 else ""
    return up + down + missed


def _minutes(seconds: float) -> str:
    """Minutes, which tiers are counted in, until they are too many to read."""
    return f"{int(seconds // 60)} min" if seconds < 7200 else units.age(seconds)
