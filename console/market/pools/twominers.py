"""2Miners: ``GET /api/accounts/{wallet}`` at ``https://{coin}.2miners.com``.

``stats.balance`` is owed, ``stats.pending`` is a payment on its way, ``stats.immature`` waits for its blocks to mature,
``stats.paid`` was sent (not every coin's server says it); ``config.minPayout`` is the account's own payout minimum.
All are counted in a unit of the coin that no answer names. The names are those that public readers of the interface
use; which of the two is the pending payment is told in RainbowMiner's issue 1426.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Balance, PoolError
from console.market.pools._api import Amount, Api, coins, figure, together

UNITS = {
    **dict.fromkeys(("AE", "BEAM", "BTG", "CKB", "CLORE", "FIRO", "FLUX", "KAS", "KLS", "NEOX", "PYI"), 1e8),
    **dict.fromkeys(("RVN", "XNA", "ZEC", "ZEN"), 1e8),
    **dict.fromkeys(("ERG", "ETC", "GRIN", "MWC"), 1e9),
    **dict.fromkeys(("XMR", "ZEPH"), 1e12),
    "NEXA": 1e2,
}
"""Units in one coin. All but ETC as RainbowMiner's Balances/2Miners.ps1 divides.

That file says 1e18 for ETC, for which seven public readers of etc.2miners.com divide by 1e9, among them one that first
had 1e18; a saved answer of the pool's Ethereum server shows payments of 198,371,560 units for a minimum of 0.2 coins.
Where tables disagree and nothing decides (CTXC, ETHW) the coin is left out, and ``units`` has to say it.
"""


class _Stats(msgspec.Struct):
    balance: Amount = None
    pending: Amount = None
    immature: Amount = None
    paid: Amount = None


class _Config(msgspec.Struct):
    minPayout: Amount = None  # noqa: N815 - the pool's name


class _Account(msgspec.Struct):
    stats: _Stats
    config: _Config = msgspec.field(default_factory=_Config)
    currentHashrate: Amount = None  # noqa: N815 - the pool's name


def connect(name: str, settings: PoolSettings) -> TwoMiners:
    """The pool; does no I/O."""
    return TwoMiners(name, settings)


class TwoMiners:
    """One wallet at 2Miners. Implements console.market.pool_contract.Pool."""

    def __init__(self, name: str, settings: PoolSettings) -> None:
        units = settings.units or UNITS.get(settings.coin.upper())
        if units is None:
            known = ", ".join(sorted(UNITS))
            raise PoolError(f"in which units 2Miners counts {settings.coin} is not known: set units (known: {known})")
        self.interval_s = settings.interval_s
        self._units = units
        self._path = f"/api/accounts/{quote(settings.wallet, safe='')}"
        self._api = Api(name, settings, f"https://{settings.coin.lower()}.2miners.com")

    def read(self, now: float, timeout_s: float = 10.0) -> Balance:
        """See Pool.read."""
        unknown = "knows no such account: it begins with the first share"
        found = self._api.decoded(self._api.get(self._path, timeout_s, missing=unknown), _Account)
        stats, units = found.stats, self._units
        unpaid = coins(stats.balance, units)
        if unpaid is None:
            raise self._api.lacking("a balance")
        return Balance(
            at=now,
            unpaid=together(unpaid, coins(stats.pending, units)),
            immature=coins(stats.immature, units),
            paid=coins(stats.paid, units),
            payout_min=coins(found.config.minPayout, units) or None,
            hashrate_h_per_s=figure(found.currentHashrate),
        )

    def close(self) -> None:
        """See Pool.close."""
        self._api.close()
