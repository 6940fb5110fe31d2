"""GB Carbon Intensity (National Energy System Operator): grams of CO2 per kWh in half hours, for a day ahead.

Without ``area`` it is the figure of Great Britain; with one that of a region, by its number (``13``) or by the first
half of a postcode (``RG10``). A measured figure is null until its half hour is over, and then replaces the forecast;
regions have forecasts alone. It is an average intensity, not the marginal one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import Api, number
from console.market.feeds._curves import Figure, Span, answer, instant
from console.market.quotes import CARBON
from console.model import Curve

PUBLIC = "https://api.carbonintensity.org.uk"
EVERY_S = 900.0
"""Half hours; the forecast is renewed once in each."""
SLOT_S = 1800.0


class _Intensity(msgspec.Struct):
    forecast: Figure = None
    actual: Figure = None


class _Slot(msgspec.Struct):
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    intensity: _Intensity


class _Region(msgspec.Struct):
    data: list[_Slot]


class _Found(msgspec.Struct):
    data: list[_Slot] | _Region


def connect(name: str, settings: FeedSettings) -> CarbonGB:
    """The feed; does no I/O."""
    return CarbonGB(name, settings)


class CarbonGB:
    """Carbon intensity from half an hour ago until tomorrow. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC)
        self._area = settings.area
        self._curve = Curve(name=CARBON, kind="carbon", unit="g/kWh", source=name, steps=())

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        found = self._api.decoded(self._api.get(self._path(now), timeout_s), _Found)
        slots = found.data.data if isinstance(found.data, _Region) else found.data
        return answer(self._api, self._curve, _spans(slots), now)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _path(self, now: float) -> str:
        """From the half hour before this one, so that this one is in the answer whichever way the source rounds."""
        begin = datetime.fromtimestamp(now // SLOT_S * SLOT_S - SLOT_S, UTC)
        period = f"intensity/{begin:%Y-%m-%dT%H:%MZ}/fw24h"
        if not self._area:
            return f"/{period}"
        by = "regionid" if self._area.isdecimal() else "postcode"
        return f"/regional/{period}/{by}/{quote(self._area, safe='')}"


def _spans(slots: list[_Slot]) -> Iterator[Span]:
    for slot in slots:
        start, end = instant(slot.start), instant(slot.end)
        measured = number(slot.intensity.actual)
        if start is not None and end is not None:
            yield Span(start, end, number(slot.intensity.forecast) if measured is None else measured)
