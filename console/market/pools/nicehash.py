"""NiceHash: ``GET /main/api/v2/mining/rigs2``, signed. It pays in BTC whatever is mined there.

The key file, or the variable that ``key_env`` names, holds one line ``ORGANISATION:KEY:SECRET``, as the key's page
shows them; the key needs no other right than to view mining. The signature is HMAC-SHA256 with the secret over key,
time, nonce, organisation, method, path and query, parted by NUL bytes (nicehash/rest-clients-demo,
python/nicehash.py). A time that is more than five minutes off is refused. What was paid out is a list of single
payouts there, not a sum, and is not read: a payout shows as an unpaid amount that falls.
"""

from __future__ import annotations

import hmac
import uuid
from hashlib import sha256

import msgspec

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Balance, PoolError
from console.market.pools._api import Amount, Api, coins

PUBLIC = "https://api2.nicehash.com"
PATH = "/main/api/v2/mining/rigs2"
_REFUSED = "it does not know the key, or this host's clock is more than 5 minutes off"


class _Rigs(msgspec.Struct):
    unpaidAmount: Amount = None  # noqa: N815 - its own name


def connect(name: str, settings: PoolSettings) -> NiceHash:
    """The pool; does no I/O."""
    return NiceHash(name, settings)


class NiceHash:
    """One organisation at NiceHash. Implements console.market.pool_contract.Pool."""

    def __init__(self, name: str, settings: PoolSettings) -> None:
        self.interval_s = settings.interval_s
        self._name = name
        self._api = Api(name, settings, PUBLIC, _REFUSED)

    def read(self, now: float, timeout_s: float = 10.0) -> Balance:
        """See Pool.read."""
        parts = self._api.key().split(":")
        if len(parts) != 3 or not all(parts):
            raise PoolError(f"pools.{self._name}: its key is not ORGANISATION:KEY:SECRET in one line")
        headers = signed(*parts, at_ms=int(now * 1000), nonce=str(uuid.uuid4()), request=str(uuid.uuid4()))
        found = self._api.decoded(self._api.get(PATH, timeout_s, headers=headers), _Rigs)
        unpaid = coins(found.unpaidAmount, 1.0)
        if unpaid is None:
            raise self._api.lacking("an unpaid amount")
        return Balance(at=now, unpaid=unpaid)

    def close(self) -> None:
        """See Pool.close."""
        self._api.close()


def signed(organisation: str, key: str, secret: str, *, at_ms: int, nonce: str, request: str) -> dict[str, str]:
    """The headers of one signed GET of ``PATH`` without a query."""
    parts = (key, str(at_ms), nonce, "", organisation, "", "GET", PATH, "")
    signature = hmac.new(secret.encode(), "\0".join(parts).encode(), sha256).hexdigest()
    return {
        "X-Time": str(at_ms),
        "X-Nonce": nonce,
        "X-Organization-Id": organisation,
        "X-Request-Id": request,
        "X-Auth": f"{key}:{signature}",
    }
