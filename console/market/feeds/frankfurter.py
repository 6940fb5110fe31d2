"""Frankfurter: ``GET /v1/latest``, the euro reference rates of the European Central Bank.

``currency`` is the site's, ``currencies`` the others that prices come in; a quote of ``USD/EUR`` is dollars for one
euro. The rates are asked for against the euro, as the bank sets them, and divided here: the service rounds those of
any other base to four or five digits. They are set on every working day of the euro's banks, about 14:10 CET, and
published about 16:00 CET (ecb.europa.eu), so that the date of the answer is all that tells their age.
"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import Api, number, quote
from console.market.feeds._curves import Figure
from console.model import Quote
from console.text import clean

PUBLIC = "https://api.frankfurter.dev"
EVERY_S = 3 * 3600.0
"""One new rate a working day."""
RATES_S = 4 * 86400.0
"""Friday's rates hold until Monday's are out, three days and some hours later. Over Easter they grow stale for a day;
``max_age_s`` in the config may say otherwise."""
SET_AT = time(14, 10)
EURO = "EUR"


class _Rates(msgspec.Struct):
    base: str
    date: str
    rates: dict[str, Figure]


def connect(name: str, settings: FeedSettings) -> Frankfurter:
    """The feed; does no I/O."""
    return Frankfurter(name, settings)


class Frankfurter:
    """Exchange rates into the site's currency. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)
        self._currency = (settings.currency or EURO).upper()
        others = dict.fromkeys(currency.upper() for currency in settings.currencies)
        self._others = tuple(currency for currency in others if currency != self._currency)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:  # noqa: ARG002 - the answer has its own date
        """See Feed.read."""
        if not self._others:
            raise FeedError(f"feeds.{self._name}: currencies names none but {self._currency}")
        asked = sorted({self._currency, *self._others} - {EURO})
        body = self._api.get("/v1/latest", timeout_s, query={"base": EURO, "symbols": ",".join(asked)})
        found = self._api.decoded(body, _Rates)
        if found.base != EURO:
            raise FeedError(f"{self._api.url} answers with rates of {clean(found.base, 20)!r}, expected {EURO}")
        at = self._at(found.date)
        made = {other: self._quote(found.rates, other, at) for other in self._others}
        quotes = tuple(quote for quote in made.values() if quote is not None)
        if not quotes:
            raise self._api.lacking(f"a rate of {', '.join(asked)}")
        notes = tuple(f"no exchange rate for {other}" for other, quote in made.items() if quote is None)
        return Answer(quotes=quotes, notes=notes)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _quote(self, rates: dict[str, Figure], other: str, at: float) -> Quote | None:
        ours, theirs = _per_euro(rates, self._currency), _per_euro(rates, other)
        value = number(ours / theirs) if ours is not None and theirs is not None else None
        if value is None:
            return None
        unit = f"{self._currency}/{other}"
        return quote(self._settings, self._name, "fx", other, value, unit, at, RATES_S)

    def _at(self, text: str) -> float:
        try:
            return datetime.combine(date.fromisoformat(text), SET_AT, ZoneInfo("Europe/Berlin")).timestamp()
        except (ValueError, OverflowError):
            raise FeedError(f"{self._api.url} answers with the date {clean(text, 40)!r}, expected YYYY-MM-DD") from None


def _per_euro(rates: dict[str, Figure], currency: str) -> float | None:
    """Units of ``currency`` for one euro; None where there is no usable rate."""
    rate = 1.0 if currency == EURO else number(rates.get(currency))
    return rate if rate is not None and rate > 0 else None
