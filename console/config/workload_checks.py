"""What the types cannot say of workloads and their controllers: what they refer to, and that no two are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.config.addresses import url_fault, without_secrets
from console.config.errors import Problem, Where, nearest, shown
from console.config.kinds import CONTROLLERS, METERS, kinds_in
from console.config.settings import Settings
from console.config.templates import EXPECTED, at_slot, expanded, has_place, wrong_place
from console.config.workload_settings import MeterSettings, WorkloadSettings
from console.model import Kind
from console.pci import normal_pci

RESERVED = frozenset({"off", "mine", "ai", "best", "undo", "all"})
"""Words of the command line that no workload may be named."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")
_SYSTEMD_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,200}")
_FULL_CONTROL = frozenset({"supervisor", "docker"})


def workload_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in ``[controllers]`` and ``[workloads]``."""
    yield from _controllers(settings)
    units: dict[tuple[str, str], str] = {}
    for name, workload in settings.workloads.items():
        where = ("workloads", name)
        yield from _name(name, where)
        yield from _gpus(workload, where)
        yield from _controlled(settings, workload, where)
        yield from _business(settings, workload, where)
        if workload.meter is not None:
            yield from _meter(workload.meter, (*where, "meter"))
        if workload.unit and units.setdefault((workload.controller, workload.unit), name) != name:
            other = units[workload.controller, workload.unit]
            yield Problem((*where, "unit"), f"is {shown(workload.unit)}, which {other} has already")


def _controllers(settings: Settings) -> Iterator[Problem]:
    known = kinds_in(CONTROLLERS)
    for name, controller in settings.controllers.items():
        kind, where = controller.kind or name, ("controllers", name)
        if kind not in known:
            said = "kind is" if controller.kind else "stands for the kind"
            yield Problem(where, f"{said} {shown(kind)}, which is no kind of controller{nearest(kind, known)}")
        if kind in _FULL_CONTROL and not controller.acknowledged:
            text = (
                "lacks acknowledged = true: whoever can open its socket has full control of all that it runs; "
                "write it once you have seen to who that is"
            )
            yield Problem(where, text)
        if controller.socket is not None and not controller.socket.startswith("/"):
            yield Problem((*where, "socket"), f"is {shown(controller.socket)}, expected an absolute path")


def _name(name: str, where: Where) -> Iterator[Problem]:
    if name.lower() in RESERVED:
        yield Problem(where, f"may not be named {name}, which is a word of the command line")
    elif not _NAME.fullmatch(name):
        yield Problem(where, "is no name for a workload, expected up to 40 of the characters A-Z a-z 0-9 . _ + -")


def _gpus(workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, gpu in enumerate(workload.gpus):
        known = _identity(gpu)
        if known is None:
            text = f'is {shown(gpu)}, expected a slot such as 3, a UUID "GPU-…" or a PCI address "41:00.0"'
            yield Problem((*where, "gpus", position), text)
        elif known in seen:
            yield Problem((*where, "gpus", position), f"names {shown(gpu)} a second time")
        seen.add(known or "")
    if len(workload.gpus) % max(workload.span, 1):
        text = f"is {workload.span}, which does not divide the {len(workload.gpus)} GPUs of this workload"
        yield Problem((*where, "span"), text)


def _identity(gpu: int | str) -> str | None:
    """One spelling per way of naming a GPU, or None for what names none."""
    if isinstance(gpu, int):
        return str(gpu) if gpu >= 0 else None
    if gpu.startswith("GPU-") and len(gpu) > 7:
        return gpu.lower()
    try:
        return normal_pci(gpu)
    except ValueError:
        return None


def _controlled(settings: Settings, workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    if workload.kind is Kind.OFF:
        if workload.unit or workload.controller:
            yield Problem(where, "is of kind off, which starts nothing: leave out controller and unit")
        return
    if workload.controller and workload.controller not in settings.controllers:
        known = nearest(workload.controller, settings.controllers)
        text = f"is {shown(workload.controller)}, but there is no [controllers.{workload.controller}]{known}"
        yield Problem((*where, "controller"), text)
    if bool(workload.controller) != bool(workload.unit):
        has, lacks = ("controller", "unit") if workload.controller else ("unit", "controller")
        yield Problem(where, f"has a {has} but no {lacks}")
    if not workload.unit:
        return
    yield from _template(workload.unit, (*where, "unit"))
    yield from _unit_name(settings, workload, (*where, "unit"))
    groups = len(workload.gpus) // max(workload.span, 1)
    if groups > 1 and not has_place(workload.unit):
        text = f"is {shown(workload.unit)} for {groups} instances, expected {{slot}} in it (or span = all of its GPUs)"
        yield Problem((*where, "unit"), text)


def _unit_name(settings: Settings, workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    """One wrong name would make systemd refuse the question about all of them."""
    controller = settings.controllers.get(workload.controller)
    if controller is None or (controller.kind or workload.controller) != "systemd":
        return
    if not _SYSTEMD_NAME.fullmatch(expanded(workload.unit, 0, "0", "0")):
        yield Problem(where, f'is {shown(workload.unit)}, expected a unit such as "miner@{{slot}}.service"')


def _template(text: str, where: Where) -> Iterator[Problem]:
    if wrong := wrong_place(text):
        yield Problem(where, f"has {shown(wrong)} in it, {EXPECTED}")


def _business(settings: Settings, workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    if workload.coin is not None:
        if workload.kind is not Kind.MINE:
            yield Problem((*where, "coin"), f"belongs to kind mine, and this workload is of kind {workload.kind}")
        elif workload.coin not in settings.coins:
            known = nearest(workload.coin, settings.coins)
            text = f"is {shown(workload.coin)}, but there is no [coins.{workload.coin}]{known}"
            yield Problem((*where, "coin"), text)
    if workload.revenue is not None and workload.kind is not Kind.AI:
        yield Problem((*where, "revenue"), f"belongs to kind ai, and this workload is of kind {workload.kind}")


def _meter(meter: MeterSettings, where: Where) -> Iterator[Problem]:
    known = kinds_in(METERS)
    if meter.kind not in known:
        text = f"is {shown(meter.kind)}, which is no kind of meter{nearest(meter.kind, known)}"
        yield Problem((*where, "kind"), text)
    yield from _template(meter.url, (*where, "url"))
    fault = url_fault(at_slot(meter.url, 0), meter.kind)
    if fault:
        yield Problem((*where, "url"), f"is {shown(without_secrets(meter.url))}, {fault}")
    if meter.token_file is not None and not meter.token_file.startswith("/"):
        yield Problem((*where, "token_file"), f"is {shown(meter.token_file)}, expected an absolute path")
