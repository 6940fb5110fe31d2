"""What is wrong with unit files before anything is flipped, with the lines that mend it.

Measured on a real systemd 252: with ``Conflicts=`` alone an AI server started 0.01 s after a miner was told to stop
that took 1.5 s to go; with an ordering between the two as well it started 6 ms after the miner had gone. Forty quick
flips end in ``start-limit-hit`` unless the limit is off.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from console.text import clean
from console.workloads.contract import Fault

_BOOTED = frozenset({"enabled", "enabled-runtime"})


class UnitFile(NamedTuple):
    """A unit's name with its properties of the interfaces Unit and Service."""

    name: str
    unit: Mapping[str, Any]
    service: Mapping[str, Any]

    def names(self, member: str) -> frozenset[str]:
        """A property that lists units."""
        found = self.unit.get(member, ())
        return frozenset(str(name) for name in found) if isinstance(found, list) else frozenset()


def unit_faults(files: Sequence[UnitFile], systemctl: str) -> Iterator[Fault]:
    """Sentences on units that may share a GPU, one by one and in pairs. ``systemctl`` is the command for this bus."""
    known = [file for file in files if file.unit.get("LoadState") == "loaded"]
    for file in files:
        yield from _alone(file, systemctl) if file in known else _not_loaded(file, systemctl)
    for one, other in itertools.combinations(known, 2):
        yield from _together(one, other)
    booted = sorted(file.name for file in known if file.unit.get("UnitFileState") in _BOOTED)
    if len(booted) > 1:
        text = f"{' and '.join(booted)} all start at boot: {systemctl} disable all but one"
        yield Fault(units=tuple(booted), sentence=text, refuses=True)


def _not_loaded(file: UnitFile, systemctl: str) -> Iterator[Fault]:
    state = clean(file.unit.get("LoadState", "not-found"), 40)
    if state == "not-found":
        text = f"systemd knows no unit {file.name}: install its unit file, then {systemctl} daemon-reload"
    else:
        text = f"{file.name} is not usable ({state}): see {systemctl} status {file.name}"
    yield Fault(units=(file.name,), sentence=text)


def _alone(file: UnitFile, systemctl: str) -> Iterator[Fault]:
    own = (file.name,)
    if file.unit.get("NeedDaemonReload"):
        text = f"{file.name} has changed on disk since systemd read it: {systemctl} daemon-reload"
        yield Fault(units=own, sentence=text)
    if file.unit.get("StartLimitIntervalUSec"):
        text = f"{file.name} refuses to start after a few quick flips: write StartLimitIntervalSec=0 into its [Unit]"
        yield Fault(units=own, sentence=text)
    restart = file.service.get("Restart")
    if restart in ("always", "on-success"):
        text = (
            f"{file.name} has Restart={restart}, so it comes back when its process is ended by anything but systemd: "
            "write Restart=on-failure into its [Service]"
        )
        yield Fault(units=own, sentence=text)
    starters = sorted(file.names("TriggeredBy") | file.names("UpheldBy"))
    if starters:
        text = f"{file.name} is started again by {', '.join(starters)}: {systemctl} disable --now {starters[0]}"
        yield Fault(units=own, sentence=text, refuses=True)


def _together(one: UnitFile, other: UnitFile) -> Iterator[Fault]:
    conflict = other.name in one.names("Conflicts") | one.names("ConflictedBy")
    ordered = other.name in one.names("After") | one.names("Before")
    if conflict and ordered:
        return
    lines = " and ".join(
        f"{key}={_seen_from(one.name, other.name)}"
        for key, there in (("Conflicts", conflict), ("After", ordered))
        if not there
    )
    trouble = "start before the other has gone" if conflict else "run at the same time"
    text = f"{one.name} and {other.name} can {trouble}: write {lines} into [Unit] of {_file_of(one.name)}"
    yield Fault(units=(one.name, other.name), sentence=text)


def _file_of(unit: str) -> str:
    """The unit file: ``miner@3.service`` comes from ``miner@.service``."""
    name, at, rest = unit.partition("@")
    return f"{name}@.{rest.rpartition('.')[2]}" if at else unit


def _instance(unit: str) -> str:
    return unit.partition("@")[2].rpartition(".")[0]


def _seen_from(unit: str, other: str) -> str:
    """``other`` as it is written in the file of ``unit``: with ``%i`` where both are instances of the same name."""
    instance = _instance(other)
    return other.replace(f"@{instance}.", "@%i.") if instance and instance == _instance(unit) else other
