"""XMRig 6: ``GET /2/summary`` for the miner and ``/2/backends`` for each GPU.

Seen in real runs: the first rates are 0 or null while the dataset is built; a window (10 s, 60 s, 15 min) is null until
it has been lived through; paused miners keep their memory and fade to 0 over 10 s; with the pool gone
``connection.uptime`` is 0 while the counters stay. ``results.hashes_total`` is the sum of the difficulty, in hashes, of
all shares that the pool accepted since the miner's start; what the miner donates is not in it (XMRig's
src/base/net/stratum/NetworkState.cpp: ``m_hashes += result.diff``, of the user's own strategy alone).
"""

from __future__ import annotations

import math
import time

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.text import clean
from console.workloads.meters import _miner
from console.workloads.meters._http import Endpoint, StatusError

NAME = "XMRig"
MOST_HASHES = 1e30
"""More than this no miner's shares are worth in its lifetime."""

Rates = list[float | None]


class _Hashrate(msgspec.Struct):
    total: Rates = []


class _Connection(msgspec.Struct):
    pool: str | None = None
    uptime: float = 0.0
    failures: int = 0
    accepted: int | None = None
    rejected: int | None = None


class _Results(msgspec.Struct):
    hashes_total: float | None = None


class _Summary(msgspec.Struct):
    hashrate: _Hashrate
    uptime: float
    results: _Results = msgspec.field(default_factory=_Results)
    connection: _Connection = msgspec.field(default_factory=_Connection)
    algo: str | None = None
    paused: bool = False


class _Thread(msgspec.Struct):
    bus_id: str | None = None
    hashrate: Rates = []


class _Backend(msgspec.Struct):
    threads: list[_Thread] = []


def connect(settings: MeterSettings) -> XMRig:
    """The meter of one miner; does no I/O."""
    return XMRig(settings)


class XMRig:
    """Reads one XMRig. The value is the sum over its GPUs where they are told apart, else the miner's own total."""

    def __init__(self, settings: MeterSettings) -> None:
        self._api = Endpoint(settings)

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read. H/s of the last 10 s, else of the last 60 s."""
        end = time.monotonic() + timeout_s
        summary = _miner.decoded(self._api.get("/2/summary", timeout_s), _Summary, NAME)
        per_gpu, alone = self._per_gpu(max(0.05, end - time.monotonic()))
        value = math.fsum(rate for _, rate in per_gpu) if per_gpu else _miner.latest(summary.hashrate.total)
        state, reason = _judged(summary, value)
        return Output(
            at=time.time(),
            unit="H/s",
            value=value,
            state=state,
            per_gpu=per_gpu,
            accepted=_miner.count(summary.connection.accepted),
            rejected=_miner.count(summary.connection.rejected),
            credited_hashes=_miner.figure(summary.results.hashes_total, MOST_HASHES) if alone else None,
            algorithm=clean(summary.algo, 40) if summary.algo else None,
            uptime_s=max(0.0, summary.uptime),
            reason=reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()

    def _per_gpu(self, timeout_s: float) -> tuple[tuple[tuple[str, float], ...], bool]:
        """H/s by PCI address, and whether nothing beside these cards hashes: shares do not tell who found them.

        Empty where this XMRig does not say (404 before version 6, or no card in use). Threads of the CUDA and OpenCL
        backends have a bus, those of the CPU's have none.
        """
        try:
            backends = _miner.decoded(self._api.get("/2/backends", timeout_s), list[_Backend], NAME)
        except StatusError:
            return (), True
        threads = [thread for backend in backends for thread in backend.threads]
        rates = [(_miner.hex_pci(thread.bus_id), _miner.latest(thread.hashrate)) for thread in threads]
        per_gpu = _miner.by_address(rates)
        return per_gpu, not (per_gpu and any(rate for pci, rate in rates if pci is None))


def _judged(summary: _Summary, value: float | None) -> tuple[WorkState, str]:
    """How far the miner has come, and in words what keeps it from hashing."""
    lost = ""
    if summary.connection.uptime <= 0 and summary.connection.failures > 0:
        pool = clean(summary.connection.pool or "its pool", 80)
        lost = f"not connected to {pool} ({summary.connection.failures} failures)"
    return _miner.judged(value, summary.uptime, lost=lost, stopped=_miner.PAUSED if summary.paused else "")
