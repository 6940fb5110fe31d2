"""An AI-hosting contract on paper: what it pays, and how much downtime costs a credit."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from console.model import Record

MINUTES_PER_MONTH = 30 * 24 * 60.0
"""Of a month of 30 days, the window that public service terms reckon with."""


class Credit(Record):
    """Below ``below_pct`` of uptime in a month, ``credit_pct`` of that month is given back."""

    below_pct: float
    credit_pct: float


class Sla(Record):
    """What uptime was promised and what missing it costs."""

    credits: tuple[Credit, ...] = ()
    target_pct: float | None = None
    credit_cap_pct: float = 100.0


class Contract(Record):
    """What one GPU earns under a contract. ``take_or_pay`` is paid whether it is busy or not."""

    rate_per_gpu_hour: float
    take_or_pay: bool = True
    id: str = ""
    customer: str = ""
    sla: Sla = Sla()


class Step(NamedTuple):
    """From ``down_min`` minutes of downtime in a month, ``credit`` is owed for that GPU and month."""

    down_min: float
    below_pct: float
    credit_pct: float
    credit: float


def read(toml: bytes) -> Contract:
    """A contract from TOML. Raises ValueError with a sentence for what is no contract."""
    try:
        contract = msgspec.toml.decode(toml, type=Contract)
    except msgspec.ValidationError as error:
        raise ValueError(f"is no contract: {error}") from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: bytes that are no UTF-8
        raise ValueError(f"is no TOML: {error}") from None
    if not 0 <= contract.rate_per_gpu_hour < 1e9:
        raise ValueError(f"has rate_per_gpu_hour {contract.rate_per_gpu_hour:g}, expected a rate of 0 or more")
    for credit in contract.sla.credits:
        if not (0 < credit.below_pct <= 100 and 0 <= credit.credit_pct <= 100):
            found = f"below_pct {credit.below_pct:g} and credit_pct {credit.credit_pct:g}"
            raise ValueError(f"has a credit of {found}, expected percentages up to 100")
    return contract


def steps(contract: Contract) -> tuple[Step, ...]:
    """The credit steps of one GPU's month, the first to be reached first, capped as the contract says."""
    month = contract.rate_per_gpu_hour * MINUTES_PER_MONTH / 60
    found = []
    for credit in contract.sla.credits:
        share_pct = min(credit.credit_pct, contract.sla.credit_cap_pct)
        down_min = (100 - credit.below_pct) / 100 * MINUTES_PER_MONTH
        found.append(Step(down_min, credit.below_pct, share_pct, month * share_pct / 100))
    return tuple(sorted(found))
