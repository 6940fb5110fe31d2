"""From what was asked (a name, mine, ai, best, off) to the workload that one GPU would run."""

from __future__ import annotations

import difflib

from console.flips.world import OFF, PlanWorld
from console.model import GpuRow, Guard, Holder, Kind

NONE = "none is configured, `changeover init` writes a config from what runs here"
KINDS = {"mine": Kind.MINE, "ai": Kind.AI}


class NoChoiceError(Exception):
    """Nothing can be chosen for this GPU; ``guard`` says why."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.guard = Guard(name=name, sentence=sentence)


def choose(world: PlanWorld, row: GpuRow, target: str) -> str:
    """The workload that ``target`` means on one GPU, ``off`` included.

    ``mine`` and ``ai`` take the best eligible workload of their kind, by the ladder's own order; ``best`` takes what
    the advice names, and what runs where the advice names nothing. Raises NoChoiceError.
    """
    if target == OFF:
        return OFF
    if target == "best":
        return _named(world, row, row.money.advice.best) if row.money.advice.best else running(world, row)
    if target in KINDS:
        return _of_kind(world, row, KINDS[target])
    return _named(world, row, target)


def running(world: PlanWorld, row: GpuRow) -> str:
    """The workload that is on this GPU now, ``off`` for none; one that is still coming up counts."""
    if row.occupancy.holder is Holder.WORKLOAD and row.occupancy.instance:
        return row.occupancy.instance.workload
    return next((c.workload for c in world.alive(row.reading.uuid)), OFF)


def _of_kind(world: PlanWorld, row: GpuRow, kind: Kind) -> str:
    uuid, slot = row.reading.uuid, row.reading.slot
    passed_over = []
    for option in row.money.options:
        if option.kind is not kind:
            continue
        if option.eligible and world.candidate(option.workload, uuid):
            return option.workload
        passed_over.append(f"{option.workload} {option.why_not or 'has no unit there'}")
    why = f": {'; '.join(passed_over)}" if passed_over else ""
    if not world.candidates:
        why = f": {NONE}"
    raise NoChoiceError("eligible", f"no workload of kind {kind.value} can run on GPU {slot}{why}")


def _named(world: PlanWorld, row: GpuRow, name: str) -> str:
    if name == OFF or world.candidate(name, row.reading.uuid):
        return name
    known = sorted({c.workload for c in world.candidates})
    if name in known:
        raise NoChoiceError("gpus", f"GPU {row.reading.slot} is not among the GPUs of {name}")
    near = difflib.get_close_matches(name, [*known, OFF, "best", *KINDS], 1)
    configured = f"configured are {', '.join(known)}" if known else NONE
    hint = f"; did you mean {near[0]}?" if near else f"; {configured}"
    raise NoChoiceError("workload", f"no workload '{name}' in the config{hint}")
