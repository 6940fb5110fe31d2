"""What both interfaces of WhatToMine share: coins by tag or name, and which figures of one are quoted.

Quoted are the price, the network's hashrate and the block reward. Difficulty is not: its meaning differs from coin to
coin and the list does not say it, while the hashrate of the network is in H/s for all. That hashrate goes with the
block time in the same list, which is measured: difficulty x k / block time. So both are quoted, to be used together.

Prices are in bitcoins; an exchange rate ``USD/BTC`` makes currency of them. Bitcoin's own is given in dollars though
its currency reads BTC (a public capture of ``coins/1.json`` has 85956.45 beside a market cap of 1.7e12 $), so what is
priced in itself has no price here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import NETWORK_S, SPOT_S, Api, number, quote
from console.model import Quote

PUBLIC = "https://whattomine.com"
MARKET = "NICEHASH"
"""The tag of entries that are no coins but NiceHash's algorithms; their block reward and hashrate mean nothing."""

Figure = float | str | None
"""How the answers write a number: as one, as text, or not at all."""

_CODE = re.compile(r"[A-Z]{3,5}")
_WORDS = {"coin_price": "price", "nethash": "network hashrate", "reward": "block reward"}


class Coin(NamedTuple):
    """One coin of the list. ``price`` is in ``currency``, ``nethash`` in H/s, ``reward`` in coins a block."""

    name: str
    tag: str
    at: float
    lagging: bool
    price: float | None
    currency: str | None
    nethash: float | None
    block_time_s: float | None
    reward: float | None


def above_0(value: Figure) -> float | None:
    """A number above 0; None for everything else, since WhatToMine writes 0 for what it does not know."""
    found = number(value)
    return found if found is not None and found > 0 else None


def answered(api: Api, settings: FeedSettings, coins: Sequence[Coin]) -> Answer:
    """The figures of the coins that ``settings`` asks for. Raises FeedError when there is none at all."""
    quotes: list[Quote] = []
    notes: list[str] = []
    for ours, theirs in settings.coins.items():
        found = _called(theirs, coins)
        if len(found) != 1:
            several = f": {len(found)} coins are called so, write another of their names" if found else ""
            notes.append(f"no figures for {ours} ({theirs}){several}")
            continue
        made = list(_quotes(api.name, settings, ours, found[0]))
        quotes.extend(made)
        missing = [word for kind, word in _WORDS.items() if kind not in {q.kind for q in made}]
        if missing:
            lags = ", which lags" if found[0].lagging else ""
            notes.append(f"no {', '.join(missing)} for {ours} ({theirs}){lags}")
    if not quotes:
        raise api.lacking(f"a figure of {', '.join(settings.coins.values())}")
    return Answer(quotes=tuple(quotes), notes=tuple(notes))


def _called(theirs: str, coins: Sequence[Coin]) -> list[Coin]:
    """The coins with this name, else those with this tag: a tag stands for several where a coin has many algorithms."""
    wanted = theirs.casefold()
    real = [coin for coin in coins if coin.tag != MARKET]
    named = [coin for coin in real if coin.name.casefold() == wanted]
    return named or [coin for coin in real if coin.tag.casefold() == wanted]


def _quotes(source: str, settings: FeedSettings, ours: str, coin: Coin) -> Iterator[Quote]:
    """What is known of one coin. A coin that lags is behind its own network, so only its price counts."""
    currency = coin.currency
    if coin.price is not None and currency and _CODE.fullmatch(currency) and currency not in (coin.tag, ours):
        unit = f"{currency}/{ours}"
        yield quote(settings, source, "coin_price", ours, coin.price, unit, coin.at, SPOT_S)
    if coin.lagging:
        return
    if coin.nethash is not None:
        yield quote(settings, source, "nethash", ours, coin.nethash, "H/s", coin.at, NETWORK_S)
        if coin.block_time_s is not None:
            yield quote(settings, source, "block_time", ours, coin.block_time_s, "s", coin.at, NETWORK_S)
    if coin.reward is not None:
        yield quote(settings, source, "reward", ours, coin.reward, ours, coin.at, NETWORK_S)
