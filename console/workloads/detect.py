"""Who holds each GPU: a configured workload, nobody, somebody else, or something that cannot be told.

Everything rests on what was read in the same moment: NVML's process lists, ``/proc``, and what controllers say of their
units. In doubt a GPU is UNKNOWN, which nothing touches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from console.model import (
    GpuState,
    Holder,
    Instance,
    Occupancy,
    Reading,
    Uuid,
    WorkState,
)
from console.workloads.background import Background
from console.workloads.clients import Held, Sorter
from console.workloads.contract import ALIVE, Task
from console.workloads.doubts import SURE, Doubts
from console.workloads.expand import Placed
from console.workloads.owners import Key, Owners
from console.workloads.proctable import ProcessTable
from console.workloads.tenants import NOBODY, Tenants

FREE_TOLERANCE_MIB = 64.0
"""Above the least memory seen in use on this GPU while it was free."""
NEVER_SEEN_TOLERANCE_MIB = 512.0
"""Above what NVML calls reserved, for a GPU that was never seen free."""

HIDDEN = "no process to be seen"
"""Part of what is said of a GPU whose memory is used by what this host, or this container, does not show."""


def pids_to_read(readings: Sequence[Reading], tasks: Mapping[Key, Task]) -> frozenset[int]:
    """The processes that ``ProcessTable.read`` has to look at for these readings and tasks."""
    clients = {client.pid for reading in readings for client in reading.clients or ()}
    return frozenset(clients | {pid for task in tasks.values() for pid in task.pids})


def occupancy(
    readings: Sequence[Reading],
    placed: Sequence[Placed],
    tasks: Mapping[Key, Task],
    table: ProcessTable,
    background: Background,
    *,
    tenants: Tenants = NOBODY,
    doubts: Doubts = SURE,
    base_mib: Mapping[Uuid, float] | None = None,
    previous: Mapping[Uuid, Occupancy] | None = None,
) -> tuple[Occupancy, ...]:
    """Who holds each GPU, in the order of ``readings``.

    ``tasks`` is what each controller says by (controller, unit); ``tenants`` are the containers that were given GPUs;
    ``doubts`` says on which GPUs somebody may be of whom nothing is seen: what looks free there is unknown, and with
    ``settled`` False, for it was nobody's doing;
    ``base_mib`` the least memory seen in use on a GPU while it was free; ``previous`` the last result, which an
    unreadable GPU keeps with ``settled`` False.
    """
    owners = Owners(placed, tasks, table)
    let = _let(placed, tasks)
    sort = Sorter(owners, table, background, tenants, let)
    held = {reading.uuid: sort.clients(reading) for reading in readings}
    instances = _instances(placed, tasks, held, max((reading.at for reading in readings), default=0.0))
    waiting = _waiting(placed, tasks)
    names = {(one.controller, one.unit): one.workload for one in placed}
    found = []
    for reading in readings:
        if reading.state is not GpuState.OK:
            found.append(_last_known(reading, (previous or {}).get(reading.uuid)))
            continue
        own = held[reading.uuid]
        keys = tuple(dict.fromkeys((*own.owners, *waiting.get(reading.uuid, ()))))
        doubt = _doubt(reading, own, [names[key] for key in keys], (base_mib or {}).get(reading.uuid))
        instance = instances[keys[0]] if keys else None
        one = _judged(reading.uuid, own, doubt, instance, let=reading.uuid in let)
        found.append(_unsure(one, doubts.of(reading.uuid)))
    return tuple(found)


def most_free_mib(reading: Reading, base_mib: float | None) -> float:
    """How much memory may be in use on a free GPU beside its background, in MiB.

    ``base_mib`` is the least memory seen in use while it was free; None where it was never seen so.
    """
    if base_mib is not None:
        return base_mib + FREE_TOLERANCE_MIB
    return (reading.mem_reserved_mib or 0.0) + NEVER_SEEN_TOLERANCE_MIB


def _judged(uuid: Uuid, held: Held, doubt: str, instance: Instance | None, *, let: bool) -> Occupancy:
    """Doubt goes before strangers, strangers before our own."""
    holder, who = Holder.NONE, ""
    if doubt:
        holder, who, instance = Holder.UNKNOWN, doubt, None
    elif held.foreign:
        holder, who, instance = Holder.FOREIGN, ", ".join(held.foreign), None
    elif instance is not None:
        holder, who = Holder.WORKLOAD, "" if held.owners else _empty(instance, let=let)
    return Occupancy(
        uuid=uuid,
        holder=holder,
        instance=instance,
        who=who,
        background=held.background,
        background_mib=held.background_mib,
    )


def _unsure(found: Occupancy, why: str) -> Occupancy:
    """Nobody to be seen is nobody only where all were asked who would know."""
    if not why or found.holder is not Holder.NONE:
        return found
    return msgspec.structs.replace(found, holder=Holder.UNKNOWN, who=why, settled=False)


def _last_known(reading: Reading, last: Occupancy | None) -> Occupancy:
    """What was known before the GPU stopped answering; it may not be acted upon."""
    if last is None:
        return Occupancy(
            uuid=reading.uuid, holder=Holder.UNKNOWN, who=reading.reason or reading.state.value, settled=False
        )
    return msgspec.structs.replace(last, settled=False)


def _doubt(reading: Reading, held: Held, names: Sequence[str], base_mib: float | None) -> str:
    """Why it cannot be told who holds this GPU, in words; empty when it can."""
    if reading.mig:
        return "MIG is on: shown, never flipped"
    if reading.clients is None:
        return "its process list could not be read"
    if held.foreign:
        return ""
    if held.hidden:
        pids = ", ".join(str(pid) for pid in held.hidden)
        return f"pid {pids} cannot be seen: hidden, in another namespace, or just gone"
    if len(names) > 1:
        return f"two workloads hold it: {' and '.join(sorted(names))}"
    return "" if held.owners else _unexplained_memory(reading, held, base_mib)


def _unexplained_memory(reading: Reading, held: Held, base_mib: float | None) -> str:
    """Memory that no process in sight accounts for, in words; empty when there is none."""
    if reading.mem_used_mib is None:
        return "its memory could not be read"
    if reading.mem_used_mib - held.background_mib <= most_free_mib(reading, base_mib):
        return ""
    used_gib = reading.mem_used_mib / 1024
    return f"{used_gib:.1f} GiB in use and {HIDDEN}: a container, VM or hidden pid"


def _let(placed: Sequence[Placed], tasks: Mapping[Key, Task]) -> dict[Uuid, Key]:
    """The GPUs that are offered on a rental market now, or still rented, by the unit that offers them."""
    keys = ((one, (one.controller, one.unit)) for one in placed if one.let)
    alive = ((one, key) for one, key in keys if key in tasks and tasks[key].state in ALIVE)
    return {uuid: key for one, key in alive for uuid in one.uuids}


def _empty(instance: Instance, *, let: bool) -> str:
    """What it means that an instance which is up has no process on a GPU."""
    return f"{instance.unit} is " + ("listed, nobody is on it" if let else "up, with no process on this GPU yet")


def _waiting(placed: Sequence[Placed], tasks: Mapping[Key, Task]) -> dict[Uuid, tuple[Key, ...]]:
    """Which instances that their controllers call alive are meant for each GPU."""
    found: dict[Uuid, tuple[Key, ...]] = {}
    for one in placed:
        task = tasks.get((one.controller, one.unit))
        if task is not None and task.state in ALIVE:
            for uuid in one.uuids:
                found[uuid] = (*found.get(uuid, ()), (one.controller, one.unit))
    return found


def _instances(
    placed: Sequence[Placed], tasks: Mapping[Key, Task], held: Mapping[Uuid, Held], now: float
) -> dict[Key, Instance]:
    """The instances that run or have a process on some GPU, each with all the GPUs it holds or is about to hold."""
    found = {}
    for one in placed:
        key = (one.controller, one.unit)
        task = tasks.get(key)
        on = {uuid: own.owners[key] for uuid, own in held.items() if key in own.owners}
        alive = task is not None and task.state in ALIVE
        if not on and not alive:
            continue
        pids = {pid for seen in on.values() for pid in seen} or set(task.pids if task else ())
        found[key] = Instance(
            workload=one.workload,
            kind=one.kind,
            uuids=tuple(sorted({*on, *(one.uuids if alive else ())})),
            pids=tuple(sorted(pids)),
            unit=one.unit,
            state=_state(one, task, bool(on), now),
            since=task.since if task else None,
        )
    return found


def _state(one: Placed, task: Task | None, seen: bool, now: float) -> WorkState:
    """How far the instance is, from its controller's word and from whether a GPU shows it."""
    if task is None:
        return WorkState.RUNNING
    if task.state == "stopping":
        return WorkState.DRAINING
    if task.state not in ALIVE:
        return WorkState.FAILING  # its unit is down and its process still there
    if seen or one.let:
        return WorkState.RUNNING if task.state == "running" else WorkState.WARMING
    late = task.since is not None and now - task.since > one.settings.start_timeout_s
    return WorkState.FAILING if late else WorkState.WARMING
