"""What a config may leave out or hold that its owner should hear of, though nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from console.config.settings import Settings
from console.model import Kind


def cautions(settings: Settings) -> Iterator[str]:
    """Sentences on what is allowed and yet leaves a hole in what the console can say or do."""
    power = settings.power
    if settings.workloads and power.price_per_kwh is None and not power.components:
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
        if workload.kind is Kind.MINE and workload.coin is None:
            yield f"workloads.{name} names no coin: what it earns stays unknown"
    if any(gpu.curtailable for gpu in settings.gpus.values()):
        yield "[gpus] marks GPUs as curtailable, and nothing reads that yet: it changes nothing"


def _looked_up(url: str) -> str:
    """The host of a meter's address where it has to be looked up; empty for an address and for localhost."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(url.replace("{slot}", "0")).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "" if host == "localhost" else host
    return ""
