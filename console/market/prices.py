"""Quotes as prices: each in the site's currency and the unit that the sums use, or missing in words that say how to
supply it. A unit that is not understood makes the price missing; nothing is guessed from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from console.config.settings import CoinSettings, Settings
from console.economics import mining
from console.economics.terms import Price
from console.market.quotes import CARBON, CONFIG, Board
from console.model import Input, Quote
from console.units import age, hash_price

_HOURS = {"h": 1.0, "hour": 1.0, "day": 24.0, "d": 24.0, "month": 730.0}  # a billing month: a twelfth of 8760 h
_FRACTIONS = {"occupancy": "occupancy of", "rented": "rented fraction of"}
_RENTAL = re.compile(r"(?P<currency>[A-Z]{3,5})(?:/GPU)?/(?P<time>h|hour|day|d|month)")


class Prices(NamedTuple):
    """The prices of one site at one instant."""

    settings: Settings
    board: Board
    now: float

    @property
    def currency(self) -> str:
        """The site's currency code."""
        return self.settings.site.currency

    def power(self) -> Price:
        """Currency per kWh: what the config states, the sum of its components, or what the one feed of it says."""
        from console.market.power import price_of_power  # which is made of what this class offers

        return price_of_power(self)

    def carbon(self) -> Price:
        """Grams of CO2 per kWh."""
        quote = self.board.latest("carbon", CARBON, self.now)
        if quote is None:
            return lacking("carbon intensity", "set [power] carbon_g_per_kwh")
        if quote.unit not in ("g/kWh", "kg/MWh"):
            return unreadable(quote, "g/kWh")
        return self.known(quote, "carbon intensity", quote.value)

    def rental(self, name: str) -> Price:
        """Currency per GPU and hour."""
        quote = self.board.latest("rental", name, self.now)
        if quote is None:
            return lacking(f"rental rate {name}", f"set [quotes.{_key(name)}]")
        unit = _RENTAL.fullmatch(quote.unit)
        if unit is None:
            return unreadable(quote, f"{self.currency}/h")
        per_h = self.known(quote, f"rental rate {name}", quote.value / _HOURS[unit["time"]])
        return self.exchanged(per_h, unit["currency"])

    def fraction(self, kind: str, name: str) -> Price | None:
        """A machine's occupancy, or the fraction of it that is rented now; None where nobody says."""
        quote = self.board.latest(kind, name, self.now)
        return None if quote is None else self.known(quote, f"{_FRACTIONS[kind]} {name}", quote.value)

    def coin(self, coin: str) -> Price:
        """Currency per coin."""
        quote = self.board.latest("coin_price", coin, self.now)
        if quote is None:
            return lacking(f"price of {coin}", f"set [quotes.{_key(coin)}]")
        currency, _, per = quote.unit.partition("/")
        if per not in ("", coin):
            return unreadable(quote, f"{self.currency} or {self.currency}/{coin}")
        return self.exchanged(self.known(quote, f"price of {coin}", quote.value), currency)

    def per_hash(self, coin: str) -> Price:
        """Currency per single hash: quoted by a market, else coin price x reward / hashes per block.

        A quote that has gone stale gives way to figures that are fresh.
        """
        quoted = self.board.latest("hash_price", coin, self.now)
        if quoted is None:
            return self._composed_per_hash(coin)
        price = self._quoted_per_hash(quoted)
        if price.stale:
            composed = self._composed_per_hash(coin)
            return price if composed.value is None or composed.stale else composed
        return price

    def _composed_per_hash(self, coin: str) -> Price:
        settings = self.settings.coins.get(coin)
        if settings is None:
            return lacking(f"price per hash of {coin}", f"set [coins.{_key(coin)}] or [quotes.{_key(coin)}]")
        price, reward, difficulty = self.coin(coin), self._reward(coin), self._block_hashes(coin, settings)
        value = None
        if price.value is not None and reward.value is not None and difficulty.value is not None:
            value = mining.hash_price(price.value, reward.value, difficulty.value)
        return Price(
            name=f"price per hash of {coin}",
            value=value,
            stale=price.stale or reward.stale or difficulty.stale,
            lacks=(*price.missing, *reward.missing, *difficulty.missing),
            old=(*price.old, *reward.old, *difficulty.old),
            inputs=(*price.inputs, *reward.inputs, *difficulty.inputs),
        )

    def _quoted_per_hash(self, quote: Quote) -> Price:
        currency, _, per = quote.unit.partition("/")
        try:
            scale = hash_price(f"1/{per}")
        except ValueError:
            return unreadable(quote, f"{self.currency}/PH/day")
        return self.exchanged(self.known(quote, f"price per hash of {quote.name}", quote.value * scale), currency)

    def _reward(self, coin: str) -> Price:
        quote = self.board.latest("reward", coin, self.now)
        if quote is None:
            return lacking(f"block reward of {coin}", f"set [coins.{_key(coin)}] reward")
        return self.known(quote, f"block reward of {coin}", quote.value)

    def _block_hashes(self, coin: str, settings: CoinSettings) -> Price:
        """Hashes per block from difficulty and k, else from network hashrate and block time.

        A feed may bring the one where the config has the other: a fresh figure counts before a stale one, the
        difficulty where both are alike.
        """
        difficulty = self.board.latest("difficulty", coin, self.now)
        network = self.board.latest("nethash", coin, self.now)
        if network is not None and (difficulty is None or (difficulty.stale(self.now) and not network.stale(self.now))):
            return self._through_time(network, coin, settings)
        if difficulty is None:
            hint = f"set [coins.{_key(coin)}] difficulty, or nethash and block_time_s"
            return lacking(f"difficulty of {coin}", hint)
        k = Input(name=f"hashes per unit of difficulty of {coin}", value=settings.k, unit="H", source=CONFIG)
        return self._above_0(difficulty, f"difficulty of {coin}", settings.k, k)

    def _through_time(self, network: Quote, coin: str, settings: CoinSettings) -> Price:
        """Network hashrate x block time. A source that says both has reckoned the one with the other, measured: its
        own block time counts, not the one that the network aims at, from which it may be far for days."""
        name = f"block time of {coin}"
        measured = [quote for quote in self.board.of("block_time", coin) if quote.source == network.source]
        if measured:
            return self._above_0(
                network, f"network hashrate of {coin}", measured[0].value, self._input(measured[0], name)
            )
        if settings.block_time_s is None:
            return lacking(name, f"set [coins.{_key(coin)}] block_time_s")
        stated = Input(name=name, value=settings.block_time_s, unit="s", source=CONFIG)
        return self._above_0(network, f"network hashrate of {coin}", settings.block_time_s, stated)

    def _above_0(self, quote: Quote, name: str, scale: float, by: Input) -> Price:
        """Hashes per block: the quote's figure times ``scale``, the value of ``by``."""
        hashes = quote.value * scale
        if hashes <= 0:
            return lacking(name, f"found {hashes:g}, expected above 0")
        price = self.known(quote, name, hashes)
        return msgspec.structs.replace(price, inputs=(*price.inputs, by))

    def exchanged(self, price: Price, currency: str) -> Price:
        """``price`` in the site's currency, through an exchange rate where it is in another."""
        if currency == self.currency or price.value is None:
            return price
        name = f"exchange rate {currency} to {self.currency}"
        rate = next(self._rates(currency, name), None)
        if rate is None or rate.value is None:
            hint = f'set [quotes.{currency}] kind = "fx", unit = "{self.currency}/{currency}"'
            lacks = (*price.missing, f"{name}: {hint}")
            return Price(name=price.name, value=None, lacks=lacks, inputs=price.inputs)
        return Price(
            name=price.name,
            value=price.value * rate.value,
            stale=price.stale or rate.stale,
            lacks=(*price.missing, *rate.missing),
            old=(*price.old, *rate.old),
            inputs=(*price.inputs, *rate.inputs),
        )

    def _rates(self, currency: str, name: str) -> Iterator[Price]:
        """Site currency per unit of another, fresh quotes first. ``USD/EUR`` is dollars for one euro."""
        quotes = (q for q in self.board.quotes if q.kind == "fx" and q.value > 0)
        for quote in sorted(quotes, key=lambda q: (q.stale(self.now), -q.at)):
            if quote.unit == f"{self.currency}/{currency}":
                yield self.known(quote, name, quote.value)
            if quote.unit == f"{currency}/{self.currency}":
                yield self.known(quote, name, 1 / quote.value)

    def known(self, quote: Quote, name: str, value: float) -> Price:
        """``value`` is the quote's in the unit wanted; as an input it stands as its source has it."""
        inputs = (self._input(quote, name),)
        if not quote.stale(self.now):
            return Price(name=name, value=value, inputs=inputs)
        limit = "its interval is over" if quote.interval_end is not None else f"limit {age(quote.max_age_s)}"
        words = f"{name} {age(quote.age_s(self.now))} old, {limit}"
        if quote.ahead(self.now):
            words = f"{name} dated {age(quote.at - self.now)} ahead of this host's clock"
        return Price(name=name, value=value, stale=True, old=(words,), inputs=inputs)

    def _input(self, quote: Quote, name: str) -> Input:
        stale = quote.stale(self.now)
        return Input(name=name, value=quote.value, unit=quote.unit, source=quote.source, at=quote.at, stale=stale)


def lacking(name: str, hint: str) -> Price:
    """A price that is not known, with what to do about it."""
    return Price(name=name, value=None, lacks=(f"{name}: {hint}",))


def unreadable(quote: Quote, expected: str) -> Price:
    """A price that is quoted in a unit nobody here understands."""
    words = f"readable unit of {quote.name} ({quote.source}): found {quote.unit!r}, expected {expected}"
    return Price(name=quote.name, value=None, lacks=(words,))


def _key(name: str) -> str:
    """``name`` as a TOML key: bare where it may be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
