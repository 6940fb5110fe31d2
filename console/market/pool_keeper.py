"""Asks every pool in a thread of its own and keeps what it said last, on disk too: a restart asks nobody too soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from console import store
from console.config.pool_settings import PoolSettings
from console.market.asking import Asker, Failure, Turn, age_s
from console.market.pace import next_in_s
from console.market.pool_contract import Balance, Pool, PoolError
from console.model import PoolState, Record


class Account(NamedTuple):
    """A pool with what the config says of it."""

    name: str
    settings: PoolSettings
    pool: Pool


class KeptBalance(Record):
    """One pool's file. ``made_by`` tells the settings it was asked with: others make it worthless.

    ``failure`` is set where the pool has failed since ``balance.at``, which is 0 where it never answered.
    """

    made_by: str = ""
    balance: Balance = Balance(at=0.0)
    failure: Failure | None = None


class PoolKeeper:
    """The pools of one site. Every method but ``start`` and ``close`` may be called from any thread at any time."""

    def __init__(
        self, accounts: tuple[Account, ...], folder: Path | None, now: Callable[[], float] = time.time
    ) -> None:
        self._lock = threading.Lock()
        self._askers = tuple(_PoolAsker(account, folder, self._lock, now) for account in accounts)

    def start(self, delay_s: float = 0.0) -> None:
        """Show what is kept on disk, and ask after ``delay_s``: importing httpx may not delay a first paint."""
        for asker in self._askers:
            asker.look()
            asker.delay_s = delay_s
            asker.start()

    def states(self) -> tuple[PoolState, ...]:
        """What each pool said last, and how it fares."""
        with self._lock:
            return tuple(asker.state for asker in self._askers)

    def close(self) -> None:
        """Ask no more; returns at once, and a reading under way ends by itself."""
        for asker in self._askers:
            asker.stop()


class _PoolAsker(Asker):
    """One account, one thread, one request in flight."""

    def __init__(self, account: Account, folder: Path | None, lock: threading.Lock, now: Callable[[], float]) -> None:
        super().__init__(f"pool {account.name}", now, account.pool.interval_s, account.settings.timeout_s)
        self._account = account
        self._path = folder / f"{account.name}.json" if folder else None
        self._turn = Turn(folder / f"{account.name}.lock") if folder else None
        self._balance = Balance(at=0.0)
        self._made_by = sha256(msgspec.json.encode(account.settings)).hexdigest()
        self._lock = lock
        self.state = PoolState(name=account.name, coin=account.settings.coin)

    def recall(self) -> None:
        """See Asker.recall."""
        kept = store.load(self._path, KeptBalance, KeptBalance()) if self._path else KeptBalance()
        now = self._now()
        if kept.made_by != self._made_by:
            return
        if age_s(kept.balance.at, now) < age_s(self.state.at or 0.0, now):
            self._tell(kept.balance)
        self.recall_failure(kept.failure)
        if self.failure is None and self.state.error:
            with self._lock:
                self.state = msgspec.structs.replace(self.state, error="")

    @property
    def answered_at(self) -> float | None:
        """See Asker.answered_at."""
        return self.state.at

    def show(self, failure: Failure) -> None:
        """See Asker.show. The last balance stays, with its true age."""
        with self._lock:
            self.state = msgspec.structs.replace(self.state, error=failure.error)

    def read(self) -> float:
        """See Asker.read."""
        asked_at, account = self._now(), self._account
        try:
            balance = account.pool.read(asked_at, account.settings.timeout_s)
        except PoolError as error:
            return self.failed(asked_at, str(error), error.retry_after_s)
        self._tell(balance)
        with self._lock:
            self.state = msgspec.structs.replace(self.state, error="")
        self.failure = None
        self._keep()
        return next_in_s(self._interval_s, 0, None, self._chance)

    def failed_by(self, defect: str) -> float:
        """See Asker.failed_by."""
        return self.failed(self._now(), f"pools.{self._account.name} has a defect ({defect})")

    def keep_failure(self) -> None:
        """See Asker.keep_failure."""
        self._keep()

    def stop(self) -> None:
        """Ask no more."""
        super().stop()
        self._account.pool.close()

    def _tell(self, balance: Balance) -> None:
        told: dict[str, Any] = msgspec.structs.asdict(balance)
        if balance.payout_min is None:
            told["payout_min"] = self._account.settings.payout_min
        with self._lock:
            self.state = msgspec.structs.replace(self.state, **told)
        self._balance = balance

    def _keep(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o770, exist_ok=True)
        except OSError:
            return
        kept = KeptBalance(made_by=self._made_by, balance=self._balance, failure=self.failure)
        store.save(self._path, kept)
