"""Makes a plan: pure, from frozen inputs. What moves, what it costs, and by which guard the rest is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from console.flips.budget import PowerBudget
from console.flips.cases import case_for
from console.flips.choosing import NoChoiceError, choose, running
from console.flips.closing import Choose, Group, already, close
from console.flips.guards import Case, standing, waived
from console.flips.pricing import early, option, price, stale, warnings, workloads_text
from console.flips.records import Advised, Move, Plan, Refusal, Who
from console.flips.world import Candidate, PlanWorld
from console.model import GpuRow, Guard


def plan(
    world: PlanWorld,
    slots: tuple[int, ...],
    target: str,
    *,
    whole: bool,
    who: Who,
    at: float,
    force: tuple[str, ...] = (),
    reason: str = "",
    abort_requests: bool = False,
    automatic: bool = False,
) -> Plan:
    """What flipping ``slots`` to ``target`` (a workload, mine, ai, off, best) would do; nothing happens.

    ``whole`` takes in the rest of each instance, without it a part of a set is refused. ``force`` holds ``host:slot``
    of the GPUs whose forceable guards are waived. ``at`` is Unix seconds. What nobody confirms is ``automatic``: a
    short run, stale quotes and a halt refuse it, where a person is warned.
    """
    made = Plan(
        plan_id=_id(world.host, slots, target, at, who.uid),
        at=at,
        host=world.host,
        who=who,
        target=target,
        moves=(),
        reason=reason,
        config_hash=world.config_hash,
        abort_requests=abort_requests,
        automatic=automatic,
    )
    return compose(world, made, slots, lambda row: choose(world, row, target), whole=whole, force=force)


def compose(
    world: PlanWorld, draft: Plan, slots: tuple[int, ...], chosen: Choose, *, whole: bool, force: tuple[str, ...] = ()
) -> Plan:
    """``draft`` with moves, refusals and what is done already, each GPU going to what ``chosen`` says of it."""
    rows, refusals = _rows(world, slots)
    groups, parted = _groups(world, rows, chosen, whole=whole)
    refusals += parted
    moves: list[Move] = []
    done: list[int] = []
    budget = PowerBudget(world)
    for group in groups:
        judge = _Judge(world, draft, group, budget.after_w(group))
        if refused := _refused(judge, force):
            refusals += refused
        elif all(already(world, row, group.targets[row.reading.uuid]) for row in _members(world, group)):
            done += world.slots(group.uuids)
        else:
            moves.append(_move(judge, force, budget))
            budget.take(group)
    names = (f"{world.host}:{slot}" for move in moves for slot in move.slots)
    return msgspec.structs.replace(
        draft,
        moves=tuple(moves),
        refusals=tuple(refusals),
        done=tuple(sorted(done)),
        forced=tuple(name for name in names if name in force),
    )


def _rows(world: PlanWorld, slots: tuple[int, ...]) -> tuple[list[GpuRow], list[Refusal]]:
    found = [(slot, world.at_slot(slot)) for slot in dict.fromkeys(slots)]
    absent = [slot for slot, row in found if row is None]
    refusals = [_refusal((slot,), "gpu", f"there is no GPU {slot} on {world.host}") for slot in absent]
    return [row for _, row in found if row], refusals


def _groups(world: PlanWorld, rows: list[GpuRow], chosen: Choose, *, whole: bool) -> tuple[list[Group], list[Refusal]]:
    asked = frozenset(row.reading.uuid for row in rows)
    groups: list[Group] = []
    refusals: list[Refusal] = []
    grouped: set[str] = set()
    for row in rows:
        if row.reading.uuid in grouped:
            continue
        try:
            group = close(world, row, asked, chosen, whole=whole)
        except NoChoiceError as error:
            refusals.append(Refusal(slots=(row.reading.slot,), guard=error.guard))
            continue
        if grouped & set(group.uuids):
            slot = row.reading.slot
            refusals.append(_refusal((slot,), "set", f"GPU {slot} shares a set with another move: flip it by itself"))
            continue
        grouped |= set(group.uuids)
        groups.append(group)
    return groups, refusals


class _Judge(NamedTuple):
    """What the guards have to say of one group."""

    world: PlanWorld
    draft: Plan
    group: Group
    wall_w: float | None  # of the site, with this group moved

    def guards(self, row: GpuRow) -> tuple[Guard, ...]:
        """Those that stand on one of its GPUs."""
        case = self._case(row)
        if self.draft.automatic:
            case = msgspec.structs.replace(case, automatic=True, **self._unasked(row))
        return standing(case, row.guards)

    def _case(self, row: GpuRow) -> Case:
        world, uuid, held = self.world, row.reading.uuid, self.world.holding(row)
        target = self.group.targets[uuid]
        case = case_for(
            row.reading,
            row.occupancy,
            target,
            new=world.candidate(target, uuid),
            held=held,
            earns=option(row, held.workload) if held else None,
            pin=world.pins.get(uuid),
            stuck=row.stuck,
            fresh=row.fresh,
            event=world.event,
            flipping=row.flipping,
            failed_starts=world.failed_starts.get(uuid, 0),
        )
        return msgspec.structs.replace(case, wall_w=self.wall_w, power_limit_w=world.power_limit_w)

    def _unasked(self, row: GpuRow) -> dict[str, str]:
        """What a person is warned of and an automatic flip is refused for."""
        held = self.world.holding(row)
        return {
            "halted": self.world.halted,
            "early": early(self.world, row, held, self.draft.at) if held else "",
            "stale": stale(self.world, row, self.group.targets[row.reading.uuid]),
        }


def _refused(judge: _Judge, force: tuple[str, ...]) -> list[Refusal]:
    world, group = judge.world, judge.group
    refused = [
        Refusal(slots=(row.reading.slot,), guard=guard)
        for row in _members(world, group)
        for guard in waived(judge.guards(row), f"{world.host}:{row.reading.slot}" in force)
    ]
    slots = world.slots(group.uuids)
    gone = sorted(_unconfigured(world, group))
    return refused + [_refusal(slots, "config", f"{name} is no longer in the config") for name in gone]


def _unconfigured(world: PlanWorld, group: Group) -> set[str]:
    return {
        row.occupancy.instance.workload
        for row in _members(world, group)
        if row.occupancy.instance and world.holding(row) is None
    }


def _move(judge: _Judge, force: tuple[str, ...], budget: PowerBudget) -> Move:
    world, draft, group = judge.world, judge.draft, judge.group
    stops = _unique(one for row in _members(world, group) for one in _on(world, row))
    starts = _unique(one for uuid in group.uuids if (one := world.candidate(group.targets[uuid], uuid)))
    money = price(world, group, stops, starts)
    said = warnings(world, group, stops, starts, draft.at) + _forced(judge, force)
    if starts and budget.unknown(group):
        said += ("whether the site stays within its power limit cannot be told",)
    rows = _members(world, group)
    return Move(
        flip_id=_id(draft.plan_id, *group.uuids),
        uuids=group.uuids,
        slots=tuple(row.reading.slot for row in rows),
        before=workloads_text({row.reading.uuid: running(world, row) for row in rows}),
        after=workloads_text(group.targets),
        stops=tuple(one.stopping() for one in stops),
        starts=tuple(one.starting() for one in starts),
        downtime_s=money.downtime_s,
        downtime_cost=money.cost,
        net_before_per_h=money.before_per_h,
        net_after_per_h=money.after_per_h,
        payback_s=money.payback_s,
        estimated=money.estimated,
        warnings=said,
        advised=tuple(_advised(world, rows)),
        wall_change_w=budget.change_w(group),
        base_mib=tuple(world.base_mib.get(uuid) for uuid in group.uuids),
    )


def _advised(world: PlanWorld, rows: list[GpuRow]) -> Iterator[Advised]:
    for row in rows:
        grounds, advice = world.grounds.get(row.reading.uuid), row.money.advice
        if grounds is not None:
            yield Advised(slot=row.reading.slot, why=advice.why, acts=advice.acts, grounds=grounds.bare())


def _forced(judge: _Judge, force: tuple[str, ...]) -> tuple[str, ...]:
    world = judge.world
    named = (row for row in _members(world, judge.group) if f"{world.host}:{row.reading.slot}" in force)
    return tuple(f"forced: {guard.sentence}" for row in named for guard in judge.guards(row) if guard.forceable)


def _on(world: PlanWorld, row: GpuRow) -> tuple[Candidate, ...]:
    held = world.holding(row)
    return (*((held,) if held else ()), *world.alive(row.reading.uuid))


def _members(world: PlanWorld, group: Group) -> list[GpuRow]:
    return [row for row in map(world.row, group.uuids) if row]


def _unique(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple({(one.controller, one.unit): one for one in found}.values())


def _refusal(slots: tuple[int, ...], name: str, sentence: str) -> Refusal:
    return Refusal(slots=slots, guard=Guard(name=name, sentence=sentence))


def _id(*parts: object) -> str:
    """Short, and as unique as the instant it is made of."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]
