"""Containers that were given GPUs, where the docker socket can be read: listed, never started or stopped.

Only a socket that belongs to root or to us is opened, and only to ask: a config has to acknowledge what more it can do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from console.config.settings import RENTERS
from console.config.workload_settings import ControllerSettings
from console.finding.found import Control
from console.text import clean
from console.workloads.contract import Holding, SeesContainers, WorkloadError
from console.workloads.registry import connect_controller

NAME = "docker"
LABEL = "changeover.unit"
"""The label by which the docker controller knows a unit (console.workloads.controllers.docker)."""
ASK_S = 3.0


def control() -> Control:
    """The controller of this host's containers."""
    return Control(name=NAME, kind="docker")


def listed(socket: str = "") -> tuple[tuple[Holding, ...], str]:
    """Every running container that was given GPUs, and a sentence: that ``socket`` was read, or why it was not.

    ``unit`` is a container's own label ``changeover.unit``, "" where it has none: then nothing tells whose it is.
    "" for ``socket`` is docker's usual one.
    """
    try:
        controller = connect_controller(NAME, ControllerSettings(kind="docker", socket=socket))
    except WorkloadError as error:
        return (), f"containers were not looked for: {error}"
    try:
        if not isinstance(controller, SeesContainers):
            return (), "containers were not looked for: this controller of kind docker does not list them"
        path, labels = _labels(socket)
        units = tuple(sorted({*labels.values()}))
        found = tuple(_labelled(one, labels) for one in controller.holdings(units, ASK_S))
    except WorkloadError as error:
        return (), f"containers were not looked for: {error}"
    finally:
        controller.close()
    many = "1 container was" if len(found) == 1 else f"{len(found)} containers were"
    return found, f"the socket {clean(path)} was read, nothing there was started or stopped: {many} given GPUs"


def rented(holding: Holding) -> bool:
    """True for a container that is named as those of people who rent are."""
    return any(fnmatchcase(holding.name, pattern) for pattern in RENTERS)


def unit(holding: Holding) -> str:
    """What a config calls it: its label, else its name."""
    return holding.unit or holding.name


def usable(holding: Holding) -> bool:
    """True where what it is called can stand in a config as it is."""
    name = unit(holding)
    return bool(name) and clean(name) == name and not {"{", "}"} & {*name}


def _labels(socket: str) -> tuple[str, Mapping[str, str]]:
    """The socket's path, and the label of each container that has one, by id. Raises WorkloadError."""
    from console.workloads.controllers._docker_api import Engine
    from console.workloads.controllers.docker import DEFAULT_SOCKET

    path = socket or DEFAULT_SOCKET
    with Engine(path).session(time.monotonic() + ASK_S) as session:
        rows = session.containers()
    return path, {row.id: label for row in rows if (label := (row.labels or {}).get(LABEL, ""))}


def _labelled(holding: Holding, labels: Mapping[str, str]) -> Holding:
    """Without a unit that it got by its name, or that only its image claims: an image may be a renter's."""
    if holding.unit and labels.get(holding.container) != holding.unit:
        return msgspec.structs.replace(holding, unit="")
    return holding
