"""Containers that were given GPUs, where the docker socket can be read: listed, never started or stopped."""

from __future__ import annotations

from fnmatch import fnmatchcase

from console.config.settings import RENTERS
from console.config.workload_settings import ControllerSettings
from console.finding.found import Control
from console.text import clean
from console.workloads.contract import Holding, SeesContainers, WorkloadError
from console.workloads.registry import connect_controller

NAME = "docker"
ASK_S = 3.0


def control() -> Control:
    """The controller of this host's containers."""
    return Control(name=NAME, kind="docker")


def listed() -> tuple[tuple[Holding, ...], str]:
    """Every running container that was given GPUs, and a sentence where none could be asked for."""
    try:
        controller = connect_controller(NAME, ControllerSettings(kind="docker", acknowledged=True))
    except WorkloadError as error:
        return (), f"containers were not looked for: {error}"
    try:
        if not isinstance(controller, SeesContainers):
            return (), "containers were not looked for: this controller of kind docker does not list them"
        return controller.holdings((), ASK_S), ""
    except WorkloadError as error:
        return (), f"containers were not looked for: {error}"
    finally:
        controller.close()


def rented(holding: Holding) -> bool:
    """True for a container that is named as those of people who rent are."""
    return any(fnmatchcase(holding.name, pattern) for pattern in RENTERS)


def usable(holding: Holding) -> bool:
    """True where its name can stand in a config as it is."""
    name = holding.name
    return bool(name) and clean(name) == name and not {"{", "}"} & {*name}
