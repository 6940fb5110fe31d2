"""Units looked over: what each controller finds wrong with its own, and what two of them would do together at boot."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from console.model import Uuid
from console.workloads.contract import Controller, Fault, TellsBoots
from console.workloads.expand import Placed

Groups = tuple[tuple[str, ...], ...]
"""Units that may share a GPU, together."""
Key = tuple[str, str]
"""Controller and unit."""


class Looked(NamedTuple):
    """One controller's answer. ``boots`` are its units that start with the host, each with what ends that."""

    faults: tuple[Fault, ...] = ()
    boots: Mapping[str, str] = {}


def look_over(controller: Controller, groups: Iterable[tuple[str, ...]]) -> Looked:
    """What one controller finds wrong with its units, group by group. Raises WorkloadError."""
    known = tuple(groups)
    faults = tuple(fault for units in known for fault in controller.check(units))
    return Looked(faults, boots_of(controller, known))


def boots_of(controller: Controller, groups: Iterable[tuple[str, ...]]) -> Mapping[str, str]:
    """The units that start with the host. Raises WorkloadError."""
    units = tuple(dict.fromkeys(unit for group in groups for unit in group))
    return controller.boots(units) if isinstance(controller, TellsBoots) and units else {}


def neighbours(placed: Iterable[Placed]) -> dict[str, Groups]:
    """By controller, its units that may share a GPU: what one does must end what another does."""
    sharing: dict[tuple[str, Uuid], list[str]] = {}
    for one in placed:
        for uuid in one.uuids:
            sharing.setdefault((one.controller, uuid), []).append(one.unit)
    found: dict[str, set[tuple[str, ...]]] = {}
    for (name, _), units in sharing.items():
        found.setdefault(name, set()).add(tuple(units))
    return {name: tuple(sorted(groups)) for name, groups in found.items()}


def together(placed: Iterable[Placed], boots: Mapping[Key, str]) -> Iterator[tuple[tuple[Key, Key], str]]:
    """Two units of two controllers that share a GPU and both start with the host, and the sentence on them.

    Two units of one controller are that controller's to compare.
    """
    booting = [one for one in placed if (one.controller, one.unit) in boots]
    for one, other in itertools.combinations(booting, 2):
        if one.controller == other.controller or not set(one.uuids) & set(other.uuids):
            continue
        keys = (one.controller, one.unit), (other.controller, other.unit)
        names = " and ".join(f"{unit} (controllers.{name})" for name, unit in keys)
        ways = ", or ".join(boots[key] for key in keys)
        yield keys, f"{names} both start at boot, on one GPU: {ways}"


def refusals(placed: Iterable[Placed], looked: Mapping[str, Looked]) -> dict[Key, tuple[str, ...]]:
    """What keeps units out of every plan, by controller and unit; ``looked`` is each controller's answer."""
    found: dict[Key, dict[str, None]] = {}
    for name, answer in looked.items():
        for fault in answer.faults:
            for unit in fault.units if fault.refuses else ():
                found.setdefault((name, unit), {})[fault.sentence] = None
    boots = {(name, unit): way for name, answer in looked.items() for unit, way in answer.boots.items()}
    for keys, sentence in together(placed, boots):
        for key in keys:
            found.setdefault(key, {})[sentence] = None
    return {key: tuple(sentences) for key, sentences in found.items()}
