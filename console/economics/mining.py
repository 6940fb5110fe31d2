"""What a hash finds and what is left of it.

``D`` units of difficulty take ``D k`` hashes on average, and a network that finds a block each ``T`` seconds computes
``D k / T`` hashes per second. ``k`` belongs to the RPC that reports ``D``, not to the algorithm: 2**32 for
Bitcoin-style RPCs (Bitcoin developer reference, getmininginfo: difficulty 1 is a target of 0xffff << 208, about 2**32
hashes), 2**13 for Zcash, 1 where difficulty is already counted in hashes (Ethereum, Ergo, CryptoNote).
"""

from __future__ import annotations

SECONDS_PER_HOUR = 3600.0


def nethash(difficulty: float, k: float, block_time_s: float) -> float:
    """Hashes per second of the whole network: ``D k / T``."""
    return difficulty * k / block_time_s


def hashes_per_block(
    *,
    difficulty: float | None = None,
    k: float = 1.0,
    nethash_h_per_s: float | None = None,
    block_time_s: float | None = None,
) -> float | None:
    """Hashes that find one block on average: ``D k``, or ``nethash T``. None while neither is known or both are 0."""
    if difficulty is not None:
        hashes = difficulty * k
    elif nethash_h_per_s is not None and block_time_s is not None:
        hashes = nethash_h_per_s * block_time_s
    else:
        return None
    return hashes if hashes > 0 else None


def hash_price(coin_price: float, reward: float, block_hashes: float) -> float:
    """Currency per single hash: ``coin_price R / (D k)``. ``reward`` is what the miner gets of a block, in coins."""
    return coin_price * reward / block_hashes


def gross_per_h(hashrate_h_per_s: float, price_per_hash: float) -> float:
    """Currency per hour for a hashrate before any fee."""
    return hashrate_h_per_s * SECONDS_PER_HOUR * price_per_hash


def kept(
    *,
    pool_fee: float = 0.0,
    exchange_fee: float = 0.0,
    dev_fee: float = 0.0,
    reject: float = 0.0,
    credited: float | None = None,
    credited_covers_pool: bool = False,
) -> float:
    """The share of gross that reaches the miner.

    A ``credited`` share learned from accepted share difficulty already holds what the miner's developer takes and
    what the pool rejects, so it replaces both; learned from the pool's balance it replaces the pool's fee too.
    """
    honoured = (1 - dev_fee) * (1 - reject) if credited is None else credited
    pool = 1.0 if credited is not None and credited_covers_pool else 1 - pool_fee
    return honoured * pool * (1 - exchange_fee)
