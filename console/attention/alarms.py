"""The rules: what of a snapshot calls an operator, as data. A rule has no memory; the book has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from console import units
from console.flips.guards import RESTART_BUDGET
from console.model import GpuRow, GpuState, HostState, Record, Snapshot, WorkState
from console.text import clean

HARM, WARN = "harm", "warn"
TOO_HOT = frozenset({"hw thermal", "hw slowdown"})
"""NVML's words for a card that has reached the temperature at which its own hardware slows it down."""
LONGEST = 300  # characters of a sentence


class Ended(Record):
    """A flip that ended as none should."""

    flip_id: str
    at: float
    slots: tuple[int, ...]
    text: str


class Facts(NamedTuple):
    """What rules look at. ``silent`` are sentences about controllers that do not answer, by name.

    Until all feeds were asked (``priced``) prices are those of before, and nobody is called for their age.
    """

    snapshot: Snapshot
    failed_starts: Mapping[str, int] = {}
    silent: Mapping[str, str] = {}
    journal: str = ""  # why the journal cannot be read
    ended: tuple[Ended, ...] = ()
    priced: bool = True


class Sign(NamedTuple):
    """One thing that calls now. ``at`` is when it happened, of what happens once; None of what lasts."""

    key: str
    name: str
    severity: str
    sentence: str
    do: str = ""
    slots: tuple[int, ...] = ()
    at: float | None = None


class RowRule(NamedTuple):
    """A rule of one GPU: the sentence about it, without its name, or "" where all is well."""

    name: str
    severity: str
    do: str
    found: Callable[[GpuRow], str]


_DEAD = {
    GpuState.LOST: "see the kernel log for its XID, then reboot or reseat the card",
    GpuState.GONE: "check power and riser; changeover forget retires a card that was taken out",
    GpuState.HUNG: "see the kernel log; a card that does not answer needs a reboot",
    GpuState.RESET_REQUIRED: "stop what runs there, then nvidia-smi --gpu-reset",
}


def _stuck(row: GpuRow) -> str:
    if row.stuck:
        return f"stuck: {row.stuck}"
    instance = row.occupancy.instance
    return f"{instance.workload} is stuck" if instance is not None and instance.state is WorkState.STUCK else ""


def _failing(row: GpuRow) -> str:
    """Within its start time-out the site calls a silent meter warming: what is failing here has had its time."""
    instance = row.occupancy.instance
    if instance is None or instance.state is not WorkState.FAILING or row.flipping is not None:
        return ""
    why = f": {row.output.reason}" if row.output is not None and row.output.reason else ""
    return f"{instance.workload} brings nothing{why}"


def _hot(row: GpuRow) -> str:
    if not row.reading.throttle or TOO_HOT.isdisjoint(row.reading.throttle):
        return ""
    return f"is so hot that it slows itself down: {units.temp(row.reading.temp_c)}"


ROW_RULES: tuple[RowRule, ...] = (
    RowRule("stuck", HARM, "w tells who holds it; changeover settle once it is free", _stuck),
    RowRule("failing", HARM, "see the workload's own log; off or another workload stops the loss", _failing),
    RowRule("hot", WARN, "check fans, dust and the room's air; a lower power limit helps at once", _hot),
)


def standing(facts: Facts) -> Iterator[Sign]:
    """Everything that calls now, each key once."""
    for row in facts.snapshot.rows:
        yield from _of_row(row, facts.failed_starts)
    for rule in RULES:
        yield from rule(facts)


def _of_row(row: GpuRow, failed_starts: Mapping[str, int]) -> Iterator[Sign]:
    reading = row.reading
    if reading.state in _DEAD:
        said = f"GPU {reading.slot} {reading.state.value.replace('_', ' ')}: {reading.reason or 'no reason is known'}"
        name = reading.state.value
        yield _sign(f"{name}:{reading.uuid}", name, HARM, said, _DEAD[reading.state], (reading.slot,))
        return
    for rule in ROW_RULES:
        if found := rule.found(row):
            said = f"GPU {reading.slot} {found}"
            yield _sign(f"{rule.name}:{reading.uuid}", rule.name, rule.severity, said, rule.do, (reading.slot,))
    if failed_starts and failed_starts.get(reading.uuid, 0) >= RESTART_BUDGET:
        said = f"GPU {reading.slot}: {failed_starts[reading.uuid]} starts failed, nothing more is started there"
        do = "see the workload's log; the budget is whole again after 10 minutes"
        yield _sign(f"starts:{reading.uuid}", "starts", HARM, said, do, (reading.slot,))


def _host(facts: Facts) -> Iterator[Sign]:
    """Where there are no GPUs to be told of, and never were, the table's place says what is missing."""
    state = facts.snapshot.host_state
    if state is HostState.HUNG or (state is not HostState.OK and facts.snapshot.rows):
        said = facts.snapshot.reason or "NVML tells nothing of any GPU"
        do = "see the kernel log, then changeover doctor; what stands in the table is the last that was told"
        yield _sign("host", "host", HARM, said, do)


def _ended(facts: Facts) -> Iterator[Sign]:
    for flip in facts.ended:
        said = flip.text if "GPU" in flip.text or not flip.slots else f"{units.gpus(flip.slots)}: {flip.text}"
        yield _sign(f"flip:{flip.flip_id}", "flip", HARM, said, "5 shows its steps", flip.slots, flip.at)


def _silent(facts: Facts) -> Iterator[Sign]:
    for name, sentence in facts.silent.items():
        yield _sign(f"controller:{name}", "controller", WARN, sentence, "changeover doctor says what is wrong")


def _disks(facts: Facts) -> Iterator[Sign]:
    if facts.journal:
        yield _sign("journal", "journal", HARM, facts.journal, "nothing can be flipped before it is mended")


def _power(facts: Facts) -> Iterator[Sign]:
    most, wall = facts.snapshot.power_limit_w, facts.snapshot.totals.wall_w
    if most is not None and wall is not None and wall > most:
        said = f"{wall / 1000:.2f} kW at the wall, over the site's limit of {most / 1000:.2f} kW"
        yield _sign("power", "power", HARM, said, "switch off what earns least, or lower power limits")


def _stale(facts: Facts) -> Iterator[Sign]:
    """Of a few stale prices the header tells; where no row's money is fresh nobody knows what anything earns."""
    old = facts.snapshot.totals.stale_rows if facts.priced else 0
    if old and old == sum(1 for r in facts.snapshot.rows if r.money.net_per_h is not None and not _dead(r)):
        yield _sign("stale", "stale", WARN, "every price is too old to act on", "2 shows which feed does not answer")


def _dead(row: GpuRow) -> bool:
    return row.reading.state is not GpuState.OK


RULES: tuple[Callable[[Facts], Iterable[Sign]], ...] = (_host, _ended, _silent, _disks, _power, _stale)


def _sign(
    key: str,
    name: str,
    severity: str,
    sentence: str,
    do: str,
    slots: tuple[int, ...] = (),
    at: float | None = None,
) -> Sign:
    return Sign(clean(key, 120), name, severity, clean(sentence, LONGEST), do, slots, at)
