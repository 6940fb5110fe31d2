"""What hashes should bring in coins, for what a pool is measured against."""

from __future__ import annotations

from console.market.prices import Prices


def coins_per_hash(prices: Prices, mined: str, paid_in: str) -> float | None:
    """Coins of ``paid_in`` for one hash of ``mined``, before any fee: ``price per hash / price of the coin``.

    Where both are the same coin its price cancels and reward / (difficulty k) is left. None while a figure is unknown
    or stale: what is not known now teaches nothing.
    """
    per_hash, coin = prices.per_hash(mined), prices.coin(paid_in)
    if per_hash.value is None or not coin.value or per_hash.stale or coin.stale:
        return None
    return per_hash.value / coin.value
