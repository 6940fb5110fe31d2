"""Applies profiles again where a card has lost them: after a reset, a driver's restart, a miner that sets its own.

Called by ``changeover settle``, which the shipped timer runs each minute. Only where the workload that wants the
profile runs and nobody is flipping it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from console.flips.journal import JournalError
from console.flips.locks import ClaimError
from console.flips.records import Who
from console.model import Holder, Record, Uuid
from console.running.stage import Stage
from console.workloads.contract import WorkloadError
from console.workloads.expand import Placed

LOOK_S = 3.0


class Reasserted(Record):
    """One GPU whose profile was not as its workload wants it, and what came of it."""

    slot: int
    text: str
    ok: bool


def reassert(stage: Stage, who: Who) -> tuple[Reasserted, ...]:
    """Every GPU whose limits were put right, or could not be."""
    wanted = [one for one in stage.placed if one.settings.profile and set(one.uuids) <= set(stage.uuids)]
    return tuple(found for one in wanted for found in _of(stage, one, who))


def _of(stage: Stage, one: Placed, who: Who) -> Iterator[Reasserted]:
    try:
        claim = stage.claims.take(tuple(sorted(one.uuids)), f"{who.login} (settle)", stage.facts.now())
    except ClaimError:
        return  # whoever flips it sets its profile
    with claim:
        for seen in stage.facts.observe(tuple(sorted(one.uuids)), LOOK_S) or ():
            held = seen.occupancy.instance
            ours = seen.occupancy.holder is Holder.WORKLOAD and held is not None and held.unit == one.unit
            profile = one.settings.profile or ""
            if ours and (why := stage.hands.untuned(profile, seen.reading)):
                yield _applied(stage, profile, seen.reading.slot, seen.reading.uuid, why, who)


def _applied(stage: Stage, profile: str, slot: int, uuid: Uuid, why: str, who: Who) -> Reasserted:
    try:
        stage.hands.tune(profile, uuid)
        said, ok = f"GPU {slot}: {why}; applied again", True
    except WorkloadError as error:
        said, ok = f"GPU {slot}: {why}; not applied: {error}", False
    body = {"text": said, "slots": [slot], "profile": profile}
    try:
        stage.journal.append("note", "", (uuid,), msgspec.to_builtins(who), body)
    except JournalError as error:
        said = f"{said}; {error}"
    return Reasserted(slot=slot, text=said, ok=ok)
