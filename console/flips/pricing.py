"""What a move costs and gains, from the ladders of its GPUs, and what the operator should know before confirming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console import units
from console.economics.contract import penalty
from console.economics.rules import Moment, downtime_s, least_run_s, switching_loss, transition_per_h
from console.flips.choosing import running
from console.flips.closing import Group
from console.flips.world import OFF, Candidate, PlanWorld
from console.model import Basis, GpuRow, Kind, Option, Record, Uuid


class Price(Record):
    """The money of one move: per hour for the whole set, ``None`` while a price of it is missing."""

    downtime_s: float
    cost: float | None
    before_per_h: float | None
    after_per_h: float | None
    payback_s: float | None
    estimated: bool


def price(world: PlanWorld, group: Group, stops: tuple[Candidate, ...], starts: tuple[Candidate, ...]) -> Price:
    """Downtime, its cost, both nets and the pay-back of moving ``group``.

    ``cost = downtime * (net_now + power of the transition) + forfeited + penalty``: what is not earned, plus what the
    GPUs draw meanwhile, plus what a pool keeps and what leaving a contract costs. That draw is charged as under the new
    workload, which fills most of the downtime with its loading. What a GPU would net under an option that is not for
    it is unknown: the ladder's figure is what it would be were it.
    """
    rows = tuple(row for row in map(world.row, group.uuids) if row)
    pairs = tuple((row, option(row, group.targets[row.reading.uuid])) for row in rows)
    before = _sum(net_now(world, row) for row in rows)
    after = _sum(new.net_per_h if new and new.eligible else None for _, new in pairs)
    down_s = _down_s(stops, starts)
    fines = sum(penalty(left(world, row), new, down_s, world.advice.horizon_s) for row, new in pairs)
    power = _sum(transition_per_h(new, option(row, OFF)) for row, new in pairs)
    cost = _cost(before, power, down_s, fines, _sum(forfeited(world, row) for row in rows))
    gain = after - before if before is not None and after is not None else None
    repaid = cost is not None and gain is not None and gain > 0
    return Price(
        downtime_s=down_s,
        cost=cost,
        before_per_h=before,
        after_per_h=after,
        payback_s=max(0.0, cost / gain * 3600) if repaid and cost is not None and gain else None,
        estimated=any(new is None or new.basis is not Basis.MEASURED for _, new in pairs),
    )


def option(row: GpuRow, workload: str) -> Option | None:
    """This GPU's option for a workload, off included."""
    if workload == OFF:
        return next((one for one in row.money.options if one.kind is Kind.OFF), None)
    return next((one for one in row.money.options if one.workload == workload), None)


def left(world: PlanWorld, row: GpuRow) -> Option | None:
    """The option that this GPU would leave: what counts as running, else what is on it."""
    counts = option(row, row.money.running) if row.money.running else None
    return counts or option(row, running(world, row))


def net_now(world: PlanWorld, row: GpuRow) -> float | None:
    """Net per hour of what this GPU does, as advice compares it: of a marketplace at its occupancy."""
    now = left(world, row)
    return row.money.net_per_h if now is None else now.net_per_h


def forfeited(world: PlanWorld, row: GpuRow) -> float | None:
    """What the pool of this GPU's miner keeps when that leaves, as its advice has it; 0 where nothing was advised.

    None where what it keeps has no price.
    """
    grounds = world.grounds.get(row.reading.uuid)
    return 0.0 if grounds is None else grounds.moment.forfeited


def warnings(
    world: PlanWorld, group: Group, stops: tuple[Candidate, ...], starts: tuple[Candidate, ...], at: float
) -> tuple[str, ...]:
    """One sentence per thing that is not as sure as the figures look."""
    said = [*_of_places(world, group), *_of_terms(world, group), *_of_pools(world, group), *_of_quotes(world, group)]
    said += [*_of_run(world, group, stops, at), *_of_evidence(stops, starts)]
    said += _of_market(stops, starts)
    said += [
        f"profile {one.profile} of {one.workload} will not be applied: {one.profile_fault}"
        for one in starts
        if one.profile_fault
    ]
    return tuple(dict.fromkeys(said))


def _of_places(world: PlanWorld, group: Group) -> Iterator[str]:
    """Why a GPU's new option is not for it; a pin and a card too small have guards that say so."""
    for row, new in _options(world, group):
        pin = world.pins.get(row.reading.uuid)
        if not new.eligible and pin in (None, new.workload):
            yield f"{new.workload} is not for GPU {row.reading.slot}: {new.why_not}"


def _of_terms(world: PlanWorld, group: Group) -> Iterator[str]:
    """Where the contracts stand that are left, GPU by GPU."""
    for row in filter(None, map(world.row, group.uuids)):
        now = left(world, row)
        name = f"GPU {row.reading.slot}: " if len(group.uuids) > 1 else ""
        yield from (f"{name}{clause}" for clause in (now.clauses if now else ()))


