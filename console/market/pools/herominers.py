"""HeroMiners: ``/api/stats_address`` for the account and ``/api/stats`` for what one coin is counted in.

``config.coinUnits`` and ``config.minPaymentThreshold`` come from the pool, ``stats.balance`` and ``stats.paid`` from
the account, as text; an account that is not known answers 200 with ``{"error": "Not found"}`` (cryptonote-nodejs-pool,
lib/api.js, from which this pool's software descends). What still matures stands in ``blocks`` as text whose sixth
field is the reward (RainbowMiner, Balances/HeroMiners.ps1), or in ``unconfirmed`` as objects with a ``reward``.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Balance, PoolError
from console.market.pools._api import Amount, Api, Deadline, coins, figure

NAMES = {
    "ALPH": "alephium",
    "BEAM": "beam",
    "CFX": "conflux",
    "CTXC": "cortex",
    "ERG": "ergo",
    "ETC": "etc",
    "FLUX": "flux",
    "IRON": "ironfish",
    "KAS": "kaspa",
    "PRL": "pearl",
    "RVN": "ravencoin",
    "XMR": "monero",
    "ZEPH": "zephyr",
}
"""What the pool calls a coin in its address, as public readers of it do."""

_BLOCK = re.compile(r"(?:\d+:){5}(\d{1,40}):")


class _Config(msgspec.Struct):
    coinUnits: Amount = None  # noqa: N815 - the pool's name
    minPaymentThreshold: Amount = None  # noqa: N815 - the pool's name


class _Pool(msgspec.Struct):
    config: _Config


class _Stats(msgspec.Struct):
    balance: Amount = None
    paid: Amount = None
    hashrate: Any = None  # a number; some coins' servers write it with a unit, as text


class _Account(msgspec.Struct):
    error: str | None = None
    stats: _Stats | None = None
    blocks: list[Any] = []
    unconfirmed: list[Any] = []


def connect(name: str, settings: PoolSettings) -> HeroMiners:
    """The pool; does no I/O."""
    return HeroMiners(name, settings)


class HeroMiners:
    """One wallet at HeroMiners. Implements console.market.pool_contract.Pool."""

    def __init__(self, name: str, settings: PoolSettings) -> None:
        called = NAMES.get(settings.coin.upper())
        if called is None and settings.url is None:
            known = ", ".join(sorted(NAMES))
            raise PoolError(f"what HeroMiners calls {settings.coin} is not known: set url (known: {known})")
        self.interval_s = settings.interval_s
        self._wallet = settings.wallet
        self._api = Api(name, settings, f"https://{called}.herominers.com")
        self._pool: tuple[float, float | None] | None = None

    def read(self, now: float, timeout_s: float = 10.0) -> Balance:
        """See Pool.read. What a coin is counted in is asked once."""
        deadline = Deadline(timeout_s)
        if self._pool is None:
            self._pool = self._counted_in(deadline.left_s)
        units, payout_min = self._pool
        query = {"address": self._wallet, "longpoll": "false"}
        found = self._api.decoded(self._api.get("/api/stats_address", deadline.left_s, query=query), _Account)
        if found.stats is None and found.error is not None:
            raise PoolError(f"{self._api.url} knows no such account: it begins with the first share")
        stats = found.stats or _Stats()
        if (unpaid := coins(stats.balance, units)) is None:
            raise self._api.lacking("a balance")
        hashrate = stats.hashrate if isinstance(stats.hashrate, int | float | str) else None
        return Balance(
            at=now,
            unpaid=unpaid,
            immature=_immature(found, units),
            paid=coins(stats.paid, units),
            payout_min=payout_min,
            hashrate_h_per_s=figure(hashrate),
        )

    def close(self) -> None:
        """See Pool.close."""
        self._api.close()

    def _counted_in(self, timeout_s: float) -> tuple[float, float | None]:
        """Units in one coin, and the payout minimum in coins."""
        config = self._api.decoded(self._api.get("/api/stats", timeout_s), _Pool).config
        units = figure(config.coinUnits)
        if not units:
            raise self._api.lacking("config.coinUnits")
        return units, coins(config.minPaymentThreshold, units) or None


def _immature(found: _Account, units: float) -> float | None:
    """The rewards of blocks that still mature; None as soon as one of them cannot be read."""
    rewards = [_reward(block, units) for block in (*found.blocks, *found.unconfirmed)]
    known = [reward for reward in rewards if reward is not None]
    return sum(known, 0.0) if len(known) == len(rewards) else None


def _reward(block: object, units: float) -> float | None:
    if isinstance(block, dict):
        return coins(amount, units) if isinstance(amount := block.get("reward"), int | float | str) else None
    written = _BLOCK.match(block) if isinstance(block, str) else None
    return coins(written[1], units) if written else None
