"""Octopus Energy: the unit rates of a tariff, half hour by half hour for Agile, in pence per kWh without VAT.

``product`` and ``tariff`` are its codes (``AGILE-24-10-01``, ``E-1R-AGILE-24-10-01-C``; the last letter is the grid
region). The price without VAT is taken, since VAT is for ``[power]`` to add; it is a retail price, to which no grid
fees come. Rates stand newest first and may be negative. One without an end holds until further notice. Where a tariff
has two rates at a time, that of direct debit is taken. Times have an offset; without one they are London's, as its
documentation says of times in general.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import Api, number
from console.market.feeds._curves import Figure, Span, answer, instant
from console.model import Curve

PUBLIC = "https://api.octopus.energy"
EVERY_S = 1800.0
"""The rates of the next day come once a day, from 16:00 on."""
ASKED_S = 2 * 86400.0
PAGE = "1500"
"""The most rates that one page holds; two days of half hours are 96, or 100 where a clock goes back."""
PENCE = 100.0

_OTHER_PAYMENT = "NON_DIRECT_DEBIT"


class _Rate(msgspec.Struct):
    value_exc_vat: Figure = None
    valid_from: str | None = None
    valid_to: str | None = None
    payment_method: str | None = None


class _Rates(msgspec.Struct):
    results: list[_Rate]


def connect(name: str, settings: FeedSettings) -> Octopus:
    """The feed; does no I/O."""
    return Octopus(name, settings)


class Octopus:
    """Rates of today and tomorrow. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC)
        product, tariff = quote(settings.product or "", safe=""), quote(settings.tariff or "", safe="")
        self._path = f"/v1/products/{product}/electricity-tariffs/{tariff}/standard-unit-rates/"
        self._curve = Curve(name=name, kind="power_price", unit="GBP/kWh", source=name, steps=())

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        begin = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        until = begin + ASKED_S
        query = {"period_from": _utc(begin), "period_to": _utc(until), "page_size": PAGE}
        found = self._api.decoded(self._api.get(self._path, timeout_s, query=query), _Rates)
        return answer(self._api, self._curve, _spans(found.results, until), now)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()


def _spans(rates: list[_Rate], until: float) -> Iterator[Span]:
    """``until`` is the end of what was asked for, and so of what is known of a rate that has no end."""
    london = ZoneInfo("Europe/London")
    for rate in rates:
        start = instant(rate.valid_from, london)
        end = until if rate.valid_to is None else instant(rate.valid_to, london)
        pence = number(rate.value_exc_vat)
        if start is not None and end is not None and pence is not None and rate.payment_method != _OTHER_PAYMENT:
            yield Span(start, end, pence / PENCE)


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%MZ}"
