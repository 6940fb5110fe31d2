"""What the two feeds of Vast.ai share: its address, its key, and how it says no.

Its errors are ``{"success": false, "error": "invalid_args", "msg": "..."}``, of which any part may be missing
(docs.vast.ai, "Rate Limits and Errors"). Both paths are asked for with the slash at their end, as its OpenAPI document
writes them: a server that redirects to it is not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from console.market.contract import FeedError
from console.market.feeds._api import Api
from console.market.feeds._rental import bearer, said

PUBLIC = "https://console.vast.ai/api/v0"


class Reply(msgspec.Struct):
    """What every answer may have."""

    success: bool = True
    error: str | None = None
    msg: str | None = None


R = TypeVar("R", bound=Reply)


def asked(api: Api, path: str, query: Mapping[str, str], timeout_s: float, kind: type[R]) -> R:
    """The answer of ``path``. Raises FeedError, also for a refusal that comes as a success of HTTP."""
    key = api.key()
    reply = api.decoded(api.get(path, timeout_s, query=query, headers=bearer(key)), kind)
    if reply.error or not reply.success:
        raise FeedError(f"{api.url} refuses: {said(reply.msg or reply.error or '', key)}")
    return reply
