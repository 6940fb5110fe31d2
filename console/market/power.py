"""What a kWh costs the site: as the config states it, as the sum of its components, or as the one feed of it says."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec

from console.config.settings import Settings
from console.config.tariff_settings import Component, Window
from console.economics.terms import Price
from console.market import tariff
from console.market.prices import Prices, lacking, unreadable
from console.market.quotes import CONFIG, POWER, Board
from console.model import Curve, Input, Quote, Step

KIND = "power_price"
NAME = "price of power"
INCOMPLETE = "energy only: no grid fees or taxes in it, set [power] components"
_PER_KWH = {"kWh": 1.0, "MWh": 1e-3}

T = TypeVar("T")


def price_of_power(prices: Prices) -> Price:
    """Currency per kWh now. A wholesale price that nothing is added to is used, and says that it is incomplete."""
    if prices.settings.power.components:
        return _composed(prices)
    stated = _stated(prices)
    if not stated:
        return lacking(NAME, "set [power] price_per_kwh")
    if len(stated) > 1:
        told = ", ".join(q.source if q.source == q.name else f"{q.source} ({q.name})" for q in stated)
        return lacking(NAME, f"found those of {told}, name the one that counts in [power] components")
    price = _quoted(prices, stated[0], NAME)
    return price if stated[0].complete else msgspec.structs.replace(price, incomplete=(INCOMPLETE,))


def curve(
    settings: Settings, board_quotes: tuple[Quote, ...], curves: tuple[Curve, ...], begin: float, end: float
) -> tuple[Step, ...]:
    """Site currency per kWh from ``begin`` until ``end`` (Unix seconds), a step per change of any component.

    Where a component is not known, a day-ahead price beyond tomorrow, there is no step. A spot price holds as long as
    its age limit, and exchange rates as they stand now. ``board_quotes`` are those that ``price_of_power`` is made of.
    """
    prices = Prices(settings, Board(quotes=board_quotes), begin)
    components = settings.power.components
    if components:
        parts = [_ahead(prices, component, curves, begin, end) for component in components]
    else:
        parts = [_stated_ahead(prices, curves, begin)]
    return tuple(_sums([tuple(_joined(steps)) for steps in parts], begin, end)) if begin < end else ()


# ---- now -------------------------------------------------------------------------------------------------------------


def _stated(prices: Prices) -> list[Quote]:
    """The price where somebody states it as a whole: one quote, none, or one for each of several figures.

    A price in [power] counts before any feed's; without one a feed's counts before one set by hand in [quotes].
    """
    board, now = prices.board, prices.now
    if prices.settings.power.price_per_kwh is not None:
        found = _written(board) or board.latest(KIND, POWER, now)
        return [found] if found else []
    quotes = [quote for quote in board.quotes if quote.kind == KIND]
    names = {quote.name for quote in quotes if quote.source != CONFIG} or {quote.name for quote in quotes}
    latest = (board.latest(KIND, name, now) for name in sorted(names))
    return [quote for quote in latest if quote is not None]


def _written(board: Board) -> Quote | None:
    """The config's own price, which knows how long ago it was written."""
    return next((quote for quote in board.of(KIND, POWER) if quote.source == CONFIG), None)


def _composed(prices: Prices) -> Price:
    """The sum of the components, unknown while one is, stale while one is, with every part among its inputs."""
    power, zone = prices.settings.power, tariff.zone_of(prices.settings.site.timezone)
    parts = [_part(prices, component, zone) for component in power.components]
    values = [part.value for part in parts if part.value is not None]
    inputs = _once(one for part in parts for one in part.inputs)
    if any(tariff.vat_factor(power, component) != 1.0 for component in power.components):
        inputs = (*inputs, Input(name="VAT", value=power.vat, unit="", source=CONFIG))
    return _aged(
        prices,
        Price(
            name=NAME,
            value=math.fsum(values) if len(values) == len(parts) else None,
            stale=any(part.stale for part in parts),
            lacks=_once(words for part in parts for words in part.missing),
            old=_once(words for part in parts for words in part.ages),
            inputs=inputs,
        ),
    )


def _aged(prices: Prices, price: Price) -> Price:
    """``price`` with the age of the config, where its components are one flat sum: a tariff holds for a year."""
    written = _written(prices.board)
    if written is None or not tariff.is_flat(prices.settings.power, prices.currency):
        return price
    aged = prices.known(written, NAME, written.value)
    inputs = tuple(msgspec.structs.replace(one, at=written.at, stale=aged.stale) for one in price.inputs)
    return msgspec.structs.replace(price, stale=aged.stale, old=aged.old, inputs=inputs)


def _part(prices: Prices, component: Component, zone: tzinfo) -> Price:
    """One component now, in the site's currency and with VAT where it is due."""
    label = f"{NAME} ({component.name})"
    if component.feed is not None:
        price = _fed(prices, component.feed, label)
    elif component.windows:
        price = _windowed(prices, component, zone, label)
    elif component.price_per_kwh is not None:
        price = _charged(prices, component, component.price_per_kwh, label, label)
    else:
        price = lacking(label, "set its price_per_kwh, windows or feed")
    if price.value is None:
        return price
    return msgspec.structs.replace(price, value=price.value * tariff.vat_factor(prices.settings.power, component))


