"""What the generic feeds share: a document from a URL or a file with its time, and the figures that are named in it."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from console.config.feed_checks import ENV
from console.config.feed_settings import FeedSettings, FeedValue
from console.market.contract import Answer, FeedError
from console.market.feeds._api import NETWORK_S, SPOT_S, Api, number, quote
from console.model import Quote
from console.text import clean
from console.web import secrets
from console.web.body import MAX_BODY
from console.web.errors import WebError
from console.web.jsonpath import at_path

URL_EVERY_S = 300.0
"""Nothing is known of how often a foreign address wants to be asked; three readings within a spot price's limit."""
FILE_EVERY_S = 10.0
"""Reading a file again costs nobody anything."""

DAY_S = 86400.0
_LIMITS_S = {
    "difficulty": NETWORK_S,
    "nethash": NETWORK_S,
    "reward": DAY_S,  # block rewards change at heights known long before
    "fx": DAY_S,
    "carbon": NETWORK_S,  # grids publish it in intervals of 5 to 60 minutes
    "wall_power": 60.0,
}
"""How long a figure holds where the config does not say; any other is a spot price."""

_MILLISECONDS_FROM = 1e11
"""As seconds this is the year 5138, as milliseconds 1973: a time of our days is told by its size."""


class Body(NamedTuple):
    """A document, and when it was said: a file's time of writing, else the time of asking."""

    data: bytes
    at: float


Found = tuple[float | str | None, object]
"""A figure and its time as they stand in a document, None for what is not there."""
Find = Callable[[FeedValue], Found]


class Document:
    """Where a generic feed reads: ``file``, or ``url`` with its headers and key. Raises FeedError and nothing else."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self._name = name
        self._settings = settings
        self._api = Api(name, settings, "")
        # The client takes a last stroke off its address, which to some servers is another address.
        self._path = "/" if (settings.url or "").partition("?")[0].endswith("/") else ""
        self.interval_s = settings.interval_s or (FILE_EVERY_S if settings.file else URL_EVERY_S)

    def read(self, now: float, timeout_s: float) -> Body:
        """The document as it is now, at most 2 MiB."""
        if self._settings.file is not None:
            return from_file(self._settings.file)
        if self._settings.url is None:
            raise FeedError(f"feeds.{self._name} has neither file nor url")
        return Body(self._api.get(self._path, timeout_s, headers=self._headers()), now)

    def answer(self, body: Body, find: Find) -> Answer:
        """The quotes of all ``values`` of the config. Raises FeedError where none of them is in the document."""
        quotes: list[Quote] = []
        missing: list[str] = []
        for value in self._settings.values:
            made = self._quote(value, body, find)
            if isinstance(made, Quote):
                quotes.append(made)
            else:
                missing.append(made)
        if not quotes:
            raise self.lacking(", ".join(missing) or "any figure that is asked for")
        return Answer(quotes=tuple(quotes), notes=tuple(f"no {what}" for what in missing))

    def answer_in_json(self, body: Body) -> Answer:
        """As ``answer``, out of a JSON document in which the values name paths."""
        tree = self._decoded(body)

        def find(value: FeedValue) -> Found:
            found = at_path(tree, value.path)
            return found if isinstance(found, int | float | str) else None, at_path(tree, value.at)

        return self.answer(body, find)

    def lacking(self, what: str) -> FeedError:
        """The error of a document that is well formed and has not what was asked for."""
        return self._api.lacking(what) if self._settings.file is None else FeedError(f"{self.called} is without {what}")

    @property
    def called(self) -> str:
        """The file or address as it may be said."""
        return self._settings.file or self._api.url

    def close(self) -> None:
        """Let go of sockets."""
        self._api.close()

    def _decoded(self, body: Body) -> object:
        if self._settings.file is None:
            return self._api.decoded(body.data, object)
        try:
            found: object = msgspec.json.decode(body.data)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise FeedError(f"{self.called} is not JSON: {clean(error, 120)}") from None
        return found

    def _quote(self, value: FeedValue, body: Body, find: Find) -> Quote | str:
        """The figure as a quote, or what there is not, in words."""
        raw, time = find(value)
        found, kind = number(raw), value.kind.replace("_", " ")
        if found is None or not math.isfinite(found * value.scale):
            return f"{kind} for {value.name} ({value.path})"
        at = body.at if value.at is None else instant(time)
        if at is None:
            return f"time of the {kind} for {value.name} ({value.at})"
        limit_s = _LIMITS_S.get(value.kind, SPOT_S)
        made = quote(self._settings, self._name, value.kind, value.name, found * value.scale, value.unit, at, limit_s)
        return made if value.complete else msgspec.structs.replace(made, complete=False)

    def _headers(self) -> dict[str, str]:
        """What is sent: every value that names a variable is taken from the environment anew."""
        key = self._api.key()
        try:
            headers = dict(self._named())
        except WebError as error:
            raise FeedError(f"feeds.{self._name}: {error}") from None
        return {**headers, "Authorization": f"Bearer {key}"} if key else headers

    def _named(self) -> Iterator[tuple[str, str]]:
        for name, value in self._settings.headers.items():
            if value.startswith(ENV):
                yield name, secrets.from_environment(value.removeprefix(ENV), f"headers.{name}")
            else:
                yield name, value


def from_file(path: str) -> Body:
    """A regular file of at most 2 MiB that only root or the caller can have written: it steers money.

    Raises FeedError with a sentence that says what to change.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                raise FeedError(f"{path} is not a file of root's or yours")
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise FeedError(f"{path} can be written by others: chmod go-w {path}")
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(MAX_BODY + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {clean(error.strerror)}") from None
    if len(data) > MAX_BODY:
        raise FeedError(f"{path} holds more than 2 MiB")
    return Body(data, found.st_mtime)


def instant(found: object) -> float | None:
    """Unix seconds of a time as documents write it; None for what is none.

    Seconds or milliseconds since 1970, as a number or as text, or ISO 8601, which is UTC where it names no zone.
    """
    if not isinstance(found, int | float | str):
        return None
    counted = number(found)
    if counted is not None:
        return counted / 1000 if abs(counted) >= _MILLISECONDS_FROM else counted
    try:
        at = datetime.fromisoformat(str(found).strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
