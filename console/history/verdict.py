"""What may be said of reported against credited, and when it is sure enough to enter the money.

Shares are found at random: after n of them the part of its hashes that a pool counts is known to about 1/sqrt(n). 30
tell twice from once, 400 tell to 5 %. A block that a pool credits to an account is to its coins what a share is to its
hashes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from console.history.tallies import Sums, Tally
from console.model import Kept

FLAG_SHARES = 30
MONEY_SHARES = 400
MONEY_CREDITS = 100
"""Steps of a balance, on top of the shares: the luck of a whole pool is seldom off by more than a tenth after these."""
FLAG_OVER = 1.3
LEAST = 0.1
"""No pool keeps nine tenths: below this one of the two figures is in a wrong unit."""
MOST = 1.1
"""Above this and what chance allows others are credited with it too, or a unit is wrong."""


class Found(NamedTuple):
    """One comparison: credited over reported, after so many independent events."""

    ratio: float
    events: int
    learned_from: str

    @property
    def believed(self) -> bool:
        """False for what no pool does."""
        return LEAST <= self.ratio <= MOST + 3 / math.sqrt(self.events)


def verdict(tally: Tally, *, balance: bool) -> Kept:
    """What is known of one workload at one pool. ``balance`` is False where its balance teaches nothing about it."""
    sums = tally.sums
    found = _surest(sums, balance=balance)
    if found is None:
        return _undecided(tally, max(sums.shares, sums.accepted))
    by_shares = found.learned_from == "shares"
    shares = sums.shares if by_shares else sums.accepted
    hashes, over_s = (sums.compared, sums.compared_s) if by_shares else (sums.reported, sums.reporting_s)
    reported = hashes / over_s if over_s > 0 else None
    enough = shares >= MONEY_SHARES and (by_shares or found.events >= MONEY_CREDITS)
    kept = Kept(
        workload=tally.workload,
        pool=tally.pool,
        ratio=found.ratio,
        shares=shares,
        learned_from=found.learned_from,
        at=tally.at,
        reported_h_per_s=reported,
        credited_h_per_s=reported * found.ratio if reported is not None else None,
        counts=enough and found.believed,
        flagged=found.ratio * FLAG_OVER < 1,
    )
    return msgspec.structs.replace(kept, text=_told(kept, found))


def _surest(sums: Sums, *, balance: bool) -> Found | None:
    """The comparison that rests on more events; that of shares where both rest on as many."""
    found = []
    if sums.shares >= FLAG_SHARES and sums.compared > 0:
        found.append(Found(sums.credited / sums.compared, sums.shares, "shares"))
    if balance and min(sums.accepted, sums.credits) >= FLAG_SHARES and sums.expected > 0:
        found.append(Found(sums.coins / sums.expected, sums.credits, "balance"))
    return max(found, key=lambda one: one.events, default=None)


def _undecided(tally: Tally, shares: int) -> Kept:
    text = f"pool has counted {shares} shares of {tally.workload}, {FLAG_SHARES} tell what it credits" if shares else ""
    return Kept(
        workload=tally.workload,
        pool=tally.pool,
        ratio=None,
        shares=shares,
        learned_from="shares",
        at=tally.at,
        text=text,
    )


def _told(kept: Kept, found: Found) -> str:
    """The one line of numbers that says it."""
    does = "credits" if kept.learned_from == "shares" else "has credited to its account"
    text = f"pool {does} {_ratio(found.ratio)} of what {kept.workload} reports ({kept.shares} shares)"
    if kept.flagged:
        times = f"{1 / found.ratio:.1f} times" if found.ratio > 0.01 else "many times"
        text += f": {times} as much is reported as is credited"
    if found.believed:
        return text if kept.counts else f"{text}; in the money after {MONEY_SHARES}"
    why = "a unit is wrong" if found.ratio < LEAST else "others mine to this account, or a unit is wrong"
    return f"{text}; not used: {why}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:.1g}"
