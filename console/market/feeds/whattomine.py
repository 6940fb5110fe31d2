"""WhatToMine without a key: ``GET /coins.json``, all its GPU coins in one answer, keyed by their display names.

``coins`` names them by that name or by their tag. Each has the time of its own figures.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import Api, number
from console.market.feeds._whattomine import PUBLIC, Coin, Figure, above_0, answered

EVERY_S = 300.0
"""The list is made anew every few minutes at most, and who asks more often is locked out."""


class _Coin(msgspec.Struct):
    tag: str | None = None
    block_reward: Figure = None
    nethash: Figure = None
    block_time: Figure = None
    exchange_rate: Figure = None
    exchange_rate_curr: str | None = None
    lagging: bool | None = None
    timestamp: Figure = None


class _Coins(msgspec.Struct):
    coins: dict[str, _Coin]


def connect(name: str, settings: FeedSettings) -> WhatToMine:
    """The feed; does no I/O."""
    return WhatToMine(name, settings)


class WhatToMine:
    """Prices in bitcoins, network hashrates, block rewards. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        found = self._api.decoded(self._api.get("/coins.json", timeout_s), _Coins)
        coins = [_coin(name, entry, now) for name, entry in found.coins.items()]
        return answered(self._api, self._settings, coins)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()


def _coin(name: str, entry: _Coin, now: float) -> Coin:
    at = number(entry.timestamp)
    return Coin(
        name=name,
        tag=entry.tag or "",
        at=now if at is None else at,
        lagging=bool(entry.lagging),
        price=above_0(entry.exchange_rate),
        currency=entry.exchange_rate_curr,
        nethash=above_0(entry.nethash),
        block_time_s=above_0(entry.block_time),
        reward=above_0(entry.block_reward),
    )
