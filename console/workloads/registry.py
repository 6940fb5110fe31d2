"""Finds controllers and meters by the name of their file, and imports only those that a config asks for."""

from __future__ import annotations

import importlib
from types import ModuleType

from console.config.errors import nearest
from console.config.kinds import CONTROLLERS, METERS, kinds_in
from console.config.settings import ControllerSettings, MeterSettings
from console.workloads.contract import Controller, Meter, WorkloadError

_EXTRAS = {"dbus_fast": "systemd", "docker": "docker"}
"""Which extra of this package brings a library that a member imports."""


def controller_kinds() -> tuple[str, ...]:
    """The kinds of controller that exist, sorted, none of them imported."""
    return kinds_in(CONTROLLERS)


def meter_kinds() -> tuple[str, ...]:
    """The kinds of meter that exist, sorted, none of them imported."""
    return kinds_in(METERS)


def connect_controller(name: str, settings: ControllerSettings) -> Controller:
    """The controller of ``[controllers.NAME]``; does no I/O.

    Raises WorkloadError with a sentence where there is no such kind or its library is not installed.
    """
    made: Controller = _member("controller", CONTROLLERS, settings.kind or name).connect(settings)
    return made


def connect_meter(settings: MeterSettings) -> Meter:
    """A meter of its own for one instance, ``settings.url`` already expanded; does no I/O. Raises WorkloadError."""
    made: Meter = _member("meter", METERS, settings.kind).connect(settings)
    return made


def _member(what: str, folder: str, kind: str) -> ModuleType:
    known = kinds_in(folder)
    if kind not in known:
        raise WorkloadError(f"{kind} is no kind of {what}{nearest(kind, known)}")
    try:
        return importlib.import_module(f"console.{folder.replace('/', '.')}.{kind}")
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(lacking)
        how = f"install changeover[{extra}]" if extra else f"install {lacking}"
        raise WorkloadError(f"the {what} {kind} needs {lacking}: {how}") from None
