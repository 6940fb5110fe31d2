"""From what a config says of workloads to the instances that this host can run: which unit on which GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from console import units
from console.config.addresses import url_fault, without_secrets
from console.config.settings import Settings
from console.config.templates import expanded, has_place
from console.config.workload_settings import MeterSettings, WorkloadSettings
from console.model import Kind, Record, Uuid
from console.pci import normal_pci

_UNIT_SUFFIXES = (".service", ".scope", ".target", ".slice")


class Placed(Record):
    """One instance that could run here. ``uuids`` stand in the order of the config.

    ``bus`` is the systemd manager that owns ``unit`` (``system`` or ``user``), ``""`` for other controllers.
    """

    workload: str
    kind: Kind
    controller: str
    unit: str
    uuids: tuple[Uuid, ...]
    settings: WorkloadSettings
    meter_url: str = ""
    drain: tuple[str, ...] = ()
    undrain: tuple[str, ...] = ()
    let: bool = False  # its controller offers the GPUs on a rental market
    bus: str = ""

    def meter(self) -> MeterSettings | None:
        """The meter's settings with this instance's own address; None where it has no meter."""
        own = self.settings.meter
        if own is None or not self.meter_url:
            return None
        return msgspec.structs.replace(own, url=self.meter_url)


class Card(NamedTuple):
    """A row of the roster: one GPU's slot, UUID and PCI address."""

    slot: int
    uuid: Uuid
    pci: str


def place(settings: Settings, rows: Sequence[tuple[int, Uuid, str]]) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
    """Every instance of every workload that has a unit, and sentences on what could not be placed.

    ``rows`` is the roster as (slot, uuid, pci). A GPU that the config names and the roster lacks takes its whole group
    with it; what is placed never shares a unit with another instance.
    """
    cards = sorted((Card(*row) for row in rows), key=lambda card: card.slot)
    placed: list[Placed] = []
    warnings: list[str] = []
    taken: dict[tuple[str, str], str] = {}
    for name, workload in settings.workloads.items():
        if not workload.unit:
            continue
        for one in _instances(name, workload, settings, cards, warnings):
            other = taken.setdefault((one.controller, one.unit), name)
            if any((one.controller, one.unit) == (known.controller, known.unit) for known in placed):
                warnings.append(f"workloads.{name}: {one.unit} is {other}'s already, so this instance is left out")
            else:
                placed.append(one)
    return tuple(placed), tuple(warnings)


def _instances(
    name: str, workload: WorkloadSettings, settings: Settings, cards: Sequence[Card], warnings: list[str]
) -> Iterator[Placed]:
    groups = list(_groups(name, workload, cards, warnings))
    if len(groups) > 1 and not has_place(workload.unit):
        warnings.append(
            f"workloads.{name}: unit {workload.unit} has no {{slot}} and would run {len(groups)} times; "
            f"write span = {len(groups) * workload.span} if one instance holds all these GPUs"
        )
        return
    unmetered: dict[int, str] = {}
    metered = workload.meter.kind if workload.meter else ""
    for group in groups:
        url = expanded(workload.meter.url, *group[0]) if workload.meter else ""
        if url and url_fault(url, metered):
            unmetered[group[0].slot], url = url, ""
        kind = settings.controllers[workload.controller].kind or workload.controller
        unit = _unit(expanded(workload.unit, *group[0]), kind)
        yield Placed(
            workload=name,
            kind=workload.kind,
            controller=workload.controller,
            unit=unit,
            uuids=tuple(card.uuid for card in group),
            settings=workload,
            meter_url=url,
            drain=_words(workload.drain, group[0], unit),
            undrain=_words(workload.undrain, group[0], unit),
            let=kind == "rental",
            bus=settings.controllers[workload.controller].bus if kind == "systemd" else "",
        )
    if unmetered:
        warnings.append(f"workloads.{name}: {_no_address(unmetered, metered)}")


def _words(words: tuple[str, ...], card: Card, unit: str) -> tuple[str, ...]:
    """An argument list with this instance's own places in it."""
    return tuple(expanded(word, *card).replace("{unit}", unit) for word in words)


def _no_address(urls: Mapping[int, str], kind: str) -> str:
    """One sentence for all instances whose meter has no address, with the first of those."""
    first = next(iter(urls.values()))
    more = " and so on" if len(urls) > 1 else ""
    fault = url_fault(first, kind)
    return (
        f"no meter for {units.gpus(urls)}: its address would be {without_secrets(first)}{more}, {fault}; "
        "write {slot+18080} for a port that is the sum"
    )


def _groups(
    name: str, workload: WorkloadSettings, cards: Sequence[Card], warnings: list[str]
) -> Iterator[tuple[Card, ...]]:
    """The GPUs of each instance, ``span`` at a time; a group with an absent, doubtful or doubled GPU is told of."""
    wanted: Sequence[int | str] = workload.gpus or tuple(card.slot for card in cards)
    used: set[Uuid] = set()
    absent: list[str] = []
    for first in range(0, len(wanted), workload.span):
        names = wanted[first : first + workload.span]
        found = [_find(gpu, cards) for gpu in names]
        lacking = [str(gpu) for gpu, card in zip(names, found, strict=True) if card is None]
        group = tuple(card for card in found if card is not None)
        if lacking:
            absent += lacking
        elif len(group) < workload.span:
            warnings.append(f"workloads.{name}: {len(group)} GPUs are left over, too few for span {workload.span}")
        elif used & {card.uuid for card in group} or len({card.uuid for card in group}) < len(group):
            warnings.append(f"workloads.{name}: GPU {', '.join(str(gpu) for gpu in names)} is named twice")
        else:
            used |= {card.uuid for card in group}
            yield group
    if absent:
        are = "is" if len(absent) == 1 else "are"
        warnings.append(f"workloads.{name}: GPU {', '.join(absent)} {are} not on this host (or not one GPU only)")


def _find(gpu: int | str, cards: Sequence[Card]) -> Card | None:
    """The one card that a slot, a UUID or its beginning, or a PCI address names; None for none or several."""
    if isinstance(gpu, int):
        found = [card for card in cards if card.slot == gpu]
    elif gpu.startswith("GPU-"):
        found = [card for card in cards if card.uuid.lower().startswith(gpu.lower())]
    else:
        found = [card for card in cards if normal_pci(card.pci) == normal_pci(gpu)]
    return found[0] if len(found) == 1 else None


def _unit(unit: str, kind: str) -> str:
    """A systemd unit's full name, as ``systemctl`` would complete it; other controllers' names as they are."""
    return unit if kind != "systemd" or unit.endswith(_UNIT_SUFFIXES) else f"{unit}.service"
