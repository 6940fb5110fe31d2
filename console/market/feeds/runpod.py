"""RunPod's prices: ``POST /graphql`` asks for ``gpuTypes``, USD per GPU and hour, as RunPod sells them.

A GPU has up to four prices: its secure and its community cloud, each on demand and spot. Where a cloud does not have
it the price is 0 or null and ``secureCloud`` or ``communityCloud`` is false. GraphQL answers a failure with HTTP status
200 and ``errors``.
"""

from __future__ import annotations

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import SPOT_S, Api, quote
from console.market.feeds._rental import UNIT, Figure, bearer, chosen, price, said

PUBLIC = "https://api.runpod.io"
EVERY_S = 300.0
"""A price list that RunPod sets itself; no limit of requests is published for it."""
STATISTICS = {
    "secure": "securePrice",
    "community": "communityPrice",
    "secure_spot": "secureSpotPrice",
    "community_spot": "communitySpotPrice",
}
"""What ``statistic`` may say, and the field that it means."""


class _GpuType(msgspec.Struct, rename="camel"):
    id: str = ""
    display_name: str | None = None
    secure_cloud: bool | None = None
    community_cloud: bool | None = None
    secure_price: Figure = None
    community_price: Figure = None
    secure_spot_price: Figure = None
    community_spot_price: Figure = None

    def price(self, statistic: str) -> float | None:
        """The price that ``statistic`` means; None where its cloud does not have this GPU."""
        has = self.secure_cloud if statistic.startswith("secure") else self.community_cloud
        prices = {
            "secure": self.secure_price,
            "community": self.community_price,
            "secure_spot": self.secure_spot_price,
            "community_spot": self.community_spot_price,
        }
        return None if has is False else price(prices[statistic])


class _Data(msgspec.Struct, rename="camel"):
    gpu_types: list[_GpuType] | None = None


class _Fault(msgspec.Struct):
    message: str = ""


class _Reply(msgspec.Struct):
    data: _Data | None = None
    errors: list[_Fault] | None = None


def connect(name: str, settings: FeedSettings) -> RunPod:
    """The feed; does no I/O. Raises FeedError for a ``statistic`` that is none of STATISTICS."""
    return RunPod(name, settings)


class RunPod:
    """What RunPod takes for GPUs of a model. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._statistic = chosen(name, settings, tuple(STATISTICS), "community")
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        types = self._types(timeout_s)
        quotes, notes = [], []
        for ours, theirs in self._settings.gpus.items():
            found = _named(types, theirs)
            rate = found.price(self._statistic) if found else None
            if rate is None:
                notes.append(f"no {self._statistic} price for {ours} ({theirs})")
            else:
                quotes.append(quote(self._settings, self._name, "rental", ours, rate, UNIT, now, SPOT_S))
        if not quotes:
            raise self._api.lacking(f"a {self._statistic} price of {', '.join(self._settings.gpus.values())}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _types(self, timeout_s: float) -> list[_GpuType]:
        key = self._api.key()
        fields = f"id displayName secureCloud communityCloud {STATISTICS[self._statistic]}"
        body = self._api.post(
            "/graphql", timeout_s, {"query": f"query {{ gpuTypes {{ {fields} }} }}"}, headers=bearer(key)
        )
        reply = self._api.decoded(body, _Reply)
        if reply.errors:
            raise FeedError(f"{self._api.url} answers with an error: {said(reply.errors[0].message, key)}")
        return (reply.data.gpu_types if reply.data else None) or []


def _named(types: list[_GpuType], wanted: str) -> _GpuType | None:
    """The type with that id, else the one with that display name; capitals do not matter."""
    wanted = wanted.casefold()
    by_id = next((found for found in types if found.id.casefold() == wanted), None)
    return by_id or next((found for found in types if (found.display_name or "").casefold() == wanted), None)
