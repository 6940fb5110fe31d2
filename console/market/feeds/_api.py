"""What the feeds share: one source's HTTP interface with its key, and typed reading of what it answers."""

from __future__ import annotations

import codecs
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from console.config.feed_kinds import KEY, KINDS
from console.config.feed_settings import FeedSettings
from console.market.contract import FeedError
from console.model import Quote
from console.text import clean
from console.web import secrets
from console.web.body import MAX_BODY
from console.web.client import NO_HEADERS, Client
from console.web.errors import StatusError, WebError

SPOT_S = 900.0
"""A spot price older than a quarter of an hour is no profit (DESIGN 4)."""
NETWORK_S = 3600.0
"""Difficulty and network hashrate move within hours, and sources renew them every few minutes to once an hour."""

T = TypeVar("T")


class Api:
    """The HTTP interface of one source. ``get`` and ``post`` raise FeedError and nothing else."""

    def __init__(self, name: str, settings: FeedSettings, public_url: str, *, most_bytes: int = MAX_BODY) -> None:
        self.name = name
        self._settings = settings
        self._kind = settings.kind or name
        self._client = Client(
            settings.url or public_url,
            refused=_refused(self._kind, settings),
            packed=True,
            connect_s=5.0,
            most_bytes=most_bytes,
        )

    @property
    def url(self) -> str:
        """The address as it may be said."""
        return self._client.url

    def key(self) -> str | None:
        """The key, read anew at each use; None where the config names none."""
        try:
            if self._settings.key_file is not None:
                return secrets.from_file(Path(self._settings.key_file), "key_file")
            if self._settings.key_env is not None:
                return secrets.from_environment(self._settings.key_env)
        except WebError as error:
            raise FeedError(f"feeds.{self.name}: {error}") from None
        return None

    def get(
        self,
        path: str,
        timeout_s: float,
        *,
        query: Mapping[str, str] = NO_HEADERS,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """The body of ``path``; ``query`` and ``headers`` may hold a key."""
        try:
            return self._client.get(path, timeout_s, query=query, headers=headers)
        except StatusError as error:
            raise FeedError(str(error), error.retry_after_s) from None
        except WebError as error:
            raise FeedError(str(error)) from None

    def post(self, path: str, timeout_s: float, body: object, *, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        """The answer to a JSON ``body``."""
        try:
            return self._client.post(path, timeout_s, msgspec.json.encode(body), headers=headers)
        except StatusError as error:
            raise FeedError(str(error), error.retry_after_s) from None
        except WebError as error:
            raise FeedError(str(error)) from None

    def decoded(self, body: bytes, kind: type[T]) -> T:
        """JSON as ``kind``; FeedError with the place that does not fit, or that it is a page for people."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            if body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
                raise FeedError(f"{self.url} answers with a web page, not with data") from None
            raise FeedError(f"{self.url} answers with what {self._kind} does not: {clean(error, 120)}") from None

    def lacking(self, what: str) -> FeedError:
        """The error of an answer that is well formed and has not what was asked for."""
        return FeedError(f"{self.url} answers without {what}")

    def close(self) -> None:
        """Let go of sockets."""
        self._client.close()


class Deadline:
    """What is left of one time-out over several requests."""

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        """Seconds left, never none at all: a request that comes too late fails by itself."""
        return max(0.05, self._end - time.monotonic())


def _refused(kind: str, settings: FeedSettings) -> str:
    """What to do about a 401 or 403; no key is asked for that the config would refuse."""
    if settings.key_file is not None or settings.key_env is not None:
        return "it does not know the key"
    takes_key = kind in KINDS and bool(KINDS[kind].known & KEY)
    return "it wants a key: set key_file or key_env" if takes_key else "it refuses this address"


def number(value: float | str | None) -> float | None:
    """A finite number that a source gives as a number or as text; None for what is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def quote(
    settings: FeedSettings, source: str, kind: str, name: str, value: float, unit: str, at: float, max_age_s: float
) -> Quote:
    """A quote of the feed called ``source``; the age limit of its table in the config wins over ``max_age_s``."""
    limit = settings.max_age_s or max_age_s
    return Quote(name=name, kind=kind, value=value, unit=unit, source=source, at=at, max_age_s=limit)
