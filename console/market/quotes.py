"""The latest quotes, each with its source and age, and what a site config says by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from console.config.settings import CoinSettings, Settings
from console.market.tariff import is_flat
from console.model import Quote

YEAR_S = 365 * 86400.0
"""A tariff in the config holds until somebody changes it; after a year, a supply contract's length, it is stale."""

POWER = "power"
CARBON = "carbon"
CONFIG = "config"


class Board(msgspec.Struct, frozen=True):
    """The latest quote of each source for each figure. Frozen: ``put`` makes a new one."""

    quotes: tuple[Quote, ...] = ()

    def put(self, quotes: Iterable[Quote]) -> Board:
        """This board with newer quotes in; of one figure and source the one observed last stays."""
        latest = {_key(q): q for q in self.quotes}
        for quote in quotes:
            held = latest.get(_key(quote))
            if held is None or quote.at >= held.at:
                latest[_key(quote)] = quote
        return Board(quotes=tuple(latest.values()))

    def of(self, kind: str, name: str) -> tuple[Quote, ...]:
        """Every source's quote of one figure, the one observed last first."""
        found = [q for q in self.quotes if q.kind == kind and q.name == name]
        return tuple(sorted(found, key=lambda q: q.at, reverse=True))

    def latest(self, kind: str, name: str, now: float) -> Quote | None:
        """The quote to use: fresh before stale, a feed's before the config's, then the one observed last."""
        return min(self.of(kind, name), key=lambda q: (q.stale(now), q.source == CONFIG, -q.at), default=None)


def configured(settings: Settings, written_at: float) -> tuple[Quote, ...]:
    """The quotes that a site config holds. ``written_at`` stands for an ``at`` that is not given.

    Values keep the unit they were written in; ``market.terms`` converts. An ``at`` that is no ISO 8601 instant makes
    the quote one of 1970, which is stale rather than wrong.
    """
    return (*_tariff(settings, written_at), *_network(settings, written_at), *_by_hand(settings, written_at))


def _tariff(settings: Settings, written_at: float) -> Iterator[Quote]:
    power, currency = settings.power, settings.site.currency
    price = power.price_per_kwh
    if price is None and power.components and is_flat(power, currency):
        price = sum(component.price_per_kwh or 0.0 for component in power.components)
    if price is not None:
        yield _fixed(POWER, "power_price", price, f"{currency}/kWh", written_at)
    if power.carbon_g_per_kwh is not None:
        yield _fixed(CARBON, "carbon", power.carbon_g_per_kwh, "g/kWh", written_at)


def _fixed(name: str, kind: str, value: float, unit: str, at: float) -> Quote:
    return Quote(name=name, kind=kind, value=value, unit=unit, source=CONFIG, at=at, max_age_s=YEAR_S)


def _network(settings: Settings, written_at: float) -> Iterator[Quote]:
    for name, coin in settings.coins.items():
        at = instant(coin.at, written_at)
        for kind, value, unit in _figures(name, coin):
            if value is not None:
                yield Quote(
                    name=name, kind=kind, value=value, unit=unit, source=CONFIG, at=at, max_age_s=coin.max_age_s
                )


def _figures(name: str, coin: CoinSettings) -> tuple[tuple[str, float | None, str], ...]:
    return (
        ("reward", coin.reward, name),
        ("difficulty", coin.difficulty, ""),
        ("nethash", coin.nethash, "H/s"),
    )


def _by_hand(settings: Settings, written_at: float) -> Iterator[Quote]:
    for name, quote in settings.quotes.items():
        yield Quote(
            name=CARBON if quote.kind == "carbon" else name,
            kind=quote.kind,
            value=quote.value,
            unit=quote.unit,
            source=CONFIG,
            at=instant(quote.at, written_at),
            max_age_s=quote.max_age_s,
        )


def instant(text: str | None, otherwise: float) -> float:
    """Unix seconds of an ISO 8601 instant, UTC where it names no zone; 0 where it cannot be read."""
    if text is None:
        return otherwise
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _key(quote: Quote) -> tuple[str, str, str]:
    return quote.kind, quote.name, quote.source
