"""Watches every GPU: its last day, what happened to it; and makes all about one of them for whoever asks."""

from __future__ import annotations

import msgspec

from console.history.day import DayHistory
from console.history.gpuday import NOTHING, Sample, Work
from console.model import Client, GpuRow, GpuState, Holder, Kind, Reading, Snapshot, Uuid
from console.site.backfill import Moment
from console.site.detail import Detail, Occupant
from console.site.estimates import share
from console.site.events import changes
from console.site.facts import Facts
from console.site.ground import Ground
from console.telemetry import static

SLOWED, SLOWED_AGAIN_S = "is held back", 900.0
"""A card on the edge of its limits is slowed many times an hour: that it is is told this often."""
MOST_CLIENTS = 64


class DetailView:
    """Watches every GPU each tick, and makes a Detail of one when it is asked for one."""

    def __init__(self, ground: Ground, *, keeps: bool = True) -> None:
        path = None if ground.simulated else ground.places.state / "day.json"
        self.days = DayHistory(path, keeps=keeps)
        self._ground = ground
        self._facts = None if ground.simulated else Facts(static.facts)
        self._before: dict[Uuid, GpuRow] = {}
        self._made: tuple[Snapshot, Detail] | None = None

    def watch(self, row: GpuRow, now: float) -> GpuRow:
        """Remember one GPU as it is at ``now``; gives the row back."""
        uuid = row.reading.uuid
        self.days.add(uuid, now, sample(row))
        before = self._before.get(uuid)
        if before is None or _moved(before, row):
            self._tell(before, row, now)
        self._before[uuid] = row
        return row

    def seen(self, uuid: Uuid, moment: Moment, net_per_h: float | None) -> None:
        """A moment of a GPU's past, priced; moments come oldest first."""
        settings = self._ground.config.settings.workloads.get(moment.workload)
        kind = Kind.OFF if settings is None else settings.kind
        unit = {Kind.MINE: "H/s", Kind.AI: "tok/s"}.get(kind, "")
        did = Work(workload=moment.workload, kind=kind, unit=unit)
        nets = {moment.workload: net_per_h}
        told = Sample(moment.power_w, moment.temp_c, net_per_h, moment.rate, did, NOTHING, nets)
        self.days.add(uuid, moment.at, told)

    def detail(self, snapshot: Snapshot, uuid: Uuid, span_s: float) -> Detail | None:
        """All about a GPU of a snapshot, its figures over ``span_s``; None where it has none of that name.

        Made from what is frozen and from rings with a lock of their own, so that a key waits for no tick. Asking again
        with the same snapshot gives the same object.
        """
        if self._made is not None:
            of, made = self._made
            if of is snapshot and made.row.reading.uuid == uuid and made.past.span_s == span_s:
                return made
        row = next((row for row in snapshot.rows if row.reading.uuid == uuid), None)
        past = self.days.past(uuid, span_s)
        if row is None or past is None:
            return None
        made = Detail(
            row=row,
            past=past,
            processes=self._processes(row.reading),
            changes=self.days.changes(uuid),
            card=self._facts.of(uuid) if self._facts else None,
            driver=self._facts.driver if self._facts else None,
        )
        self._made = snapshot, made
        return made

    def close(self) -> None:
        """Keep the day on disk, best effort."""
        self.days.save()

    def _processes(self, reading: Reading) -> tuple[Occupant, ...] | None:
        if reading.clients is None:
            return None
        return tuple(self._occupant(client) for client in reading.clients[:MOST_CLIENTS])

    def _occupant(self, client: Client) -> Occupant:
        process = self._ground.process(client.pid)
        if process is None:
            return Occupant(pid=client.pid, kind=client.kind, mem_mib=client.mem_mib)
        return Occupant(
            pid=client.pid,
            kind=client.kind,
            mem_mib=client.mem_mib,
            name=process.comm,
            user=process.user,
            container=process.container,
            since=process.started_at,
        )

    def _tell(self, before: GpuRow | None, row: GpuRow, now: float) -> None:
        """Remember what is new against the last tick. A console that begins again says nothing twice."""
        uuid, slot = row.reading.uuid, f"GPU {row.reading.slot} "
        known = [(line.at, line.text) for line in self.days.changes(uuid)]
        for line in changes((before,) if before else (), (row,), now, first=before is None):
            text = line.text.removeprefix(slot)
            flaps = text.startswith(SLOWED) and any(now - at < SLOWED_AGAIN_S and text == was for at, was in known)
            again = before is None and any(text == was for _, was in known)
            if not flaps and not again:
                self.days.tell(uuid, msgspec.structs.replace(line, text=text))


def sample(row: GpuRow) -> Sample:
    """What of a row goes into its day; a card that is not well reports nothing that could be counted."""
    money, reading = row.money, row.reading
    if reading.state is not GpuState.OK:
        return Sample(None, None, None, None)
    instance = row.occupancy.instance
    best = next((option for option in money.options if option.workload == money.advice.best), None)
    return Sample(
        reading.power_w,
        reading.temp_c,
        money.net_per_h,
        share(row.output, reading, len(instance.uuids)) if instance else None,
        work(row),
        Work(workload=best.workload, kind=best.kind) if best else NOTHING,
        {option.workload: option.net_per_h for option in money.options},
    )


def work(row: GpuRow) -> Work:
    """What a GPU does now: its workload, else who holds it, else off."""
    occupancy = row.occupancy
    if occupancy.instance is not None:
        unit = row.output.unit if row.output is not None else ""
        return Work(workload=occupancy.instance.workload, kind=occupancy.instance.kind, unit=unit)
    if occupancy.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        return Work(workload=occupancy.holder.value, kind=Kind.OFF)
    return Work(workload=row.money.running or "off", kind=Kind.OFF)


def _moved(before: GpuRow, row: GpuRow) -> bool:
    """True where anything may have happened that is worth a line: the cheap half of the question."""
    old, new = before.reading, row.reading
    return (
        old.state is not new.state
        or old.xids != new.xids
        or old.throttle != new.throttle
        or old.ecc_uncorrected != new.ecc_uncorrected
        or old.remap_pending != new.remap_pending
        or old.remap_failed != new.remap_failed
        or before.occupancy.holder is not row.occupancy.holder
        or work(before).workload != work(row).workload
    )
