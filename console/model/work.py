"""What runs on a GPU, how far it has come, whose it is, and what it produces."""

from __future__ import annotations

from enum import StrEnum

from console.model.base import Record, Uuid


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
    accepted: int | None = None  # shares; these three count from the miner's start
    rejected: int | None = None
    credited_hashes: float | None = None  # sum of the accepted shares' difficulty, in hashes
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
