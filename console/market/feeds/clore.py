"""Clore.ai's marketplace: ``GET /marketplace``, every server with its price per day, free and rented ones.

A quote is a percentile (nearest rank, see ``nearest_rank``) over the free servers whose GPUs are all of one model, each
server once: its price in USD per day, per 24 hours and per GPU. Names are compared whole, so that RTX 3080 is not RTX
3080 Ti. ``price.usd`` is the dollar price by the coin that the host takes (docs.clore.ai, and its own Python client).

Every answer has ``code``, 0 when all is well, and HTTP status 200. The marketplace comes in one piece; one that is
larger than the 2 MiB that any source may send is refused with a sentence and gives no price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import SPOT_S, Api, quote
from console.market.feeds._rental import UNIT, Figure, chosen, nearest_rank, price, said

PUBLIC = "https://api.clore.ai/v1"
EVERY_S = 300.0
"""Clore asks for 60 s or more between polls, and for the marketplace, which is large, to be kept."""
TOO_MANY_S = 60.0
"""How long to stay away after code 5: the interval of polls that Clore asks for."""
STATISTICS = {"p10": 10, "median": 50, "p90": 90}
"""What ``statistic`` may say, and its percentile."""
_CODES = {
    1: "a fault of its database",
    2: "it does not accept the request",
    3: "it does not know the key",
    4: "it has no such endpoint",
    5: "more than one request a second",
}
_COUNTED = re.compile(r"(\d{1,3})\s*x\s+(.+)", re.IGNORECASE)


class _Usd(msgspec.Struct):
    on_demand_usd: Figure = None
    on_demand_clore: Figure = None
    on_demand_btc: Figure = None


class _Price(msgspec.Struct):
    usd: _Usd | None = None


class _Specs(msgspec.Struct):
    gpu: str | None = None


class _Server(msgspec.Struct):
    rented: bool | None = None
    price: _Price | None = None
    specs: _Specs | None = None
    gpu_array: list[Any] | None = None  # names, of which some come in lists of their own


class _Reply(msgspec.Struct):
    code: int
    error: str | None = None
    servers: list[msgspec.Raw] | None = None


class Offer(NamedTuple):
    """A server with GPUs of one model. ``rate_per_h`` is USD per GPU; None without a price."""

    gpu: str
    rate_per_h: float | None
    rented: bool


def connect(name: str, settings: FeedSettings) -> Clore:
    """The feed; does no I/O. Raises FeedError for a ``statistic`` that is none of STATISTICS."""
    return Clore(name, settings)


class Clore:
    """What free GPUs of a model are offered for. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._percent = STATISTICS[chosen(name, settings, tuple(STATISTICS), "median")]
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        servers = self._servers(timeout_s)
        readable = [server for raw in servers if (server := _decoded(raw)) is not None]
        offers = [found for server in readable if (found := offer(server)) is not None]
        notes = []
        if len(readable) < len(servers):
            notes.append(f"servers left out as they cannot be read: {len(servers) - len(readable)} of {len(servers)}")
        quotes = []
        for ours, theirs in self._settings.gpus.items():
            wanted = plain(theirs)
            alike = [found for found in offers if found.gpu == wanted]
            rates = [found.rate_per_h for found in alike if found.rate_per_h is not None and not found.rented]
            if rates:
                rate = nearest_rank(rates, self._percent)
                quotes.append(quote(self._settings, self._name, "rental", ours, rate, UNIT, now, SPOT_S))
            else:
                taken = sum(found.rented for found in alike)
                notes.append(f"no price for {ours} ({theirs}): servers with it {len(alike)}, of them rented {taken}")
        if not quotes:
            raise self._api.lacking(f"a free server with {', '.join(self._settings.gpus.values())}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _servers(self, timeout_s: float) -> list[msgspec.Raw]:
        key = self._api.key()
        body = self._api.get("/marketplace", timeout_s, headers={"auth": key} if key else {})
        reply = self._api.decoded(body, _Reply)
        if reply.code != 0:
            words = said(reply.error, key) if reply.error else _CODES.get(reply.code, "no reason given")
            wait_s = TOO_MANY_S if reply.code == 5 else None
            raise FeedError(f"{self._api.url} answers with code {reply.code}: {words}", wait_s)
        return reply.servers or []


def offer(server: _Server) -> Offer | None:
    """What a server offers; None where its GPUs are mixed, none, or counted in two ways that differ."""
    usd = server.price.usd if server.price else None
    per_day = (price(usd.on_demand_usd) or price(usd.on_demand_clore) or price(usd.on_demand_btc)) if usd else None
    names = [plain(name) for name in _names(server.gpu_array or [])]
    counted = _COUNTED.fullmatch(((server.specs.gpu if server.specs else None) or "").strip())
    if counted and not names:
        names = [plain(counted[2])] * int(counted[1])
    if len({*names}) != 1 or (counted and int(counted[1]) != len(names)):
        return None
    rate_per_h = per_day / 24 / len(names) if per_day is not None else None
    return Offer(names[0], rate_per_h, server.rented is True)


def plain(gpu: str) -> str:
    """A model's name as it is compared: without its maker and its line, which are there or not."""
    return " ".join(word for word in gpu.casefold().split() if word not in ("nvidia", "geforce"))


def _names(found: list[Any]) -> Iterator[str]:
    for entry in found:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, list):
            yield from (name for name in entry if isinstance(name, str))


def _decoded(raw: msgspec.Raw) -> _Server | None:
    """One server: of thousands that strangers describe, one that is odd costs the others nothing."""
    try:
        return msgspec.json.decode(raw, type=_Server)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
