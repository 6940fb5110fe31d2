"""What ``[pools.X]`` may say: an account at a mining pool, read to learn what it credits and owes."""

from __future__ import annotations

from console.model import Record


class PoolSettings(Record):
    """``[pools.X]``. ``kind`` defaults to X, ``url`` to the pool's public address for the coin.

    ``wallet`` is the account that workloads of ``pool = "X"`` mine to; ``payout_min`` in coins, where the pool does not
    say it itself.
    """

    coin: str
    wallet: str
    kind: str = ""
    url: str | None = None
    payout_min: float | None = None
    interval_s: float = 300.0
    key_file: str | None = None
    key_env: str | None = None
