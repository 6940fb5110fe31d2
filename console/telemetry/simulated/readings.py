"""What the plant shows of itself at one instant: readings as NVML would give them, whole batches, who holds what."""

from __future__ import annotations

from math import floor

from msgspec.structs import replace

from console.model import (
    Batch,
    Client,
    ClientKind,
    GpuState,
    Holder,
    HostReading,
    HostState,
    Instance,
    Occupancy,
    Reading,
    WorkState,
    Xid,
)
from console.telemetry.simulated.cards import Card
from console.telemetry.simulated.jobs import WORK
from console.telemetry.simulated.noise import drift, key
from console.telemetry.simulated.plant import Plant
from console.telemetry.simulated.runs import Phase, Run
from console.telemetry.simulated.storm import LOST_REASON, LOST_XID, STRANGER

DRIVER = "580.95.05"
BASE_MIB = 14.0  # what the driver itself keeps on an idle card
UP_BEFORE_S = 12.3 * 86400.0
_MIB_OF_HOST = 515_648.0
_SHOWN = {
    Phase.STARTING: WorkState.WARMING,
    Phase.WARMING: WorkState.WARMING,
    Phase.RUNNING: WorkState.RUNNING,
    Phase.STOPPING: WorkState.DRAINING,
}


def batch(plant: Plant) -> Batch:
    """All cards at the latest whole second; the same second always gives the same batch."""
    t = float(floor(plant.sync()))
    slots = [slot for slot in range(len(plant.layout.cards)) if slot not in plant.forgotten]
    return Batch(
        seq=int(t) + 1,
        at=plant.start + t,
        host_state=HostState.OK,
        readings=tuple(reading(plant, slot, t) for slot in slots),
        host=_host(plant, t),
        driver=DRIVER,
    )


def reading(plant: Plant, slot: int, t: float) -> Reading:
    """One card: processes and memory at ``t``, the rest of the latest whole second. Lost: its last second."""
    card = plant.layout.cards[slot]
    if slot not in plant.lost:
        return _measured(plant, card, t)
    at = plant.start + plant.storm.lost_s
    last = _measured(plant, card, plant.storm.lost_s - 1.0)
    return replace(last, state=GpuState.LOST, since=at, reason=LOST_REASON, xids=(Xid(code=LOST_XID, at=at),))


def occupancy(plant: Plant, seen: Reading, t: float) -> Occupancy:
    """Who holds the card of ``seen``, judged by the processes in it as on a real host."""
    if seen.state is not GpuState.OK or seen.clients is None:
        return Occupancy(uuid=seen.uuid, holder=Holder.UNKNOWN, who=seen.reason or "its processes cannot be read")
    runs = {run.pids: run for client in seen.clients if (run := plant.by_pid.get(client.pid))}
    ours = [run for run in runs.values() if run.unit.name]
    instance = _instance(plant, ours[0], t) if ours else None
    strangers = [run for run in runs.values() if not run.unit.name]
    if strangers:
        who = STRANGER.format(pid=strangers[0].pids[0])
        return Occupancy(uuid=seen.uuid, holder=Holder.FOREIGN, who=who)
    return Occupancy(uuid=seen.uuid, holder=Holder.WORKLOAD if ours else Holder.NONE, instance=instance)


def _instance(plant: Plant, run: Run, t: float) -> Instance:
    return Instance(
        workload=run.unit.workload,
        kind=WORK[run.unit.workload].kind,
        uuids=tuple(sorted(plant.layout.cards[slot].uuid for slot in run.unit.slots)),
        pids=run.pids,
        unit=run.unit.name,
        state=_SHOWN.get(run.phase(t), WorkState.STOPPED),
        since=plant.start + run.started,
    )


def _measured(plant: Plant, card: Card, t: float) -> Reading:
    model, heat, present = card.model, plant.heats[card.slot], [r for r in plant.on[card.slot] if r.present(t)]
    clients = tuple(_client(run, card, t) for run in present)
    at_work = any(run.load(t) > 0.0 for run in present)
    return Reading(
        slot=card.slot,
        uuid=card.uuid,
        pci=card.pci,
        name=model.name,
        at=plant.start + t,
        since=plant.start - UP_BEFORE_S,
        index=card.slot,
        util_pct=_util_pct(plant, card.slot, present, t),
        mem_used_mib=round(min(model.mem_mib, BASE_MIB + sum(c.mem_mib or 0.0 for c in clients)), 1),
        mem_total_mib=model.mem_mib,
        mem_reserved_mib=model.reserved_mib,
        temp_c=float(round(heat.temp_c)),
        fan_pct=float(round(heat.fan * 100.0)) if model.fan else None,
        power_w=round(heat.power_w, 1),
        power_from_energy=True,
        power_limit_w=model.limit_w,
        sm_mhz=15.0 * floor(model.boost_mhz * heat.speed / 15.0) if at_work else model.idle_mhz,
        mem_mhz=model.mem_mhz if at_work else 405.0,
        throttle=heat.throttle,
        ecc_corrected=card.slot % 3 if model.ecc else None,
        ecc_uncorrected=0 if model.ecc else None,
        remap_pending=False if model.ecc else None,
        remap_failed=False if model.ecc else None,
        clients=clients,
        clients_at=plant.start + t,
    )


def _client(run: Run, card: Card, t: float) -> Client:
    pid = run.pids[run.unit.slots.index(card.slot)]
    mib = round(run.mem_mib(t, run.work.does[card.model.name].mem_mib), 1)
    return Client(pid=pid, kind=ClientKind.COMPUTE, mem_mib=mib)


def _util_pct(plant: Plant, slot: int, present: list[Run], t: float) -> float:
    busiest = max((run.load(t) * plant.demand(run, t) for run in present), default=0.0)
    return float(round(min(100.0, max(0.0, busiest * (98.7 + 1.3 * plant.ripple(slot, t))))))


def _host(plant: Plant, t: float) -> HostReading:
    wander = drift(key(plant.seed, "host"), t, 30.0)
    busy = len(plant.layout.cards) * 1.1 + 6.0
    return HostReading(
        cpu_pct=round(min(100.0, busy + 1.5 * wander), 1),
        mem_used_mib=round(_MIB_OF_HOST * (0.31 + 0.01 * wander)),
        mem_total_mib=_MIB_OF_HOST,
        load_1m=round(busy * 0.64 + wander, 2),
        uptime_s=UP_BEFORE_S + t,
    )
