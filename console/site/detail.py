"""All about one GPU, as a site tells it to whoever asks."""

from __future__ import annotations

from console.history.gpuday import Past
from console.model import ClientKind, GpuRow, LogLine, Record
from console.telemetry.static import GpuFacts


class Occupant(Record):
    """A process on a GPU, as the last process list and ``/proc`` have it; ``name`` is "" for what cannot be seen."""

    pid: int
    kind: ClientKind
    mem_mib: float | None
    name: str = ""
    user: str = ""
    container: str = ""
    since: float | None = None


class Detail(Record):
    """All about one GPU. ``processes`` is None where the list could not be read; ``changes`` are newest first.

    ``card`` and ``driver`` are None until the driver has told them, which it is first asked when somebody looks.
    """

    row: GpuRow
    past: Past
    processes: tuple[Occupant, ...] | None
    changes: tuple[LogLine, ...]
    driver: str | None = None
    card: GpuFacts | None = None
