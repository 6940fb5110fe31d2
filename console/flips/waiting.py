"""Waits until the world shows something: GPUs that are free, workloads that are warm. Believes observations only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from console.flips.facts import Facts, Seen
from console.flips.records import Action, Move
from console.flips.watching import holds, not_free, pids, taker
from console.model import Kind, Output, Uuid, WorkState

LOOK_S = 3.0
"""How long one observation may take before it counts as failed."""
TICK_S = 0.04
"""Readings come at 25 Hz; looking more often would see the same one."""
LOST_S = 2.0
"""How long what was warm may not be seen on its GPUs before it counts as ended."""
ASK_S = 0.25
"""Meters are asked at 4 Hz: they are web servers of programs that have other things to do."""


class Trouble(Exception):  # noqa: N818 - a state that cannot be passed, not a defect
    """A state cannot be passed; ``to`` names where that leads when it is not the table's own way."""

    def __init__(self, sentence: str, to: str = "") -> None:
        super().__init__(sentence)
        self.to = to


class ColdError(Trouble):
    """A unit that was started did not come to output."""

    def __init__(self, sentence: str, action: Action) -> None:
        super().__init__(sentence)
        self.action = action


class Wait(NamedTuple):
    """What waiting for freedom came to: exactly one of the three."""

    seen: tuple[Seen, ...] | None  # free, and still so after the settling time
    taken: str = ""
    stuck: str = ""


class Watch:
    """The eyes of one move. ``own_pids`` are processes known to be of what was stopped or started here."""

    def __init__(self, move: Move, facts: Facts) -> None:
        self._facts = facts
        self._base = dict(zip(move.uuids, move.base_mib or (None,) * len(move.uuids), strict=True))
        self._slot = dict(zip(move.uuids, move.slots, strict=True))
        self._units = frozenset(action.unit for action in (*move.stops, *move.starts))
        self.own_pids: frozenset[int] = frozenset()
        self.stuck: dict[str, str] = {}
        self.seen_free: set[str] = set()

    def look(self, uuids: tuple[Uuid, ...]) -> tuple[Seen, ...] | None:
        """These GPUs as read after now, None when they could not be read in time."""
        seen = self._facts.observe(uuids, LOOK_S)
        for one in seen or ():
            if one.occupancy.instance and one.occupancy.instance.unit in self._units:
                self.own_pids |= pids([one])
        return seen

    def why_not_free(self, seen: Seen) -> str:
        """``GPU 3 is held by …``, ``""`` when it is free."""
        why = not_free(seen, self._base.get(seen.reading.uuid))
        return f"GPU {seen.reading.slot} {why}" if why else ""

    def free(self, uuids: tuple[Uuid, ...], limit_s: float, settle_s: float) -> Wait:
        """Wait until all are free, and still are ``settle_s`` later: restart policies and watchdogs revive things.

        The limit does not cut the settling short; a GPU found busy after the limit is stuck, one that somebody else
        came to is taken.
        """
        end, free_since = self._facts.clock() + limit_s, None
        while True:
            looked = self._facts.clock()
            seen = self.look(uuids)
            busy = self._busy(seen, uuids)
            now = self._facts.clock()
            if seen and not busy:
                free_since = now if free_since is None else free_since
                if now - free_since >= settle_s:
                    self.seen_free |= set(uuids)
                    return Wait(seen)
            else:
                free_since = None
                if taken := self._taken(seen):
                    return Wait(None, taken=taken)
                if now >= end:
                    self.stuck = busy
                    return Wait(None, stuck=f"not free {limit_s:.0f} s after the stop: {'; '.join(busy.values())}")
            self._rest(looked)

    def warm(self, actions: tuple[Action, ...], hinder: Callable[[], None] = lambda: None) -> None:
        """Wait until each of ``actions`` holds its GPUs and shows output, and none has ended while the others warmed.

        ``hinder`` is asked as often as meters are and raises Trouble. Raises ColdError.
        """
        begun, asked = self._facts.clock(), float("-inf")
        cold = list(actions)
        lost: dict[tuple[str, str], float] = {}
        uuids = tuple(sorted({uuid for action in actions for uuid in action.uuids}))
        while cold or lost:
            looked = self._facts.clock()
            seen = self.look(uuids) or ()
            ask = looked - asked >= ASK_S
            if ask:
                asked = looked
                hinder()
            for action in tuple(cold):
                why = self._cold(action, seen, ask=ask)
                if not why:
                    cold.remove(action)
                elif self._facts.clock() - begun >= action.start_timeout_s:
                    raise ColdError(f"{action.workload} {why} {action.start_timeout_s:.0f} s after its start", action)
            self._lose([action for action in actions if action not in cold], seen, lost)
            if cold or lost:
                self._rest(looked)

    def _lose(self, warmed: list[Action], seen: tuple[Seen, ...], lost: dict[tuple[str, str], float]) -> None:
        """Note since when what was warm holds its GPUs no more. ColdError after a while: one bad look is no proof."""
        now = self._facts.clock()
        for action in warmed if seen else ():
            key = (action.controller, action.unit)
            if holds(seen, action):
                lost.pop(key, None)
            elif now - lost.setdefault(key, now) >= LOST_S:
                raise ColdError(f"{action.workload} has ended again since it was warm", action)

    def _cold(self, action: Action, seen: tuple[Seen, ...], *, ask: bool) -> str:
        """Why this unit is not warm yet, ``""`` once it is. Its meter is asked only when it is time to ``ask``."""
        held = holds(seen, action)
        why = "shows no output" if held else "does not hold its GPUs"
        if held and not action.metered:
            return ""
        output = self._facts.output(action, ASK_S * 4) if ask else None
        if output is not None and output.state is WorkState.STOPPED:
            raise ColdError(f"{action.workload} ended after its start: {output.reason or 'no reason given'}", action)
        return "" if held and produces(action, output) else why

    def _busy(self, seen: tuple[Seen, ...] | None, uuids: tuple[Uuid, ...]) -> dict[str, str]:
        if seen is None:
            return {uuid: f"GPU {self._slot[uuid]} has not been read since" for uuid in uuids}
        found = {one.reading.uuid: self.why_not_free(one) for one in seen}
        return {uuid: why for uuid, why in found.items() if why}

    def _taken(self, seen: tuple[Seen, ...] | None) -> str:
        for one in seen or ():
            if name := taker(one, self.own_pids, self._units):
                return f"GPU {one.reading.slot} was taken by {name} and is left to it"
        return ""

    def _rest(self, since: float) -> None:
        """Sleep what is left of this tick."""
        self._facts.sleep(max(0.0, TICK_S - (self._facts.clock() - since)))


def produces(action: Action, output: Output | None) -> bool:
    """Real output: hashes for a miner; for a server that it answers as running, because requests are not its doing."""
    if output is None or output.state is not WorkState.RUNNING:
        return False
    return action.kind == Kind.AI or (output.value or 0.0) > 0.0
