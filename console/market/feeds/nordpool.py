"""Nord Pool's data portal: ``GET /api/DayAheadPrices``, the day-ahead price of a delivery area per MWh.

``area`` is ``SE3``, ``NO1``, ``FI``; ``currency`` one that the portal has (EUR, SEK, NOK, DKK, GBP, ...). One request
is one delivery day, which is a day in CET, summer time included; its times are UTC. The portal is what Nord Pool's own
pages use, without a documentation: a day that is not published yet is HTTP status 204. Wholesale prices, without grid
fees and taxes.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import Api, Deadline, number
from console.market.feeds._curves import NO_NOTES, Figure, Span, answer, instant, unless_late
from console.model import Curve
from console.text import clean

PUBLIC = "https://dataportal-api.nordpoolgroup.com"
EVERY_S = 1800.0
PUBLISHED = time(12, 45)
"""In CET; "typically announced at 12:45 CET or later" (nordpoolgroup.com, Day-ahead market). Nobody asks before."""


class _Entry(msgspec.Struct, rename="camel"):
    delivery_start: str
    delivery_end: str
    entry_per_area: dict[str, Figure] = {}


class _Day(msgspec.Struct, rename="camel"):
    multi_area_entries: list[_Entry]
    currency: str | None = None


def connect(name: str, settings: FeedSettings) -> NordPool:
    """The feed; does no I/O."""
    return NordPool(name, settings)


class NordPool:
    """Prices of today and, once they are published, of tomorrow. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC)
        self._area = (settings.area or "").upper()
        self._currency = (settings.currency or "EUR").upper()
        unit = f"{self._currency}/MWh"
        self._curve = Curve(name=name, kind="power_price", unit=unit, source=name, steps=(), complete=False)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        deadline = Deadline(timeout_s)
        here = datetime.fromtimestamp(now, ZoneInfo("Europe/Berlin"))  # CET and CEST, as all of the market has it
        spans, notes = self._day(here.date(), deadline), NO_NOTES
        if here.time() >= PUBLISHED:
            tomorrow = here.date() + timedelta(days=1)
            later, notes = unless_late(lambda: self._day(tomorrow, deadline), f"prices for {tomorrow}")
            spans += later
        return answer(self._api, self._curve, spans, now, notes)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _day(self, day: date, deadline: Deadline) -> list[Span]:
        query = {"date": f"{day}", "market": "DayAhead", "deliveryArea": self._area, "currency": self._currency}
        found = self._api.decoded(self._api.get("/api/DayAheadPrices", deadline.left_s, query=query), _Day)
        if found.currency is not None and found.currency.upper() != self._currency:
            raise FeedError(f"{self._api.url} answers in {clean(found.currency, 20)!r}, expected {self._currency}")
        spans = []
        for entry in found.multi_area_entries:
            start, end = instant(entry.delivery_start), instant(entry.delivery_end)
            value = number(entry.entry_per_area.get(self._area))
            if start is not None and end is not None and value is not None:
                spans.append(Span(start, end, value))
        if not spans:
            raise self._api.lacking(f"a price of {clean(self._area, 40)} for {day}")
        return spans
