"""One typed word that stops every GPU that may be stopped, and whatever acts by itself: for smoke, not for business."""

from __future__ import annotations

import msgspec

from console.flips.journal import Journal, JournalError
from console.flips.plan import plan
from console.flips.records import Move, Plan, Who
from console.flips.standing import Halt, Standing
from console.flips.world import OFF, PlanWorld
from console.model import GpuRow
from console.paths import Places

STAYS = frozenset({"lock", "contract", "rental", "foreign", "pin"})
"""Guards that are meant to keep a GPU as it is; one that stays for any other reason was to be stopped and is not."""
WORD = "STOP"
"""What has to be typed."""


def stand_down(world: PlanWorld, who: Who, at: float, reason: str = "") -> Plan:
    """The plan that switches off every GPU which nothing guards, whole instances, without waiting for requests to end.

    Guarded ones stay, each with its guard; GPUs on which nothing runs are done already.
    """
    slots = tuple(row.reading.slot for row in world.rows if _may_run(row))
    made = plan(world, slots, OFF, whole=True, who=who, at=at, reason=reason, abort_requests=True)
    return msgspec.structs.replace(made, moves=tuple(map(_at_once, made.moves)))


def halt(places: Places, who: Who, at: float, reason: str = "") -> str:
    """Stop everything automatic until it is resumed, and journal it; a sentence on what of that failed, or ``""``."""
    mark = Halt(by=who.login, since=at, reason=reason)
    failed = "" if Standing(places).halt(mark) else f"the mark could not be written in {places.state}"
    text = "everything automatic stopped" + (f": {reason}" if reason else "")
    return "; ".join(filter(None, (failed, _note(places, who, {"text": text, "halt": msgspec.to_builtins(mark)}))))


def resume(places: Places, who: Who) -> bool:
    """Let automatic flips go on, and journal it; False where nothing was stopped. Raises OSError and JournalError."""
    if not Standing(places).resume():
        return False
    if failed := _note(places, who, {"text": "automatic flips resumed"}):
        raise JournalError(failed)
    return True


def _may_run(row: GpuRow) -> bool:
    """False for a card on which nothing of ours can be: a stranger's is not ours to stop, and need not be listed."""
    return row.occupancy.instance is not None or row.money.running is not None


def _at_once(move: Move) -> Move:
    # No safe clocks first either: they wait for a unit of root's.
    stops = tuple(msgspec.structs.replace(action, drain_timeout_s=0.0, profile=None) for action in move.stops)
    cut = [f"requests under way in {action.workload} are cut off" for action in move.stops if action.drain_timeout_s]
    return msgspec.structs.replace(move, stops=stops, warnings=(*move.warnings, *cut))


def _note(places: Places, who: Who, body: dict[str, object]) -> str:
    try:
        Journal(places).append("note", "", (), msgspec.to_builtins(who), body | {"slots": []})
    except JournalError as error:
        return str(error)
    return ""
