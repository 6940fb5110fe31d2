"""What the types cannot say of ``meter = {…}``: that a meter by hand is whole, and that no other is given its keys."""

from __future__ import annotations

from collections.abc import Iterator

from console.config.addresses import SCHEMES
from console.config.errors import Problem, Where, nearest, shown
from console.config.kinds import METERS, kinds_in
from console.config.settings import Settings
from console.config.workload_settings import MeterSettings
from console.web.jsonpath import path_parts

UNITS: dict[str, tuple[str, float]] = {
    "H/s": ("H/s", 1.0),
    "kH/s": ("H/s", 1e3),
    "MH/s": ("H/s", 1e6),
    "GH/s": ("H/s", 1e9),
    "TH/s": ("H/s", 1e12),
    "PH/s": ("H/s", 1e15),
    "sol/s": ("H/s", 1.0),  # a solution is what these algorithms count as a hash
    "tok/s": ("tok/s", 1.0),
}
"""Each unit that a figure by hand may be in: the unit it is kept in, and what one of it is there."""

BY_HAND = "json"
_PATHS = ("value", "per_gpu", "gpu_value", "gpu_pci", "accepted", "rejected", "uptime")
_GPU_KEYS = ("per_gpu", "gpu_value", "gpu_pci")
_KEYS = (*_PATHS, "unit", "pci_base")


def meter_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in the meters of ``[workloads]``, beside their kind and address."""
    known = kinds_in(METERS)
    for name, workload in settings.workloads.items():
        if workload.meter is None:
            continue
        where = ("workloads", name, "meter")
        if workload.meter.kind == BY_HAND:
            yield from _by_hand(workload.meter, where)
        elif workload.meter.kind in known:
            yield from _of_a_kind(workload.meter, where)


def _of_a_kind(meter: MeterSettings, where: Where) -> Iterator[Problem]:
    bare = MeterSettings(kind=meter.kind, url=meter.url)
    for key in _KEYS:
        if getattr(meter, key) != getattr(bare, key):
            text = f"is no key of a meter of kind {meter.kind}, only of kind {BY_HAND}: leave it out"
            yield Problem((*where, key), text)
    scheme = meter.url.partition(":")[0].lower()
    if meter.token_file is not None and scheme in ("tcp", "file") and scheme in SCHEMES.get(meter.kind, ()):
        yield Problem((*where, "token_file"), f"stands beside a {scheme} address, and is sent over HTTP only")


def _by_hand(meter: MeterSettings, where: Where) -> Iterator[Problem]:
    if not meter.value:
        yield Problem((*where, "value"), "is empty, expected where the output stands in the answer: data.0.speed")
    for key in _PATHS:
        path = getattr(meter, key)
        try:
            path_parts(path or "0")
        except ValueError as error:
            yield Problem((*where, key), f"is {shown(path)}, {error}")
    if meter.unit not in UNITS:
        yield Problem((*where, "unit"), f"is {shown(meter.unit)}, which is no unit of output{_near(meter.unit)}")
    given = [key for key in _GPU_KEYS if getattr(meter, key)]
    lacking = [key for key in _GPU_KEYS if not getattr(meter, key)]
    if given and lacking:
        text = f"has {' and '.join(given)} but no {' and no '.join(lacking)}, expected all three or none"
        yield Problem(where, text)
    if meter.pci_base != "hex" and not given:
        yield Problem((*where, "pci_base"), "says how gpu_pci is written, and there is no gpu_pci")


def _near(unit: str) -> str:
    """The unit that is meant: what differs in case alone, before what looks alike and may be off by a thousand."""
    meant = next((known for known in UNITS if known.lower() == unit.lower()), None)
    return f"; did you mean {meant}?" if meant else nearest(unit, UNITS)
