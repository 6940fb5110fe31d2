"""What the types cannot say of rented machines: which keys belong to the market, and which workloads have a price."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from console.config.addresses import url_fault, without_secrets
from console.config.errors import Problem, Where, shown
from console.config.settings import Settings
from console.config.workload_settings import ControllerSettings, ListingSettings, WorkloadSettings

KIND = "rental"
_NOT_AT_CLORE = {
    "days": "Clore.ai knows no end of a listing",
    "min_gpus": "Clore.ai lets servers whole",
    "image": "Clore.ai takes a background job on its site alone",
    "args": "Clore.ai takes a background job on its site alone",
}


def listing_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in what ``[controllers]`` and ``[workloads]`` say of markets of rented machines."""
    for name, controller in settings.controllers.items():
        where = ("controllers", name)
        yield from _market(controller, where) if (controller.kind or name) == KIND else _stray(controller, where)
    for name, workload in settings.workloads.items():
        yield from _offered(settings, workload, ("workloads", name))


def in_the_clear(url: str) -> bool:
    """Whether a key sent to ``url`` could be read on its way: it is neither https nor this very host."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


def _market(controller: ControllerSettings, where: Where) -> Iterator[Problem]:
    if controller.market is None:
        yield Problem(where, 'of kind rental has no market, expected market = "vast" or market = "clore"')
    if controller.key_file is None:
        yield Problem(where, "of kind rental has no key_file, expected the path of a file that holds the account's key")
    elif not controller.key_file.startswith("/"):
        yield Problem((*where, "key_file"), f"is {shown(controller.key_file)}, expected an absolute path")
    if controller.url is not None:
        said = shown(without_secrets(controller.url))
        if fault := url_fault(controller.url):
            yield Problem((*where, "url"), f"is {said}, {fault}")
        elif in_the_clear(controller.url):
            yield Problem((*where, "url"), f"is {said}, which would be sent a key in the clear: expected https://")


def _stray(controller: ControllerSettings, where: Where) -> Iterator[Problem]:
    for key in ("market", "url", "key_file"):
        if getattr(controller, key) is not None:
            yield Problem((*where, key), f"is a key of kind {KIND}, and this controller is of another kind")


def _offered(settings: Settings, workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    controller = settings.controllers.get(workload.controller)
    rental = controller is not None and (controller.kind or workload.controller) == KIND
    if workload.listing is None:
        if rental:
            text = "has no listing, expected listing = { price_per_h = … }: USD per GPU and hour that it is offered at"
            yield Problem(where, text)
        return
    if controller is None or not rental:
        yield Problem((*where, "listing"), f"belongs to a controller of kind {KIND}, and this workload has none")
        return
    yield from _listing(workload.listing, (*where, "listing"))
    if controller.market == "clore":
        yield from _at_clore(workload.listing, (*where, "listing"))
    elif controller.market == "vast" and "{" not in workload.unit and not _is_number(workload.unit):
        yield Problem((*where, "unit"), f"is {shown(workload.unit)}, expected the number of a machine at Vast.ai")


def _listing(listing: ListingSettings, where: Where) -> Iterator[Problem]:
    bid = listing.min_bid_per_h
    if bid is not None and bid > listing.price_per_h:
        text = f"is {bid:g}, above price_per_h of {listing.price_per_h:g}: nobody would pay it"
        yield Problem((*where, "min_bid_per_h"), text)
    if listing.args and listing.image is None:
        yield Problem((*where, "args"), "belongs to an image, and this listing has none")


def _at_clore(listing: ListingSettings, where: Where) -> Iterator[Problem]:
    default = ListingSettings(price_per_h=listing.price_per_h)
    for key, why in _NOT_AT_CLORE.items():
        if getattr(listing, key) != getattr(default, key):
            yield Problem((*where, key), f"is no key of a listing at Clore.ai: {why}")


def _is_number(unit: str) -> bool:
    return unit.isascii() and unit.isdigit() and not unit.startswith("0")
