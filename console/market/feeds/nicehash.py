"""NiceHash: what its buyers pay for hashes now, ``GET /main/api/v2/public/simplemultialgo/info``.

``paying`` is satoshi for one H/s (Sol/s, graph/s) kept up for a day, as text; NiceHash's page for developers writes
``sat/[H/Sol/G]/day``. It is what a miner gets before NiceHash's fee of about 2 %, which is the workload's ``pool_fee``.

``coins`` maps a coin of the config to an algorithm, by either of its spellings (``KAWPOW``, ``KawPow``). Give it a name
of its own, ``NH-KAWPOW``: a price per hash counts before all other figures of its coin, and here one is paid in
bitcoins, whatever coin the buyer mines.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import SPOT_S, Api, number, quote
from console.model import Quote

PUBLIC = "https://api2.nicehash.com"
EVERY_S = 60.0
"""Prices follow the order book; its older interface said that it renews them every 30 s."""

UNIT = "BTC/TH/day"
SAT_PER_BTC = 1e8
H_PER_TH = 1e12


class _Algorithm(msgspec.Struct):
    algorithm: str | None = None
    title: str | None = None
    paying: float | str | None = None


class _Info(msgspec.Struct, rename="camel"):
    mining_algorithms: list[_Algorithm]


def connect(name: str, settings: FeedSettings) -> NiceHash:
    """The feed; does no I/O."""
    return NiceHash(name, settings)


class NiceHash:
    """Prices per hash in bitcoins. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read. The answer has no time of its own."""
        body = self._api.get("/main/api/v2/public/simplemultialgo/info", timeout_s)
        found = self._api.decoded(body, _Info).mining_algorithms
        quotes: list[Quote] = []
        notes: list[str] = []
        for ours, theirs in self._settings.coins.items():
            entry = _called(theirs, found)
            value = None if entry is None else th_day_price(entry.paying)
            if value is not None:
                quotes.append(quote(self._settings, self._api.name, "hash_price", ours, value, UNIT, now, SPOT_S))
            elif entry is None:
                notes.append(f"no price for {ours} ({theirs}): no such algorithm")
            else:
                notes.append(f"no price for {ours} ({theirs}): nobody buys it now")
        if not quotes:
            raise self._api.lacking(f"a price of {', '.join(self._settings.coins.values())}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()


def th_day_price(paying: float | str | None) -> float | None:
    """Bitcoins for one TH/s kept up for a day. None for 0, which is written for algorithms without a buyer."""
    sat_per_h_day = number(paying)
    if sat_per_h_day is None or sat_per_h_day <= 0:
        return None
    return sat_per_h_day / SAT_PER_BTC * H_PER_TH


def _called(theirs: str, found: list[_Algorithm]) -> _Algorithm | None:
    wanted = theirs.casefold()
    return next((a for a in found if wanted in ((a.algorithm or "").casefold(), (a.title or "").casefold())), None)
