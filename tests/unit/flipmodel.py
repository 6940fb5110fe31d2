"""A crueller world for the flip's state machine, with the laws that no flip may break in it.

It adds to ``flipworld`` what a host does behind a flip's back: time that starts and stops take, watchdogs, units that
die late or are killed late, GPUs that fall off the bus, a disk that fills, a wall clock that jumps, power that fails.
The laws are looked at in the world itself, at the instant of each act; breaking one raises ``Broken``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from console.flips import reading, recovery
from console.flips.chain import Line
from console.flips.facts import Seen
from console.flips.guards import Case, standing
from console.flips.journal import Journal, JournalError
from console.flips.locks import Claims
from console.flips.records import Action, Ending, Move, Plan, Who
from console.flips.technician import Locks
from console.flips.transaction import Transaction
from console.flips.watching import not_free
from console.flips.world import OFF, Candidate, PlanWorld
from console.model import GpuRow, GpuState, Guard, Kind, Occupancy, Output, Reading, Uuid, WorkState
from console.paths import Places
from console.workloads.contract import WorkloadError
from tests.unit.flipflight import Broken, Flight
from tests.unit.flipworld import Unit, World, uuid

ALICE = Who(uid=1000, login="alice", loginuid=1000, claimed_ssh="192.0.2.7", via="command")
BOB = Who(uid=1001, login="bob", loginuid=1001, via="console")
SEEN_S = 0.1
"""What has been there for so long when something is started or stopped must have been seen: a reading takes 0.05 s."""


GPUS = 4


@dataclass
class Wild(Unit):
    """A unit with more ways to misbehave."""

    start_s: float = 0.0  # until its controller says that it runs
    dies_after_s: float = float("inf")  # once started
    revived_s: float = float("inf")  # by a watchdog, after its stop
    kill_s: float = 0.0  # it ignores its stop, and its controller kills it so long after its time-out
    draining: bool = False
    by_flip: bool = False  # who started it

    def candidate(self) -> Candidate:
        return msgspec.structs.replace(
            super().candidate(), start_timeout_s=6.0, stop_timeout_s=2.0, settle_s=0.3, drain_timeout_s=self.drain_s
        )

    @property
    def drain_s(self) -> float:
        return 3.0 if self.kind is Kind.AI else 0.0

    def behave(self) -> None:
        """As it should, from now on."""
        self.start_fails = self.stop_fails = self.route_fails = ""
        self.never_warm = self.lingers = False
        self.deaf = 0
        self.start_s, self.warm_s, self.kill_s, self.requests = 0.0, 1.0, 0.0, 0
        self.dies_after_s = self.revived_s = float("inf")


FAULTS: dict[str, object] = {
    "start_fails": "no",
    "stop_fails": "no",
    "never_warm": True,
    "lingers": True,
    "dies_after_s": 1.7,
    "revived_s": 0.1,
    "start_s": 2.0,
    "warm_s": 3.0,
    "kill_s": 3.0,
    "requests": 4,
    "deaf": 3,
    "route_fails": "no",
    "behave": True,
}


def units() -> list[Wild]:
    """Miners of two coins, a server over two GPUs and one over all four."""
    ergo = [Wild("ergo", Kind.MINE, f"ergo@{slot}", (slot,)) for slot in range(GPUS)]
    kaspa = [Wild("kaspa", Kind.MINE, f"kaspa@{slot}", (slot,)) for slot in range(2)]
    return [
        *ergo,
        *kaspa,
        Wild("vllm", Kind.AI, "vllm@0", (0, 1), routed=True),
        Wild("big", Kind.AI, "big@0", (0, 1, 2, 3)),
    ]


@dataclass
class WildWorld(World):
    """GPUs, units and strangers that change at any call, and the laws that no flip may break in it."""

    flight: Flight | None = None  # that runs now
    wall_s: float = 1.7e9  # beside the clock that does not jump
    ill: dict[int, GpuState] = field(default_factory=dict)
    came: dict[int, float] = field(default_factory=dict)  # slot -> when its stranger came
    locked_s: dict[int, float] = field(default_factory=dict)  # slot -> when it was locked
    reviving: dict[str, float] = field(default_factory=dict)  # unit -> when
    resumed_s: float = 0.0
    looked_s: dict[int, float] = field(default_factory=dict)
    blind: int = 0  # readings that do not come
    room: int | None = None  # lines that the journal's disk still takes
    starts: int = 0
    stage: "WildStage | None" = None
    judge: Callable[[str, Mapping[str, object]], str] = lambda flip_id, body: ""  # what of an outcome is not so

    def wild(self, name: str) -> Wild:
        found = self.unit(name)
        assert isinstance(found, Wild)
        return found

    # --- what happens by itself

    def pass_by(self) -> None:
        """Whatever was due by now has happened."""
        for name, at in tuple(self.reviving.items()):
            if self.time_s >= at:
                del self.reviving[name]
                if not self.alive(self.unit(name)):
                    self.begin(name)

    def begin(self, name: str) -> None:
        """The unit starts, by whomever."""
        one = self.wild(name)
        one.pid, one.started, one.draining = next(self.pids), self.time_s, False
        one.ends, one.by_flip = self.time_s + one.dies_after_s, False

    def end(self, name: str) -> None:
        """The unit ends, by whatever."""
        one = self.wild(name)
        one.ends, one.draining = min(one.ends, self.time_s), False

    def arrive(self, slot: int) -> None:
        """Somebody who is none of our business comes to a GPU that nothing holds."""
        if not self.on(slot) and slot not in self.orphans and slot not in self.foreign:
            self.foreign[slot], self.came[slot] = next(self.pids), self.time_s

    def reboot(self) -> None:
        """The power failed and came back: nothing runs, and the clock begins anew."""
        self.foreign.clear()
        self.orphans.clear()
        self.ill.clear()
        self.reviving.clear()
        self.wall_s += self.time_s + 60
        self.time_s, self.resumed_s = 20.0, 0.0
        self.looked_s.clear()
        self.locked_s = dict.fromkeys(self.locked_s, float("-inf"))
        for one in self.units:
            one.pid, one.ends = 0, float("inf")

    def _call(self, name: str) -> None:
        self.pass_by()
        if self.flight is not None:
            self.flight.at(name)
        self.pass_by()

    # --- Facts

    def now(self) -> float:
        return self.wall_s + self.time_s

    def abandoned(self) -> bool:
        return self.flight is not None and self.flight.lost

    def observe(self, uuids: tuple[Uuid, ...], timeout_s: float) -> tuple[Seen, ...] | None:
        self.unreadable, self.blind = self.blind > 0, max(0, self.blind - 1)
        seen = super().observe(uuids, timeout_s)
        self.pass_by()
        for one in seen or ():
            self.looked_s[one.reading.slot] = self.time_s
            if self.flight is not None and not not_free(one, None):
                self.flight.seen_free.add(one.reading.slot)
        return seen

    def output(self, action: Action, timeout_s: float) -> Output | None:
        found = super().output(action, timeout_s)
        one = self.wild(action.unit)
        one.requests = max(0, one.requests - 1)  # they end while they are watched
        return None if self.unanswered and not self.alive(self.unit(action.unit)) else found

    def guards(self, plan: Plan, uuids: tuple[Uuid, ...]) -> tuple[Guard, ...]:
        """The real rules and the real locks, as console.running.host asks them."""
        assert self.stage is not None
        self._call("guards")
        found: list[Guard] = []
        marks = reading.stuck(self.stage.journal.path)
        for slot in range(self.gpus):
            if uuid(slot) in uuids:
                starts = (one.workload for move in plan.moves for one in move.starts if uuid(slot) in one.uuids)
                case = Case(
                    reading=self.reading(slot),
                    occupancy=self.occupancy(slot),
                    target=next(starts, OFF),
                    stuck=marks.get(uuid(slot), ""),
                )
                found += standing(case, self.stage.locks.guards(uuid(slot), self.now()))
        return tuple(found)

    # --- Hands

    def stop(self, action: Action) -> None:
        self._call(f"stop {action.unit}")
        self._lawful("stop", action)
        one = self.wild(action.unit)
        if one.stop_fails or self.unanswered:
            raise WorkloadError(one.stop_fails or self.unanswered)
        if one.kill_s and self.alive(one):
            self.time_s += action.timeout_s
            one.ends, one.draining = min(one.ends, self.time_s + one.kill_s), True
            raise WorkloadError(f"{one.name} is still STOPPING at its time-out")
        self.time_s += one.stop_s
        if one.lingers and self.alive(one):
            self.orphans |= dict.fromkeys(one.slots, one.pid)
        self.end(action.unit)
        if one.revived_s < float("inf"):
            self.reviving[one.name] = self.time_s + one.revived_s

    def start(self, action: Action) -> None:
        self._call(f"start {action.unit}")
        self._lawful("start", action)
        one = self.wild(action.unit)
        if one.draining and self.alive(one):
            self.time_s = one.ends
        if one.start_fails or self.unanswered:
            raise WorkloadError(one.start_fails or self.unanswered)
        if not self.alive(one):
            self.starts += 1
            self.begin(one.name)
            one.by_flip = True
        self.time_s += one.start_s
        self._call("started")

    def route(self, action: Action, *, let_in: bool) -> bool:
        self._intended(action, "route")
        return super().route(action, let_in=let_in)

    # --- the laws

    def _intended(self, action: Action, what: str) -> Line:
        assert self.stage is not None
        for line in reading.open_intents(self.stage.journal.path):
            move = msgspec.convert(line.body["move"], Move)
            if action.unit in {one.unit for one in (*move.stops, *move.starts)}:
                return line
        raise Broken(f"{what} of {action.unit} without an intent on disk")

    def _lawful(self, what: str, action: Action) -> None:
        """No act without an intent and a claim, and none that the guards would have hindered had they looked."""
        self._intended(action, what)
        flight = self.flight
        if flight is None or flight.move is None or self.stage is None:
            raise Broken(f"{what} of {action.unit} by nobody's flip")
        for one in action.uuids:
            if not self.stage.claims.held(one):
                raise Broken(f"{what} of {action.unit} without a claim on {one}")
        targets = {one.unit for one in flight.move.starts} - {one.unit for one in flight.move.stops}
        if what == "stop" and action.unit in targets and f"start {action.unit}" not in flight.acts:
            raise Broken(f"{action.unit} was stopped, which this flip had not started")
        if what == "start" and action.unit not in targets and not any(act.startswith("stop ") for act in flight.acts):
            raise Broken(f"{action.unit} was started though nothing was stopped")
        if len(flight.acts) == 1 or what == "start":
            for slot in self.wild(action.unit).slots:
                self._unhindered(what, slot, action.unit, flight)

    def _unhindered(self, what: str, slot: int, unit: str, flight: Flight) -> None:
        assert self.stage is not None

        def old(since_s: float) -> bool:
            """Long enough there to have been seen, while the flip was not held itself."""
            return self.time_s - max(since_s, self.resumed_s) > SEEN_S

        if slot in self.foreign and old(self.came[slot]):
            raise Broken(f"{what} of {unit} on GPU {slot}, which a stranger has")
        if slot in self.locked_s and old(self.locked_s[slot]):
            raise Broken(f"{what} of {unit} on GPU {slot}, which is locked")
        if what == "stop":
            return
        others = [one for one in map(self.unit, self.on(slot)) if one.name != unit and old(one.started)]
        if others or slot in self.orphans:
            raise Broken(f"start of {unit} on GPU {slot} beside {[one.name for one in others]} {self.orphans}")
        if uuid(slot) in reading.stuck(self.stage.journal.path) and slot not in flight.seen_free:
            raise Broken(f"start of {unit} on GPU {slot}, which is stuck and was not seen free")

    # --- what is seen

    def reading(self, slot: int) -> Reading:
        found = super().reading(slot)
        if slot not in self.ill:
            return found
        return msgspec.structs.replace(found, state=self.ill[slot], reason="as NVML says")

    def occupancy(self, slot: int) -> Occupancy:
        found = super().occupancy(slot)
        held = found.instance
        if held is None or not self.wild(held.unit).draining:
            return found
        return msgspec.structs.replace(found, instance=msgspec.structs.replace(held, state=WorkState.DRAINING))

    def row(self, slot: int) -> GpuRow:
        assert self.stage is not None
        marks = reading.stuck(self.stage.journal.path)
        guards = self.stage.locks.guards(uuid(slot), self.now())
        return msgspec.structs.replace(super().row(slot), stuck=marks.get(uuid(slot), ""), guards=guards)

    def planning(self, **more: object) -> PlanWorld:
        assert self.stage is not None
        path, boot = self.stage.journal.path, self.stage.journal.boot_id
        states: Mapping[str, str] = {
            one.name: "stopped" if not self.alive(one) else "stopping" if self.wild(one.name).draining else "running"
            for one in self.units
        }
        return super().planning(
            candidates=tuple(msgspec.structs.replace(one.candidate(), state=states[one.name]) for one in self.units),
            failed_starts=reading.failed_starts(path, boot, self.time_s, 600.0),
            base_mib=reading.base_mib(path, boot),
            **more,
        )


class FullJournal(Journal):
    """A journal whose disk may be full, and whose writer may be killed before and after each line."""

    world: WildWorld

    def append(
        self, kind: str, flip_id: str, gpus: tuple[str, ...], who: Mapping[str, object], body: Mapping[str, object]
    ) -> Line:
        self.world._call(f"append {kind}")
        if kind == "outcome" and (lie := self.world.judge(flip_id, body)):
            raise Broken(f"{lie}: {body}")
        if self.world.room == 0:
            raise JournalError(f"the journal {self.path} cannot be used: database or disk is full")
        line = super().append(kind, flip_id, gpus, who, body)
        if self.world.room is not None:
            self.world.room -= 1
        self.world._call(f"appended {kind}")
        return line


class WildStage:
    """State on disk beside a wild world, and the flips that are held in it."""

    def __init__(self, folder: Path, world: WildWorld) -> None:
        (folder / "run").mkdir(exist_ok=True)
        self.places = Places(state=folder, run=folder / "run", shared=True)
        self.world, world.stage = world, self
        self.boots = 0
        self.claims, self.locks = Claims(self.places), Locks(self.places)
        self.boot()

    def boot(self) -> None:
        """A boot of its own id."""
        self.boots += 1
        self.journal = FullJournal(self.places, now=self.world.now, boot_id=f"boot-{self.boots}")
        self.journal.world = self.world

    def flight(self, move: Move, plan: Plan) -> Flight:
        """One move of a plan, ready to go."""

        def run() -> Ending:
            world = self.world
            return Transaction(move, plan, world, world, self.journal, self.claims, lambda _: None).run()

        return Flight(self.world, run, move, plan.who)

    def settling(self, who: Who) -> Flight:
        """Somebody who settles whatever is open, ready to go."""
        return Flight(
            self.world,
            lambda: recovery.settle(self.journal, self.world, self.claims, who, None, self.world),
            who=who,
        )

    def bury(self, flight: Flight) -> None:
        """What a dead runner leaves in its claim files: words, and no lock."""
        note = {"who": f"{flight.who.login} ({flight.who.via})", "pid": 999_999, "since": self.world.now()}
        for one in flight.move.uuids if flight.move else ():
            if not self.claims.held(one):
                self.places.lock(one).write_text(json.dumps(note))
