"""How the tests of feeds with intervals read them: a server, one reading, and the intervals of a day."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.registry import connect_feed
from tests.contract.hostile import Handler, Hostile, answer, serving

BERLIN, LONDON, TOKYO = (ZoneInfo(name) for name in ("Europe/Berlin", "Europe/London", "Asia/Tokyo"))
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 23)
"""A day of 23 hours in Europe, one of 25, and one of 24."""

Asked = Callable[[dict[str, str]], Callable[[Handler], None]]


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()


def slots(day: date, zone: ZoneInfo, step_s: int) -> list[int]:
    """The beginnings of a day's intervals."""
    return list(range(int(midnight(day, zone)), int(midnight(day + timedelta(days=1), zone)), step_s))


def zulu(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(kind: str, now: float, server: Hostile, **settings: Any) -> Answer:
    table = {"kind": kind, "url": server.url, **settings}
    feed = connect_feed("x", msgspec.convert(table, FeedSettings))
    try:
        return feed.read(now, 5.0)
    finally:
        feed.close()


def told(kind: str, now: float, body: object, **settings: Any) -> Answer:
    """What a feed makes of one JSON document, whatever it asks for."""
    with serving(answer(json.dumps(body).encode())) as server:
        return read(kind, now, server, **settings)


def steps(found: Answer) -> list[tuple[float, float, float]]:
    return [(step.start, step.end, step.value) for step in found.curves[0].steps]


def by_query(choose: Asked) -> Callable[[Handler], None]:
    """A server whose answer depends on the query."""

    def send(handler: Handler) -> None:
        choose({name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()})(handler)

    return send


def whole(begins: list[int], step_s: int, values: list[float]) -> list[tuple[float, float, float]]:
    return [(start, start + step_s, value) for start, value in zip(begins, values, strict=True)]
