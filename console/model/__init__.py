"""The words of the design as frozen types. No behaviour beyond what a word means by itself; no clock, no I/O.

Units stand in names. ``None`` is unknown and is never written as 0. Instants are Unix seconds (float, UTC) named
``at`` or ``since``; durations end in ``_s``. Money is in the site's one currency, fractions are fractions except
``_pct``, hashes are H and H/s, memory is MiB.
"""

from console.model.attention import ALARM_WORDS, Alarm
from console.model.base import Record, Uuid
from console.model.gpus import Batch, Client, ClientKind, GpuState, HostReading, HostState, Reading, Xid
from console.model.market import (
    QUOTE_KINDS,
    Curve,
    Disagreement,
    FeedState,
    Held,
    Input,
    Kept,
    Market,
    PoolState,
    Quote,
    Step,
    Trail,
)
from console.model.money import Advice, Basis, Bond, Fine, Money, Option, Profit
from console.model.rows import Flipping, GpuRow, Guard, LogLine, Snapshot, Totals
from console.model.work import Holder, Instance, Kind, Occupancy, Output, WorkState

__all__ = [
    "ALARM_WORDS",
    "QUOTE_KINDS",
    "Advice",
    "Alarm",
    "Basis",
    "Batch",
    "Bond",
    "Client",
    "ClientKind",
    "Curve",
    "Disagreement",
    "FeedState",
    "Fine",
    "Flipping",
    "GpuRow",
    "GpuState",
    "Guard",
    "Held",
    "Holder",
    "HostReading",
    "HostState",
    "Input",
    "Instance",
    "Kept",
    "Kind",
    "LogLine",
    "Market",
    "Money",
    "Occupancy",
    "Option",
    "Output",
    "PoolState",
    "Profit",
    "Quote",
    "Reading",
    "Record",
    "Snapshot",
    "Step",
    "Totals",
    "Trail",
    "Uuid",
    "WorkState",
    "Xid",
]
