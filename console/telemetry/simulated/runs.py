"""One run of a unit, from start to end: a few instants, and what follows from them at any time asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from console.telemetry.simulated.jobs import Work
from console.telemetry.simulated.layout import Unit

FIRST_PID = 4_200_000  # above Linux's PID_MAX_LIMIT of 4,194,304: no process can ever have one of these
PROCESS_S = 0.15  # from start until the driver lists the process
CONTEXT_MIB = 430.0


class Phase(StrEnum):
    """How far a run has come. The controller calls WARMING already running."""

    STARTING = "starting"
    WARMING = "warming"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(slots=True)
class Run:
    """All instants are simulated seconds, possibly in the future. Guarded by the lock of the plant it belongs to.

    ``produced`` is what it has made since it started, in hashes or tokens. ``failed`` says why it ended by itself.
    """

    unit: Unit
    work: Work
    pids: tuple[int, ...]  # one worker per GPU, in the order of the unit's slots
    started: float
    active_at: float
    warm_at: float
    stopping_at: float = inf
    ended_at: float = inf
    failed: str = ""
    produced: float = 0.0

    def phase(self, t: float) -> Phase:
        """Where the run is at ``t``, which is not before its start."""
        if t >= self.ended_at:
            return Phase.ENDED
        if t > self.stopping_at:  # not at: a second that was read before the stop must read the same after it
            return Phase.STOPPING
        if t >= self.warm_at:
            return Phase.RUNNING
        return Phase.WARMING if t >= self.active_at else Phase.STARTING

    def present(self, t: float) -> bool:
        """True while the driver lists its processes."""
        return self.started + PROCESS_S <= t < self.ended_at

    def load(self, t: float) -> float:
        """Share of the work power drawn at ``t``, before demand."""
        if not self.present(t):
            return 0.0
        phase = self.phase(t)
        if phase is Phase.RUNNING:
            return 1.0
        return self.work.loading * (0.4 if phase is Phase.STOPPING else 1.0)

    def mem_mib(self, t: float, full_mib: float) -> float:
        """Memory held on one GPU at ``t``: the context at once, the rest as it loads, all of it until the end."""
        if not self.present(t):
            return 0.0
        loaded = min(1.0, (t - self.started) / (0.85 * (self.warm_at - self.started)))
        return CONTEXT_MIB + (full_mib - CONTEXT_MIB) * loaded
