"""A small world for the flip's state machine: GPUs, units and a clock, behind the protocols Facts and Hands.

It obeys what the real one obeys (a process holds memory, a unit starts its process, a stop takes time) and can be told
to fail. It also keeps the law that a flip may never break: two workloads never hold one GPU.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from console.flips.facts import Seen
from console.flips.plan import plan
from console.flips.records import Action, Plan, Who
from console.flips.world import Candidate, PlanWorld
from console.model import (
    Advice,
    Basis,
    Client,
    ClientKind,
    GpuRow,
    GpuState,
    Guard,
    Holder,
    Instance,
    Kind,
    Money,
    Occupancy,
    Option,
    Output,
    Reading,
    Uuid,
    WorkState,
)
from console.workloads.contract import WorkloadError

WHO = Who(uid=1000, login="alice", loginuid=1000, claimed_ssh="192.0.2.7")
HOST = "rig-07"
BASE_MIB = 300.0


def uuid(slot: int) -> Uuid:
    """The UUID of a slot."""
    return Uuid(f"GPU-{slot:08d}-aaaa")


class Crash(BaseException):
    """The process is killed: nothing of it runs on."""


@dataclass
class Unit:
    """One unit and how it behaves."""

    workload: str
    kind: Kind
    name: str
    slots: tuple[int, ...]
    start_fails: str = ""
    stop_fails: str = ""
    dies: bool = False  # right after its start
    never_warm: bool = False
    lingers: bool = False  # its process outlives the stop
    stop_s: float = 0.1
    warm_s: float = 1.0
    metered: bool = True
    requests: int = 0
    deaf: int = 0  # how many questions its meter does not answer yet
    routed: bool = False  # the config has commands that close and open its front
    front: bool = True
    route_fails: str = ""
    profile: str | None = None
    terms: str = ""
    memory_mib: float = 0.0
    pid: int = 0
    started: float = 0.0
    ends: float = float("inf")

    def candidate(self) -> Candidate:
        return Candidate(
            workload=self.workload,
            kind=self.kind,
            controller="fake",
            unit=self.name,
            uuids=tuple(sorted(map(uuid, self.slots))),
            start_timeout_s=60.0,
            stop_timeout_s=10.0,
            settle_s=2.0,
            drain_timeout_s=20.0 if self.kind is Kind.AI else 0.0,
            metered=self.metered,
            terms=self.terms,
            memory_mib=self.memory_mib,
            profile=self.profile,
            routed=self.routed,
        )


def miner(slot: int, coin: str = "ergo") -> Unit:
    """A one-GPU miner."""
    return Unit(coin, Kind.MINE, f"{coin}@{slot}", (slot,))


def server(*slots: int, name: str = "vllm") -> Unit:
    """A server over some GPUs."""
    return Unit(name, Kind.AI, f"{name}@{slots[0]}", slots)


@dataclass
class World:
    """GPUs ``0 … gpus-1`` and the units that can run on them. Facts and Hands of a transaction."""

    gpus: int
    units: list[Unit]
    foreign: dict[int, int] = field(default_factory=dict)  # slot -> pid
    orphans: dict[int, int] = field(default_factory=dict)  # slot -> pid of a process whose unit is gone
    lost: set[int] = field(default_factory=set)
    locked: dict[int, str] = field(default_factory=dict)
    leaked_mib: dict[int, float] = field(default_factory=dict)
    unreadable: bool = False
    gone: bool = False  # the console
    halted: str = ""  # somebody has stopped everything since the plan was made
    unanswered: str = ""  # why no controller answers
    fighting: dict[str, tuple[str, ...]] = field(default_factory=dict)  # unit -> what keeps it out of every flip
    untunable: str = ""  # why no profile can be applied
    tuned: dict[str, str] = field(default_factory=dict)  # UUID -> profile
    time_s: float = 1000.0
    calls: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)  # what happens just before a call
    crash_in: int = -1
    pids: count = field(default_factory=lambda: count(100))
    readings: int = 0

    # --- the world

    def unit(self, name: str) -> Unit:
        return next(one for one in self.units if one.name == name)

    def run(self, *names: str) -> "World":
        """These units have been running for an hour."""
        for name in names:
            self.unit(name).pid, self.unit(name).started = next(self.pids), self.time_s - 3600
        return self

    def alive(self, unit: Unit) -> bool:
        return unit.pid > 0 and self.time_s < unit.ends

    def on(self, slot: int) -> list[str]:
        """Every workload process on a GPU, by unit."""
        return [one.name for one in self.units if slot in one.slots and self.alive(one)]

    def running(self, slot: int) -> str:
        """The workload on a GPU, ``off`` for none."""
        names = self.on(slot)
        return self.unit(names[0]).workload if names else "off"

    def law(self) -> None:
        """Two workloads never hold one GPU."""
        for slot in range(self.gpus):
            held = len(self.on(slot)) + (slot in self.orphans)
            assert held <= 1, f"GPU {slot} is held by {self.on(slot)} {self.orphans.get(slot)}"

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.crash_in >= 0:
            self.crash_in -= 1
            if self.crash_in < 0:
                raise Crash(name)
        if name in self.before:
            self.before.pop(name)()

    # --- Facts

    def now(self) -> float:
        return 1.7e9 + self.time_s

    def clock(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def observe(self, uuids: tuple[Uuid, ...], timeout_s: float) -> tuple[Seen, ...] | None:
        self._call("observe")
        self.time_s += 0.05
        self.readings += 1
        assert self.readings < 20_000, "it waits for ever"
        if self.unreadable:
            self.time_s += timeout_s
            return None
        slots = [slot for one in uuids for slot in range(self.gpus) if uuid(slot) == one]
        return tuple(Seen(reading=self.reading(slot), occupancy=self.occupancy(slot)) for slot in slots)

    def output(self, action: Action, timeout_s: float) -> Output | None:
        self._call("output")
        unit = self.unit(action.unit)
        if not self.alive(unit):
            return Output(at=self.now(), unit="", value=None, state=WorkState.STOPPED, reason="exited with 1")
        if unit.deaf:
            unit.deaf -= 1
            return None
        warm = self.time_s - unit.started >= unit.warm_s and not unit.never_warm
        state = WorkState.RUNNING if warm else WorkState.WARMING
        ai = unit.kind is Kind.AI
        value = (1e8 if warm else 0.0) if not ai else 0.0
        return Output(
            at=self.now(),
            unit="tok/s" if ai else "H/s",
            value=value,
            state=state,
            running=unit.requests if ai else None,
            waiting=0 if ai else None,
        )

    def guards(self, plan: Plan, uuids: tuple[Uuid, ...]) -> tuple[Guard, ...]:
        self._call("guards")
        found = []
        for slot in range(self.gpus):
            if uuid(slot) not in uuids:
                continue
            if slot in self.locked:
                found.append(Guard(name="lock", sentence=self.locked[slot]))
            if slot in self.foreign:
                found.append(Guard(name="foreign", sentence=f"GPU {slot} is held by a stranger"))
            if self.halted and any(move.starts for move in plan.moves):
                found.append(Guard(name="halt", sentence=self.halted))
            if slot in self.lost:
                found.append(Guard(name="state", sentence=f"GPU {slot} is lost"))
        return tuple(found)

    def abandoned(self) -> bool:
        return self.gone

    # --- Hands

    def stop(self, action: Action) -> None:
        self._call(f"stop {action.unit}")
        unit = self.unit(action.unit)
        if unit.stop_fails:
            raise WorkloadError(unit.stop_fails)
        self.time_s += unit.stop_s
        if unit.lingers and self.alive(unit):
            self.orphans |= dict.fromkeys(unit.slots, unit.pid)
        unit.pid, unit.ends = 0, float("inf")

    def start(self, action: Action) -> None:
        self._call(f"start {action.unit}")
        unit = self.unit(action.unit)
        if unit.start_fails:
            raise WorkloadError(unit.start_fails)
        if self.alive(unit):
            return
        unit.pid, unit.started = next(self.pids), self.time_s
        unit.ends = self.time_s + 0.5 if unit.dies else float("inf")
        self.law()

    def silent(self, action: Action) -> str:
        return self.unanswered

    def faults(self, action: Action) -> tuple[str, ...]:
        return self.fighting.get(action.unit, ())

    def route(self, action: Action, *, let_in: bool) -> bool:
        self._call(f"{'open' if let_in else 'close'} {action.unit}")
        unit = self.unit(action.unit)
        if unit.route_fails and let_in is not unit.front:
            raise WorkloadError(unit.route_fails)
        if not unit.routed:
            return False
        unit.front = let_in
        return True

    def tune(self, profile: str, uuid: Uuid) -> None:
        self._call(f"tune {profile}")
        if self.untunable:
            raise WorkloadError(self.untunable)
        self.tuned[uuid] = profile

    def untuned(self, profile: str, seen: Reading) -> str:
        found = self.tuned.get(seen.uuid, "default")
        return "" if found == profile else f"limit is {found}'s, profile {profile} wants another"

    # --- what is seen

    def reading(self, slot: int) -> Reading:
        clients = [self.unit(name).pid for name in self.on(slot)]
        clients += [book[slot] for book in (self.foreign, self.orphans) if slot in book]
        used = BASE_MIB + 5000 * len(clients) + self.leaked_mib.get(slot, 0.0)
        return Reading(
            slot=slot,
            uuid=uuid(slot),
            pci=f"00000000:{slot + 1:02X}:00.0",
            name="RTX 4090",
            at=self.now(),
            state=GpuState.LOST if slot in self.lost else GpuState.OK,
            mem_used_mib=used,
            mem_total_mib=24576.0,
            mem_reserved_mib=BASE_MIB,
            clients=tuple(Client(pid=pid, kind=ClientKind.COMPUTE) for pid in clients),
        )

    def occupancy(self, slot: int) -> Occupancy:
        own = uuid(slot)
        if slot in self.foreign or slot in self.orphans:
            pid = self.foreign.get(slot) or self.orphans[slot]
            return Occupancy(uuid=own, holder=Holder.FOREIGN, who=f"python3 (pid {pid})")
        names = self.on(slot)
        if not names:
            return Occupancy(uuid=own, holder=Holder.NONE)
        unit = self.unit(names[0])
        instance = Instance(
            workload=unit.workload,
            kind=unit.kind,
            uuids=tuple(sorted(map(uuid, unit.slots))),
            pids=(unit.pid,),
            unit=unit.name,
            since=self.now() - (self.time_s - unit.started),
        )
        return Occupancy(uuid=own, holder=Holder.WORKLOAD, instance=instance)

    def row(self, slot: int) -> GpuRow:
        """The row of one GPU, its ladder best first: servers 0.40, miners 0.10, off -0.01 $/h."""
        options = [option(unit) for unit in self.units if slot in unit.slots]
        options.sort(key=lambda one: -(one.net_per_h or 0.0))
        options.append(option(None))
        running = self.running(slot)
        now = next(one for one in options if one.workload == running)
        best = options[0]
        advice = Advice(best=best.workload, gain_per_h=None, acts=False, why="")
        return GpuRow(
            reading=self.reading(slot),
            occupancy=self.occupancy(slot),
            output=None,
            money=Money(
                options=tuple(options),
                running=running,
                net_per_h=now.net_per_h,
                profit_per_hash=None,
                profit_per_ai_hour=None,
                advice=advice,
            ),
        )

    def planning(self, **more: object) -> PlanWorld:
        """What a plan is made of, now."""
        rows = tuple(self.row(slot) for slot in range(self.gpus))
        candidates = tuple(unit.candidate() for unit in self.units)
        given = {"host": HOST, "rows": rows, "candidates": candidates, "config_hash": "c0ffee", **more}
        return PlanWorld(**given)  # type: ignore[arg-type]

    def plan(self, slots: tuple[int, ...], target: str, *, whole: bool = False, force: tuple[str, ...] = ()) -> Plan:
        """A plan of these GPUs as they are now."""
        return plan(self.planning(), slots, target, whole=whole, who=WHO, at=self.now(), force=force)


def option(unit: Unit | None) -> Option:
    """One option with round figures."""
    kind = unit.kind if unit else Kind.OFF
    net, power = {Kind.AI: (0.40, 0.03), Kind.MINE: (0.10, 0.02), Kind.OFF: (-0.01, 0.01)}[kind]
    return Option(
        workload=unit.workload if unit else "off",
        kind=kind,
        basis=Basis.MEASURED,
        gross_per_h=net + power,
        fees_per_h=0.0,
        power_per_h=power,
        net_per_h=net,
    )


def with_option(row: GpuRow, workload: str, **changes: object) -> GpuRow:
    """The row with one option changed."""
    import msgspec

    options = tuple(
        msgspec.structs.replace(one, **changes) if one.workload == workload else one for one in row.money.options
    )
    return msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=options))


__all__ = ["BASE_MIB", "HOST", "WHO", "Crash", "Unit", "World", "miner", "option", "replace", "server", "uuid"]
