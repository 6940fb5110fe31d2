"""What ``[feeds.X]`` may say. One type for all kinds; which keys a kind takes and needs is in ``feed_kinds``."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.model import Record

QuoteKind = Literal[
    "power_price",
    "coin_price",
    "hash_price",
    "rental",
    "carbon",
    "fx",
    "difficulty",
    "nethash",
    "block_time",
    "reward",
    "occupancy",
    "rented",
    "wall_power",
]


class FeedValue(Record):
    """One figure in a document of the generic kinds ``json`` and ``csv``.

    ``path`` is ``data.0.price`` in JSON and a column's name in CSV; ``at`` names in the same way where the time of the
    figure stands (Unix seconds, milliseconds or ISO 8601). ``where`` picks the row of a CSV: column and text; of
    several rows the last. In JSON a number indexes a list, from its end where it is negative, and a key with a dot in
    it is quoted: ``data."last.price"``.
    """

    name: str
    kind: QuoteKind
    unit: str
    path: str
    at: str | None = None
    scale: float = 1.0
    where: dict[str, str] = msgspec.field(default_factory=dict)
    complete: bool = True  # false for a wholesale power price, to which grid fees and taxes still come


class FeedSettings(Record):
    """``[feeds.X]``: one source of quotes. ``kind`` defaults to X, ``url`` to the source's public address.

    ``coins`` and ``gpus`` map a name of this config to what the source calls it.
    """

    kind: str = ""
    url: str | None = None
    interval_s: float | None = None
    max_age_s: float | None = None
    timeout_s: float = 10.0
    key_file: str | None = None
    key_env: str | None = None
    coins: dict[str, str] = msgspec.field(default_factory=dict)
    gpus: dict[str, str] = msgspec.field(default_factory=dict)
    machines: dict[str, str] = msgspec.field(default_factory=dict)
    currencies: tuple[str, ...] = ()
    area: str | None = None
    currency: str | None = None
    product: str | None = None
    tariff: str | None = None
    statistic: str | None = None
    file: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    values: tuple[FeedValue, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
