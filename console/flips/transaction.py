"""A flip as a state machine: each state does one thing, and the table says where it leads, well or ill.

Nothing is touched before the intent is on disk. Before the stop every trouble cancels; after it every trouble leads to
a roll-back, and a roll-back that fails leaves the GPU off with an alarm. Whatever kills this process in between leaves
an intent without an outcome, which ``recovery`` settles by what it then sees.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from console.flips import reading, recovery, systemlog
from console.flips.acting import Deeds
from console.flips.draining import Drain
from console.flips.facts import Facts, Hands, Seen
from console.flips.journal import Journal, JournalError
from console.flips.locks import ClaimError, Claims
from console.flips.records import Action, Ending, Move, Plan
from console.flips.telling import Report, Teller
from console.flips.tuning import Tuning
from console.flips.turns import Turns
from console.flips.waiting import ASK_S, Trouble
from console.flips.watching import holder_text, holds, pids
from console.model import Holder
from console.workloads.contract import WorkloadError


class State(StrEnum):
    """Where a transaction stands. The last six are ends, named as their results are."""

    SETTLE = "settle"  # older intents of these GPUs that were cut off
    REPLAN = "replan"  # is the world still as it was planned
    INTENT = "intent"  # write down what will be done, or do nothing
    DRAIN = "drain"  # let requests under way end
    TURN = "turn"  # starts of one plan stand apart
    SAFE = "safe"  # clocks and power limit of what will stop
    RECHECK = "recheck"  # guards, just before the stop
    STOP = "stop"
    FREE = "free"  # proved by readings made after the stop
    CLEAR = "clear"  # guards, just before the start
    START = "start"
    WARM = "warm"  # proved by NVML and by output
    PROFILE = "profile"  # clocks and power limit of what was started
    ROLLBACK = "rollback"
    DONE = "done"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    OFF = "off"
    STUCK = "stuck"
    REFUSED = "refused"


class Way(NamedTuple):
    """Which step of Progress a state belongs to, and where it leads. A state without one is told of only where it has
    something to do."""

    step: str
    well: State
    ill: State


MACHINE = {
    State.SETTLE: Way("claim", State.REPLAN, State.REFUSED),
    State.REPLAN: Way("replan", State.INTENT, State.REFUSED),
    State.INTENT: Way("intent", State.DRAIN, State.REFUSED),
    State.DRAIN: Way("drain", State.TURN, State.CANCELLED),
    State.TURN: Way("", State.SAFE, State.CANCELLED),
    State.SAFE: Way("", State.RECHECK, State.CANCELLED),
    State.RECHECK: Way("stop", State.STOP, State.CANCELLED),
    State.STOP: Way("stop", State.FREE, State.ROLLBACK),
    State.FREE: Way("free", State.CLEAR, State.STUCK),
    State.CLEAR: Way("start", State.START, State.ROLLBACK),
    State.START: Way("start", State.WARM, State.ROLLBACK),
    State.WARM: Way("warm", State.PROFILE, State.ROLLBACK),
    State.PROFILE: Way("", State.DONE, State.DONE),  # what works is not taken away for its clocks
    State.ROLLBACK: Way("rollback", State.ROLLED_BACK, State.OFF),
}
PLANNED_LATELY_S = 0.5
BEFORE_STOP = frozenset({State.SETTLE, State.REPLAN, State.INTENT, State.DRAIN, State.TURN, State.SAFE, State.RECHECK})
ALARMS = frozenset({State.OFF, State.STUCK})


class Transaction:
    """Carries out one move. ``run`` blocks until there is an outcome and never raises for what the world does."""

    def __init__(
        self,
        move: Move,
        plan: Plan,
        facts: Facts,
        hands: Hands,
        journal: Journal,
        claims: Claims,
        report: Report,
        order: Turns | None = None,
    ) -> None:
        self._move, self._plan = move, plan
        self._facts, self._journal, self._claims = facts, journal, claims
        self._hands = hands
        self._order = order or Turns()
        self._tell = Teller(move, plan, facts, journal, report)
        self._deeds = Deeds(move, plan, facts, hands, journal, self._tell)
        self._drain = Drain(move, plan, facts, hands, self._tell, self._order.ended)
        self._tuning = Tuning(hands, self._deeds.watch, self._tell)
        self._cause = ""
        self._planned_s = 0.0
        self._shut = ""  # what no requests come to, though it runs
        self._was_stuck: frozenset[str] = frozenset()

    def run(self) -> Ending:
        """Claim, act and let go; the outcome as it stands in the journal, or a refusal that changed nothing."""
        self._tell.begins("claim")
        begun = self._facts.clock()
        who = f"{self._plan.who.login} ({self._plan.who.via})"
        try:
            slots: dict[str, int] = dict(zip(self._move.uuids, self._move.slots, strict=True))
            claim = self._claims.take(self._move.uuids, who, self._facts.now(), slots)
        except ClaimError as error:
            return self._end(State.REFUSED, str(error))
        with claim:
            self._tell.claimed(self._facts.clock() - begun)
            return self._drive()

    def _drive(self) -> Ending:
        state, said = State.SETTLE, ""
        while state in MACHINE:
            state, said = self._pass(state)
        return self._end(state, said)

    def _pass(self, state: State) -> tuple[State, str]:
        """Do what one state does; the state it leads to, and the sentence about it."""
        way, begun = MACHINE[state], self._facts.clock()
        if way.step:
            self._tell.begins(way.step)
        try:
            if state in BEFORE_STOP:
                self._drain.hinder()
            said, to = STEPS[state](self), way.well
        except (Trouble, WorkloadError, JournalError, ClaimError) as trouble:
            said, to = str(trouble), State(getattr(trouble, "to", "") or way.ill)
        except Exception as error:
            # A defect of ours must not leave a GPU half flipped either: it takes the way of every other trouble.
            said, to = f"unexpected {type(error).__name__} in {state.value}: {error}", way.ill
        self._tell.passed(state.value, way.step or state.value, said, self._facts.clock() - begun, ok=to is way.well)
        if to is State.ROLLBACK:
            self._cause = said
        return to, said

    def _settle(self) -> str:
        recovery.settle_claimed(self._journal, self._facts, self._claims, self._move.uuids, self._plan.who, self._hands)
        return ""

    def _replan(self) -> str:
        seen = self._deeds.watch.look(self._move.uuids)
        if seen is None:
            raise Trouble(f"{self._tell.gpus} could not be read")
        self._deeds.check_guards(self._move.uuids)
        self._check_plan(seen)
        self._deeds.check_units()
        self._deeds.check_budget(self._move.starts)
        marks = reading.stuck(self._journal.path)
        self._was_stuck = frozenset(marks).intersection(self._move.uuids)
        self._deeds.watch.own_pids = pids(seen)
        self._deeds.held(seen)
        self._tell.former(seen)
        self._planned_s = self._facts.clock()
        return ""

    def _intent(self) -> str:
        self._tell.intent(self._deeds.watch.own_pids)
        return ""

    def _turn(self) -> str:
        """Wait until this plan's last start is long enough ago: inrush and loading models share one supply."""
        began = self._facts.clock()
        while self._move.starts and (wait_s := self._order.wait_s(self._facts.clock())) > 0:
            self._tell.begins("turn")
            self._drain.hinder()
            self._facts.sleep(min(wait_s, ASK_S))
        waited_s = self._facts.clock() - began
        return f"waited {waited_s:.0f} s for its turn" if waited_s >= 1 else ""

    def _safe(self) -> str:
        return self._tuning.safe(self._move.stops)

    def _profile(self) -> str:
        said = self._tuning.own(self._move.starts)
        self._shut = self._drain.open(self._move.starts)
        return "; ".join(filter(None, (self._shut, said)))

    def _recheck(self) -> str:
        """Guards once more; and once more the plan itself, where a drain, a turn or a profile took time in which all
        may have changed. Where nothing did, the look that it needs would be most of what a flip adds of its own."""
        self._deeds.check_guards(self._move.uuids)
        waited = any(action.drain_timeout_s or action.profile for action in self._move.stops)
        if waited or self._facts.clock() - self._planned_s >= PLANNED_LATELY_S:
            self._check_plan(self._deeds.watch.look(self._move.uuids) or ())
        return ""

    def _clear(self) -> str:
        if self._move.starts:
            self._deeds.check_guards(self._move.uuids)
        return ""

    def _check_plan(self, seen: tuple[Seen, ...]) -> None:
        """Raise Trouble where the world is not as planned, or nobody answers for it."""
        if not seen:
            raise Trouble(f"{self._tell.gpus} could not be read")
        for one in seen:
            self._as_planned(one)
        self._deeds.check_controllers()

    def _as_planned(self, seen: Seen) -> None:
        """Raise Trouble where a GPU no longer does what the plan says it does."""
        slot, instance = seen.reading.slot, seen.occupancy.instance
        stops = [action for action in self._move.stops if seen.reading.uuid in action.uuids]
        if seen.occupancy.holder is Holder.NONE:
            if stops:
                # Somebody switched it off meanwhile, and may have had a reason: starting beside that is his to say.
                raise Trouble(f"GPU {slot} is free now, it was planned to run {stops[0].workload}: plan again")
            return
        units = {action.unit for action in stops}
        if instance is None or instance.unit not in units:
            raise Trouble(f"GPU {slot} is now held by {holder_text(seen)}: plan again")
        if not set(instance.uuids) <= set(self._move.uuids):
            raise Trouble(f"{instance.workload} now holds more GPUs than was planned: plan again")

    def _end(self, state: State, said: str) -> Ending:
        text = f"{self._cause}; {said}" if self._cause and self._cause != said else said
        if state is State.DONE:
            text = f"{self._tell.gpus}: {self._move.before} → {self._move.after}"
        text = "; ".join(filter(None, (text, *self._left_undone(state))))
        ending = Ending(
            flip_id=self._move.flip_id,
            result=state.value,
            text=text,
            alarm=state in ALARMS or bool(self._shut),
            stuck=dict(self._deeds.watch.stuck) if state is State.STUCK else {},
            cleared=tuple(sorted(self._was_stuck & self._deeds.watch.seen_free)) if state is not State.STUCK else (),
        )
        if ending.alarm:
            systemlog.tell(f"{self._tell.gpus} {state.value}: {ending.text}", systemlog.ALERT)
        return self._tell.ended(ending)

    def _left_undone(self, state: State) -> tuple[str, ...]:
        """Let requests come to whatever runs on, and give it its clocks again; sentences on what of that failed."""
        if not self._tell.written:
            return ()
        try:
            if state is not State.DONE:
                self._shut = self._drain.reopen(self._goes_on if state in ALARMS else lambda _: True)
                if state in (State.CANCELLED, State.ROLLED_BACK):
                    self._tuning.back()
        except Exception as error:
            # The outcome must be written whatever becomes of this.
            self._shut = f"unexpected {type(error).__name__} after the flip: {error}"
        return (self._shut, f"profile not applied: {self._tuning.failed}" if self._tuning.failed else "")

    def _goes_on(self, action: Action) -> bool:
        """True for what was to stop and runs all the same: half a roll-back has brought it back, or it never went."""
        return holds(self._deeds.watch.look(action.uuids) or (), action)


STEPS: dict[State, Callable[[Transaction], str]] = {
    State.SETTLE: Transaction._settle,
    State.REPLAN: Transaction._replan,
    State.INTENT: Transaction._intent,
    State.DRAIN: lambda flip: flip._drain.run(),
    State.TURN: Transaction._turn,
    State.SAFE: Transaction._safe,
    State.RECHECK: Transaction._recheck,
    State.STOP: lambda flip: flip._deeds.stop(),
    State.FREE: lambda flip: flip._deeds.free(),
    State.CLEAR: Transaction._clear,
    State.START: lambda flip: flip._deeds.start(),
    State.WARM: lambda flip: flip._deeds.warm(),
    State.PROFILE: Transaction._profile,
    State.ROLLBACK: lambda flip: flip._deeds.roll_back(),
}
