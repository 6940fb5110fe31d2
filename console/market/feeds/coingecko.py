"""CoinGecko: ``GET /api/v3/simple/price`` for many coins in one request, each with the time its price is of.

The public interface caches for 60 s; a demo key goes into ``x-cg-demo-api-key``.
"""

from __future__ import annotations

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import SPOT_S, Api, number, quote
from console.model import Quote

PUBLIC = "https://api.coingecko.com"
EVERY_S = 60.0


def connect(name: str, settings: FeedSettings) -> CoinGecko:
    """The feed; does no I/O."""
    return CoinGecko(name, settings)


class CoinGecko:
    """Coin prices in ``currency``. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)
        self._currency = settings.currency or "USD"

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        key = self._api.key()
        body = self._api.get(
            "/api/v3/simple/price",
            timeout_s,
            query={
                "ids": ",".join(self._settings.coins.values()),
                "vs_currencies": self._currency.lower(),
                "include_last_updated_at": "true",
            },
            headers={"x-cg-demo-api-key": key} if key else {},
        )
        found = self._api.decoded(body, dict[str, dict[str, float | None]])
        quotes, notes = [], []
        for coin, theirs in self._settings.coins.items():
            made = self._quote(coin, found.get(theirs, {}), now)
            if made is None:
                notes.append(f"no price for {coin} ({theirs})")
            else:
                quotes.append(made)
        if not quotes:
            raise self._api.lacking(f"a price of {', '.join(self._settings.coins.values())}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _quote(self, coin: str, entry: dict[str, float | None], now: float) -> Quote | None:
        value = number(entry.get(self._currency.lower()))
        if value is None:
            return None
        at = number(entry.get("last_updated_at"))
        unit = f"{self._currency}/{coin}"
        return quote(self._settings, self._name, "coin_price", coin, value, unit, now if at is None else at, SPOT_S)
