"""At what price a machine may be listed, and what is said of it: the sentences that both markets share."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from console.config.workload_settings import ListingSettings
from console.workloads.contract import WorkloadError
from console.workloads.controllers._rental_api import Machine

LEAP = 10.0
"""A new price that is so many times another than the last one is taken for a slip of the pen."""


def refuse_price(unit: str, listing: ListingSettings) -> None:
    """Raise WorkloadError for a price that is none."""
    for key, value in (("price_per_h", listing.price_per_h), ("min_bid_per_h", listing.min_bid_per_h)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise WorkloadError(f"{unit}: listing.{key} is {value:g}, expected USD per GPU and hour above 0")
    if listing.min_bid_per_h is not None and listing.min_bid_per_h > listing.price_per_h:
        raise WorkloadError(
            f"{unit}: listing.min_bid_per_h is {listing.min_bid_per_h:g}, above its price of {listing.price_per_h:g}"
        )


def refuse_leap(title: str, machine: Machine, listing: ListingSettings) -> None:
    """Raise WorkloadError where a price is more than LEAP times the one that the market has, or as many times less."""
    pairs = [("price_per_h", listing.price_per_h, told) for told in machine.prices_per_h]
    if listing.min_bid_per_h is not None and machine.min_bid_per_h is not None:
        pairs.append(("min_bid_per_h", listing.min_bid_per_h, machine.min_bid_per_h))
    for key, wanted, told in pairs:
        if not told / LEAP <= wanted <= told * LEAP:
            raise WorkloadError(
                f"{machine.name}: listing.{key} is {wanted:g} USD per GPU and hour and {title} has it at {told:.6g}, "
                f"more than {LEAP:g} times apart: correct it, or set the new price there by hand once"
            )


def unknown(title: str, unit: str, seen: Mapping[str, Machine | None]) -> str:
    """Of a unit that stands for no machine, or for two."""
    if unit in seen:
        return f"two machines of this account at {title} go by {unit}: name it by its id, and rename one"
    return f"{title} knows no machine {unit} of this account: check the unit, and whose key it is"


def recall(title: str, machine: Machine) -> str:
    """Of a machine that is rented and not listed, or of which that is not told."""
    if machine.rented is None:
        return f"{machine.name} is not listed; {title} has not told whether somebody rents it still"
    until = minute(machine.until) if machine.until is not None and machine.until > time.time() else ""
    at_last = f"at {until} by its contract" if until else "when its renter leaves"
    return f"{machine.name} is not listed but rented; a rental cannot be recalled, it ends {at_last}"


def job_left(title: str, machine: Machine) -> str:
    """Of a machine that is neither listed nor rented and has a background job."""
    return f"{machine.name} is not listed, but {title} runs {machine.job} on it while nobody rents: remove it there"


def minute(at: float | None) -> str:
    """Unix seconds as ``2026-12-01T00:00Z``; empty for what is no time."""
    try:
        return datetime.fromtimestamp(at or math.nan, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""


@contextmanager
def held(lock: threading.RLock, end: float, title: str) -> Iterator[None]:
    """A lock, waited for until monotonic ``end`` and no longer. Raises WorkloadError where that is too short."""
    if not lock.acquire(timeout=max(0.0, end - time.monotonic())):
        raise WorkloadError(f"{title} did not answer in time: another request of this console is under way")
    try:
        yield
    finally:
        lock.release()
