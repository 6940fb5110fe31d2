"""Clore.ai for hosts: what its servers tell, and how one is offered and hidden.

``GET my_servers`` has all servers, ``GET server_config`` with a JSON body one of them, ``POST set_server_settings``
takes ``{name, availability, mrl, on_demand, spot}`` (docs.clore.ai and Clore's own client, clore-ai 0.1.1). Every reply
has ``code``, 0 when all is well. Prices are per day and server, ``usd_pricing`` has them in USD by the coin that is
taken.

Not verified against the live service, and said by none of these sources: the currency of ``on_demand`` and ``spot``.
Public clients name a price per coin beside them. So a server is told its price while it is hidden, and is only shown
once ``usd_pricing`` has that price; where it has not, the server stays hidden and the start fails. Nor is documented
what ``rental_status`` means beyond 0, taken here for *not rented*, or how a background job is set: Clore's can be read
only, so one that is there has to be removed on its site.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from console.config.workload_settings import ListingSettings
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.controllers._rental_api import Line, Machine, Step, count, number, offered, price, table

TOO_MANY = 5
_CODES = {
    1: "a fault of its database",
    2: "it does not accept the request",
    3: "it does not know the key",
    4: "it has no such endpoint",
    TOO_MANY: "more than one request a second",
}
_PATH = "/set_server_settings"


class Clore:
    """See Market."""

    title = "Clore.ai"
    url = "https://api.clore.ai/v1"
    pace_s = 1.1  # at most one request a second
    by_path = False

    def credentials(self, key: str) -> dict[str, str]:
        """See Market.credentials."""
        return {"auth": key}

    def refusal(self, reply: object) -> tuple[str, bool] | None:
        """See Market.refusal."""
        code, error = table(reply).get("code"), table(reply).get("error")
        number_of = code if isinstance(code, int) and not isinstance(code, bool) else -1
        if number_of == 0:
            return None
        text = str(error) if error else _CODES.get(number_of, f"with code {clean(code, 20)}, which it does not explain")
        return text, number_of == TOO_MANY

    def machines(self, line: Line, end: float) -> list[Machine]:
        """See Market.machines."""
        found = table(line.ask("GET", "/my_servers", end)).get("servers")
        if not isinstance(found, list):
            raise WorkloadError(f"{self.title} answered without a list of servers")
        return [machine for entry in found if (machine := _server(table(entry))) is not None]

    def detailed(self, line: Line, machine: Machine, end: float) -> Machine:
        """See Market.detailed."""
        from msgspec.structs import replace

        asked: dict[str, object] = {"server_name": machine.name}
        found = table(table(line.ask("GET", "/server_config", end, asked)).get("config"))
        job = found.get("background_job")
        return replace(
            machine,
            rented=_rented(found),
            job=clean(table(job).get("image") or "", 300),
            kept={**_mrl(found), **machine.kept},
        )

    def listing(self, machine: Machine, listing: ListingSettings, now: float) -> tuple[Step, ...]:  # noqa: ARG002
        """See Market.listing: first the price, then the offer."""
        if machine.listed and offered(machine, listing):
            return ()
        if machine.gpus is None:
            raise WorkloadError(f"{machine.unit}: Clore.ai does not say how many GPUs it has, so no price can be told")
        per_day = {"on_demand": per_day_of(listing.price_per_h, machine.gpus)}
        if listing.min_bid_per_h is not None:
            per_day["spot"] = per_day_of(listing.min_bid_per_h, machine.gpus)
        body: dict[str, object] = {"name": machine.name, **machine.kept, **per_day}

        def priced(seen: Machine) -> bool:
            return not seen.listed and offered(seen, listing)

        def shown(seen: Machine) -> bool:
            return seen.listed and offered(seen, listing)

        return (
            Step("tell its price while it is hidden", "POST", _PATH, {**body, "availability": False}, priced),
            Step("list it", "POST", _PATH, {**body, "availability": True}, shown),
        )

    def withdrawal(self, machine: Machine) -> tuple[Step, ...]:
        """See Market.withdrawal. The prices stay what they are."""
        if not machine.listed:
            return ()
        body: dict[str, object] = {"name": machine.name, **machine.kept, "availability": False}
        return (Step("take its listing back", "POST", _PATH, body, lambda seen: not seen.listed),)


def per_day_of(price_per_h: float, gpus: int) -> float:
    """USD per day for a server, of USD per GPU and hour; in decimal, so that 0.05 on 8 GPUs is 9.6 and nothing else."""
    return float(Decimal(str(price_per_h)) * gpus * 24)


def _server(entry: Mapping[str, object]) -> Machine | None:
    """A server from what the list has of it; None without a name, by which alone it can be told anything."""
    name = entry.get("name")
    if not isinstance(name, str) or not name or clean(name, 100) != name:
        return None
    gpus, usd = _gpus(entry), table(entry.get("usd_pricing"))
    asked = [(price(table(each).get("on_demand")), price(table(each).get("spot"))) for each in usd.values()]
    bids = [bid for _, bid in asked if bid is not None]
    hours = 24.0 * gpus if gpus is not None else None
    coins = entry.get("allowed_currencies")
    kept = {**_mrl(entry)}
    for key, told in (("on_demand", [at for at, _ in asked if at is not None]), ("spot", bids)):
        if told:
            kept[key] = min(told)
    number_of = number(entry.get("id"))
    return Machine(
        unit=str(int(number_of)) if number_of is not None else name,
        name=name,
        listed=entry.get("visibility") == "public",
        rented=_rented(entry),
        gpus=gpus,
        prices_per_h=tuple(at / hours for at, _ in asked if at is not None) if hours else (),
        min_bid_per_h=min(bids) / hours if bids and hours else None,
        other_coins=tuple(clean(c, 30) for c in coins if str(c) not in usd) if isinstance(coins, list) else (),
        kept=kept,
    )


def _gpus(entry: Mapping[str, object]) -> int | None:
    """How many GPUs a server has; None where it is told in two ways that differ, or not at all."""
    told, array = count(entry.get("gpu_count")), entry.get("gpu_array")
    if not isinstance(array, list):
        return told
    listed = count(sum(len(each) if isinstance(each, list) else 1 for each in array))
    return listed if told in (None, listed) else None


def _mrl(entry: Mapping[str, object]) -> dict[str, float]:
    """The length of rentals in hours, which a change of price has to repeat."""
    hours = price(entry.get("mrl"))
    return {} if hours is None else {"mrl": int(hours) if hours == int(hours) else hours}


def _rented(entry: Mapping[str, object]) -> bool | None:
    if isinstance(told := entry.get("rented"), bool):
        return told
    status = number(entry.get("rental_status"))
    return None if status is None else status != 0
