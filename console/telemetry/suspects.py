"""GPUs that have hung, each with a sampler of its own, and the samplers that had to be abandoned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from console.model import Uuid
from console.telemetry.child import Child

_STUCK_AT_MOST = 3  # abandoned samplers that still live: each holds memory and a place in the driver's queue
REAP_EVERY_S = 1.0
_BURIAL_S = 0.2


class Graveyard:
    """Abandoned samplers until they are gone. One that is stuck in the driver may stay for days."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def take(self, child: Child) -> None:
        """Kill a sampler and let go of it."""
        child.abandon()
        self._children.append(child)

    def reap(self) -> None:
        """Forget those that have ended. Never blocks."""
        self._children = [child for child in self._children if not child.reaped()]

    @property
    def full(self) -> bool:
        """No more may be risked until one of these has died."""
        return len(self._children) >= _STUCK_AT_MOST

    @property
    def empty(self) -> bool:
        """Nothing to reap."""
        return not self._children

    def close(self) -> None:
        """Wait a moment, as killed processes die at once; the rest is left to threads that may wait for ever."""
        end = time.monotonic() + _BURIAL_S
        while not self.empty and time.monotonic() < end:
            time.sleep(0.002)
            self.reap()
        for child in self._children:
            child.reap_later()


class Suspect:
    """One GPU that has hung. ``due`` (monotonic seconds) is when it is asked again; ``index`` is NVML's."""

    def __init__(self, uuid: Uuid, index: int | None, due: float) -> None:
        self.uuid = uuid
        self.index = index
        self.due = due
        self.child: Child | None = None
        self.attempts = 0
        self.graveyard = Graveyard()


class Suspects:
    """All of them. ``waits_s`` are the pauses before the first, second, … attempt; the last one is repeated."""

    def __init__(self, waits_s: tuple[float, ...]) -> None:
        self._waits_s = waits_s
        self._suspects: dict[Uuid, Suspect] = {}

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._suspects

    def uuids(self) -> frozenset[Uuid]:
        """The GPUs that no common sampler may touch."""
        return frozenset(self._suspects)

    def indices(self) -> set[int] | None:
        """Where NVML last had them in its list; None when that is not known of all, so that no list can avoid them."""
        places = [one.index for one in self._suspects.values()]
        return None if None in places else {place for place in places if place is not None}

    def children(self) -> list[Child]:
        """Their samplers."""
        return [one.child for one in self._suspects.values() if one.child is not None]

    def of(self, child: Child) -> Suspect | None:
        """Whose sampler this is."""
        return next((one for one in self._suspects.values() if one.child is child), None)

    def add(self, uuid: Uuid, index: int | None, now: float) -> None:
        """A GPU has hung in the common sampler."""
        self._suspects[uuid] = Suspect(uuid, index, now + self._waits_s[0])

    def drop(self, uuid: Uuid) -> None:
        """A GPU was retired."""
        suspect = self._suspects.pop(uuid, None)
        if suspect is not None and suspect.child is not None:
            suspect.graveyard.take(suspect.child)
            suspect.graveyard.close()

    def postpone(self, suspect: Suspect, now: float) -> None:
        """Its own sampler ended or hangs as well: ask again later, and later still each time."""
        suspect.attempts += 1
        suspect.due = now + self._waits_s[min(suspect.attempts, len(self._waits_s) - 1)]
        if suspect.child is not None:
            suspect.graveyard.take(suspect.child)
            suspect.child = None

    def start_due(self, now: float, spawn: Callable[[Uuid], Child]) -> None:
        """Begin the samplers whose time has come."""
        for suspect in self._suspects.values():
            suspect.graveyard.reap()
            if suspect.child is None and now >= suspect.due:
                if suspect.graveyard.full:
                    suspect.due = now + REAP_EVERY_S
                else:
                    self._start(suspect, now, spawn)

    def _start(self, suspect: Suspect, now: float, spawn: Callable[[Uuid], Child]) -> None:
        try:
            suspect.child = spawn(suspect.uuid)
        except OSError:  # no process to be had now
            self.postpone(suspect, now)

    def deadlines(self, now: float) -> Iterator[float]:
        """When something is to be done here."""
        for suspect in self._suspects.values():
            if suspect.child is None:
                yield suspect.due
            if not suspect.graveyard.empty:
                yield now + REAP_EVERY_S

    def close(self) -> None:
        """Let all go."""
        for suspect in self._suspects.values():
            if suspect.child is not None:
                suspect.graveyard.take(suspect.child)
                suspect.child = None
        for suspect in self._suspects.values():
            suspect.graveyard.close()
