"""What the simulated farm's feeds say: prices that wander, a power price in quarter hours, carbon, rental medians.

Every quote is a function of the time asked: a feed that polls each ``every_s`` shows what it saw at its last poll.
"""

from __future__ import annotations

from math import cos, exp, floor, pi

from console.model import Quote, Record
from console.telemetry.simulated.noise import key, walk
from console.telemetry.simulated.storm import Storm

SOURCE = "simulated"
QUARTER_S = 900.0
POWER_PER_KWH = 0.071
CARBON_G_PER_KWH = 212.0
JAPAN_S = 9 * 3600.0
_PERIODS_S = (21600.0, 3600.0, 600.0, 120.0)


class Feed(Record):
    """One figure that wanders around ``base`` by at most about ``swing`` (a fraction), read every ``every_s``."""

    name: str
    kind: str
    base: float
    unit: str
    swing: float
    every_s: float
    max_age_s: float


def _coin(name: str, price: float, swing: float, nethash: float) -> tuple[Feed, Feed]:
    return (
        Feed(name=name, kind="coin_price", base=price, unit="USD", swing=swing, every_s=45.0, max_age_s=900.0),
        Feed(name=name, kind="nethash", base=nethash, unit="H/s", swing=0.05, every_s=300.0, max_age_s=3600.0),
    )


def _rental(name: str, per_h: float) -> Feed:
    return Feed(name=name, kind="rental", base=per_h, unit="USD/h", swing=0.06, every_s=180.0, max_age_s=900.0)


# Network hashrates are invented so that mining at 0.071 a kWh earns a little more than its power: the demo must show
# a choice, and at the rates published for mid 2026 there was none on these cards.
FEEDS = (
    *_coin("ERG", 0.84, 0.12, 2.35e12),
    *_coin("RVN", 0.0106, 0.15, 1.95e12),
    *_coin("PRL", 0.54, 0.25, 9.2e19),
    _rental("4090 median", 0.41),
    _rental("H100 median", 2.24),
)


def quotes(now: float, start: float, seed: int, storm: Storm) -> tuple[Quote, ...]:
    """All feeds as they stand at ``now`` (Unix seconds); ``start`` is where every walk passes through its base."""
    return (
        _power(now, seed),
        *(_quote(feed, now, start, seed, storm) for feed in FEEDS),
        _carbon(now, seed),
    )


def _quote(feed: Feed, now: float, start: float, seed: int, storm: Storm) -> Quote:
    if feed.kind == "coin_price" and feed.name == storm.stale_quote:
        now = min(now, start + storm.stale_s - feed.max_age_s)
    stream = key(seed, feed.kind, feed.name)
    phase_s = stream % int(feed.every_s)  # feeds do not all poll at once
    at = floor((now - phase_s) / feed.every_s) * feed.every_s + phase_s
    moved = walk(stream, at, _PERIODS_S) - walk(stream, start, _PERIODS_S)
    return Quote(
        name=feed.name,
        kind=feed.kind,
        value=float(f"{feed.base * exp(0.5 * feed.swing * moved):.5g}"),
        unit=feed.unit,
        source=SOURCE,
        at=at,
        max_age_s=feed.max_age_s,
    )


def _power(now: float, seed: int) -> Quote:
    begins = floor(now / QUARTER_S) * QUARTER_S
    value = POWER_PER_KWH * (1.0 + 0.22 * _day(begins) + 0.07 * walk(key(seed, "power"), begins, (3600.0, 900.0)))
    return Quote(
        name="power",
        kind="power_price",
        value=round(value, 4),
        unit="USD/kWh",
        source=f"{SOURCE} day-ahead",
        at=begins,
        max_age_s=QUARTER_S,
        interval_end=begins + QUARTER_S,
    )


def _carbon(now: float, seed: int) -> Quote:
    at = floor(now / 600.0) * 600.0
    value = CARBON_G_PER_KWH * (1.0 + 0.18 * _day(at) + 0.05 * walk(key(seed, "carbon"), at, (7200.0, 1800.0)))
    return Quote(
        name="carbon",
        kind="carbon",
        value=float(round(value)),
        unit="g/kWh",
        source=SOURCE,
        at=at,
        max_age_s=1800.0,
    )


def _day(at: float) -> float:
    """The shape of a day with much sun on the grid, in [-1, 1]: dear in morning and evening, cheap at one o'clock."""
    hour = (at + JAPAN_S) % 86400.0 / 3600.0
    return 0.45 * cos(2.0 * pi * (hour - 19.0) / 12.0) + 0.55 * cos(2.0 * pi * (hour - 20.0) / 24.0)
