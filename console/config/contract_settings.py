"""What ``[contracts.X]`` may say: an AI-hosting contract on paper."""

from __future__ import annotations

import msgspec

from console.model import Record


class CreditSettings(Record):
    """Below ``below_pct`` of uptime in a month, ``credit_pct`` of that month's pay is given back."""

    below_pct: float
    credit_pct: float


class ContractSettings(Record):
    """``[contracts.X]``. Rates are per GPU and hour, terms ISO 8601 dates; ``early_exit`` is paid once per GPU."""

    rate_per_gpu_h: float
    customer: str = ""
    start: str | None = None
    end: str | None = None
    gpus: int | None = None
    take_or_pay: bool = True
    uptime_target_pct: float | None = None
    credits: tuple[CreditSettings, ...] = msgspec.field(default=())
    credit_cap_pct: float = 100.0
    notice_days: float = 0.0
    early_exit: float = 0.0
