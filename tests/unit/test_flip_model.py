"""Thousands of random flips, faults, deaths and double operators against the real transaction, recovery and journal.

Promises, looked at in the world at the instant of each act (``flipmodel``) and here after every step: never two
workloads on a GPU that we started, no act without an intent on disk, one outcome for every intent, what an outcome
says is so, strangers are left alone, the journal verifies, and no claim outlives its flip.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from console.flips import reading
from console.flips.journal import JournalError
from console.flips.ledger import reading as reading_of
from console.flips.records import Ending, Move, Plan, Who
from console.flips.technician import Lock
from console.flips.undo import undo_plan
from console.model import GpuState
from tests.unit.flipflight import Flight
from tests.unit.flipmodel import ALICE, BOB, FAULTS, GPUS, WildStage, WildWorld, units
from tests.unit.flipworld import Crash, uuid

TARGETS = ["ergo", "kaspa", "vllm", "big", "off", "mine", "ai"]
EVENTS = [
    "crash",
    "hold",
    "hang up",
    "stranger",
    "lock",
    "death",
    "by hand",
    "ill",
    "silence",
    "full",
    "clock",
    "blind",
]
CALLS = ["stop", "start", "started", "append", "appended", "guards", "observe", "output", "close", "open", ""]
STILL_OPEN = ("is being flipped by", "still stuck", "could not be read", "keeps changing", "still starting or stopping")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Thousands of journals are synced line by line: not on a disk that others share."""
Slots = tuple[int, ...]
Trap = tuple[str, int] | None
"""The beginning of a call's name, and how many such calls are let pass before something happens."""
USED = {"sequences": 0, "steps": 0, "flips": 0, "starts": 0}

slots_in = st.sampled_from([(0,), (1,), (2,), (0, 1), (2, 3), (0, 2), (0, 1, 2, 3)])
a_slot = st.integers(0, GPUS - 1)
events = st.sampled_from(EVENTS)
some_traps = st.tuples(st.sampled_from(CALLS), st.integers(0, 2) | st.integers(0, 9))
traps = st.none() | some_traps
targets = st.sampled_from(TARGETS)
faults_in = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*FAULTS])), max_size=3)
operators = st.sampled_from([ALICE, BOB])


NAMES = [one.name for one in units()]


