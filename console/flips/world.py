"""What a plan is made of: the rows of a host and the instances that its config could run on them, frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from console.config.settings import AdviceSettings
from console.config.workload_settings import WorkloadSettings
from console.economics.replay import Grounds
from console.flips.records import Action
from console.model import GpuRow, Kind, Record, Uuid
from console.workloads.contract import ALIVE

OFF = "off"
"""What a GPU does when no workload runs on it; also the target that starts nothing."""

USUAL_START_S = {Kind.MINE: 60.0, Kind.AI: 120.0, Kind.OFF: 0.0}
"""Start to output where this host has not measured it: miners take 20 to 120 s (dataset), servers load a model."""
USUAL_STOP_S = 3.0


class Candidate(Record):
    """An instance that could run: one unit of a workload and the GPUs it takes, in UUID order.

    ``state`` is its controller's word now (running, starting, stopping, stopped, failed), ``""`` where unknown.
    ``terms`` says how it is paid (contract, marketplace, tokens), ``contract`` under which. ``usual_*_s`` are this
    host's own medians. ``let`` is true where its controller offers the GPUs on a rental market, ``faults`` are what
    keeps its unit out of every plan, ``profile_fault`` why its profile cannot be applied.
    """

    workload: str
    kind: Kind
    controller: str
    unit: str
    uuids: tuple[Uuid, ...]
    memory_mib: float = 0.0
    start_timeout_s: float = 180.0
    stop_timeout_s: float = 30.0
    settle_s: float = 2.0
    drain_timeout_s: float = 120.0
    metered: bool = False
    terms: str = ""
    contract: str = ""
    profile: str | None = None
    profile_fault: str = ""
    routed: bool = False
    let: bool = False
    faults: tuple[str, ...] = ()
    state: str = ""
    usual_start_s: float | None = None
    usual_stop_s: float | None = None

    @property
    def start_s(self) -> float:
        """Seconds from start to output: measured here, else usual for its kind, never above its own time-out."""
        usual_s = USUAL_START_S[self.kind] if self.usual_start_s is None else self.usual_start_s
        return min(usual_s, self.start_timeout_s)

    @property
    def stop_s(self) -> float:
        """Seconds from stop to free memory: measured here, else usual, never above its own time-out."""
        usual_s = USUAL_STOP_S if self.usual_stop_s is None else self.usual_stop_s
        return min(usual_s, self.stop_timeout_s)

    def starting(self) -> Action:
        """The action that starts it."""
        return self._action(self.start_timeout_s)

    def stopping(self) -> Action:
        """The action that stops it."""
        return self._action(self.stop_timeout_s)

    def _action(self, timeout_s: float) -> Action:
        return Action(
            workload=self.workload,
            kind=self.kind.value,
            controller=self.controller,
            unit=self.unit,
            uuids=self.uuids,
            timeout_s=timeout_s,
            settle_s=self.settle_s,
            drain_timeout_s=self.drain_timeout_s if self.kind is Kind.AI else 0.0,
            start_timeout_s=self.start_timeout_s,
            stop_timeout_s=self.stop_timeout_s,
            metered=self.metered,
            profile=self.profile,
            routed=self.routed,
            let=self.let,
        )


class PlanWorld(Record):
    """All that a plan may look at. ``base_mib`` is the least memory seen in use on a GPU while it was free,
    ``pins`` the only workload a GPU may run, ``failed_starts`` how many starts failed on it in the last ten minutes,
    ``grounds`` what its advice was made of. ``wall_w`` is what the site draws now at the wall and ``power_limit_w``
    what it may; ``event`` says that the grid's event is in progress, ``halted`` that automatic flips are stopped.
    """

    host: str
    rows: tuple[GpuRow, ...]
    candidates: tuple[Candidate, ...]
    advice: AdviceSettings = AdviceSettings()
    config_hash: str = ""
    base_mib: Mapping[str, float] = {}
    pins: Mapping[str, str] = {}
    failed_starts: Mapping[str, int] = {}
    grounds: Mapping[str, Grounds] = {}
    wall_w: float | None = None
    power_limit_w: float | None = None
    event: str = ""
    halted: str = ""

    def row(self, uuid: str) -> GpuRow | None:
        """The row of one GPU."""
        return next((row for row in self.rows if row.reading.uuid == uuid), None)

    def at_slot(self, slot: int) -> GpuRow | None:
        """The row of one slot."""
        return next((row for row in self.rows if row.reading.slot == slot), None)

    def slots(self, uuids: Iterable[str]) -> tuple[int, ...]:
        """The slots of these GPUs, ascending."""
        wanted = frozenset(uuids)
        return tuple(sorted(row.reading.slot for row in self.rows if row.reading.uuid in wanted))

    def candidate(self, workload: str, uuid: str) -> Candidate | None:
        """The instance of ``workload`` that would take this GPU."""
        return next((c for c in self.candidates if c.workload == workload and uuid in c.uuids), None)

    def holding(self, row: GpuRow) -> Candidate | None:
        """The configured instance that holds this GPU now, None when nothing configured does."""
        held = row.occupancy.instance
        if held is None:
            return None
        named = (c for c in self.candidates if c.workload == held.workload and c.unit == held.unit)
        return next(named, None)

    def alive(self, uuid: str) -> tuple[Candidate, ...]:
        """Instances on this GPU that their controllers call alive, with or without a process on it yet."""
        return tuple(c for c in self.candidates if uuid in c.uuids and c.state in ALIVE)


def candidate(
    workload: str,
    settings: WorkloadSettings,
    unit: str,
    uuids: Iterable[Uuid],
    state: str = "",
    *,
    let: bool = False,
    faults: tuple[str, ...] = (),
    profile_fault: str = "",
) -> Candidate:
    """One configured instance as a candidate, with the limits of its workload."""
    return Candidate(
        workload=workload,
        kind=settings.kind,
        controller=settings.controller,
        unit=unit,
        uuids=tuple(sorted(uuids)),
        memory_mib=settings.memory_mib,
        start_timeout_s=settings.start_timeout_s,
        stop_timeout_s=settings.stop_timeout_s,
        settle_s=settings.settle_s,
        drain_timeout_s=settings.drain_timeout_s,
        metered=settings.meter is not None,
        terms=settings.revenue.form if settings.revenue else "",
        contract=(settings.revenue.contract or "") if settings.revenue else "",
        profile=settings.profile,
        routed=bool(settings.drain),
        let=let,
        faults=faults,
        profile_fault=profile_fault,
        state=state,
    )
