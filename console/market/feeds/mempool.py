"""mempool.space, or a mempool of one's own: what a hash pays on the Bitcoin network, and what that is made of.

Three requests: ``/api/v1/prices``; ``/api/v1/mining/reward-stats/144`` for the satoshi that a day's blocks paid, fees
included, as text; ``/api/v1/mining/hashrate/3d`` for the difficulty of now. What cannot be said is 0 or -1 there
(mempool/mempool: ``mining-routes.ts``, ``price-updater.ts``).

The price of a bitcoin is given as an exchange rate too, for all that other feeds price in bitcoins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from console.config.feed_settings import FeedSettings
from console.economics import mining
from console.market.contract import Answer
from console.market.feeds._api import NETWORK_S, SPOT_S, Api, Deadline, number, quote
from console.model import Quote

PUBLIC = "https://mempool.space"
EVERY_S = 300.0
"""The public one averages prices 12 times an hour and lets the difficulty be kept for as long (``Expires``); who asks
too often gets 429, and who goes on is banned."""
BLOCKS = 144
"""A day at one block in ten minutes."""

HASHES_PER_DIFFICULTY = 2.0**32
"""Bitcoin developer reference, getmininginfo: difficulty 1 is a target of 0xffff << 208."""
SAT_PER_BTC = 1e8
PH_DAY_H = 1e15 * 86400
"""Hashes of one PH/s kept up for a day."""

Figure = float | str | None
COIN = "bitcoin"
_WORDS = {"hash_price": "hash price", "coin_price": "price", "difficulty": "difficulty", "reward": "block reward"}


class _Rewards(msgspec.Struct, rename="camel"):
    start_block: Figure = None
    end_block: Figure = None
    total_reward: Figure = None


class _Network(msgspec.Struct, rename="camel"):
    current_difficulty: Figure = None


class _Found(NamedTuple):
    """``price`` in the feed's currency, ``reward`` in bitcoins a block."""

    price: float | None
    price_at: float
    difficulty: float | None
    reward: float | None


def connect(name: str, settings: FeedSettings) -> Mempool:
    """The feed; does no I/O."""
    return Mempool(name, settings)


class Mempool:
    """Bitcoin's hash price, price, difficulty and block reward. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)
        self._currency = settings.currency or "USD"
        self._coins = settings.coins or {"BTC": COIN}

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        found = self._found(now, Deadline(timeout_s))
        quotes: list[Quote] = []
        notes: list[str] = []
        for ours, theirs in self._coins.items():
            if theirs.casefold() != COIN:
                notes.append(f"no figures for {ours} ({theirs}): mempool knows {COIN} alone")
                continue
            made = list(self._quotes(found, ours, now))
            quotes.extend(made)
            missing = [word for kind, word in _WORDS.items() if kind not in {q.kind for q in made}]
            if missing:
                notes.append(f"no {', '.join(missing)} for {ours}")
        if not quotes:
            raise self._api.lacking(f"a figure of {', '.join(self._coins.values())}")
        if found.price is not None:
            quotes.append(self._quote("fx", "BTC", found.price, f"{self._currency}/BTC", found.price_at, SPOT_S))
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _found(self, now: float, deadline: Deadline) -> _Found:
        api = self._api
        prices = api.decoded(api.get("/api/v1/prices", deadline.left_s), dict[str, Figure])
        rewards = api.decoded(api.get(f"/api/v1/mining/reward-stats/{BLOCKS}", deadline.left_s), _Rewards)
        network = api.decoded(api.get("/api/v1/mining/hashrate/3d", deadline.left_s), _Network)
        at = number(prices.get("time"))
        return _Found(
            price=_above_0(prices.get(self._currency)),
            price_at=now if at is None else at,
            difficulty=_above_0(network.current_difficulty),
            reward=_reward(rewards),
        )

    def _quotes(self, found: _Found, ours: str, now: float) -> Iterator[Quote]:
        if found.price is not None and found.reward is not None and found.difficulty is not None:
            value = ph_day_price(found.price, found.reward, found.difficulty)
            yield self._quote("hash_price", ours, value, f"{self._currency}/PH/day", found.price_at, SPOT_S)
        if found.price is not None:
            yield self._quote("coin_price", ours, found.price, f"{self._currency}/{ours}", found.price_at, SPOT_S)
        if found.difficulty is not None:
            yield self._quote("difficulty", ours, found.difficulty, "", now, NETWORK_S)
        if found.reward is not None:
            yield self._quote("reward", ours, found.reward, ours, now, NETWORK_S)

    def _quote(self, kind: str, name: str, value: float, unit: str, at: float, max_age_s: float) -> Quote:
        return quote(self._settings, self._api.name, kind, name, value, unit, at, max_age_s)


def ph_day_price(price: float, reward: float, difficulty: float) -> float:
    """What one PH/s earns in a day, in the currency of ``price``; ``reward`` is coins a block, fees included."""
    return PH_DAY_H * mining.hash_price(price, reward, difficulty * HASHES_PER_DIFFICULTY)


def _reward(rewards: _Rewards) -> float | None:
    """Bitcoins a block, fees included. A mempool that has not seen a day's blocks yet sums over those it has."""
    total, start, end = _above_0(rewards.total_reward), number(rewards.start_block), number(rewards.end_block)
    blocks = float(BLOCKS) if start is None or end is None else min(float(BLOCKS), end - start + 1)
    return total / (SAT_PER_BTC * blocks) if total is not None and blocks >= 1 else None


def _above_0(value: Figure) -> float | None:
    found = number(value)
    return found if found is not None and found > 0 else None
