"""Units that look alike become one workload: ``miner-0`` and ``miner-1`` are ``miner-{slot}``.

A template is only taken where it gives back exactly what was found: it is expanded again, by what the console itself
expands it with, and compared.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from console.config.settings import Settings
from console.config.templates import wrong_place
from console.config.workload_checks import RESERVED
from console.config.workload_settings import ControllerSettings, MeterSettings, WorkloadSettings
from console.finding.found import Card, Control, Instance
from console.model import Kind, Record
from console.workloads.expand import place

_NUMBER = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]{0,4})(?![0-9])")
_PORT = re.compile(r"(.*:)([0-9]{1,5})")
_MINES = re.compile(
    r"mine|rig|xmr|lol|srb|trex|t-rex|gminer|teamred|ethash|ergo|kaspa|hash|wildrig|bz|nbm|onezero", re.IGNORECASE
)
_SERVES = re.compile(r"ai|llm|sglang|llama|triton|infer|serv|model|tgi|comfy|diffusion|qwen|mistral", re.IGNORECASE)


class Workload(Record):
    """One table of ``[workloads]``. ``guess`` says in words what its kind was guessed from, "" where a meter told."""

    name: str
    kind: Kind
    controller: str
    unit: str
    gpus: tuple[int, ...]
    span: int
    meter_kind: str = ""
    meter_url: str = ""
    algorithms: tuple[str, ...] = ()
    guess: str = ""
    notes: tuple[str, ...] = ()

    def settings(self) -> WorkloadSettings:
        """As the config will have it."""
        meter = MeterSettings(kind=self.meter_kind, url=self.meter_url) if self.meter_kind else None
        return WorkloadSettings(
            kind=self.kind,
            gpus=self.gpus,
            span=self.span,
            controller=self.controller,
            unit=self.unit,
            meter=meter,
        )


class _Shape(NamedTuple):
    """What units that could be one workload have in common: the name around a number, what it is more than the slot."""

    controller: str
    before: str
    after: str
    more: int
    span: int

    def unit(self) -> str:
        return f"{self.before}{_slot(self.more)}{self.after}"


def workloads(
    instances: Sequence[Instance], cards: Sequence[Card], controls: Sequence[Control]
) -> tuple[Workload, ...]:
    """The workloads of a config for these instances: as few as say exactly what was found, with names of their own."""
    found: list[Workload] = []
    left = list(instances)
    while group := _largest(left, cards, controls, {(one.controller, one.unit) for one in found}):
        members, workload = group
        found.append(workload)
        left = [one for one in left if one not in members]
    found += [_single(one) for one in left]
    return tuple(_named(sorted(found, key=lambda one: (one.gpus, one.unit))))


def _largest(
    left: Sequence[Instance], cards: Sequence[Card], controls: Sequence[Control], taken: Container[tuple[str, str]]
) -> tuple[list[Instance], Workload] | None:
    """The most instances that one template says, two at least; of several templates the one with a plain ``{slot}``.

    ``taken`` are templates of workloads before this, by controller: of each there may be only one.
    """
    shapes: dict[_Shape, list[Instance]] = {}
    for one in left:
        for shape in _shapes(one):
            shapes.setdefault(shape, []).append(one)
    ranked = sorted(shapes.items(), key=lambda pair: (-len(pair[1]), pair[0].more, pair[0]))
    for shape, members in ranked:
        if len(members) < 2:
            break
        if (shape.controller, shape.unit()) in taken:
            continue
        members.sort(key=lambda one: one.slots)
        workload = _together(shape, members)
        if workload is not None and _gives_back(workload, members, cards, controls):
            return members, workload
    return None


def _shapes(one: Instance) -> Iterator[_Shape]:
    for number in _NUMBER.finditer(one.unit):
        more = int(number[0]) - one.slots[0]
        if more >= 0:
            yield _Shape(one.controller, one.unit[: number.start()], one.unit[number.end() :], more, len(one.slots))


def _together(shape: _Shape, members: Sequence[Instance]) -> Workload | None:
    """One workload for them, or None where they do different things or their addresses follow no one rule."""
    meters = {(one.meter.kind, _address(one.meter.url, one.slots[0]), one.meter.unit) for one in members if one.meter}
    if len(meters) > 1 or any(not url for _, url, _ in meters):
        return None
    kind, guess = _kind(members)
    meter_kind, url, _ = meters.pop() if meters else ("", "", "")
    return Workload(
        name=_stem(shape.unit()),
        kind=kind,
        controller=shape.controller,
        unit=shape.unit(),
        gpus=tuple(slot for one in members for slot in one.slots),
        span=shape.span,
        meter_kind=meter_kind,
        meter_url=url,
        algorithms=_algorithms(members),
        guess=guess,
        notes=tuple(_notes(members)),
    )


def _single(one: Instance) -> Workload:
    kind, guess = _kind([one])
    return Workload(
        name=_stem(one.unit),
        kind=kind,
        controller=one.controller,
        unit=one.unit,
        gpus=one.slots,
        span=len(one.slots),
        meter_kind=one.meter.kind if one.meter else "",
        meter_url=one.meter.url if one.meter else "",
        algorithms=_algorithms([one]),
        guess=guess,
        notes=one.notes,
    )


def _gives_back(
    workload: Workload, members: Sequence[Instance], cards: Sequence[Card], controls: Sequence[Control]
) -> bool:
    """True where the console would make of this workload the very instances that were found, at the same addresses."""
    if wrong_place(workload.unit) or wrong_place(workload.meter_url):
        return False
    settings = Settings(
        workloads={workload.name: workload.settings()},
        controllers={one.name: ControllerSettings(kind=one.kind) for one in controls},
    )
    if workload.controller not in settings.controllers:
        return False
    placed, _ = place(settings, [(card.slot, card.uuid, card.pci) for card in cards])
    uuids = {card.slot: card.uuid for card in cards}
    made = {one.unit: (one.uuids, one.meter_url) for one in placed}
    return made.keys() == {one.unit for one in members} and all(
        made[one.unit][0] == tuple(uuids[slot] for slot in one.slots)
        and (one.meter is None or made[one.unit][1] == one.meter.url)
        for one in members
    )


def _address(url: str, slot: int) -> str:
    """An address with a sum of the slot for its port; "" where the port is below the slot."""
    found = _PORT.fullmatch(url)
    more = int(found[2]) - slot if found else -1
    return f"{found[1]}{_slot(more)}" if found and more >= 0 else ""


def _slot(more: int) -> str:
    return f"{{slot+{more}}}" if more else "{slot}"


def _kind(members: Iterable[Instance]) -> tuple[Kind, str]:
    """By what a meter says, else by names, which is a guess, in words."""
    heard = [one.meter.unit for one in members if one.meter]
    if heard:
        return (Kind.MINE if heard[0] == "H/s" else Kind.AI), ""
    names = " ".join(name for one in members for name in (one.unit, *one.who))
    if _MINES.search(names):
        return Kind.MINE, "kind is a guess, made from the names of unit and process"
    if _SERVES.search(names):
        return Kind.AI, "kind is a guess, made from the names of unit and process"
    return Kind.AI, "nothing tells what it does: ai is assumed, which is stopped with more care; write mine if it mines"


def _algorithms(members: Iterable[Instance]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.meter.algorithm for one in members if one.meter and one.meter.algorithm))


def _notes(members: Sequence[Instance]) -> Iterator[str]:
    """What is to be said of all once, and of some by their names."""
    said: dict[str, list[str]] = {}
    for one in members:
        for note in one.notes:
            said.setdefault(note, []).append(one.unit)
    for note, units in said.items():
        yield note if len(units) == len(members) else f"{', '.join(units)}: {note}"


def _stem(unit: str) -> str:
    """What a unit is called without numbers, template and suffix, in the characters that a workload's name may have."""
    bare = re.sub(r"\{slot(?:\+[0-9]+)?\}", "", unit.removesuffix(".service"))
    bare = bare.rpartition(":")[0] or bare
    return re.sub(r"[^A-Za-z0-9]+", "-", bare).strip("-")[:30].strip("-")


def _named(found: Iterable[Workload]) -> Iterator[Workload]:
    """The same with names that no other has and the command line does not use."""
    import msgspec

    taken = set(RESERVED)
    for one in found:
        base = one.name
        if base.lower() in taken or not base:
            base = next(name for name in (one.meter_kind, f"{base or one.kind}-jobs") if name)
        name = next(n for n in (base, *(f"{base}-{count}" for count in range(2, 10_000))) if n.lower() not in taken)
        taken.add(name.lower())
        yield msgspec.structs.replace(one, name=name)
