"""Finds controllers and meters by the name of their file, and imports only those that a config asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType

from console.config.kinds import CONTROLLERS, METERS, kinds_in, member
from console.config.workload_settings import ControllerSettings, ListingSettings, MeterSettings
from console.workloads.contract import Controller, Meter, TakesListings, WorkloadError
from console.workloads.expand import Placed


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


def configure(controllers: Mapping[str, Controller], placed: Iterable[Placed]) -> None:
    """Tell those controllers whose start depends on it at what their units are offered; no I/O."""
    listings: dict[str, dict[str, ListingSettings]] = {}
    for one in placed:
        if one.settings.listing is not None:
            listings.setdefault(one.controller, {})[one.unit] = one.settings.listing
    for name, controller in controllers.items():
        if isinstance(controller, TakesListings):
            controller.configure(listings.get(name, {}))


def connect_meter(settings: MeterSettings) -> Meter:
    """A meter of its own for one instance, ``settings.url`` already expanded; does no I/O. Raises WorkloadError."""
    made: Meter = _member("meter", METERS, settings.kind).connect(settings)
    return made


def _member(what: str, folder: str, kind: str) -> ModuleType:
    try:
        return member(what, folder, kind)
    except LookupError as error:
        raise WorkloadError(str(error.args[0])) from None
