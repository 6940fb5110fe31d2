"""Closes what was asked under the instances on both sides: a flip moves whole sets, never a part of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.flips.choosing import NoChoiceError, running
from console.flips.world import OFF, Candidate, PlanWorld
from console.model import GpuRow, Record, Uuid

Choose = Callable[[GpuRow], str]
"""The workload that one GPU shall run; raises NoChoiceError."""


class Group(Record):
    """GPUs that must move together, in UUID order, and what each shall run."""

    uuids: tuple[Uuid, ...]
    targets: Mapping[Uuid, str]


def held_with(world: PlanWorld, row: GpuRow) -> frozenset[Uuid]:
    """The GPUs that stop when what is on this one stops, itself included."""
    held = row.occupancy.instance
    of_holder = held.uuids if held else ()
    configured = world.holding(row)
    alive = (uuid for one in world.alive(row.reading.uuid) for uuid in one.uuids)
    return frozenset({row.reading.uuid, *of_holder, *(configured.uuids if configured else ()), *alive})


def close(world: PlanWorld, row: GpuRow, asked: frozenset[str], choose: Choose, *, whole: bool) -> Group:
    """The smallest set of GPUs around ``row`` that can move as one.

    A set reaches beyond what was asked when an instance on either side does: with ``whole`` the others are taken in,
    otherwise the part is refused by name. Raises NoChoiceError.
    """
    targets: dict[Uuid, str] = {}
    waiting: list[tuple[Uuid, str]] = [(row.reading.uuid, "")]
    while waiting:
        uuid, drawn_to = waiting.pop(0)
        there = world.row(uuid)
        if there is None:
            raise NoChoiceError("set", f"{uuid} belongs to the same set and is not on this host")
        if uuid in targets:
            _agree(there, targets[uuid], drawn_to)
            continue
        target = drawn_to if drawn_to and uuid not in asked else choose(there)
        _agree(there, target, drawn_to)
        targets[uuid] = target
        starts = world.candidate(target, uuid)
        if len(targets) == 1 and _already(world, there, starts):
            break
        held = held_with(world, there)
        if not whole:
            _refuse_part(world, there, held, asked, f"is held with {{}} by {running(world, there)}")
            _refuse_part(
                world, there, frozenset(starts.uuids if starts else ()), asked, f"goes with {{}} under {target}"
            )
        waiting += [(other, target) for other in (starts.uuids if starts else ())]
        waiting += [(other, "") for other in sorted(held)]
    return Group(uuids=tuple(sorted(targets)), targets=targets)


def already(world: PlanWorld, row: GpuRow, target: str) -> bool:
    """True when this GPU already is what was asked, whole instance and all."""
    return _already(world, row, world.candidate(target, row.reading.uuid))


def _already(world: PlanWorld, row: GpuRow, starts: Candidate | None) -> bool:
    if starts is None:
        return running(world, row) == OFF
    held = row.occupancy.instance
    alive = [one for one in world.alive(row.reading.uuid) if one.unit != starts.unit]
    return held is not None and held.unit == starts.unit and set(held.uuids) >= set(starts.uuids) and not alive


def _agree(row: GpuRow, target: str, drawn_to: str) -> None:
    if drawn_to and target != drawn_to:
        slot = row.reading.slot
        raise NoChoiceError("set", f"{drawn_to} would take GPU {slot}, which would do {target}: name one workload")


def _refuse_part(world: PlanWorld, row: GpuRow, group: frozenset[Uuid], asked: frozenset[str], words: str) -> None:
    """Raise NoChoiceError where a set reaches beyond what was asked; ``words`` say of what set, with its other GPUs."""
    if group <= asked:
        return
    others = ",".join(map(str, world.slots(group - {row.reading.uuid})))
    raise NoChoiceError("set", f"GPU {row.reading.slot} {words.format(others)}: name all {_count(len(group))}")


def _count(number: int) -> str:
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
    return words.get(number, str(number))
