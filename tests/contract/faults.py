"""A source on fake GPUs whose driver can be given faults."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.model import Batch, GpuState, Reading
from console.telemetry.keeper import Pace
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster
from tests.rig.nvml import FakeGpus

PERIOD_S = 0.1
HASTE = Pace(silence_s=0.7, grace_s=1.5, longest_s=0.3, host_retry_s=(0.2, 0.4), alone_retry_s=(0.3, 0.5))
HIT = 1  # the GPU that the faults are about

Predicate = Callable[[Batch], object]


class Bench:
    """A source on fake GPUs, and a roster that outlives it."""

    def __init__(self, fake: FakeGpus, folder: Path) -> None:
        self.fake = fake
        self.roster_path = folder / "roster.json"
        self.source: NvmlSource | None = None

    def know(self) -> None:
        """Let the roster know every GPU, as after an earlier run."""
        roster = Roster(self.roster_path)
        for gpu in range(self.fake.n):
            roster.admit(self.fake.uuid(gpu), self.fake.pci(gpu), f"card {gpu}", time.time() - 3600.0)

    def start(self, pace: Pace = HASTE, **more: Any) -> None:
        self.source = NvmlSource(Roster(self.roster_path), period_s=PERIOD_S, clients_period_s=0.2, pace=pace, **more)
        self.source.start()

    def until(self, said: Predicate, patience_s: float = 6.0) -> Batch:
        assert self.source is not None
        end, seq, batch = time.monotonic() + patience_s, 0, None
        while time.monotonic() < end:
            batch = self.source.wait(seq, 0.5) or batch
            if batch is not None and said(batch):
                return batch
            seq = batch.seq if batch is not None else seq
        raise AssertionError(f"not within {patience_s} s; last: {batch}")

    def until_row(self, state: GpuState, gpu: int = HIT) -> Reading:
        def said(batch: Batch) -> object:
            return any(one.uuid == self.fake.uuid(gpu) and one.state is state for one in batch.readings)

        return self.row(self.until(said), gpu)

    def row(self, batch: Batch, gpu: int = HIT) -> Reading:
        return next(one for one in batch.readings if one.uuid == self.fake.uuid(gpu))

    def others_tick(self, *hit: int) -> None:
        """Batches follow each other in which all GPUs but ``hit`` are fresh, until each was read five times anew."""
        assert self.source is not None
        others = [gpu for gpu in range(self.fake.n) if gpu not in hit]
        batch, read = self.source.latest(), set[tuple[float, ...]]()
        assert batch is not None
        while len(read) < 5:
            batch = self.source.wait(batch.seq, 1.0)
            assert batch is not None, "no further batch"
            rows = [self.row(batch, gpu) for gpu in others]
            assert all(row.state is GpuState.OK and batch.at - row.at < 0.5 for row in rows), rows
            read.add(tuple(row.at for row in rows))