def _fed(prices: Prices, feed: str, label: str) -> Price:
    quotes = {q.name: q for q in prices.board.quotes if q.kind == KIND and q.source == feed}
    if not quotes:
        return lacking(label, f"feeds.{feed} has not said one yet")
    if len(quotes) > 1:
        return lacking(label, f"feeds.{feed} says {len(quotes)} ({', '.join(sorted(quotes))}), expected one")
    return _quoted(prices, next(iter(quotes.values())), label)


def _quoted(prices: Prices, quote: Quote, label: str) -> Price:
    currency, _, per = quote.unit.partition("/")
    if per not in _PER_KWH:
        return unreadable(quote, f"{prices.currency}/kWh")
    return prices.exchanged(prices.known(quote, label, quote.value * _PER_KWH[per]), currency)


def _windowed(prices: Prices, component: Component, zone: tzinfo, label: str) -> Price:
    window = tariff.window_at(component, prices.now, zone, prices.settings.power.holidays)
    if window is None:
        when = tariff.local_words(prices.now, zone)
        return lacking(label, f"no window fits {when}, add one without days, hours and months")
    return _charged(prices, component, window.price_per_kwh, label, f"{NAME} ({component.name}, {_words(window)})")


def _charged(prices: Prices, component: Component, per_kwh: float, label: str, called: str) -> Price:
    currency = component.currency or prices.currency
    stated = Input(name=called, value=per_kwh, unit=f"{currency}/kWh", source=CONFIG)
    return prices.exchanged(Price(name=label, value=per_kwh, inputs=(stated,)), currency)


def _words(window: Window) -> str:
    return " ".join(text for text in (window.days, window.hours, window.months) if text) or "at other times"


def _once(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


# ---- ahead -----------------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """What one feed's price of power is, through time."""

    unit: str
    steps: tuple[Step, ...]


def _stated_ahead(prices: Prices, curves: tuple[Curve, ...], begin: float) -> Sequence[Step]:
    stated = _stated(prices)
    if len(stated) != 1:
        return ()
    quote = stated[0]
    if quote.source != CONFIG:
        return _fed_ahead(prices, curves, quote.source, 1.0)
    # Written down today, it was no other yesterday as far as anybody here knows.
    held = Step(start=min(begin, quote.at), end=quote.at + quote.max_age_s, value=quote.value)
    return _scaled(prices, _Line(quote.unit, (held,)), 1.0)


def _ahead(prices: Prices, component: Component, curves: tuple[Curve, ...], begin: float, end: float) -> Sequence[Step]:
    """One component in the site's currency and with VAT; nothing where it is not known."""
    power, site = prices.settings.power, prices.settings.site
    factor = tariff.vat_factor(power, component)
    if component.feed is not None:
        return _fed_ahead(prices, curves, component.feed, factor)
    unit = f"{component.currency or prices.currency}/kWh"
    if component.windows:
        found = tuple(tariff.steps(component, begin, end, tariff.zone_of(site.timezone), power.holidays))
    elif component.price_per_kwh is not None:
        found = (Step(start=begin, end=end, value=component.price_per_kwh),)
    else:
        return ()
    return _scaled(prices, _Line(unit, found), factor)


def _fed_ahead(prices: Prices, curves: tuple[Curve, ...], feed: str, factor: float) -> Sequence[Step]:
    """What the one price of ``feed`` will be: its curve, else its quote for as long as that may be believed."""
    lines = {q.name: _Line(q.unit, (_held(q),)) for q in prices.board.quotes if q.kind == KIND and q.source == feed}
    lines |= {c.name: _Line(c.unit, c.steps) for c in curves if c.kind == KIND and c.source == feed}
    return _scaled(prices, next(iter(lines.values())), factor) if len(lines) == 1 else ()


def _held(quote: Quote) -> Step:
    start = quote.at if quote.interval_start is None else quote.interval_start
    end = quote.at + quote.max_age_s if quote.interval_end is None else quote.interval_end
    return Step(start=start, end=end, value=quote.value)


def _scaled(prices: Prices, line: _Line, factor: float) -> Sequence[Step]:
    currency, _, per = line.unit.partition("/")
    rate = prices.exchanged(Price(name=NAME, value=1.0), currency).value
    if rate is None or per not in _PER_KWH:
        return ()
    each = _PER_KWH[per] * rate * factor
    return [Step(start=step.start, end=step.end, value=step.value * each) for step in line.steps]


def _joined(steps: Sequence[Step]) -> Iterator[Step]:
    """``steps`` with those made one that follow on each other at one value."""
    held: Step | None = None
    for step in steps:
        if held is not None and (held.end, held.value) == (step.start, step.value):
            held = Step(start=held.start, end=step.end, value=held.value)
        else:
            if held is not None:
                yield held
            held = step
    if held is not None:
        yield held


def _sums(parts: Sequence[tuple[Step, ...]], begin: float, end: float) -> Iterator[Step]:
    """The sum of all parts wherever each of them is known."""
    starts = [[step.start for step in steps] for steps in parts]
    changes = {at for steps in parts for step in steps for at in (step.start, step.end) if begin < at < end}
    for start, until in pairwise(sorted({begin, end, *changes})):
        held = [
            steps[index]
            for steps, begins in zip(parts, starts, strict=True)
            if (index := bisect_right(begins, start) - 1) >= 0 and start < steps[index].end
        ]
        if len(held) == len(parts):
            yield Step(start=start, end=until, value=math.fsum(step.value for step in held))
