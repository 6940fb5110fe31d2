"""Undo: a new plan back to what ran before, under all guards, and only while nothing has come in between."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from console.flips import reading
from console.flips.choosing import NoChoiceError, running
from console.flips.journal import JournalError
from console.flips.plan import compose
from console.flips.records import Move, Plan, Who
from console.flips.world import OFF, PlanWorld
from console.model import GpuRow, Uuid

FAR_BACK = 100
"""Lines of one GPU in which its latest flip must be found; cancelled ones in between are passed over."""
QUIET = ("cancelled",)
"""Results that changed nothing, so that what came before them is still the latest flip."""


def undo_plan(
    world: PlanWorld,
    journal: Path,
    slots: tuple[int, ...],
    *,
    who: Who,
    at: float,
    force: tuple[str, ...] = (),
    reason: str = "",
) -> Plan:
    """The plan that takes back the latest flip of each of ``slots``; refusals where that cannot be.

    ``journal`` is the journal's file; one that cannot be read refuses.
    """
    digest = hashlib.sha256(f"{world.host} undo {slots} {at} {who.uid}".encode()).hexdigest()
    draft = Plan(
        plan_id=digest[:12],
        at=at,
        host=world.host,
        who=who,
        target="undo",
        moves=(),
        reason=reason,
        config_hash=world.config_hash,
    )
    undone: dict[str, None] = {}

    def chosen(row: GpuRow) -> str:
        move = latest_move(journal, row)
        _as_left(world, row, move)
        undone[move.flip_id] = None
        return before(move, row.reading.uuid)

    plan = compose(world, draft, slots, chosen, whole=True, force=force)
    return msgspec.structs.replace(plan, undoes=",".join(undone) or None)


def before(move: Move, uuid: Uuid) -> str:
    """What ran on one GPU before a move."""
    return next((action.workload for action in move.stops if uuid in action.uuids), OFF)


def after(move: Move, uuid: Uuid) -> str:
    """What a move left on one GPU."""
    return next((action.workload for action in move.starts if uuid in action.uuids), OFF)


def latest_move(journal: Path, row: GpuRow) -> Move:
    """The latest flip that changed this GPU. Raises NoChoiceError unless it was carried out whole."""
    uuid, slot = row.reading.uuid, row.reading.slot
    try:
        touching = reading.lines(journal, FAR_BACK, gpu=uuid, kinds=("intent", "outcome"))
    except JournalError as error:
        raise NoChoiceError("journal", str(error)) from error
    results = {line.flip_id: str(line.body.get("result")) for line in touching if line.kind == "outcome"}
    intents = [line for line in touching if line.kind == "intent" and results.get(line.flip_id) not in QUIET]
    if not intents:
        raise NoChoiceError("undo", f"there is no flip of GPU {slot} to take back")
    result = results.get(intents[0].flip_id, "not settled").replace("_", " ")
    if result != "done":
        raise NoChoiceError("undo", f"the latest flip of GPU {slot} is {result}: there is nothing to take back")
    try:
        return msgspec.convert(intents[0].body.get("move"), Move)
    except msgspec.ValidationError as error:
        raise NoChoiceError("undo", f"the latest flip of GPU {slot} cannot be read: {error}") from error


def _as_left(world: PlanWorld, row: GpuRow, move: Move) -> None:
    now, left = running(world, row), after(move, row.reading.uuid)
    if now != left:
        slot = row.reading.slot
        raise NoChoiceError("undo", f"GPU {slot} runs {now} now, and the flip to take back left {left} there")
