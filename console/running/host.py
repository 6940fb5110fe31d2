"""This host as a transaction sees it: NVML at 25 Hz, ``/proc``, controllers, meters, locks and guards."""

from __future__ import annotations

import threading
import time

from console.config.settings import Config
from console.flips import reading
from console.flips.cases import marks, still_standing
from console.flips.facts import Seen
from console.flips.journal import Journal, JournalError
from console.flips.records import Action, Plan
from console.flips.standing import Standing
from console.flips.technician import Locks
from console.model import Batch, GpuState, Guard, Occupancy, Output, Reading, Uuid
from console.paths import Places
from console.running.units import Units
from console.telemetry.source import Source
from console.workloads.background import Background
from console.workloads.detect import occupancy, pids_to_read
from console.workloads.expand import Placed
from console.workloads.proctable import ProcessTable
from console.workloads.tenants import Tenants

OLD_S = 1.0
"""A reading older than this is not one to act on."""


class HostFacts:
    """Implements console.flips.facts.Facts. Threads may share it."""

    def __init__(
        self,
        config: Config,
        placed: tuple[Placed, ...],
        source: Source,
        units: Units,
        journal: Journal,
        places: Places,
        lost: threading.Event,
    ) -> None:
        self._config, self._placed = config, placed
        self._source, self._units = source, units
        self._journal, self._locks, self._lost = journal, Locks(places), lost
        self._background = Background(config.settings.site.background)
        self._standing = Standing(places)
        self._base_mib = _base_mib(journal)
        self._last: dict[Uuid, Occupancy] = {}

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def clock(self) -> float:
        """CLOCK_BOOTTIME: goes on through a suspend and does not jump."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def abandoned(self) -> bool:
        """True once the console that asked is gone."""
        return self._lost.is_set()

    def observe(self, uuids: tuple[Uuid, ...], timeout_s: float) -> tuple[Seen, ...] | None:
        """Each GPU as read after this call began; a GPU that is lost or hung is told as such, with its last values."""
        since, end = time.time(), time.monotonic() + timeout_s
        seq = -1
        while (left_s := end - time.monotonic()) > 0:
            batch = self._source.wait(seq, left_s)
            if batch is None:
                return None
            seq = batch.seq
            found = {one.uuid: one for one in batch.readings}
            if all(uuid in found and _after(found[uuid], batch, since) for uuid in uuids):
                return self._seen(batch, uuids)
        return None

    def output(self, action: Action, timeout_s: float) -> Output | None:
        """What the unit's meter and controller say."""
        return self._units.output(action, timeout_s)

    def guards(self, plan: Plan, uuids: tuple[Uuid, ...]) -> tuple[Guard, ...]:
        """Guards that stand on these GPUs, by the newest reading there is."""
        batch = self._source.latest()
        known = {one.uuid for one in batch.readings} if batch else set()
        if batch is None or not set(uuids) <= known:
            return (Guard(name="reading", sentence="its GPUs are not read yet"),)
        found: list[Guard] = []
        stuck = marks(self._journal)
        starts = {uuid for move in plan.moves for action in move.starts for uuid in action.uuids}
        for seen in self._seen(batch, uuids):
            uuid, now = seen.reading.uuid, self.now()
            found += still_standing(
                plan,
                seen,
                self._config.settings,
                stuck=stuck.get(uuid, ""),
                fresh=now - seen.reading.at < OLD_S or seen.reading.state is not GpuState.OK,
                over=self._standing.over(now),
                others=self._locks.guards(uuid, now),
            )
            if uuid in starts and (why := self._units.doubts().of(uuid)):
                # Once what runs there has stopped it could not be told to be free any more.
                text = f"whether GPU {seen.reading.slot} will be free cannot be told: {why}"
                found.append(Guard(name="units", sentence=text))
        return tuple(found)

    def _seen(self, batch: Batch, uuids: tuple[Uuid, ...]) -> tuple[Seen, ...]:
        tasks = self._units.tasks()
        table = ProcessTable.read(pids_to_read(batch.readings, tasks))
        found = occupancy(
            batch.readings,
            self._placed,
            tasks,
            table,
            self._background,
            tenants=Tenants(self._units.holdings(), self._config.settings.site.renters),
            doubts=self._units.doubts(),
            base_mib=self._base_mib,
            previous=self._last,
        )
        last = self._last = {one.uuid: one for one in found}
        readings = {one.uuid: one for one in batch.readings}
        return tuple(Seen(reading=readings[uuid], occupancy=last[uuid]) for uuid in uuids)


def _after(seen: Reading, batch: Batch, since: float) -> bool:
    """True when this reading, process list included, was made after ``since``; a GPU in trouble has no new one."""
    if seen.state is not GpuState.OK:
        return batch.at >= since
    return seen.at >= since and (seen.clients is None or seen.clients_at >= since)


def _base_mib(journal: Journal) -> dict[Uuid, float]:
    try:
        return {Uuid(uuid): mib for uuid, mib in reading.base_mib(journal.path, journal.boot_id).items()}
    except JournalError:
        return {}
