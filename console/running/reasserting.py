"""Applies profiles again where a card has lost them: after a reset, a driver's restart, a miner that sets its own.

Called by ``changeover settle``, which the shipped timer runs each minute. Only where the workload that wants the
profile runs, nobody is flipping it, no technician has locked it and it is not stuck; a claim is taken only to set one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from console.flips import reading
from console.flips.cases import marks
from console.flips.facts import Seen
from console.flips.journal import JournalError
from console.flips.locks import ClaimError
from console.flips.records import Who
from console.model import Holder, Record, Uuid
from console.running.stage import Stage
from console.workloads.contract import WorkloadError
from console.workloads.expand import Placed

LOOK_S = 3.0
NOTED_S = 3600.0
"""How often the same loss of a profile is noted that comes back again and again, as from a miner that sets its own."""


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
    uuids = tuple(sorted(one.uuids))
    lost = [seen for seen, _ in _lost(stage, one)]
    if not lost:
        return
    for seen in lost:
        if why := _hindered(stage, seen.reading.uuid):
            said = f"GPU {seen.reading.slot}: profile {one.settings.profile} does not stand; left as it is: {why}"
            yield Reasserted(slot=seen.reading.slot, text=said, ok=True)
            return
    try:
        claim = stage.claims.take(uuids, f"{who.login} (settle)", stage.facts.now())
    except ClaimError:
        return  # whoever flips it sets its profile
    with claim:
        for seen, why in _lost(stage, one):  # once more: it may have been flipped before the claim was ours
            if not _hindered(stage, seen.reading.uuid):
                yield _applied(stage, one.settings.profile or "", seen.reading.slot, seen.reading.uuid, why, who)


def _lost(stage: Stage, one: Placed) -> list[tuple[Seen, str]]:
    """The GPUs on which the instance runs without its profile, each with what differs."""
    found = []
    for seen in stage.facts.observe(tuple(sorted(one.uuids)), LOOK_S) or ():
        held = seen.occupancy.instance
        ours = seen.occupancy.holder is Holder.WORKLOAD and held is not None and held.unit == one.unit
        if ours and (why := stage.hands.untuned(one.settings.profile or "", seen.reading)):
            found.append((seen, why))
    return found


def _hindered(stage: Stage, uuid: Uuid) -> str:
    """Why nobody but a person may touch this GPU: a technician's lock, or that it is stuck."""
    locks = stage.locks.guards(uuid, stage.facts.now())
    stuck = marks(stage.journal).get(uuid, "")
    return locks[0].sentence if locks else f"it is stuck: {stuck}" if stuck else ""


def _applied(stage: Stage, profile: str, slot: int, uuid: Uuid, why: str, who: Who) -> Reasserted:
    try:
        stage.hands.tune(profile, uuid)
        said, ok = f"GPU {slot}: {why}; applied again", True
    except WorkloadError as error:
        said, ok = f"GPU {slot}: {why}; not applied: {error}", False
    body = {"text": said, "slots": [slot], "profile": profile}
    try:
        if not _known(stage, uuid, said, ok=ok):
            stage.journal.append("note", "", (uuid,), msgspec.to_builtins(who), body)
    except JournalError as error:
        said = f"{said}; {error}"
    return Reasserted(slot=slot, text=said, ok=ok)


def _known(stage: Stage, uuid: Uuid, said: str, *, ok: bool) -> bool:
    """True where the newest line about this GPU's profile says the same: a failure is told once, and what is lost and
    set again each minute once in NOTED_S."""
    try:
        (last, *_) = reading.lines(stage.journal.path, 1, gpu=uuid, kinds=("note",), with_key="profile") or (None,)
    except FileNotFoundError:
        return False
    if last is None or last.text != said:
        return False
    return not ok or stage.facts.now() - last.at_utc_ms / 1000 < NOTED_S
