"""The GPUs of this host, read as the console reads them, with the slots that its roster would give."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console.finding.found import Card
from console.finding.overhead import drawn
from console.model import Batch, GpuState, HostState, Reading
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster

FIRST_S = 35.0
"""How long a driver may take to initialise: the sampler's own grace, and some."""
LISTS_S = 4.0
"""How much longer to wait for process lists and watts of GPUs that lack them."""
_MAX_ROSTER = 4 << 20


@contextmanager
def watched(roster: Path) -> Iterator[NvmlSource]:
    """A running source over a copy of ``roster``: known cards keep their slots, newcomers get the next, on no disk of
    the console's own. Closed at the end."""
    with tempfile.TemporaryDirectory(prefix="changeover-init-") as folder:
        copy = Path(folder) / "roster.json"
        with suppress(OSError), roster.open("rb") as file:
            copy.write_bytes(file.read(_MAX_ROSTER))
        source = NvmlSource(Roster(copy), period_s=0.5, clients_period_s=1.0)
        source.start()
        try:
            yield source
        finally:
            source.close()


def settled(source: NvmlSource, first_s: float = FIRST_S) -> Batch | None:
    """A batch in which every GPU that answers has its process list and watts, or the newest when waiting is over.

    None where the driver has said nothing in ``first_s``. A host without NVML is told at once, in the batch's reason.
    """
    end, newest, seq = time.monotonic() + first_s, source.latest(), 0
    while (left_s := end - time.monotonic()) > 0:
        batch = source.wait(seq, left_s)
        if batch is None:
            break
        first = newest is None or not newest.readings
        newest = batch
        seq = batch.seq
        if batch.host_state is not HostState.OK and batch.reason:
            return batch
        if batch.readings and all(_whole(reading) for reading in batch.readings):
            return batch
        if first and batch.readings:
            end = min(end, time.monotonic() + LISTS_S)
    return newest


def cards(batch: Batch) -> tuple[Card, ...]:
    """The GPUs of a batch, by slot."""
    return tuple(_card(reading) for reading in batch.readings)


def drawn_w(batch: Batch | None) -> float | None:
    """What the cards of this host draw together; None where one that is here does not tell."""
    here = [reading for reading in batch.readings if reading.state is not GpuState.GONE] if batch is not None else []
    return drawn(reading.power_w if reading.state is GpuState.OK else None for reading in here)


def _whole(reading: Reading) -> bool:
    if reading.state is not GpuState.OK:
        return bool(reading.reason)
    return bool(reading.mig) or (reading.clients is not None and reading.power_w is not None)


def _card(reading: Reading) -> Card:
    trouble = ""
    if reading.state is not GpuState.OK:
        trouble = reading.reason or reading.state.value
    elif reading.mig:
        trouble = "MIG is on: it is shown, never flipped"
    elif reading.clients is None:
        trouble = "its process list could not be read"
    return Card(
        slot=reading.slot,
        uuid=reading.uuid,
        pci=reading.pci,
        name=reading.name,
        power_w=reading.power_w if reading.state is GpuState.OK else None,
        trouble=trouble,
    )
