"""A source of prices that can be made to say anything, and keepers that ask it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from console.config.feed_settings import FeedSettings
from console.market.cache import Cache
from console.market.keeper import Keeper, News, Source
from console.market.registry import connect_feed
from tests.contract.hostile import Handler, answer


class Speaker:
    """A CoinGecko whose price and manner can be changed while it runs."""

    def __init__(self) -> None:
        self.price = 0.84
        self.manner: Callable[[Handler], None] | None = None
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, handler: Handler) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        body = {"ergo": {"usd": self.price, "last_updated_at": time.time()}}
        (self.manner or answer(json.dumps(body).encode()))(handler)
        with self._lock:
            self.at_once -= 1


def settings_at(url: str, interval_s: float = 0.1, **more: object) -> FeedSettings:
    return FeedSettings(kind="coingecko", url=url, coins={"ERG": "ergo"}, interval_s=interval_s, **more)  # type: ignore[arg-type]


def keeper_of(settings: FeedSettings, cache: Cache | None = None, now: Callable[[], float] = time.time) -> Keeper:
    return Keeper((Source("gecko", settings, connect_feed("gecko", settings)),), cache, now)


def until(keeper: Keeper, enough: Callable[[News], bool], within_s: float = 10.0) -> News:
    end = time.monotonic() + within_s
    while not enough(news := keeper.news()):
        assert time.monotonic() < end, news
        time.sleep(0.01)
    return news
