"""What the pools share: one pool's HTTP interface with its key, and amounts as pools write them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import PoolError
from console.text import clean
from console.web import secrets
from console.web.client import NO_HEADERS, Client
from console.web.errors import StatusError, WebError

T = TypeVar("T")

Amount = int | float | str | None
"""Pools write amounts as JSON numbers and as text; one that is larger than 2**53 only comes as text."""

_LONGEST = 40  # digits of an amount as text; 10**18 units a coin and 10**12 coins take 31
MOST_COINS = 1e15  # in any account: of no coin that is mined there are more


class Api:
    """The HTTP interface of one account at one pool. What it raises is PoolError and nothing else."""

    def __init__(
        self, name: str, settings: PoolSettings, public_url: str, refused: str = "no key is known for it"
    ) -> None:
        """``refused`` is what to do about a 401 or 403, as the rest of a sentence."""
        self.name = name
        self._settings = settings
        self._refused = refused
        self._client = Client(settings.url or public_url, packed=True, connect_s=5.0)

    @property
    def url(self) -> str:
        """The address as it may be said."""
        return self._client.url

    def key(self) -> str:
        """The key, read anew at each use; empty where the config names none."""
        try:
            if self._settings.key_file is not None:
                return secrets.from_file(Path(self._settings.key_file), "key_file")
            if self._settings.key_env is not None:
                return secrets.from_environment(self._settings.key_env)
        except WebError as error:
            raise PoolError(f"pools.{self.name}: {error}") from None
        return ""

    def get(
        self,
        path: str,
        timeout_s: float,
        *,
        query: Mapping[str, str] = NO_HEADERS,
        headers: Mapping[str, str] = NO_HEADERS,
        missing: str = "",
    ) -> bytes:
        """The body of ``path``. ``missing`` is what a 404 means; the path may hold an account, so it is never said."""
        try:
            return self._client.get(path, timeout_s, query=query, headers=headers)
        except StatusError as error:
            raise PoolError(self._status(error, missing), error.retry_after_s) from None
        except WebError as error:
            raise PoolError(str(error).replace(f"{self.url}{path}", self.url)) from None

    def decoded(self, body: bytes, kind: type[T]) -> T:
        """JSON as ``kind``; PoolError with the place that does not fit."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise PoolError(f"{self.url} answers with what {self.name} does not: {clean(error, 120)}") from None

    def lacking(self, what: str) -> PoolError:
        """The error of an answer that is well formed and has not what was asked for."""
        return PoolError(f"{self.url} answers without {what}")

    def close(self) -> None:
        """Let go of sockets."""
        self._client.close()

    def _status(self, error: StatusError, missing: str) -> str:
        if error.status == 404 and missing:
            return f"{self.url} {missing}"
        if error.status in (401, 403):
            return f"{self.url} refused with HTTP status {error.status}: {self._refused}"
        asks = f" and asks to wait {error.retry_after_s:.0f} s" if error.retry_after_s is not None else ""
        return f"{self.url} answers with HTTP status {error.status}{asks}"


class Deadline:
    """What is left of one time-out over several requests."""

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        """Seconds left, never none at all: a request that comes too late fails by itself."""
        return max(0.05, self._end - time.monotonic())


def coins(amount: Amount, units: float) -> float | None:
    """``amount`` of a coin's smallest units as coins; None for what is no amount: negative, too large, no number."""
    value = figure(amount)
    return value / units if value is not None and value / units <= MOST_COINS else None


def figure(amount: Amount) -> float | None:
    """A finite number of at least 0, as number or text; None for what is none."""
    if amount is None or isinstance(amount, bool) or (isinstance(amount, str) and len(amount) > _LONGEST):
        return None
    try:
        value = float(amount)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and value >= 0 else None


def together(*amounts: float | None) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
