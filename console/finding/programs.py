"""Every supervisord of this host at its usual places, and the programs that each knows. Asks, never commands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from console.finding.found import Control, Unit
from console.text import clean
from console.workloads.controllers import _unixrpc

USUAL = ("/var/run/supervisor.sock", "/run/supervisor.sock", "/run/supervisor/supervisor.sock", "/tmp/supervisor.sock")
"""supervisor's own sample config (/tmp), Debian's (/var/run), and where it stands in a folder of its own."""
ASK_S = 2.0
_RUNS = frozenset({"RUNNING", "STARTING", "BACKOFF", "STOPPING"})


def sockets(named: str = "") -> tuple[str, ...]:
    """The sockets that are there, each once whatever it is called; the one that a person ``named`` first."""
    found: dict[tuple[int, int], str] = {}
    for path in (*([named] if named else []), *USUAL):
        try:
            seen = Path(path).stat()
        except (OSError, ValueError):
            continue
        found.setdefault((seen.st_dev, seen.st_ino), str(Path(path).absolute()))
    return tuple(found.values())


def listed(paths: Iterable[str]) -> tuple[tuple[Control, ...], tuple[Unit, ...], tuple[str, ...]]:
    """The supervisords that answer, their programs, and sentences on those that do not and on what has no usable name.

    Each socket is asked for at most 2 * ASK_S seconds, and none that belongs to a third user.
    """
    controls: list[Control] = []
    units: list[Unit] = []
    notes: list[str] = []
    for path in paths:
        name = "supervisor" if not controls else f"supervisor{len(controls) + 1}"
        try:
            units += _programs(path, name, notes)
        except (OSError, ValueError) as error:
            notes.append(f"supervisord's socket {clean(path)} {clean(error) or type(error).__name__}")
        else:
            controls.append(Control(name=name, kind="supervisor", socket=path))
    return tuple(controls), tuple(units), tuple(notes)


def _programs(path: str, controller: str, notes: list[str]) -> list[Unit]:
    """Raises OSError and ValueError, whose text is the rest of a sentence that begins with the socket."""
    if fault := _unixrpc.trusted_socket(path):
        raise ValueError(fault)
    reply = _asked(path, "getAllProcessInfo")
    if not isinstance(reply, list):
        raise ValueError("did not answer with a list of processes")  # noqa: TRY004 - an answer, not an argument
    starts = dict(_autostarts(_asked_or_none(path, "getAllConfigInfo")))
    units: list[Unit] = []
    for entry in reply:
        name = _unit_name(entry)
        if name is None:
            notes.append("a program of supervisord has a name that no config can hold, and is left out")
            continue
        pid = entry.get("pid")
        up = entry.get("statename") in _RUNS and isinstance(pid, int) and pid > 1
        units.append(Unit(controller=controller, name=name, pids=(pid,) if up else (), autostart=starts.get(name)))
    return units


def _asked(path: str, method: str) -> object:
    from xmlrpc.client import Fault

    try:
        return _unixrpc.call(path, f"supervisor.{method}", (), ASK_S)
    except Fault as error:
        raise ValueError(f"refused {method}: {clean(error.faultString, 100)}") from None
    except TimeoutError:
        raise ValueError(f"did not answer in {ASK_S:g} s") from None
    except OSError as error:
        raise ValueError(f"did not answer: {os.strerror(error.errno) if error.errno else clean(error)}") from None
    except ValueError as error:
        raise ValueError(f"did not answer as expected: {clean(error, 100)}") from None


def _asked_or_none(path: str, method: str) -> object:
    """The answer, or None from a supervisord that does not know ``method`` (before 4.0)."""
    try:
        return _asked(path, method)
    except ValueError:
        return None


def _autostarts(reply: object) -> Iterator[tuple[str, bool]]:
    for entry in reply if isinstance(reply, list) else ():
        name = _unit_name(entry)
        if name is not None and isinstance(entry.get("autostart"), bool):
            yield name, entry["autostart"]


def _unit_name(entry: object) -> str | None:
    """``name``, or ``group:name`` where these differ; None for what is no program or is named with what a config may
    not hold: a name that is not taken literally would be another program's."""
    if not isinstance(entry, Mapping):
        return None
    name, group = entry.get("name"), entry.get("group")
    if not isinstance(name, str) or not isinstance(group, str) or not name:
        return None
    unit = name if name == group else f"{group}:{name}"
    return unit if clean(unit) == unit and not {"{", "}"} & {*unit} else None
