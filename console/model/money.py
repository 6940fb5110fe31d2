"""The money of one GPU: its options, both profits and the advice."""

from __future__ import annotations

from enum import StrEnum

from console.model.base import Record
from console.model.market import Input
from console.model.work import Kind


class Basis(StrEnum):
    """Where a figure of the ladder comes from; ESTIMATED and TABLE are marked ``~`` wherever they are shown."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    TABLE = "table"


class Fine(Record):
    """More than ``after_s`` of downtime from now on costs ``amount``: the credit tier of ``credit_pct`` is crossed."""

    after_s: float
    amount: float
    credit_pct: float


class Bond(Record):
    """What ties a GPU to the contract it serves. ``fines`` are in order; ``early_exit`` is paid by who leaves it.

    ``unpaid`` serves beyond the number that the contract commits: nothing ties it.
    """

    contract: str
    fines: tuple[Fine, ...] = ()
    early_exit: float = 0.0
    unpaid: bool = False


class Option(Record):
    """One workload on one GPU with its money, per GPU and clock hour. ``None`` where a price or rate is missing.

    ``net_per_h`` is what decisions are made of: of a marketplace at its ``occupancy``. ``now_per_h`` is what such an
    option nets at this moment, rented or vacant, while it runs; None where that is ``net_per_h``.
    """

    workload: str
    kind: Kind
    basis: Basis
    gross_per_h: float | None
    fees_per_h: float | None
    power_per_h: float | None
    net_per_h: float | None
    value_per_kwh: float | None = None
    off_above_price: float | None = None
    hashes_per_h: float | None = None
    algorithm: str | None = None
    wall_w: float | None = None
    carbon_g_per_h: float | None = None
    stale: bool = False
    eligible: bool = True
    why_not: str = ""
    source: str = ""  # "measured 2h 10m", "table, 2Miners 2026-06-25"
    missing: tuple[str, ...] = ()  # what would have to be known: "price of ERG"
    old: tuple[str, ...] = ()  # what is known and stale: "price of ERG 16m old, limit 15m"
    inputs: tuple[Input, ...] = ()  # every figure that the money above was made of
    now_per_h: float | None = None
    occupancy: float | None = None
    bond: Bond | None = None
    clauses: tuple[str, ...] = ()  # where the contract behind it stands, as sentences


class Profit(Record):
    """A headline figure with the option it is of."""

    value: float | None
    workload: str
    basis: Basis
    algorithm: str | None = None
    stale: bool = False


class Advice(Record):
    """What the ladder says one GPU should do, and the one line of numbers that says why."""

    best: str | None  # a workload's name; None when nothing better is known
    gain_per_h: float | None
    acts: bool
    why: str
    blocks: tuple[str, ...] = ()


class Money(Record):
    """The money of one GPU: its ladder best first, both profits, and what is advised.

    ``net_per_h`` is what ``running`` nets at this moment.
    """

    options: tuple[Option, ...]
    running: str | None
    net_per_h: float | None
    profit_per_hash: Profit | None
    profit_per_ai_hour: Profit | None
    advice: Advice
