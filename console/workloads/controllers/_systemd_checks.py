"""What is wrong with unit files before anything is flipped, with the lines that mend it.

Measured on a real systemd 252: with ``Conflicts=`` alone an AI server started 0.01 s after a miner was told to stop
that took 1.5 s to go; with an ordering between the two as well it started 6 ms after the miner had gone. Forty quick
flips end in ``start-limit-hit`` unless the limit is off.

What systemd does after ``systemctl stop``, by its manual pages systemd.service(5), systemd.unit(5), systemd.socket(5):
no ``Restart=`` and no ``WatchdogSec=`` fires, for the stop was asked for. A timer, path or socket that triggers the
unit starts it again, as does an active unit that upholds it; one that names it in ``OnFailure=`` starts it instead.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from console.text import clean
from console.workloads.contract import Fault

STARTERS = ("TriggeredBy", "UpheldBy")
"""Properties of a unit that list those which start it again, whoever has stopped it."""
WANTERS = ("WantedBy", "RequiredBy")
"""And those that start it when they are started; a target among them that is up was brought up at boot."""

_BOOTED = frozenset({"enabled", "enabled-runtime"})
_UP = frozenset({"active", "activating", "reloading"})
_ENDLESS = 2**64 - 1
_SESSION = re.compile(r"/user-\d+\.slice/(session-[^/]+\.scope)(?:/.*)?$", re.MULTILINE)
_NO_PROPERTIES: Mapping[str, Any] = {}


class UnitFile(NamedTuple):
    """A unit's name with its properties of the interfaces Unit and Service.

    ``around`` has the properties of interface Unit of those that STARTERS and WANTERS list; ``cgroups`` is what the
    kernel says of its main process, the text of ``/proc/PID/cgroup``, "" where there is none.
    """

    name: str
    unit: Mapping[str, Any]
    service: Mapping[str, Any]
    around: Mapping[str, Mapping[str, Any]] = {}
    cgroups: str = ""

    def names(self, *members: str) -> frozenset[str]:
        """Properties that list units, together."""
        lists = (self.unit.get(member, ()) for member in members)
        return frozenset(str(name) for found in lists if isinstance(found, list) for name in found)

    def booted(self) -> str:
        """What starts it at boot: ``enabled``, the target that wants it, "" for nothing."""
        if self.unit.get("UnitFileState") in _BOOTED:
            return "enabled"
        targets = sorted(name for name in self.names(*WANTERS) if name.endswith(".target"))
        return next((name for name in targets if self.near(name).get("ActiveState") in _UP), "")

    def near(self, name: str) -> Mapping[str, Any]:
        """What is known of a unit around this one."""
        return self.around.get(name, _NO_PROPERTIES)


def unit_faults(files: Sequence[UnitFile], systemctl: str) -> Iterator[Fault]:
    """Sentences on units that may share a GPU, one by one and in pairs. ``systemctl`` is the command for this bus."""
    known = [file for file in files if file.unit.get("LoadState") == "loaded"]
    for file in files:
        yield from _alone(file, systemctl) if file in known else _not_loaded(file, systemctl)
    for file in known:
        yield from _follows(file, known)
    for one, other in itertools.combinations(known, 2):
        yield from _together(one, other)
    yield from _at_boot(known, systemctl)


def ways_off(files: Sequence[UnitFile], systemctl: str) -> dict[str, str]:
    """The units that start at boot, each with what ends that."""
    known = [file for file in files if file.unit.get("LoadState") == "loaded"]
    return {file.name: _way_off(file.name, by, systemctl) for file in known if (by := file.booted())}


def session_of(cgroups: str) -> str:
    """The scope of the login session that a process lives in, such as ``session-3.scope``; "" for none."""
    found = _SESSION.search(cgroups)
    return found[1] if found else ""


def _not_loaded(file: UnitFile, systemctl: str) -> Iterator[Fault]:
    state = clean(file.unit.get("LoadState", "not-found"), 40)
    if state == "not-found":
        text = f"systemd knows no unit {file.name}: install its unit file, then {systemctl} daemon-reload"
    else:
        text = f"{file.name} is not usable ({state}): see {systemctl} status {file.name}"
    yield Fault(units=(file.name,), sentence=text)


def _alone(file: UnitFile, systemctl: str) -> Iterator[Fault]:
    for text in itertools.chain(_limits(file, systemctl), _started(file)):
        yield Fault(units=(file.name,), sentence=text)
    for text in itertools.chain(_left_behind(file), _in_session(file, systemctl)):
        yield Fault(units=(file.name,), sentence=text, refuses=True)
    yield from _revived(file, systemctl)


def _limits(file: UnitFile, systemctl: str) -> Iterator[str]:
    """What hinders later flips, or starts the unit where a person would not expect it."""
    if file.unit.get("NeedDaemonReload"):
        yield f"{file.name} has changed on disk since systemd read it: {systemctl} daemon-reload"
    if file.unit.get("StartLimitIntervalUSec"):
        yield f"{file.name} refuses to start after a few quick flips: write StartLimitIntervalSec=0 into its [Unit]"
    restart = file.service.get("Restart")
    if restart in ("always", "on-success"):
        yield (
            f"{file.name} has Restart={restart}: what {systemctl} stop ends stays stopped, but what ends by itself or "
            "is killed for want of memory comes back, after a clean end too: write Restart=on-failure into its "
            "[Service], which mends only crashes"
        )


def _started(file: UnitFile) -> Iterator[str]:
    """Where ``started``, as systemd means it, says nothing of a program that runs."""
    kind, into = file.service.get("Type"), "into its [Service]"
    if kind == "oneshot":
        yield f"{file.name} is of Type=oneshot, which has started once its program has ended: write Type=exec {into}"
    elif kind == "forking" and not file.service.get("PIDFile"):
        yield (
            f"{file.name} is of Type=forking without PIDFile=, so that systemd guesses which process it is: let the "
            f"program stay in the foreground and write Type=exec {into}"
        )
    if file.service.get("RemainAfterExit"):
        yield f"{file.name} counts as running after its process has ended: write RemainAfterExit=no {into}"
    watchdog_us = file.service.get("WatchdogUSec")
    if watchdog_us and watchdog_us != _ENDLESS and kind not in ("notify", "notify-reload"):
        yield (
            f"{file.name} has WatchdogSec={watchdog_us / 1e6:g} and is of Type={clean(kind, 20)}: a program that never "
            "tells systemd that it lives is killed each time: leave WatchdogSec out, or write Type=notify if it does"
        )


def _left_behind(file: UnitFile) -> Iterator[str]:
    """A stop after which processes may still be on the GPU."""
    mode = file.service.get("KillMode")
    if mode in ("process", "none"):
        yield (
            f"{file.name} has KillMode={mode}, so that a stop leaves its processes on the GPU: write "
            "KillMode=control-group into its [Service]"
        )
    if file.service.get("SendSIGKILL") is False:
        yield (
            f"{file.name} has SendSIGKILL=no, so that a stop leaves on the GPU what does not heed SIGTERM: write "
            "SendSIGKILL=yes into its [Service]"
        )


def _in_session(file: UnitFile, systemctl: str) -> Iterator[str]:
    """A workload that somebody's shell has started, which a stop does not reach and a logout may end."""
    session = session_of(file.cgroups)
    if session:
        pid = file.service.get("MainPID")
        yield (
            f"process {pid} of {file.name} lives in a login session ({session}), whose end may end it, and where a "
            f"stop reaches no child of it: end it, and start it with {systemctl} start {file.name}, not from a shell"
        )
    elif file.name.endswith(".scope"):
        yield (
            f"{file.name} is a scope, which holds what somebody has started from a shell and cannot be started again: "
            "write a .service for the workload and name that"
        )


