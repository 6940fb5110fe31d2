"""What a pool is. Members of the registry implement it and know nothing of each other.

A member is a module whose name is its config ``kind`` and that has one function,
``pools/x.py: connect(name: str, settings: PoolSettings) -> Pool``, which does no I/O and raises PoolError with a
sentence where the settings lack what it cannot do without.
"""

from __future__ import annotations

from typing import Protocol

from console.model import Record


class PoolError(Exception):
    """A pool could not say anything usable. ``str(error)`` is one sentence for people and never holds a secret.

    ``retry_after_s`` is how long the pool asks to be left alone.
    """

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Balance(Record):
    """What a pool says of one account, in coins; what it does not say is None.

    ``unpaid`` is owed and may be paid out, payments on their way included; ``immature`` is credited from blocks that
    still have to mature; ``paid`` is all that was ever sent. ``payout_min`` is the least that is paid out.
    ``hashrate_h_per_s`` is what the pool itself makes of the shares it was sent lately.
    """

    at: float
    unpaid: float | None = None
    immature: float | None = None
    paid: float | None = None
    payout_min: float | None = None
    hashrate_h_per_s: float | None = None


class Pool(Protocol):
    """One account at a pool. Used by one thread at a time; ``close`` may come from another."""

    interval_s: float
    """Seconds between readings."""

    def read(self, now: float, timeout_s: float = 10.0) -> Balance:
        """Ask once. ``now`` is Unix seconds. Raises PoolError when nothing usable answers within ``timeout_s``."""

    def close(self) -> None:
        """Let go of sockets; a reading under way ends with PoolError."""
