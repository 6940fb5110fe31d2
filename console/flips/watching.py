"""What one observation proves: that a GPU is free, that a workload holds its GPUs, or that somebody else came."""

from __future__ import annotations

from collections.abc import Iterable

from console.flips.facts import Seen
from console.flips.records import Action
from console.model import ClientKind, GpuState, Holder, WorkState
from console.workloads.detect import most_free_mib

HOLDERS = (ClientKind.COMPUTE, ClientKind.MPS)
GOING = frozenset({WorkState.DRAINING, WorkState.FAILING, WorkState.STOPPED})


def pids(seen: Iterable[Seen]) -> frozenset[int]:
    """Processes that NVML lists as computing on these GPUs, with those that their instances name."""
    found: set[int] = set()
    for one in seen:
        found |= {client.pid for client in one.reading.clients or () if client.kind in HOLDERS}
        found |= set(one.occupancy.instance.pids if one.occupancy.instance else ())
    return frozenset(found)


def not_free(seen: Seen, base_mib: float | None) -> str:
    """Why this GPU is not free, as words after its name; ``""`` when it is.

    Free is: read, held by nobody, no compute process, and memory back at its base, but for what the background uses.
    """
    reading, occupancy = seen.reading, seen.occupancy
    if reading.state is not GpuState.OK:
        return f"is {reading.state.value.replace('_', ' ')}"
    if reading.clients is None:
        return "does not tell its processes"
    computing = [client.pid for client in reading.clients if client.kind in HOLDERS]
    if occupancy.holder is not Holder.NONE or (computing and not occupancy.background):
        said = holder_text(seen)
        return f"cannot be told to be free: {said}" if occupancy.holder is Holder.UNKNOWN else f"is held by {said}"
    if reading.mem_used_mib is None:
        return "does not tell its memory"
    limit_mib = most_free_mib(reading, base_mib) + occupancy.background_mib
    if reading.mem_used_mib > limit_mib:
        return f"has {reading.mem_used_mib:.0f} MiB in use, free it has at most {limit_mib:.0f}"
    return ""


def holds(seen: Iterable[Seen], action: Action) -> bool:
    """True when the action's own instance holds every one of its GPUs, and NVML lists a process on each.

    What is let holds them while it is listed: nobody may have rented it yet.

    One that is being stopped, or whose unit is down, holds nothing any more: it is only not gone yet.
    """
    own = {one.reading.uuid: one for one in seen if one.reading.uuid in action.uuids}
    return set(own) == set(action.uuids) and all(_holds_one(one, action) for one in own.values())


def instance_state(seen: Iterable[Seen], action: Action) -> WorkState | None:
    """How far the action's own instance has come on these GPUs; None when it is not there."""
    found = (one.occupancy.instance for one in seen)
    named = (action.workload, action.unit)
    return next((one.state for one in found if one and (one.workload, one.unit) == named), None)


def taker(seen: Seen, own_pids: frozenset[int], own_units: frozenset[str]) -> str:
    """Who took this GPU from us, ``""`` while nobody did or what we stopped is still on it."""
    if pids([seen]) & own_pids:
        return ""
    occupancy = seen.occupancy
    if occupancy.holder is Holder.FOREIGN:
        return holder_text(seen)
    if occupancy.holder is Holder.WORKLOAD and occupancy.instance and occupancy.instance.unit not in own_units:
        return holder_text(seen)
    return ""


def holder_text(seen: Seen) -> str:
    """Who holds a GPU, with pids where NVML lists them."""
    occupancy = seen.occupancy
    name = occupancy.instance.workload if occupancy.instance else occupancy.who or "a process"
    listed = sorted(client.pid for client in seen.reading.clients or () if client.kind in HOLDERS)
    known = f" (pid {', '.join(map(str, listed))})" if listed and "pid" not in name else ""
    return name + known


def _holds_one(seen: Seen, action: Action) -> bool:
    instance = seen.occupancy.instance
    return (
        seen.occupancy.holder is Holder.WORKLOAD
        and instance is not None
        and (instance.workload, instance.unit) == (action.workload, action.unit)
        and instance.state not in GOING
        and set(instance.uuids) >= set(action.uuids)
        and (action.let or any(client.kind in HOLDERS for client in seen.reading.clients or ()))
    )
