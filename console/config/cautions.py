"""What a config may leave out or hold that its owner should hear of, though nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from console.config.settings import Settings
from console.config.tariff_checks import POWER_FEEDS
from console.config.templates import at_slot
from console.config.workload_settings import RevenueSettings
from console.model import Kind


def cautions(settings: Settings) -> Iterator[str]:
    """Sentences on what is allowed and yet leaves a hole in what the console can say or do."""
    power = settings.power
    if settings.workloads and not (power.price_per_kwh is not None or power.components or _fed(settings)):
        yield "[power] has no price_per_kwh: net figures stay unknown"
    for name, workload in settings.workloads.items():
        if workload.kind is Kind.OFF:
            continue
        if not workload.unit:
            yield f"workloads.{name} has no controller and unit: it is never recognised, started or stopped"
        if workload.meter is None:
            yield f"workloads.{name} has no meter: what it produces stays an estimate"
        elif host := _looked_up(workload.meter.url):
            yield f"workloads.{name}.meter.url names {host}, and no look-up of a name is bounded: write its address"
        if workload.revenue is not None and _always_rented(workload.revenue):
            yield f"workloads.{name}.revenue has no occupancy and no machine: it is judged as if always rented"
        if workload.kind is Kind.MINE and workload.coin is None:
            yield f"workloads.{name} names no coin: what it earns stays unknown"
    if any(gpu.curtailable for gpu in settings.gpus.values()):
        yield "[gpus] marks GPUs as curtailable, and nothing reads that yet: it changes nothing"


def _always_rented(revenue: RevenueSettings) -> bool:
    return revenue.form == "marketplace" and revenue.occupancy is None and revenue.machine is None


def _fed(settings: Settings) -> bool:
    """True where a feed or [quotes] may bring the price of power."""
    kinds = {feed.kind or name for name, feed in settings.feeds.items()}
    valued = (one.kind for feed in settings.feeds.values() for one in feed.values)
    stated = (quote.kind for quote in settings.quotes.values())
    return bool(kinds & POWER_FEEDS) or "power_price" in {*valued, *stated}


def _looked_up(url: str) -> str:
    """The host of a meter's address where it has to be looked up; empty for an address and for localhost."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(at_slot(url, 0)).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "" if host == "localhost" else host
    return ""
