"""Vast.ai's market: ``GET /metrics/gpu/current/``, prices and usage of every GPU model in one request.

Prices are USD per GPU and hour over the whole market (every verification, kind of host and number of GPUs); ``usage``
is the percentage of it that is rented, machines and not GPUs counted (docs.vast.ai, "show gpu metrics"). Vast
answers accounts that host: others get HTTP status 401, and hosts without a machine ``needs_machine`` and no figures.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import SPOT_S, Api, number, quote
from console.market.feeds._rental import UNIT, Figure, chosen, price
from console.market.feeds._vast import PUBLIC, Reply, asked
from console.model import Quote

EVERY_S = 300.0
"""Vast renews these figures every 5 minutes (docs.vast.ai, "GPU Market Metrics")."""
USAGE_S = 3600.0
"""How much of a market is rented moves over hours."""
STATISTICS = ("p10", "median", "p90")
WHOLE_MARKET = {"verified": "all", "hosting_type": "all", "num_gpus": "all"}


class _Market(msgspec.Struct):
    gpu_name: str | None = None
    usage: Figure = None
    price_p10: Figure = None
    price_median: Figure = None
    price_p90: Figure = None

    def price(self, statistic: str) -> float | None:
        return price({"p10": self.price_p10, "median": self.price_median, "p90": self.price_p90}[statistic])


class _Markets(Reply):
    gpus: list[_Market] | None = None
    needs_machine: bool = False


def connect(name: str, settings: FeedSettings) -> Vast:
    """The feed; does no I/O. Raises FeedError for a ``statistic`` that is none of STATISTICS."""
    return Vast(name, settings)


class Vast:
    """What GPUs of a model rent for, and which share of them is rented. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._statistic = chosen(name, settings, STATISTICS, "median")
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        found = asked(self._api, "/metrics/gpu/current/", WHOLE_MARKET, timeout_s, _Markets)
        if found.needs_machine:
            raise FeedError(
                f"{self._api.url} shows its market only to accounts that host a machine, "
                f"and the account of feeds.{self._name} hosts none"
            )
        markets = {_plain(market.gpu_name): market for market in found.gpus or () if market.gpu_name}
        quotes: list[Quote] = []
        notes: list[str] = []
        for ours, theirs in self._settings.gpus.items():
            made, lacks = self._quotes(ours, theirs, markets.get(_plain(theirs), _Market()), now)
            quotes += made
            notes += lacks
        if not quotes:
            raise self._api.lacking(f"a price of {', '.join(self._settings.gpus.values())}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _quotes(self, ours: str, theirs: str, market: _Market, now: float) -> tuple[list[Quote], list[str]]:
        rate, usage_pct = market.price(self._statistic), number(market.usage)
        made, lacks = [], []
        if rate is None:
            lacks.append(f"no {self._statistic} price for {ours} ({theirs})")
        else:
            made.append(quote(self._settings, self._name, "rental", ours, rate, UNIT, now, SPOT_S))
        if usage_pct is None:
            lacks.append(f"no usage for {ours} ({theirs})")
        else:
            made.append(quote(self._settings, self._name, "occupancy", ours, usage_pct / 100, "", now, USAGE_S))
        return made, lacks


def _plain(gpu_name: str) -> str:
    """A model's name as it is compared: the command line of Vast writes RTX_4090 where its interface has RTX 4090."""
    return " ".join(gpu_name.replace("_", " ").casefold().split())
