"""Vast.ai for hosts: what its machines tell, and how one is listed, let go and given a background job.

Paths, methods, keys and units are those of Vast's OpenAPI document (docs.vast.ai/api-reference/machines) and of its own
client (vastai 1.9.1): prices of an ask are USD per GPU and hour, ``end_date`` is Unix seconds. Fields of a machine are
those that public clients of ``GET /machines`` read: ``listed``, ``listed_gpu_cost``, ``min_bid_price``,
``listed_min_gpu_count``, ``bid_image`` (the default job), ``client_end_date`` (when the last rental ends).

Not verified against the live service: that a machine shows its new listing at the next request; that ``start_date``
says since when it is listed, and ``listed_storage_cost`` and its like what an ask says in the same units; that
``bid_image`` is empty once the default job is gone; whether ``gpu_occupancy`` and ``current_rentals_running`` count the
default job; and the unit of that job's price, which the client calls USD per hour and the OpenAPI document USD per day.
The job runs on the host's own machine and is bid at the minimum bid, so that whoever bids more comes before it, in
either unit.

A stored instance (``current_rentals_resident``) is a rental: its renter may start it again (docs.vast.ai). Listing with
a later end lets running contracts be extended to it; a machine that is listed as it should be is therefore left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from console.config.workload_settings import ListingSettings
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.controllers._rental_api import (
    Line,
    Machine,
    Step,
    count,
    number,
    offered,
    price,
    table,
)

DAY_S = 86400.0
_RENTED = frozenset("DRI")
_KEPT = {
    "price_disk": "listed_storage_cost",
    "price_inetu": "listed_inet_up_cost",
    "price_inetd": "listed_inet_down_cost",
    "credit_discount_max": "credit_discount_max",
}
"""What an ask says beside GPUs, and where the machine has what it said last: listing anew keeps it."""


class Vast:
    """See Market."""

    title = "Vast.ai"
    url = "https://console.vast.ai/api/v0"
    pace_s = 3.0  # its 429 says "API requests too frequent endpoint threshold=2.8" (OpenAPI document)
    by_path = True

    def credentials(self, key: str) -> dict[str, str]:
        """See Market.credentials."""
        return {"Authorization": f"Bearer {key}"}

    def refusal(self, reply: object) -> tuple[str, bool] | None:
        """See Market.refusal. Errors are ``{"success": false, "error": …, "msg": …}``, each part of it or not."""
        found = table(reply)
        if found.get("success", True) is True and not found.get("error"):
            return None
        return str(found.get("msg") or found.get("error") or ""), False

    def machines(self, line: Line, end: float) -> list[Machine]:
        """See Market.machines."""
        found = table(line.ask("GET", "/machines/", end, query={"owner": "me"})).get("machines")
        if not isinstance(found, list):
            raise WorkloadError(f"{self.title} answered without a list of machines")
        return [machine for entry in found if (machine := _machine(table(entry))) is not None]

    def detailed(self, line: Line, machine: Machine, end: float) -> Machine:  # noqa: ARG002 - the market's interface
        """See Market.detailed: the list tells all."""
        return machine

    def listing(self, machine: Machine, listing: ListingSettings, now: float) -> tuple[Step, ...]:
        """See Market.listing. A machine that is listed so already keeps its end, unless that is past."""
        if machine.gpus is not None and listing.min_gpus > machine.gpus:
            raise WorkloadError(
                f"{machine.unit} has {machine.gpus} GPUs and listing.min_gpus is {listing.min_gpus}: write less"
            )
        steps = []
        ended = machine.ends is not None and machine.ends <= now
        if ended or not _as_listed(machine, listing):
            steps.append(_ask(machine, listing, now))
        if listing.image is not None and not _same_image(machine.job, listing.image):
            steps.append(_job(machine, listing, listing.image))
        return tuple(steps)

    def withdrawal(self, machine: Machine) -> tuple[Step, ...]:
        """See Market.withdrawal."""
        steps = []
        if machine.listed:
            path = f"/machines/{machine.unit}/asks/"
            steps.append(Step("take its listing back", "DELETE", path, {}, lambda seen: not seen.listed))
        if machine.job != "":
            path = f"/machines/{machine.unit}/defjob/"
            steps.append(Step("remove its background job", "DELETE", path, {}, lambda seen: not seen.job))
        return tuple(steps)


def _ask(machine: Machine, listing: ListingSettings, now: float) -> Step:
    body: dict[str, object] = {"machine": int(machine.unit), "price_gpu": listing.price_per_h, **machine.kept}
    if listing.min_bid_per_h is not None:
        body["price_min_bid"] = listing.min_bid_per_h
    if listing.days is not None:
        body["end_date"] = round(now + listing.days * DAY_S)
    body["min_chunk"] = listing.min_gpus
    return Step("list it", "PUT", "/machines/create_asks/", body, lambda seen: _as_listed(seen, listing))


def _job(machine: Machine, listing: ListingSettings, image: str) -> Step:
    at = listing.min_bid_per_h or machine.min_bid_per_h or listing.price_per_h
    body: dict[str, object] = {"machine": int(machine.unit), "price_gpu": at, "price_inetu": 0.0, "price_inetd": 0.0}
    body |= {"image": image, "args": list(listing.args)}
    path = "/machines/create_bids/"
    return Step("give it a background job", "PUT", path, body, lambda seen: _same_image(seen.job, image))


def _as_listed(machine: Machine, listing: ListingSettings) -> bool:
    return machine.listed and offered(machine, listing) and machine.min_gpus in (None, listing.min_gpus)


def _same_image(found: str | None, wanted: str) -> bool:
    return found is not None and found.removesuffix(":latest") == wanted.removesuffix(":latest")


def _machine(entry: Mapping[str, object]) -> Machine | None:
    """A machine from what the list has of it; None without a number."""
    unit = number(entry.get("id"))
    if unit is None or unit != int(unit) or unit <= 0:
        return None
    at = price(entry.get("listed_gpu_cost"))
    told = entry.get("listed")
    listed = at is not None if told is None else told is True or number(told) == 1
    return Machine(
        unit=str(int(unit)),
        name=str(int(unit)),
        listed=listed,
        rented=_rented(entry),
        until=price(entry.get("client_end_date")),
        ends=price(entry.get("end_date")),
        since=price(entry.get("start_date")) if listed else None,
        gpus=count(entry.get("num_gpus")),
        prices_per_h=() if at is None else (at,),
        min_bid_per_h=price(entry.get("min_bid_price")),
        min_gpus=count(entry.get("listed_min_gpu_count")),
        job=clean(entry.get("bid_image") or "", 300) if "bid_image" in entry else None,
        kept={ours: found for ours, theirs in _KEPT.items() if (found := number(entry.get(theirs))) is not None},
    )


def _rented(entry: Mapping[str, object]) -> bool | None:
    """Whether any rental is on the machine; None where neither counts nor codes tell."""
    rentals = [number(entry.get(name)) for name in ("current_rentals_running", "current_rentals_resident")]
    codes = entry.get("gpu_occupancy")
    letters = {*codes.split()} if isinstance(codes, str) else set()
    if letters & _RENTED or any(found is not None and found > 0 for found in rentals):
        return True
    return False if rentals[0] == 0 or letters == {"x"} else None
