"""The words of the design as frozen types. No behaviour beyond what a word means by itself; no clock, no I/O.

Units stand in names. ``None`` is unknown and is never written as 0. Instants are Unix seconds (float, UTC) named
``at`` or ``since``; durations end in ``_s``. Money is in the site's one currency, fractions are fractions except
``_pct``, hashes are H and H/s, memory is MiB.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType, dataclass_transform

import msgspec

Uuid = NewType("Uuid", str)
"""A GPU's UUID as NVML spells it, ``GPU-…``. With the PCI address it is the GPU's identity; a position never is."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen record: may cross threads and processes, compares by value."""


class GpuState(StrEnum):
    """What became of a GPU. Everything but OK keeps its row, with cause and age."""

    OK = "ok"
    LOST = "lost"  # NVML: GPU_IS_LOST, or unknown errors that persist
    GONE = "gone"  # the driver no longer lists it
    HUNG = "hung"  # a reading began and did not end
    RESET_REQUIRED = "reset_required"
    UNSUPPORTED = "unsupported"  # every reading answers NOT_SUPPORTED


class HostState(StrEnum):
    """What NVML on this host can tell at all."""

    OK = "ok"
    NO_DRIVER = "no_driver"
    MISMATCH = "mismatch"
    NO_GPUS = "no_gpus"
    HUNG = "hung"


class Kind(StrEnum):
    """The three businesses of a GPU."""

    MINE = "mine"
    AI = "ai"
    OFF = "off"


class Holder(StrEnum):
    """Whose GPU it is now. FOREIGN and UNKNOWN are never touched."""

    NONE = "none"
    WORKLOAD = "workload"
    FOREIGN = "foreign"  # a process or container that no configured workload accounts for
    UNKNOWN = "unknown"  # hidden pids, MIG, vfio, a failed reading


class WorkState(StrEnum):
    """How far a workload on a GPU has come."""

    RUNNING = "running"
    WARMING = "warming"
    DRAINING = "draining"
    FAILING = "failing"
    STUCK = "stuck"
    STOPPED = "stopped"


