"""What ``changeover doctor`` says: findings in the order a colleague would look, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from console.model import GpuState, Holder, HostState, Record, Snapshot, WorkState
from console.paths import ALONE

OK, NOTE, WARN, FAULT = "ok", "note", "warn", "fault"


class Finding(Record):
    """One thing that was looked at. ``level`` is ok, note, warn or fault; ``do`` is the next step, "" for none."""

    level: str
    what: str
    do: str = ""


class Facts(Record):
    """What the doctor was told beside the snapshot. Sentences where something is wrong, "" where all is well.

    ``controllers`` are warnings about units; ``silent`` says which controllers do not answer at all.
    """

    config_path: str | None
    driver: str | None
    workloads: int
    controllers: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    disks: str = ""
    journal: str = ""
    shared: bool = True
    state: str = ""


def findings(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    """Everything, most basic first."""
    yield from _nvml(snapshot, facts)
    yield from _gpus(snapshot)
    yield from _config(facts)
    yield from _holders(snapshot)
    yield from _meters(snapshot)
    yield from _quotes(snapshot)
    yield from _controllers(facts)
    for banner in snapshot.banners:
        if banner != ALONE and banner not in facts.silent:  # told elsewhere, with what to do about it
            yield Finding(level=WARN, what=banner)
    yield from _state(facts)


def _nvml(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    if snapshot.host_state is HostState.OK:
        driver = f"driver {facts.driver}, " if facts.driver else ""
        yield Finding(level=OK, what=f"NVML answers: {driver}{len(snapshot.rows)} GPUs")
    else:
        yield Finding(level=FAULT, what=snapshot.reason, do="changeover demo shows the console on a simulated farm")


def _gpus(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.rows:
        reading = row.reading
        name = f"GPU {reading.slot} ({reading.name}, {reading.pci})"
        if reading.state is GpuState.GONE:
            yield Finding(
                level=FAULT, what=f"{name}: {reading.reason}", do=f"changeover forget {reading.slot} if it was removed"
            )
        elif reading.state is not GpuState.OK:
            yield Finding(level=FAULT, what=f"{name}: {reading.reason}")
        elif reading.throttle:
            yield Finding(level=WARN, what=f"{name} is held back by {', '.join(reading.throttle)}")
        if reading.remap_failed:
            yield Finding(level=FAULT, what=f"{name}: a row could not be remapped", do="replace the card")
        elif reading.remap_pending:
            yield Finding(level=WARN, what=f"{name}: a remapped row waits for a reset", do="reset it when it is idle")
        if row.stuck:
            yield Finding(level=FAULT, what=f"{name}: {row.stuck}", do=f"changeover settle {reading.slot}")


def _config(facts: Facts) -> Iterator[Finding]:
    if facts.config_path is None:
        yield Finding(
            level=NOTE,
            what="no config: GPUs are shown, money and flips are not",
            do="write /etc/changeover/config.toml; the README has one to begin with",
        )
    elif not facts.workloads:
        yield Finding(level=NOTE, what=f"{facts.config_path} names no workload", do="add [workloads.NAME] to it")
    else:
        yield Finding(level=OK, what=f"{facts.config_path}: {facts.workloads} workloads")


def _holders(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.rows:
        held = row.occupancy
        if row.reading.state is not GpuState.OK:
            continue
        if held.holder is Holder.FOREIGN:
            yield Finding(
                level=NOTE,
                what=f"GPU {row.reading.slot} is held by {held.who}, which no workload accounts for: never touched",
                do="if it is yours, give it a unit and a [workloads.NAME]; a system service goes to site.background",
            )
        elif held.holder is Holder.UNKNOWN:
            yield Finding(level=NOTE, what=f"GPU {row.reading.slot}: {held.who}; never touched while that is so")


def _meters(snapshot: Snapshot) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in snapshot.rows:
        instance, output = row.occupancy.instance, row.output
        if instance is None or output is None or instance.unit in seen:
            continue
        seen.add(instance.unit)
        if output.reason and instance.state is not WorkState.RUNNING:
            yield Finding(level=WARN, what=f"{instance.workload} ({instance.unit}): {output.reason}")


def _quotes(snapshot: Snapshot) -> Iterator[Finding]:
    stale = [quote for quote in snapshot.quotes if quote.stale(snapshot.at)]
    for quote in stale:
        where = "set a new value in the config" if quote.source == "config" else "look at its feed"
        yield Finding(level=WARN, what=f"the quote {quote.name} from {quote.source} is stale", do=where)
    lacking = {
        lack for row in snapshot.rows for option in row.money.options if option.eligible for lack in option.missing
    }
    for lack in sorted(lacking):
        yield Finding(level=NOTE, what=f"the money lacks {lack}")


def _controllers(facts: Facts) -> Iterator[Finding]:
    for sentence in facts.silent:
        yield Finding(level=FAULT, what=sentence, do="see that it runs, and that its socket is the one in the config")
    for sentence in facts.controllers:
        yield Finding(level=WARN, what=sentence)


def _state(facts: Facts) -> Iterator[Finding]:
    if facts.disks:
        yield Finding(level=FAULT, what=f"no flip can begin: {facts.disks}")
    if facts.journal:
        yield Finding(level=FAULT, what=facts.journal)
    if not facts.shared:
        yield Finding(
            level=WARN,
            what=f"state is kept in {facts.state}: flips are coordinated for this user alone",
            do="packaging/README.md has the lines that make the shared directories and the group gpu-operators",
        )
