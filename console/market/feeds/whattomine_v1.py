"""WhatToMine with a key: ``GET /api/v1/coins``, every coin it knows, the key in ``Authorization: Token KEY``.

``coins`` names them by name or tag. Of what the interface offers this list is taken and not ``calculate``: that one
answers what a made-up hashrate would earn, rounded, and shows none of the figures that the sum was made of.

Fields as its public readers use them (RecRanger/coin-profitability-scraper, watts2crypto). The prices of ``exchanges``
have no currency beside them; they are taken for bitcoins, as watts2crypto does and as ``coins.json`` says of its own.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import Api, number
from console.market.feeds._whattomine import PUBLIC, Coin, Figure, above_0, answered
from console.market.quotes import instant

EVERY_S = 600.0
"""Requests are counted by the month, 10,000 in the documentation's example; this makes 4,500. A smaller plan needs a
longer ``interval_s``, past a quarter of an hour with prices from elsewhere."""


class _Exchange(msgspec.Struct):
    price: Figure = None
    volume: Figure = None


class _Coin(msgspec.Struct):
    name: str | None = None
    tag: str | None = None
    block_reward: Figure = None
    nethash: Figure = None
    block_time: Figure = None
    exchanges: list[_Exchange] | None = None
    lagging: bool | None = None
    last_update: Figure = None


def connect(name: str, settings: FeedSettings) -> WhatToMineV1:
    """The feed; does no I/O."""
    return WhatToMineV1(name, settings)


class WhatToMineV1:
    """Prices in bitcoins, network hashrates, block rewards. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        key = self._api.key()
        headers = {"Authorization": f"Token {key}"} if key else {}
        found = self._api.decoded(self._api.get("/api/v1/coins", timeout_s, headers=headers), list[_Coin])
        return answered(self._api, self._settings, [_coin(entry, now) for entry in found])

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()


def _coin(entry: _Coin, now: float) -> Coin:
    return Coin(
        name=entry.name or "",
        tag=entry.tag or "",
        at=_moment(entry.last_update, now),
        lagging=bool(entry.lagging),
        price=_price(entry.exchanges or []),
        currency="BTC",
        nethash=above_0(entry.nethash),
        block_time_s=above_0(entry.block_time),
        reward=above_0(entry.block_reward),
    )


def _price(exchanges: list[_Exchange]) -> float | None:
    """The price where most is traded; None where no exchange has one."""
    priced = [(above_0(exchange.volume) or 0.0, above_0(exchange.price)) for exchange in exchanges]
    known = [(volume, price) for volume, price in priced if price is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def _moment(value: Figure, now: float) -> float:
    """Unix seconds of seconds or of an ISO 8601 text; ``now`` where there is none.

    A text that is neither makes the figures old instead of fresh, see ``console.market.quotes.instant``.
    """
    seconds = number(value)
    if seconds is not None:
        return seconds
    return instant(value, now) if isinstance(value, str) and value else now
