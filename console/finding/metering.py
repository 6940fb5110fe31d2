"""How the output of each unit is read: what its own processes listen on first, then the usual ports of this host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from console.finding import sockets
from console.finding.found import Answer, Heard, Instance
from console.finding.holders import Held
from console.finding.miners import USUAL, asked, matching, taken
from console.finding.sockets import Address
from console.model import Reading

_MOST_PORTS = 8
"""Of one unit's processes; a server that listens on more is asked at the first of these."""


def metered(
    held: Sequence[Held], readings: Sequence[Reading], listening: Mapping[int, Address]
) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """``held`` with their meters, and sentences on what answers and could not be told whose it is."""
    started = sockets.children()
    own = {one: sockets.of(sockets.below((*one.pids, *one.roots), started), listening)[:_MOST_PORTS] for one in held}
    owned = {address for addresses in own.values() for address in addresses}
    first = asked(owned)
    found = [_by_own(one, own[one], first) for one in held]
    open_still = [one for one, before in zip(found, held, strict=True) if not own[before]]
    if not open_still:
        return tuple(found), ()
    usual = _usual({slot for one in open_still for slot in one.slots}, listening)
    pcis = {reading.pci: reading.slot for reading in readings}
    return _by_usual(found, open_still, asked(usual - owned), pcis)


def _by_own(one: Held, addresses: Sequence[Address], said: Mapping[Address, Answer]) -> Instance:
    names = " ".join((one.unit, *one.who))
    heard = [(address, best) for address in addresses if (best := taken(said[address], names)) is not None]
    heard.sort(key=lambda pair: pair[1].weak)
    notes = []
    if heard:
        address, best = heard[0]
        notes += _doubts(best, said[address])
        if sockets.passing(address.port):
            notes.append("its port lies where the kernel picks ports itself: if it was not chosen, fix it by a flag")
        if others := [other.url for _, other in heard[1:]]:
            notes.append(f"it also answers at {', '.join(others)}")
    elif wanting := [address.url() for address in addresses if said[address].wants_token]:
        notes.append(f'{wanting[0]} wants a token: meter = {{ kind = "…", url = "{wanting[0]}", token_file = "/…" }}')
    elif loading := [address.url() for address in addresses if said[address].heard]:
        notes.append(f"{loading[0]} answers as a server would that is still loading: run init again once it serves")
    elif addresses:
        at = ", ".join(address.url() for address in addresses)
        notes.append(f"it listens at {at}, and no kind of meter understands what answers there")
    else:
        notes.append("no address was found at which it tells what it produces: turn its API on")
    return Instance(
        controller=one.controller,
        unit=one.unit,
        slots=one.slots,
        who=one.who,
        meter=heard[0][1] if heard else None,
        autostart=one.autostart,
        notes=tuple(notes),
        unsure=one.unsure,
    )


def _doubts(best: Heard, answer: Answer) -> list[str]:
    """What a person should check of the kind that was taken."""
    others = [one.kind for one in answer.heard if one.kind != best.kind and not one.weak]
    notes = []
    if others:
        notes.append(f"what answers may also be {' or '.join(others)}; {best.kind} comes first and was taken")
    if best.weak:
        notes.append(f"it was still loading, so that it is {best.kind} is a guess")
    return notes


def _usual(slots: set[int], listening: Mapping[int, Address]) -> set[Address]:
    """The usual ports, and those a slot further on, on which somebody listens."""
    wanted = {port + further for port in USUAL for further in {0, *slots}}
    return {address for address in listening.values() if address.port in wanted and address.host == "127.0.0.1"}


def _by_usual(
    found: Sequence[Instance], lacking: Sequence[Instance], said: Mapping[Address, Answer], pcis: Mapping[str, int]
) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """Give each answer to the unit on whose cards it says that it runs, or to the only one that could mean it."""
    answers = {best.url: (best, answer) for answer in said.values() if (best := taken(answer))}
    given: dict[tuple[str, str], tuple[Heard, list[str]]] = {}
    for one in lacking:
        for url, (best, answer) in answers.items():
            slots = matching(best, pcis)
            if slots and {*slots} <= {*one.slots}:
                given[one.controller, one.unit] = best, _doubts(best, answer)
                del answers[url]
                break
    left = [one for one in lacking if (one.controller, one.unit) not in given]
    if len(left) == 1 and len(answers) == 1:
        [(best, answer)] = answers.values()
        if not best.pcis:
            only = "the only API at a usual port and the only unit without one: check that they belong together"
            given[left[0].controller, left[0].unit] = best, [*_doubts(best, answer), only]
            answers = {}
    untold = "and it could not be told whose it is"
    stray = [f"{best.kind} answers at {url}, {untold}" for url, (best, _) in answers.items()]
    return tuple(_with(one, given.get((one.controller, one.unit))) for one in found), tuple(stray)


def _with(one: Instance, given: tuple[Heard, list[str]] | None) -> Instance:
    if given is None:
        return one
    return msgspec.structs.replace(one, meter=given[0], notes=tuple(given[1]))
