"""Energy-Charts (Fraunhofer ISE): ``GET /co2eq``, grams of CO2 equivalent per kWh of a country's electricity.

``area`` is a country's code: ``de``. Measured and forecast figures stand in two lists beside one of Unix seconds, each
with null where the other has a figure; a forecast counts until the measured one is there. It is the average of what is
generated (attributional), not the marginal one.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import Api, number
from console.market.feeds._curves import Figure, answer, evenly
from console.market.quotes import CARBON
from console.model import Curve

PUBLIC = "https://api.energy-charts.info"
EVERY_S = 900.0
"""One figure a quarter hour."""


class _Intensities(msgspec.Struct):
    unix_seconds: list[Figure]
    co2eq: list[Figure] | None = None
    co2eq_forecast: list[Figure] | None = None


def connect(name: str, settings: FeedSettings) -> EnergyChartsCarbon:
    """The feed; does no I/O."""
    return EnergyChartsCarbon(name, settings)


class EnergyChartsCarbon:
    """Carbon intensity of today. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC)
        self._country = (settings.area or "").lower()
        self._curve = Curve(name=CARBON, kind="carbon", unit="g/kWh", source=name, steps=())

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        body = self._api.get("/co2eq", timeout_s, query={"country": self._country})
        found = self._api.decoded(body, _Intensities)
        nothing: list[Figure] = [None] * len(found.unix_seconds)
        both = zip(found.co2eq or nothing, found.co2eq_forecast or nothing, strict=False)
        values = [_first(number(measured), number(forecast)) for measured, forecast in both]
        return answer(self._api, self._curve, evenly(self._api, found.unix_seconds, values), now)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()


def _first(measured: float | None, forecast: float | None) -> float | None:
    return forecast if measured is None else measured