def _revived(file: UnitFile, systemctl: str) -> Iterator[Fault]:
    """Others that start the unit again after a flip has stopped it; one that is neither up nor enabled only warns."""
    again = sorted(file.names("TriggeredBy", "UpheldBy"))
    awake = [name for name in again if _awake(file.near(name))]
    asleep = [name for name in again if name not in awake]
    if awake:
        text = f"{file.name} is started again by {', '.join(awake)}: {systemctl} disable --now {' '.join(awake)}"
        yield Fault(units=(file.name,), sentence=text, refuses=True)
    if asleep:
        text = f"{file.name} would be started again by {', '.join(asleep)}, once that is up: leave it off"
        yield Fault(units=(file.name,), sentence=text)
    for other in sorted(name for name in file.names(*WANTERS) if not name.endswith(".target")):
        text = f"{file.name} is started whenever {other} is: take it out of Wants= and Requires= of {_file_of(other)}"
        yield Fault(units=(file.name,), sentence=text)


def _follows(file: UnitFile, known: Sequence[UnitFile]) -> Iterator[Fault]:
    """Others whose end starts the unit. systemd lists them on its side only while it has them loaded, hence both."""
    for key, when in (("OnFailure", "fails"), ("OnSuccess", "ends well")):
        named = {other.name for other in known if file.name in other.names(key)}
        for other in sorted(named | file.names(f"{key}Of")):
            text = f"{file.name} is started by systemd when {other} {when}: take it out of {key}= of {_file_of(other)}"
            yield Fault(units=(file.name,), sentence=text, refuses=True)


def _awake(unit: Mapping[str, Any]) -> bool:
    """True for what can start another unit, and for what nothing is known of."""
    return not unit or unit.get("ActiveState") in _UP or unit.get("UnitFileState") in _BOOTED


def _together(one: UnitFile, other: UnitFile) -> Iterator[Fault]:
    conflict = other.name in one.names("Conflicts", "ConflictedBy")
    ordered = other.name in one.names("After", "Before")
    if conflict and ordered:
        return
    lines = " and ".join(
        f"{key}={_seen_from(one.name, other.name)}"
        for key, there in (("Conflicts", conflict), ("After", ordered))
        if not there
    )
    trouble = "start before the other has gone" if conflict else "run at the same time"
    text = f"{one.name} and {other.name} can {trouble}: write {lines} into [Unit] of {_file_of(one.name)}"
    yield Fault(units=(one.name, other.name), sentence=text, refuses=True)


def _at_boot(files: Sequence[UnitFile], systemctl: str) -> Iterator[Fault]:
    booted = {file.name: file.booted() for file in sorted(files, key=lambda file: file.name) if file.booted()}
    if len(booted) < 2:
        return
    wanted = {name: by for name, by in booted.items() if by != "enabled"}
    text = f"{' and '.join(booted)} all start at boot: {systemctl} disable all but one"
    if wanted:
        text += "".join(f", and take {name} out of Wants= and Requires= of {by}" for name, by in wanted.items())
    yield Fault(units=tuple(booted), sentence=text, refuses=True)


def _way_off(name: str, by: str, systemctl: str) -> str:
    if by == "enabled":
        return f"{systemctl} disable {name}"
    return f"take {name} out of Wants= and Requires= of {by}"


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
