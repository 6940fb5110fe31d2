"""What ``[contracts.X]`` may say: an AI-hosting contract on paper. ``calc ai --contract FILE`` reads the same words."""

from __future__ import annotations

import msgspec

from console.model import Record


class CreditSettings(Record):
    """Below ``below_pct`` of uptime in a month, ``credit_pct`` of that month's pay is given back."""

    below_pct: float
    credit_pct: float


class ContractSettings(Record):
    """``[contracts.X]``. Rates are per GPU and hour in the site's currency, dates ISO 8601 in the site's time zone.

    It is in force from the beginning of ``start`` to the end of ``end``, or until ``notice_days`` after notice was
    given where that is sooner. ``credits`` stand from the highest uptime down and count per GPU and calendar month;
    ``early_exit`` is paid once per GPU that leaves while the contract is in force.
    """

    rate_per_gpu_h: float
    customer: str = ""
    start: str | None = None
    end: str | None = None
    gpus: int | None = None  # committed on this host; default: as many as have served under it at once
    take_or_pay: bool = True  # paid whether it is used or not; false: for revenue.occupancy of the time
    escalator_pct: float = 0.0  # what is added to the rate at each anniversary of start
    uptime_target_pct: float | None = None
    credits: tuple[CreditSettings, ...] = msgspec.field(default=())
    credit_cap_pct: float = 100.0
    notice_days: float = 0.0
    notice_given: str | None = None
    early_exit: float = 0.0
