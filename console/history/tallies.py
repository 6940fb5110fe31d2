"""What was reported and what was credited for it over the last days: two buckets, of which the older is dropped."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from console.model import Record

SPAN_S = 3.5 * 86400.0
"""Of one bucket, so that between three and a half and seven days are remembered: a miner's update or a pool's new rule
shows within days, and a slow miner still finds 400 shares."""


class Sums(Record):
    """What came together. Hashes, seconds, shares and coins; every figure only ever grows, but ``coins``.

    ``reported`` are all hashes a workload said it computed, in ``reporting_s``. Of these ``compared`` were computed in
    ``compared_s`` while it told the difficulty of its shares, of which it had ``shares`` worth ``credited`` hashes.
    ``accepted`` counts all its shares. ``expected`` are the coins that hashes should have brought while the balance
    changed by ``coins``, in ``credits`` steps upwards.
    """

    reported: float = 0.0
    reporting_s: float = 0.0
    accepted: int = 0
    compared: float = 0.0
    compared_s: float = 0.0
    credited: float = 0.0
    shares: int = 0
    expected: float = 0.0
    coins: float = 0.0
    credits: int = 0


class Tally(Record):
    """The sums of one workload at one pool: since ``since``, and of the span in which it mined before that."""

    pool: str
    workload: str
    since: float
    at: float  # when something was last added
    now: Sums = Sums()
    before: Sums = Sums()

    @property
    def sums(self) -> Sums:
        """Both buckets together."""
        return _both(self.now, self.before)


class Income(Record):
    """What one account was credited, whoever mined to it: coins over the seconds between answers."""

    pool: str
    since: float
    coins: float = 0.0
    over_s: float = 0.0
    coins_before: float = 0.0
    over_before_s: float = 0.0

    @property
    def per_h(self) -> float | None:
        """Coins per hour; None before an hour was seen."""
        over_s = self.over_s + self.over_before_s
        return (self.coins + self.coins_before) / over_s * 3600.0 if over_s >= 3600.0 else None


def added(tally: Tally, at: float, **amounts: float) -> Tally:
    """``tally`` with more in it at ``at``; a span that is over becomes the one before.

    However long ago that was: what was last known of a workload holds until it has mined enough to know better.
    """
    if at - tally.since >= SPAN_S:
        tally = msgspec.structs.replace(tally, since=at, now=Sums(), before=tally.now)
    more: dict[str, Any] = {name: getattr(tally.now, name) + amount for name, amount in amounts.items()}
    return msgspec.structs.replace(tally, at=at, now=msgspec.structs.replace(tally.now, **more))


def earned(income: Income, at: float, coins: float, over_s: float) -> Income:
    """``income`` with more in it at ``at``; what is older than two spans is forgotten."""
    late_s = at - income.since
    if late_s >= SPAN_S:
        recent = late_s < 2 * SPAN_S
        income = Income(
            pool=income.pool,
            since=at,
            coins_before=income.coins if recent else 0.0,
            over_before_s=income.over_s if recent else 0.0,
        )
    return msgspec.structs.replace(income, coins=income.coins + coins, over_s=income.over_s + over_s)


def sound(tally: Tally) -> bool:
    """False for what no counting can have made: a miner may say anything, and anybody may write into the file."""
    return all(
        (value < 1 << 53 if isinstance(value, int) else math.isfinite(value)) and (value >= 0 or name == "coins")
        for sums in (tally.now, tally.before)
        for name, value in msgspec.structs.asdict(sums).items()
    )


def _both(one: Sums, other: Sums) -> Sums:
    return Sums(**{name: getattr(one, name) + getattr(other, name) for name in Sums.__struct_fields__})
