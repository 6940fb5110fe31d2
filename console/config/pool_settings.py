"""What ``[pools.X]`` may say: an account at a mining pool, read to learn what it credits and owes."""

from __future__ import annotations

from console.model import Record


class PoolSettings(Record):
    """``[pools.X]``. ``kind`` defaults to X, ``url`` to the pool's public address for the coin.

    ``wallet`` is the account that workloads of ``pool = "X"`` mine to; ``coin`` is what it pays in. ``payout_min`` is
    in coins, where the pool does not say it itself. ``key_file`` holds ``ORGANISATION:KEY:SECRET`` for NiceHash.
    """

    coin: str
    wallet: str = ""
    kind: str = ""
    url: str | None = None
    payout_min: float | None = None
    interval_s: float = 300.0
    timeout_s: float = 10.0
    key_file: str | None = None
    key_env: str | None = None
    units: float | None = None  # smallest units in one coin as the pool counts, where the console does not know them
    shared: bool = False  # others mine to this account too: what it is paid teaches nothing about this host's miners
    forfeits: bool = False  # what lies below the payout minimum lapses when nothing mines to it any more
