"""The config as text: what was found as keys, what is open as comments that say what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from console import units
from console.finding import containers
from console.finding.found import Card, Control, Instance, Survey, Unit
from console.finding.grouping import Workload, workloads
from console.finding.overhead import PSU_EFFICIENCY, Overhead
from console.finding.toml import comment, commented, number, string
from console.model import Kind, Record

_UUID = re.compile(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KNOWN = {
    "supervisor": "whoever can open supervisord's socket has full control of all that it runs",
    "docker": "whoever can open docker's socket is root on this host",
}
_SEES = (
    "This is what makes containers seen that were given a GPU and do not compute right now, such as those of people "
    "who rent: without it their GPU looks free, and a flip would start something beside them."
)
_MOST_IDLE = 40


class Answers(Record):
    """What only a person knows, None where he did not say; ``acknowledged`` are names of controllers, ``own`` those of
    containers without a label that are workloads all the same."""

    currency: str | None = None
    price_per_kwh: float | None = None
    overhead: Overhead | None = None
    acknowledged: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


def written(found: Survey, answers: Answers, day: str, timezone: str = "") -> str:
    """A whole site config. ``day`` is when, ISO 8601; ``timezone`` an IANA name, "" where the host does not tell."""
    ours = [one for one in found.instances if not one.unsure or one.unit in answers.own]
    groups = workloads(ours, found.cards, found.controls)
    parts = (
        _head(found, day),
        _site(found, answers, timezone),
        _power(answers),
        *(_controller(one, answers) for one in found.controls),
        *(_workload(one, found, answers) for one in groups),
        _aside(found, answers, bool(groups)),
        _gpus(found.cards),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := tuple(part))) + "\n"


def _head(found: Survey, day: str) -> Iterator[str]:
    yield from comment(f"The site config of {found.host}, written by changeover init on {day} from what ran then.")
    yield from comment(
        "A line behind # does not count: fill it in and take the # away. changeover doctor tells what is missing still."
    )


def _site(found: Survey, answers: Answers, timezone: str) -> Iterator[str]:
    yield "[site]"
    if found.host:
        yield f"name = {string(found.host)}"
    yield (
        f"currency = {string(answers.currency)}"
        if answers.currency
        else '# currency = "USD"  # what all figures are in'
    )
    yield f"timezone = {string(timezone)}" if timezone else '# timezone = "Europe/Berlin"  # when a day begins'
    solved = answers.overhead
    if solved is None:
        yield "# host_overhead_w = 80    # what the host draws beside its GPUs: init --wall-w solves it"
        yield f"# psu_efficiency = {PSU_EFFICIENCY}  # of the power supply; until it is set, none is lost"
        return
    yield from comment(f"Solved from {solved.wall_w:g} W at the wall while the GPUs drew {solved.drawn_w:.0f} W:")
    yield f"host_overhead_w = {number(round(solved.host_overhead_w, 1))}"
    if solved.psu_efficiency == PSU_EFFICIENCY:
        yield f"psu_efficiency = {PSU_EFFICIENCY}  # assumed: no reading tells the supply's loss from the host's draw"
    else:
        yield f"psu_efficiency = {round(solved.psu_efficiency, 4)}  # so that the GPUs alone explain the reading"


def _power(answers: Answers) -> Iterator[str]:
    yield "[power]"
    if answers.price_per_kwh is None:
        yield "# price_per_kwh = 0.10  # until it or a tariff of components is set, net figures stay unknown"
    else:
        yield f"price_per_kwh = {number(answers.price_per_kwh)}"


def _controller(one: Control, answers: Answers) -> Iterator[str]:
    known = not one.full_control or one.name in answers.acknowledged
    if not known:
        yield from comment(
            f"Not acknowledged, so {one.name} and its workloads stand behind #: {_KNOWN[one.kind]}. See to who that is "
            "(ls -l shows it), then take the # away, or run changeover init --acknowledge."
        )
    if one.name == containers.NAME:
        yield from comment(_SEES)
    lines = _controller_keys(one)
    yield from lines if known else commented(lines)


def _controller_keys(one: Control) -> Iterator[str]:
    yield f"[controllers.{one.name}]"
    if one.kind != one.name:
        yield f"kind = {string(one.kind)}"
    if one.socket:
        yield f"socket = {string(one.socket)}"
    if one.bus == "user":
        yield 'bus = "user"'
    if one.full_control:
        yield f"acknowledged = true  # {_KNOWN[one.kind]}"


def _workload(one: Workload, found: Survey, answers: Answers) -> Iterator[str]:
    control = next(control for control in found.controls if control.name == one.controller)
    lines = (*_workload_keys(one), *_open(one))
    yield from commented(lines) if control.full_control and control.name not in answers.acknowledged else lines


def _workload_keys(one: Workload) -> Iterator[str]:
    for note in (one.guess, *one.notes):
        yield from comment(note)
    yield f"[workloads.{_key(one.name)}]"
    yield f"kind = {string(one.kind.value)}"
    yield f"gpus = [{', '.join(str(slot) for slot in one.gpus)}]"
    if one.span > 1:
        yield f"span = {one.span}  # one instance holds as many, and moves with all of them"
    yield f"controller = {string(one.controller)}"
    yield f"unit = {string(one.unit)}"
    if one.meter_kind:
        yield f"meter = {{ kind = {string(one.meter_kind)}, url = {string(one.meter_url)} }}"


def _open(one: Workload) -> Iterator[str]:
    """What its money lacks, as comments."""
    if one.kind is Kind.AI:
        yield from comment(
            "What it earns stays unknown until it is said how it is paid: tokens, contract or marketplace."
        )
        yield '# revenue = { form = "tokens", price_in_per_mtok = 0.05, price_out_per_mtok = 0.4, billed_share = 1.0 }'
        return
    algorithms = " and ".join(one.algorithms)
    mines = f"It mines {algorithms}. " if algorithms else ""
    yield from comment(f"{mines}What it earns stays unknown until its coin is named and has a price and a difficulty.")
    yield '# coin = "NAME"'
    yield "# pool_fee = 0.01"
    yield "#"
    yield "# [coins.NAME]"
    yield from comment(f"algorithm = {string(one.algorithms[0] if one.algorithms else '…')}")
    yield "# reward = 1.0         # coins per block; price, difficulty and reward may also come from [feeds]"
    yield "# difficulty = 1e12"
    yield "#"
    yield "# [quotes.NAME]"
    yield '# kind = "coin_price"'
    yield "# value = 1.0"
    yield '# unit = "USD/NAME"'


def _aside(found: Survey, answers: Answers, any_workloads: bool) -> Iterator[str]:
    """What is not in the config, and why."""
    seen = any(one.name == containers.NAME for one in found.controls) and containers.NAME in answers.acknowledged
    if not any_workloads:
        yield from comment(
            "Nothing that could be started and stopped held a GPU. Start what these GPUs should do, and changeover "
            "init --dry-run prints the tables to add here; or write [controllers] and [workloads] by hand."
        )
    for card in found.cards:
        if card.trouble:
            yield from comment(f"GPU {card.slot} was left out: {card.trouble}")
    for stranger in found.strangers:
        foreign = _foreign(seen=seen or not stranger.contained)
        yield from comment(f"{units.gpus(stranger.slots)}: {stranger.sentence}; {foreign}.")
    for one in found.instances:
        if one.unsure and one.unit not in answers.own:
            yield from comment(_unsure(one, _foreign(seen=seen)))
    yield from _idle(found.idle)
    for note in found.notes:
        yield from comment(f"{note[:1].upper()}{note[1:]}.")


def _foreign(*, seen: bool) -> str:
    if seen:
        return "to the console it is foreign"
    return (
        "to the console it is foreign while a process of it is on its GPU; while none is, it is not seen until "
        "[controllers.docker] stands in this config"
    )


def _unsure(one: Instance, foreign: str) -> str:
    return (
        f"{units.gpus(one.slots)}: container {one.unit} has no label {containers.LABEL} of its own, so whose it is is "
        f"not known and it is no workload; {foreign}. If it is yours, create it anew with "
        f"--label {containers.LABEL}={one.unit}, or run changeover init --acknowledge."
    )


def _idle(idle: Sequence[Unit]) -> Iterator[str]:
    if not idle:
        return
    yield from comment(
        "These do not run now, so what they do on which GPU could not be seen. Start one where it belongs and run "
        "changeover init again with --dry-run, or write its workload by hand:"
    )
    for unit in idle[:_MOST_IDLE]:
        boots = ", starts by itself" if unit.autostart else ""
        yield from comment(f"  {unit.name} of {unit.controller}{boots}")
    if len(idle) > _MOST_IDLE:
        yield from comment(f"and {len(idle) - _MOST_IDLE} more")


def _gpus(cards: Sequence[Card]) -> Iterator[str]:
    """Slots are fixed, so that every number above means the same card for ever, also for another user's roster."""
    known = [card for card in cards if _UUID.fullmatch(card.uuid) and card.slot <= 9999]
    if known:
        yield from comment("Which card each slot above is. A card that is replaced gets a number of its own.")
    for card in known:
        yield f"[gpus.{string(card.uuid)}]"
        yield f"slot = {card.slot}"
        yield from comment(f"{card.name}, PCI {card.pci}")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else string(name)
