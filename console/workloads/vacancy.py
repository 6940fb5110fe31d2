"""A stranger who leaves may come back: a GPU counts as free only once several looks, some time apart, found it so.

Markets test a machine, renters restart their containers, and a desktop closes one window to open another. RigControl
waits three checks, two seconds apart, before it mines again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from console.model import Holder, Occupancy, Reading, Uuid

APART_S = 2.0


class _Leaving(NamedTuple):
    """Who held the GPU, how often it was found free since, and when last."""

    who: str
    seen: int
    at: float


class Vacancy:
    """Remembers strangers between looks. One thread uses it."""

    def __init__(self, confirmations: int) -> None:
        self._needed = confirmations
        self._leaving: dict[Uuid, _Leaving] = {}
        self._ours: dict[Uuid, frozenset[int]] = {}

    def judged(self, found: Iterable[Occupancy], readings: Iterable[Reading]) -> tuple[Occupancy, ...]:
        """``found``, with a GPU that a stranger has only just left called unknown, and not settled, until it is
        confirmed."""
        read = {reading.uuid: reading for reading in readings}
        return tuple(self._one(one, read[one.uuid]) for one in found)

    def waiting(self) -> tuple[Uuid, ...]:
        """GPUs that are not confirmed yet: look at their processes often."""
        return tuple(self._leaving)

    def _one(self, found: Occupancy, seen: Reading) -> Occupancy:
        uuid, at = found.uuid, seen.clients_at
        strange = found.holder is Holder.FOREIGN or (found.holder is Holder.UNKNOWN and found.settled)
        if strange and not self._was_ours(seen, found):
            who = found.who if found.holder is Holder.FOREIGN else f"who could not be told ({found.who})"
            self._leaving[uuid] = _Leaving(who, 0, at)
            return found
        if found.holder is Holder.WORKLOAD and found.instance:
            self._ours[uuid] = frozenset(found.instance.pids)
        last = self._leaving.get(uuid)
        if found.holder is Holder.NONE:
            self._ours.pop(uuid, None)
        if last is None:
            return found
        if found.holder in (Holder.UNKNOWN, Holder.FOREIGN):
            self._leaving[uuid] = _Leaving(last.who, 0, at)  # whoever it is: free it was not
            return found
        if found.holder is Holder.WORKLOAD:
            del self._leaving[uuid]
            return found
        if at - last.at >= APART_S or (last.seen == 0 and at > last.at):
            last = self._leaving[uuid] = _Leaving(last.who, last.seen + 1, at)
        if last.seen >= self._needed:
            del self._leaving[uuid]
            return found
        said = f"{last.who} has only just left: seen free {last.seen} of {self._needed} times"
        return msgspec.structs.replace(found, holder=Holder.UNKNOWN, who=said, settled=False)

    def _was_ours(self, seen: Reading, found: Occupancy) -> bool:
        """True where only what ran here a moment ago is left: its unit is down, and its processes end. While it ends
        its memory is nobody's, and a process of it may be gone that NVML still lists."""
        ours = self._ours.get(seen.uuid)
        if ours is None or found.holder is Holder.UNKNOWN:
            return ours is not None
        left = {client.pid for client in seen.clients or ()}
        return bool(left) and left <= ours