class Basis(StrEnum):
    """Where a figure of the ladder comes from; ESTIMATED and TABLE are marked ``~`` wherever they are shown."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    TABLE = "table"


class ClientKind(StrEnum):
    """What NVML lists a process of a GPU as."""

    COMPUTE = "compute"
    GRAPHICS = "graphics"
    MPS = "mps"


class Client(Record):
    """A process that NVML lists on a GPU."""

    pid: int
    kind: ClientKind
    mem_mib: float | None = None


class Xid(Record):
    """One XID event: NVML tells it once, so it is kept with its time."""

    code: int
    at: float


class Reading(Record):
    """What one GPU reported at one instant, or the last it reported before ``state`` left OK.

    ``at`` is when the values were read, ``since`` when ``state`` began. ``power_w`` is the differentiated energy
    counter where the card has one (``power_from_energy``), else NVML's own average. ``clients`` is ``None`` where the
    process list could not be read, which is not the same as an empty list.
    """

    slot: int
    uuid: Uuid
    pci: str  # normalised 00000000:41:00.0
    name: str
    at: float
    state: GpuState = GpuState.OK
    since: float = 0.0
    reason: str = ""  # one line for people: what happened and what to do
    index: int | None = None  # NVML's, for display only
    util_pct: float | None = None
    mem_used_mib: float | None = None
    mem_total_mib: float | None = None
    mem_reserved_mib: float | None = None
    temp_c: float | None = None
    fan_pct: float | None = None
    power_w: float | None = None
    power_from_energy: bool = False
    power_limit_w: float | None = None
    sm_mhz: float | None = None
    mem_mhz: float | None = None
    throttle: tuple[str, ...] = ()  # reasons that cost output: "hw thermal", "power cap", …
    ecc_corrected: int | None = None
    ecc_uncorrected: int | None = None
    remap_pending: bool | None = None
    remap_failed: bool | None = None
    xids: tuple[Xid, ...] = ()
    mig: bool | None = None
    clients: tuple[Client, ...] | None = None
    clients_at: float = 0.0


class HostReading(Record):
    """The host beside its GPUs."""

    cpu_pct: float | None = None
    mem_used_mib: float | None = None
    mem_total_mib: float | None = None
    load_1m: float | None = None
    uptime_s: float | None = None


class Batch(Record):
    """All readings of one tick; rows are ordered by slot and never vanish by themselves."""

    seq: int
    at: float
    host_state: HostState
    readings: tuple[Reading, ...]
    reason: str = ""
    host: HostReading = HostReading()
    driver: str | None = None


class Quote(Record):
    """One price or network figure with where it comes from and how old it may be.

    ``kind`` is one of coin_price, difficulty, nethash, reward, hash_price, rental, power_price, carbon, fx;
    ``at`` is the source's own time where it gives one. ``interval_end`` holds for prices valid through an interval.
    """

    name: str
    kind: str
    value: float
    unit: str
    source: str
    at: float
    max_age_s: float
    interval_end: float | None = None

    def age_s(self, now: float) -> float:
        """Seconds since the source observed it; never negative."""
        return max(0.0, now - self.at)

    def stale(self, now: float) -> bool:
        """True when it is older than its age limit, or its interval is over."""
        if self.interval_end is not None:
            return now >= self.interval_end
        return self.age_s(now) > self.max_age_s


class Output(Record):
    """What a running workload produces on one instance, as its meter reports it.

    ``value`` is in ``unit`` (``H/s`` or ``tok/s``) for the GPUs in ``per_gpu`` where the meter tells them apart.
    """

    at: float
    unit: str
    value: float | None
    state: WorkState = WorkState.RUNNING
    per_gpu: tuple[tuple[str, float], ...] = ()  # (normalised pci, value)
    input_value: float | None = None  # tokens/s of prompts
    accepted: int | None = None
    rejected: int | None = None
    running: int | None = None  # requests being served
    waiting: int | None = None
    algorithm: str | None = None
    uptime_s: float | None = None
    reason: str = ""


class Instance(Record):
    """A running workload and the set of GPUs that it holds, in UUID order. A flip moves the whole set."""

    workload: str
    kind: Kind
    uuids: tuple[Uuid, ...]
    pids: tuple[int, ...]
    unit: str  # what the controller calls it: miner@3.service, a program, a container
    state: WorkState = WorkState.RUNNING
    since: float | None = None


class Occupancy(Record):
    """Who holds one GPU, as observed, with the sentence that says how that is known."""

    uuid: Uuid
    holder: Holder
    instance: Instance | None = None
    who: str = ""  # "python3 (pid 4711, user alice)" for foreign, the reason for unknown
    background: tuple[str, ...] = ()  # display servers, DCGM, the persistence daemon
    background_mib: float = 0.0  # of the memory in use, what NVML says is theirs
    settled: bool = True


class Option(Record):
    """One workload on one GPU with its money, per GPU and clock hour. ``None`` where a price or rate is missing."""

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
    """The money of one GPU: its ladder best first, both profits, and what is advised."""

    options: tuple[Option, ...]
    running: str | None
    net_per_h: float | None
    profit_per_hash: Profit | None
    profit_per_ai_hour: Profit | None
    advice: Advice


class Guard(Record):
    """A reason not to act on a GPU. ``forceable`` guards may be waived by naming host and slot."""

    name: str
    sentence: str
    forceable: bool = False


class Flipping(Record):
    """A flip in progress on a GPU."""

    flip_id: str
    to: str
    step: str
    since: float
    by: str
    fraction: float | None = None


class GpuRow(Record):
    """Everything known about one GPU now: the unit of the screen and of ``status --json``."""

    reading: Reading
    occupancy: Occupancy
    output: Output | None
    money: Money
    guards: tuple[Guard, ...] = ()
    flipping: Flipping | None = None
    stuck: str = ""
    was: Option | None = None  # what ran when a card that is not OK last was; in no sum
    fresh: bool = True  # False when the reading is older than three periods
    trend_net: tuple[float | None, ...] = ()
    trend_power_w: tuple[float | None, ...] = ()


class Totals(Record):
    """Sums of unrounded row values; ``None`` addends are left out and counted.

    ``stale_rows`` are the addends of ``net_per_h`` that hang on stale quotes, ``best_stale_rows`` those of
    ``best_net_per_h``, whose ``best_basis`` is the worst of its addends.
    """

    wall_w: float | None
    net_per_h: float | None
    best_net_per_h: float | None
    today_accrued: float | None
    today_since: float | None
    unknown_rows: int = 0
    stale_rows: int = 0
    best_stale_rows: int = 0
    best_basis: Basis = Basis.MEASURED
    counts: tuple[tuple[str, int], ...] = ()  # ("ai", 4), ("mine", 2), ("off", 1), ("lost", 1), …


class LogLine(Record):
    """One line of what happened, newest shown first. ``tone`` is a word of view.tones."""

    at: float
    text: str
    tone: str = "label"


class Snapshot(Record):
    """All that a screen, a pipe or a script may want to know of a site at one instant."""

    seq: int
    at: float
    host: str
    site: str
    currency: str
    timezone: str
    host_state: HostState
    reason: str
    simulated: bool
    read_only: str  # "" or why acting keys are not bound
    rows: tuple[GpuRow, ...]
    quotes: tuple[Quote, ...]
    totals: Totals
    host_reading: HostReading = HostReading()
    power_limit_w: float | None = None
    log: tuple[LogLine, ...] = ()
    banners: tuple[str, ...] = ()
    trend_net: tuple[float | None, ...] = ()
    trend_power_w: tuple[float | None, ...] = ()
    trend_step_s: float = 10.0
