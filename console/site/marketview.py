"""How the market fares, for the screen and the log: feeds that fail, quotes held back, sources that disagree."""

from __future__ import annotations

from collections.abc import Iterator

from console import units
from console.config.settings import Settings
from console.economics.terms import Price
from console.market.disagreement import disagreements
from console.market.keeper import News
from console.market.prices import Prices
from console.market.quotes import POWER, Board
from console.model import Disagreement, LogLine, Market, Quote

INTERVAL_S = 3600.0
"""Power prices hold for an hour at most."""
TARIFF = "tariff"
"""The source of a price that the config's components make up."""
Figure = tuple[str, str]
"""kind, name"""


class MarketView:
    """Turns what the feeds say into the snapshot's market, and remembers what was told."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: tuple[object, ...] = ()
        self._compared: tuple[Disagreement, ...] = ()
        self._now = Market()
        self._failing: frozenset[str] = frozenset()
        self._held: frozenset[tuple[str, str, str]] = frozenset()
        self._apart: frozenset[Figure] = frozenset()

    def at(self, board: Board, news: News, now: float) -> Market:
        """The market at ``now``. Sources are compared again only when a quote has changed or grown stale."""
        key = (board.quotes, tuple(quote.stale(now) for quote in board.quotes))
        if key != self._key:
            self._compared = tuple(
                disagreements(board.quotes, now, lambda quote: _worth(self._settings, board, quote, now))
            )
            self._key = key
        self._now = Market(
            feeds=news.feeds,
            held=news.held,
            trails=news.trails,
            disagreements=self._compared,
        )
        return self._now

    def changes(self, now: float) -> Iterator[LogLine]:
        """A line for each feed that has begun or ceased to fail, each quote newly held back, each new disagreement."""
        market = self._now
        failing = frozenset(feed.name for feed in market.feeds if feed.error)
        for feed in market.feeds:
            if feed.error and feed.name not in self._failing:
                yield LogLine(at=now, text=f"feed {feed.name}: {feed.error}", tone="warn")
            elif not feed.error and feed.name in self._failing:
                yield LogLine(at=now, text=f"feed {feed.name} answers again", tone="label")
        held = frozenset((one.quote.kind, one.quote.name, one.quote.source) for one in market.held)
        for one in market.held:
            if (one.quote.kind, one.quote.name, one.quote.source) not in self._held:
                text = f"{one.quote.name} from {one.quote.source} {one.reason}: held back, not used"
                yield LogLine(at=now, text=text, tone="warn")
        apart = frozenset((one.kind, one.name) for one in market.disagreements if one.flagged)
        for two in market.disagreements:
            if two.flagged and (two.kind, two.name) not in self._apart:
                text = f"{two.name}: {two.high.source} is {units.share(two.fraction)} above {two.low.source}"
                yield LogLine(at=now, text=text, tone="warn")
        self._failing, self._held, self._apart = failing, held, apart


def composed(power: Price, currency: str, now: float) -> tuple[Quote, ...]:
    """The site's power price as one quote, where it is the sum of several figures: nobody pays the wholesale price.

    It is of the time of the part that was renewed last; whether any of them is too old the price itself has judged.
    """
    if power.value is None or len(power.inputs) < 2:
        return ()
    ages = [one.at for one in power.inputs if one.at is not None]
    at = min(now, max(ages, default=now))
    return (
        Quote(
            name=POWER,
            kind="power_price",
            value=power.value,
            unit=f"{currency}/kWh",
            source=TARIFF,
            at=at,
            max_age_s=0.0 if power.stale else max(INTERVAL_S, now - at),
            complete=not power.incomplete,
        ),
    )


def _worth(settings: Settings, board: Board, quote: Quote, now: float) -> float | None:
    """A quote's value where all of its kind can be compared: money in the site's currency, the rest as it stands."""
    alone = Board(quotes=(quote, *(one for one in board.quotes if one.kind == "fx")))
    prices = Prices(settings, alone, now)
    match quote.kind:
        case "coin_price":
            return prices.coin(quote.name).value
        case "hash_price":
            return prices.per_hash(quote.name).value
        case "rental":
            return prices.rental(quote.name).value
        case _:
            return quote.value