class Hall(RuleBasedStateMachine):
    """One host, two operators, a technician, and everything that goes wrong."""

    sound = False  # no promise is known to be broken

    @initialize(running=st.sets(st.sampled_from(NAMES[:GPUS])))
    def build(self, running: set[str]) -> None:
        self.temporary = tempfile.TemporaryDirectory(prefix="hall", dir=MEMORY)
        self.world = WildWorld(GPUS, [*units()]).run(*running)
        assert isinstance(self.world, WildWorld)
        self.stage = WildStage(Path(self.temporary.name), self.world)
        self.world.judge = self.untrue
        self.held: list[Flight] = []
        self.plans: list[Plan] = []
        self.strangers: dict[int, int] = {}
        self.asked = self.seen_seq = self.checked_seq = 0
        self.sound = True
        USED["sequences"] += 1

    # --- flips

    def begin(self, plan: Plan, trap: Trap, event: str, slot: int) -> None:
        """Carry out every move of a plan; what is to happen happens in the first."""
        for move in plan.moves:
            flight = self.stage.flight(move, plan)
            USED["flips"] += 1
            self.on(flight, trap, event, move.slots[slot % len(move.slots)])
            trap = None

    def on(self, flight: Flight, trap: Trap, event: str, slot: int) -> None:
        """Let a flight go on to its end, or to a trap in which an event waits."""
        sprung = None if event == "hold" else lambda: self.happen(event, slot)
        self.sound = False
        flight.advance(trap, sprung)
        self.sound = True
        if not flight.over:
            self.held = [*(one for one in self.held if one is not flight), flight]
            return
        self.held = [one for one in self.held if one is not flight]
        if isinstance(flight.error, Crash):
            self.stage.bury(flight)
        elif flight.move is not None:
            self.ended(flight, flight.move)

    def ended(self, flight: Flight, move: Move) -> None:
        """What an ending says is so."""
        ending = flight.result
        assert isinstance(ending, Ending)
        lines = reading.of_flip(self.stage.journal.path, move.flip_id)
        if ending.result == "refused":
            assert not flight.acts and not lines, ending
        elif ending.result == "cancelled":
            assert not flight.acts, (ending, flight.acts)
        written = any(line.kind == "outcome" for line in lines)
        if ending.result in ("off", "stuck") or (lines and not written):
            assert ending.alarm, ending
        own = {one.unit for one in move.starts} - {one.unit for one in move.stops}
        if ending.result != "done":
            begun = [unit for unit in own if f"start {unit}" in flight.acts]
            assert all(f"stop {unit}" in flight.acts for unit in begun), (ending, flight.acts)
        closed = {line.body.get("closes") for line in lines}
        started = [one.unit for one in move.starts] if ending.result == "done" else []
        touched = [unit for unit in (*closed, *started) if unit]
        shut = [unit for unit in touched if self.world.wild(unit).routed and not self.world.wild(unit).front]
        assert ending.alarm or not [unit for unit in shut if self.lives(unit)], (ending, shut)
        if ending.result == "off":
            assert not [unit for unit in own if self.world.wild(unit).by_flip and self.lives(unit)], ending

    def settle_with(self, flight: Flight, trap: Trap, event: str, slot: int) -> None:
        try:
            self.on(flight, trap, event, slot)
        except JournalError:
            self.sound = self.world.room == 0
            assert self.sound, "the journal could be written"
            return
        if isinstance(flight.result, tuple):
            silent = [one for one in flight.result if not one.result and not any(why in one.text for why in STILL_OPEN)]
            assert not silent, silent

    @rule(slots=slots_in, to=targets, who=operators)
    def flip(self, slots: Slots, to: str, who: Who) -> None:
        self.begin(self.planned(slots, to, who), None, "", 0)

    @rule(slots=slots_in, to=targets, who=operators, faults=faults_in, trap=traps, event=events, slot=a_slot)
    def flip_in_trouble(
        self, slots: Slots, to: str, who: Who, faults: list[tuple[int, str]], trap: Trap, event: str, slot: int
    ) -> None:
        plan = self.planned(slots, to, who)
        names = [one.unit for move in plan.moves for one in (*move.starts, *move.stops)]
        for which, fault in faults if names else ():
            self.misbehave(names[which % len(names)], fault)
        self.begin(plan, trap, event, slot)

    @rule(slots=slots_in, to=targets, who=operators, trap=some_traps, event=events, slot=a_slot)
    def flip_while_it_happens(self, slots: Slots, to: str, who: Who, trap: Trap, event: str, slot: int) -> None:
        self.begin(self.planned(slots, to, who), trap, event, slot)

    @rule(slots=slots_in, to=targets, who=operators, trap=traps)
    def begin_and_be_held(self, slots: Slots, to: str, who: Who, trap: Trap) -> None:
        self.begin(self.planned(slots, to, who), trap, "hold", 0)

    @rule(slots=slots_in, to=targets, who=operators)
    def look_at_a_plan(self, slots: Slots, to: str, who: Who) -> None:
        self.plans = [*self.plans[-2:], self.planned(slots, to, who)]

    @precondition(lambda self: self.plans)
    @rule(trap=traps, event=events, slot=a_slot)
    def confirm_it(self, trap: Trap, event: str, slot: int) -> None:
        self.begin(self.plans.pop(), trap, event, slot)

    @rule(slots=slots_in, who=operators, trap=traps, event=events, slot=a_slot)
    def undo(self, slots: Slots, who: Who, trap: Trap, event: str, slot: int) -> None:
        world, path = self.world, self.stage.journal.path
        self.begin(undo_plan(world.planning(), path, slots, who=who, at=self.instant()), trap, event, slot)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 3), trap=traps, event=events, slot=a_slot)
    def go_on(self, which: int, trap: Trap, event: str, slot: int) -> None:
        flight = self.held[which % len(self.held)]
        (self.on if flight.move else self.settle_with)(flight, trap, event, slot)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 3), at_once=st.booleans())
    def kill(self, which: int, at_once: bool) -> None:
        """The runner, by kill -9, or its console."""
        flight = self.held[which % len(self.held)]
        if at_once:
            self.dies(flight)
        else:
            flight.lost = True

    @rule(who=operators, trap=traps, event=events, slot=a_slot)
    def settle(self, who: Who, trap: Trap, event: str, slot: int) -> None:
        self.settle_with(self.stage.settling(who), trap, event, slot)

    # --- the world

    def misbehave(self, name: str, fault: str) -> None:
        one = self.world.wild(name)
        if fault == "behave":
            one.behave()
        else:
            setattr(one, fault, FAULTS[fault])

    @rule(event=st.sampled_from(EVENTS[3:]), slot=a_slot)
    def something_happens(self, event: str, slot: int) -> None:
        self.happen(event, slot)

    @rule(slot=a_slot)
    def all_is_well(self, slot: int) -> None:
        """The faults are mended; the stranger of one GPU and all orphans leave, and its lock is lifted."""
        world = self.world
        world.ill.clear()
        world.orphans.clear()
        world.unanswered, world.room, world.blind = "", None, 0
        for name in NAMES:
            world.wild(name).behave()
        for book in (world.foreign, world.came, world.locked_s, self.strangers):
            book.pop(slot, None)
        self.stage.locks.lift(uuid(slot), world.now())

    @rule(seconds=st.sampled_from([0.5, 5.0, 700.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        """Also while a flip is held: a host that was suspended."""
        self.world.time_s += seconds
        self.world.pass_by()

    @rule()
    def power_fails(self) -> None:
        for flight in tuple(self.held):
            self.dies(flight)
        self.strangers.clear()
        self.world.reboot()
        self.stage.boot()

    def happen(self, event: str, slot: int) -> None:
        """One thing that nobody asked for; raises Crash for a death."""
        world = self.world
        names = [one.name for one in world.units if slot in one.slots]
        deeds: dict[str, Callable[[], object]] = {
            "stranger": lambda: world.arrive(slot),
            "death": lambda: [world.end(name) for name in world.on(slot)],
            "by hand": lambda: world.on(slot) or slot in world.foreign or world.begin(names[-1 - slot % 2]),
            "ill": lambda: world.ill.update({slot: GpuState.HUNG if slot % 2 else GpuState.LOST}),
            "silence": lambda: setattr(world, "unanswered", "no answer"),
            "full": lambda: setattr(world, "room", slot),
            "clock": lambda: setattr(world, "wall_s", world.wall_s + (slot - 2) * 86_400.0),
            "blind": lambda: setattr(world, "blind", 1 + 3 * slot),
            "lock": lambda: self.lock(slot),
            "hang up": lambda: world.flight and setattr(world.flight, "lost", True),
            "crash": self.crash,
        }
        deeds[event]()
        self.strangers |= {at: pid for at, pid in world.foreign.items() if at == slot}

    def lock(self, slot: int) -> None:
        world = self.world
        self.stage.locks.put(Lock(on=uuid(slot), by="carol", since=world.now()), world.now())
        world.locked_s.setdefault(slot, world.time_s)

    @staticmethod
    def crash() -> None:
        raise Crash

    # --- helpers

    def instant(self) -> float:
        """Now, and at no time twice: plans are named by it."""
        self.asked += 1
        return self.world.now() + self.asked * 1e-5

    def planned(self, slots: Slots, to: str, who: Who) -> Plan:
        from console.flips.plan import plan

        return plan(self.world.planning(), slots, to, whole=True, who=who, at=self.instant())

    def dies(self, flight: Flight) -> None:
        flight.die()
        self.held.remove(flight)
        self.stage.bury(flight)

    def lives(self, name: str) -> bool:
        """The unit runs, or did when it was last looked at."""
        one = self.world.wild(name)
        looked = max(self.world.looked_s.get(slot, 0.0) for slot in one.slots)
        return self.world.alive(one) or (one.pid > 0 and one.ends >= looked)

    # --- promises

    @invariant()
    def kept(self) -> None:
        if not self.sound:
            return
        USED["steps"] += 1
        self.sound = False
        self.world.readings = 0
        assert self.world.foreign == self.strangers, "a stranger was stopped"
        held = {one for one in map(uuid, range(GPUS)) if self.stage.claims.held(one)}
        flying = {one for flight in self.held for one in (flight.move.uuids if flight.move else ())}
        assert flying <= held, "a flip without its claim"
        assert self.held or not held, f"left claimed: {held}"
        self.journal_is_true()
        self.sound = True

    def journal_is_true(self) -> None:
        journal = self.stage.journal
        fresh = [line for line in reading.lines(journal.path, 400) if line.seq > self.seen_seq]
        if not fresh:
            return
        self.seen_seq = fresh[0].seq
        assert reading.check(journal).ok, reading.check(journal).problems
        with reading_of(journal.path) as database:
            count = "SELECT flip_id, count(*) FROM lines WHERE kind = ? GROUP BY flip_id HAVING count(*) > 1"
            for kind in ("intent", "outcome"):
                assert not database.execute(count, (kind,)).fetchall()

    def untrue(self, flip_id: str, body: Mapping[str, object]) -> str:
        """What an outcome says that is not so at the instant in which it is written; "" when all is."""
        intent = reading.of_flip(self.stage.journal.path, flip_id)[0]
        move = msgspec.convert(intent.body["move"], Move)
        result, settled = body["result"], bool(body.get("settled"))
        if result == "done":
            if not all(self.lives(one.unit) for one in move.starts):
                return "what was started does not run"
            if not move.starts and [one for one in move.stops if self.world.alive(self.world.unit(one.unit))]:
                return "what was stopped runs"
        back = result == "rolled_back" or (result == "cancelled" and settled)
        if back and not all(self.lives(one.unit) for one in move.stops):
            return "what ran before does not run"
        return "no alarm" if result in ("off", "stuck") and not body.get("alarm") else ""

    def teardown(self) -> None:
        if not hasattr(self, "held"):
            return
        try:
            for flight in tuple(self.held):
                self.dies(flight)
            if self.sound:
                self.at_last()
        finally:
            USED["starts"] += self.world.starts
            self.temporary.cleanup()

    def at_last(self) -> None:
        """Once the host is well again, settling brings every intent to its outcome."""
        for slot in range(GPUS):
            self.all_is_well(slot)
        self.time_passes(700.0)
        self.settle_with(flight := self.stage.settling(ALICE), None, "hold", 0)
        assert isinstance(flight.result, tuple)
        marked = [one.text for one in flight.result if not one.result]
        # A GPU that is stuck stays so while something runs on it, by whomever it was started.
        assert all(text.startswith("still stuck: ") and "is held by " in text for text in marked), marked
        assert reading.open_intents(self.stage.journal.path) == ()
        assert len(reading.stuck(self.stage.journal.path)) == len(marked)
        self.kept()


QUICK = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def play(capsys: pytest.CaptureFixture[str], profile: settings) -> None:
    """Play histories, and tell how much happened in them: a hall in which nothing starts proves nothing."""
    USED.update(dict.fromkeys(USED, 0))
    run_state_machine_as_test(Hall, settings=profile)
    with capsys.disabled():
        print(f"\n{', '.join(f'{count} {what}' for what, count in USED.items())}")
    assert USED["starts"] >= USED["sequences"] / 4


def test_the_promises_hold_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    """Sixty random histories of up to 25 steps each, new ones at every run."""
    play(capsys, QUICK)


@pytest.mark.slow
def test_the_promises_hold_in_thousands_of_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """Two thousand histories of up to 8 steps."""
    play(capsys, settings(QUICK, max_examples=2000, stateful_step_count=8))