def _of_pools(world: PlanWorld, group: Group) -> Iterator[str]:
    """What pools keep, one sentence per miner that leaves."""
    kept: dict[tuple[str, str], float] = {}
    for row in filter(None, map(world.row, group.uuids)):
        lapses = forfeited(world, row)
        if lapses is None:
            yield f"what the pool keeps unpaid when {running(world, row)} leaves is unknown: its coin has no price"
        elif lapses:
            leaves = running(world, row), units.symbol(world.grounds[row.reading.uuid].rules.currency)
            kept[leaves] = kept.get(leaves, 0.0) + lapses
    for (workload, sign), lapses in kept.items():
        yield f"the pool keeps {units.cost(lapses)} {sign} unpaid below its minimum when {workload} leaves"


def _of_quotes(world: PlanWorld, group: Group) -> Iterator[str]:
    pairs = _options(world, group)
    stale = sorted({new.workload for _, new in pairs if new.stale})
    if stale:
        yield f"quotes behind {', '.join(stale)} are stale"
    for basis, words in ((Basis.ESTIMATED, "estimated, not measured here"), (Basis.TABLE, "from the shipped table")):
        names = sorted({new.workload for _, new in pairs if new.basis is basis and new.kind is not Kind.OFF})
        if names:
            yield f"what {', '.join(names)} would earn is {words}"
    missing = sorted({what for _, new in pairs for what in new.missing})
    if missing:
        yield f"unknown: {', '.join(missing)}"


def _of_run(world: PlanWorld, group: Group, stops: tuple[Candidate, ...], at: float) -> Iterator[str]:
    leaving = {one.unit: one for one in stops}
    for row in filter(None, map(world.row, group.uuids)):
        held = row.occupancy.instance
        if held and held.unit in leaving and (said := early(world, row, leaving[held.unit], at)):
            yield said


def early(world: PlanWorld, row: GpuRow, leaving: Candidate, at: float) -> str:
    """That what runs on a GPU has not run as long as its start should be given; ``""`` when it has."""
    held, least_s = row.occupancy.instance, _min_run_s(world, leaving)
    if held is None or held.since is None or at - held.since >= least_s:
        return ""
    ran, needs = (at - held.since) / 60, least_s / 60
    return f"{held.workload} has run {ran:.0f} of the {needs:.0f} min that its start should be given"


def stale(world: PlanWorld, row: GpuRow, target: str) -> str:
    """That quotes behind what a GPU earns now, or would, are stale; ``""`` when both are fresh."""
    both = (left(world, row), option(row, target))
    old = sorted({one.workload for one in both if one and one.stale})
    return f"quotes behind {', '.join(old)} are stale" if old else ""


def _of_market(stops: tuple[Candidate, ...], starts: tuple[Candidate, ...]) -> Iterator[str]:
    for one in starts:
        if one.let:
            yield (
                f"a rental cannot be recalled: once somebody rents {one.workload}, its GPUs are his until he leaves "
                "or the listing's end"
            )
    for one in stops:
        if one.let:
            yield f"{one.workload} is taken off the market; who rents it now stays until he leaves"


def _of_evidence(stops: tuple[Candidate, ...], starts: tuple[Candidate, ...]) -> Iterator[str]:
    for one in stops:
        if one.kind is Kind.AI and not one.metered:
            yield f"{one.workload} has no meter: requests under way cannot be seen and are cut off"
    for one in starts:
        if not one.metered:
            yield f"{one.workload} has no meter: that it runs is proved by NVML alone"


def _min_run_s(world: PlanWorld, one: Candidate) -> float:
    return least_run_s(one.kind, one.usual_start_s, world.advice.min_run_s)


def _options(world: PlanWorld, group: Group) -> list[tuple[GpuRow, Option]]:
    rows = ((world.row(uuid), target) for uuid, target in group.targets.items())
    pairs = ((row, option(row, target)) for row, target in rows if row)
    return [(row, new) for row, new in pairs if new]


def _down_s(stops: tuple[Candidate, ...], starts: tuple[Candidate, ...]) -> float:
    settle_s = (one.settle_s for one in stops)
    return downtime_s((one.stop_s for one in stops), settle_s, (one.start_s for one in starts))


def _cost(
    before_per_h: float | None, power_per_h: float | None, down_s: float, fines: float, lapses: float | None
) -> float | None:
    if before_per_h is None or power_per_h is None:
        return None
    moment = Moment(at=0.0, transition_per_h=power_per_h, forfeited=lapses, penalty=fines)
    return switching_loss(before_per_h, down_s, moment)


def _sum(values: Iterator[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def workloads_text(targets: Mapping[Uuid, str]) -> str:
    """The workloads of a set as one word or a list: ``ergo`` or ``ergo, kaspa``; ``off`` for none."""
    names = sorted(set(targets.values()) - {OFF})
    return ", ".join(names) or OFF
