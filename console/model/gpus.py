"""What a GPU and its host report at one instant."""

from __future__ import annotations

from enum import StrEnum

from console.model.base import Record, Uuid


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
