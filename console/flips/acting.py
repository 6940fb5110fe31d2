"""The deeds of a transaction: each acts through the hands and believes only what the watch then sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console import units
from console.flips import reading
from console.flips.facts import Facts, Hands, Seen
from console.flips.guards import HALT, OF_TARGET, RESTART_BUDGET, RESTART_WINDOW_S
from console.flips.journal import Journal, JournalError
from console.flips.records import Action, Move, Plan
from console.flips.telling import Teller
from console.flips.waiting import ASK_S, ColdError, Trouble, Watch
from console.flips.watching import holds, instance_state, pids
from console.model import Uuid, WorkState
from console.workloads.contract import WorkloadError

NOTHING_STOPPED_S = 2.0
"""How long a GPU on which nothing ran may take to prove that it is free."""
STOPPING_S = 120.0
"""How long a unit may go on stopping before it counts as stuck: systemd kills after 90 s, supervisord after 10."""
SILENT_S = 10.0
"""How long a roll-back waits for controllers that do not answer, all of them together."""


class LeftError(Trouble):
    """What was to come back is neither running nor gone: its GPUs are stuck, by UUID, each with the sentence."""

    def __init__(self, left: dict[str, str]) -> None:
        super().__init__("; ".join(left.values()), to="stuck")
        self.left = left


class Deeds:
    """What one move does to the world, step by step. Every method raises Trouble when it cannot go on."""

    def __init__(self, move: Move, plan: Plan, facts: Facts, hands: Hands, journal: Journal, tell: Teller) -> None:
        self._move, self._plan, self._facts, self._hands = move, plan, facts, hands
        self._journal, self._tell = journal, tell
        self.watch = Watch(move, facts)
        self._started: list[Action] = []
        self._held_mib: dict[Uuid, float | None] = {}
        self._silent_until = 0.0

    def check_guards(self, uuids: tuple[Uuid, ...], besides: frozenset[str] = frozenset()) -> None:
        """Trouble for the first guard that stands on one of these GPUs now."""
        standing = self._facts.guards(self._plan, uuids)
        if hinder := [guard for guard in standing if guard.name not in besides]:
            raise Trouble(hinder[0].sentence)

    def check_halt(self) -> None:
        """Trouble once somebody has stopped everything since this was planned."""
        standing = self._facts.guards(self._plan, self._move.uuids)
        if halted := [guard for guard in standing if guard.name == HALT]:
            raise Trouble(halted[0].sentence)

    def check_controllers(self) -> None:
        """Trouble while a controller that this needs does not answer: what it runs can be neither stopped nor known."""
        for action in (*self._move.stops, *self._move.starts):
            if why := self._hands.silent(action):
                raise Trouble(f"the controller of {action.workload} does not answer: {why}")

    def check_units(self) -> None:
        """Trouble where what would start would fight what shares its GPUs, or nobody can tell."""
        for action in self._move.starts:
            if found := self._hands.faults(action):
                raise Trouble(found[0])

    def check_budget(self, actions: Iterable[Action]) -> None:
        """Trouble where starts keep failing: the restart budget ends the loop."""
        for uuid in (uuid for action in actions for uuid in action.uuids):
            self._check_budget(uuid)

    def _check_budget(self, uuid: Uuid, unit: str = "") -> None:
        """Trouble when starts on this GPU failed too often. A roll-back asks of its own ``unit`` only: what ran well
        a moment ago does not pay for the failures of what should have replaced it."""
        try:
            now, boot = self._facts.clock(), self._journal.boot_id
            counts = reading.failed_starts(self._journal.path, boot, now, RESTART_WINDOW_S, unit)
        except JournalError:
            return  # without a journal nothing new begins; a roll-back is safer done than left
        if counts.get(uuid, 0) >= RESTART_BUDGET:
            minutes = RESTART_WINDOW_S / 60
            raise Trouble(f"{RESTART_BUDGET} starts failed on {self._tell.named((uuid,))} in {minutes:.0f} min")

    def stop(self) -> str:
        """Stop every unit of the move. One that its controller cannot stop is believed gone only if it is seen so.

        What is let goes first: a renter who is on it keeps it, and then nothing else needs to have stopped.
        """
        for count, action in enumerate(sorted(self._move.stops, key=lambda one: not one.let)):
            try:
                self._hands.stop(action)
            except WorkloadError as error:
                if action.let and not count:
                    raise Trouble(str(error), to="cancelled") from error
                if self.watch.free(action.uuids, action.settle_s, 0.0).seen is None:
                    raise Trouble(f"{action.workload} did not stop: {error}") from error
        self._tell.extra["workloads"] = [action.workload for action in self._move.stops]
        return _units_text("stopped", self._move.stops)

    def free(self) -> str:
        """Wait until every GPU is proved free by readings made after the stop, and still is after settling."""
        stops = self._move.stops
        limit_s = max((action.timeout_s for action in stops), default=NOTHING_STOPPED_S)
        found = self.watch.free(self._move.uuids, limit_s, max((action.settle_s for action in stops), default=0.0))
        if found.taken:
            raise Trouble(found.taken, to="rollback" if stops else "cancelled")
        if found.stuck:
            raise Trouble(found.stuck, to="stuck" if stops else "cancelled")
        self._tell.extra["free_mib"] = {one.reading.uuid: one.reading.mem_used_mib for one in found.seen or ()}
        return f"{self._tell.gpus} free: {self._released(found.seen or ())}" if stops else ""

    def held(self, seen: Iterable[Seen]) -> None:
        """Remember what was in use before the stop: the proof that it was released needs both figures."""
        self._held_mib = {one.reading.uuid: one.reading.mem_used_mib for one in seen}

    def _released(self, seen: Iterable[Seen]) -> str:
        """What each GPU had in use before the stop and has now: nothing of one tenant is left to the next."""
        now = {one.reading.uuid: one.reading.mem_used_mib for one in seen}
        pairs = [f"{_mib(self._held_mib.get(uuid))} → {_mib(mib)}" for uuid, mib in now.items()]
        return f"memory {', '.join(pairs)} MiB"

    def start(self) -> str:
        """Start every unit of the move."""
        for action in self._move.starts:
            if self._started:
                self._look_again(action)
            self._start(action)
        return _units_text("started", self._move.starts)

    def _look_again(self, action: Action) -> None:
        """Trouble unless these GPUs are still free and unguarded: the start before this one may have taken minutes."""
        found = self.watch.free(action.uuids, NOTHING_STOPPED_S, 0.0)
        if found.seen is None:
            raise Trouble(found.taken or found.stuck)
        self.check_guards(action.uuids)

    def warm(self) -> str:
        """Wait until what was started holds all its GPUs and shows output."""
        self._warm(self._move.starts, self.check_halt)
        self._tell.extra["workloads"] = [action.workload for action in self._move.starts]
        return _units_text("output of", self._move.starts)

    def roll_back(self) -> str:
        """Put out what was started, then bring back what ran before, unit by unit where its GPUs are free."""
        self._put_out(self._started)
        self._silent_until = self._facts.clock() + SILENT_S
        begun: list[Action] = []
        failed: list[str] = []
        left: dict[str, str] = {}
        for action in self._move.stops:
            try:
                if self._bring_back(action.to_start()):
                    begun.append(action.to_start())
            except LeftError as trouble:
                failed.append(str(trouble))
                left |= trouble.left
            except Trouble as trouble:
                failed.append(f"{action.workload} stays off: {trouble}")
        try:
            self._warm(tuple(begun))
        except ColdError as cold:
            failed.append(f"{self._move.before} did not come back: {cold}")
            left |= self._gone_again(begun)
        if failed:
            self.watch.stuck = left
            raise Trouble("; ".join(failed), to="stuck" if left else "")
        return f"back to {self._move.before}"

    def _put_out(self, actions: Iterable[Action]) -> None:
        """Stop what was started and see its GPUs free of it; Trouble to ``stuck`` where they are not."""
        said: list[str] = []
        left: dict[str, str] = {}
        for action in actions:
            self.watch.look(action.uuids)  # whose processes they are is plain only while the unit lives
            try:
                self._hands.stop(action.to_stop())
            except WorkloadError as error:
                self._tell.extra["not_stopped"] = str(error)
            found = self.watch.free(action.uuids, action.stop_timeout_s, action.settle_s)
            if found.stuck:
                said.append(found.stuck)
                left |= self.watch.stuck
        if said:
            self.watch.stuck = left
            raise Trouble("; ".join(said), to="stuck")

    def _gone_again(self, actions: Iterable[Action]) -> dict[str, str]:
        """Put out what did not come back; the GPUs that are not free of it, by UUID, each with the sentence."""
        try:
            self._put_out(actions)
        except Trouble:
            return dict(self.watch.stuck)
        return {}

    def _bring_back(self, action: Action) -> bool:
        """Have one unit run again; False when it never went away. What it begins, or finds begun, is not warm yet."""
        seen = self._at_rest(action)
        state = instance_state(seen, action)
        if state is WorkState.WARMING or holds(seen, action):
            return state is WorkState.WARMING
        self._see_free(action)
        for uuid in action.uuids:
            self._check_budget(uuid, action.unit)
        self.check_guards(action.uuids, besides=OF_TARGET)
        self._start(action)
        return True

    def _at_rest(self, action: Action) -> tuple[Seen, ...]:
        """The GPUs of a unit once its controller says whether it runs, and it is not being stopped any more.

        A unit that outlives the time-out of its stop is still there and still on its way out: its controller kills it
        later. Raises Trouble, LeftError where it stays so.
        """
        end = self._facts.clock() + STOPPING_S
        while True:
            seen, silent = self.watch.look(action.uuids), self._hands.silent(action)
            stopping = seen is not None and instance_state(seen, action) is WorkState.DRAINING
            if not silent and not stopping:
                break
            if self._facts.clock() >= (self._silent_until if silent else end):
                why = (
                    f"its controller does not answer: {silent}"
                    if silent
                    else f"it has been stopping for {STOPPING_S:.0f} s"
                )
                self._check_left(action, why)
                raise Trouble(why)
            self._facts.sleep(ASK_S)
        if seen is None:
            raise Trouble(f"{self._tell.named(action.uuids)} could not be read")
        return seen

    def _see_free(self, action: Action) -> None:
        """Trouble while the GPUs of a unit that is down are not free; LeftError while it is what holds them."""
        found = self.watch.free(action.uuids, NOTHING_STOPPED_S, 0.0)
        if found.seen is None:
            busy = found.taken or "; ".join(self.watch.stuck.values())
            self._check_left(action, "its unit is down")
            raise Trouble(busy)

    def _check_left(self, action: Action, why: str) -> None:
        """LeftError for GPUs on which processes of the flip's own are left."""
        left = {
            str(
                one.reading.uuid
            ): f"{action.workload} still holds GPU {one.reading.slot} (pid {_listed(own)}), and {why}"
            for one in self.watch.look(action.uuids) or ()
            if (own := pids([one]) & self.watch.own_pids)
        }
        if left:
            raise LeftError(left)

    def _start(self, action: Action) -> None:
        self._started.append(action)
        try:
            self._hands.start(action)
        except WorkloadError as error:
            self._failed_start(action)
            raise Trouble(f"{action.workload} did not start: {error}") from error

    def _warm(self, actions: tuple[Action, ...], hinder: Callable[[], None] = lambda: None) -> None:
        try:
            self.watch.warm(actions, hinder)
        except ColdError as cold:
            self._failed_start(cold.action)
            raise

    def _failed_start(self, action: Action) -> None:
        known = self._tell.extra.get("failed_start")
        failed: dict[str, list[str]] = dict(known) if isinstance(known, dict) else {}
        for uuid in action.uuids:
            failed[uuid] = [*failed.get(uuid, ()), action.unit]
        self._tell.extra["failed_start"] = failed


def _mib(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{value:.0f}"


def _listed(pids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(pids)))


def _units_text(done: str, actions: Iterable[Action]) -> str:
    units = [f"{action.workload} ({action.unit})" for action in actions]
    return f"{done} {', '.join(units)}" if units else ""
