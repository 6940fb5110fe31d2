"""Energy-Charts (Fraunhofer ISE): ``GET /price``, the day-ahead price of a bidding zone in EUR/MWh.

``area`` is its name of the zone: ``DE-LU``, ``AT``, ``SE4``. A day's prices stand in it as a list of Unix seconds and
one of prices, in quarter hours since October 2025 and in hours before, with null where one is missing. They are
wholesale prices, without grid fees and taxes. The unit has been seen as ``EUR / MWh`` and as ``No Unit``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import Api, number
from console.market.feeds._curves import Figure, answer, evenly
from console.model import Curve
from console.text import clean

PUBLIC = "https://api.energy-charts.info"
EVERY_S = 1800.0
"""The auction is decided once a day, about 13:00 CET; the interface answers 429 to those who ask too often, and does
not say how often that is."""

_UNITS = frozenset({"", "NOUNIT", "EUR/MWH"})


class _Prices(msgspec.Struct):
    unix_seconds: list[Figure]
    price: list[Figure]
    unit: str | None = None


def connect(name: str, settings: FeedSettings) -> EnergyCharts:
    """The feed; does no I/O."""
    return EnergyCharts(name, settings)


class EnergyCharts:
    """Today's and tomorrow's prices. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC)
        self._area = settings.area or ""
        self._curve = Curve(name=name, kind="power_price", unit="EUR/MWh", source=name, steps=(), complete=False)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        # Whether the days are UTC's or the zone's own, these two hold the hour under way and all that is known ahead.
        today = datetime.fromtimestamp(now, UTC).date()
        query = {"bzn": self._area, "start": f"{today}", "end": f"{today + timedelta(days=1)}"}
        found = self._api.decoded(self._api.get("/price", timeout_s, query=query), _Prices)
        unit = found.unit or ""
        if unit.upper().replace(" ", "") not in _UNITS:
            raise FeedError(f"{self._api.url} answers in {clean(unit, 40)!r}, expected EUR / MWh")
        return answer(self._api, self._curve, evenly(self._api, found.unix_seconds, [*map(number, found.price)]), now)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()
