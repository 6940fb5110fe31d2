"""What the simulated farm's feeds say: prices that wander, a power price in quarter hours, carbon, rental medians.

Every quote is a function of the time asked: a feed that polls each ``every_s`` shows what it saw at its last poll.
How the feeds themselves fare is told by ``feeds``.
"""

from __future__ import annotations

from math import cos, exp, floor, pi

from console.model import Curve, Quote, Record, Step
from console.telemetry.simulated.noise import key, walk
from console.telemetry.simulated.storm import Storm

COINS, OTHER_COINS, NETWORKS, RENTALS = "coins", "coins-2", "networks", "rentals"
DAY_AHEAD, CARBON = "day-ahead", "grid-carbon"
QUARTER_S = 900.0
CARBON_EVERY_S = 600.0
AHEAD_S = 26 * 3600.0
BEHIND_S = 2 * 3600.0
POWER_PER_KWH = 0.071
CARBON_G_PER_KWH = 212.0
JAPAN_S = 9 * 3600.0
_PERIODS_S = (21600.0, 3600.0, 600.0, 120.0)


class Feed(Record):
    """One figure that wanders around ``base`` by at most about ``swing`` (a fraction), read every ``every_s``.

    What its source says is of ``lag_s`` ago and ``above`` the others by a fraction; both wander alike.
    """

    name: str
    kind: str
    source: str
    base: float
    unit: str
    swing: float
    every_s: float
    max_age_s: float
    lag_s: float = 0.0
    above: float = 0.0


def _coin(name: str, price: float, swing: float, nethash: float) -> tuple[Feed, Feed]:
    return (
        _price(name, price, swing),
        Feed(
            name=name,
            kind="nethash",
            source=NETWORKS,
            base=nethash,
            unit="H/s",
            swing=0.05,
            every_s=300.0,
            max_age_s=3600.0,
        ),
    )


def _price(name: str, price: float, swing: float) -> Feed:
    return Feed(
        name=name, kind="coin_price", source=COINS, base=price, unit="USD", swing=swing, every_s=45.0, max_age_s=900.0
    )


def _other_price(name: str, price: float, swing: float) -> Feed:
    """What a second source says of the same coin: older than the first, and so never the one that is used."""
    return Feed(
        name=name,
        kind="coin_price",
        source=OTHER_COINS,
        base=price,
        unit="USD",
        swing=swing,
        every_s=120.0,
        max_age_s=900.0,
        lag_s=150.0,
        above=0.03,
    )


def _rental(name: str, per_h: float) -> Feed:
    return Feed(
        name=name,
        kind="rental",
        source=RENTALS,
        base=per_h,
        unit="USD/h",
        swing=0.06,
        every_s=180.0,
        max_age_s=900.0,
    )


# Network hashrates are invented so that mining at 0.071 a kWh earns a little more than its power: the demo must show
# a choice, and at the rates published for mid 2026 there was none on these cards.
FEEDS = (
    *_coin("ERG", 0.84, 0.12, 2.35e12),
    _other_price("ERG", 0.84, 0.12),
    *_coin("RVN", 0.0106, 0.15, 1.95e12),
    *_coin("PRL", 0.54, 0.25, 9.2e19),
    _rental("4090 median", 0.41),
    _rental("H100 median", 2.24),
)


def quotes(now: float, start: float, seed: int, storm: Storm) -> tuple[Quote, ...]:
    """All feeds as they stand at ``now`` (Unix seconds); ``start`` is where every walk passes through its base."""
    power = power_quote(now, seed)
    return (power, *(quote(feed, now, start, seed, storm) for feed in FEEDS), carbon(now, start, seed, storm))


def quote(feed: Feed, now: float, start: float, seed: int, storm: Storm) -> Quote:
    """One figure as it stands at ``now``: of the last poll that brought anything usable."""
    at = polled_at(feed, storm.usable_until(feed.kind, feed.name, feed.source, now, start)) - feed.lag_s
    return seen(feed, at, start, seed)


def seen(feed: Feed, at: float, start: float, seed: int) -> Quote:
    """What the source had to say at ``at``."""
    stream = key(seed, feed.kind, feed.name)
    moved = walk(stream, at, _PERIODS_S) - walk(stream, start, _PERIODS_S)
    return Quote(
        name=feed.name,
        kind=feed.kind,
        value=float(f"{feed.base * (1.0 + feed.above) * exp(0.5 * feed.swing * moved):.5g}"),
        unit=feed.unit,
        source=feed.source,
        at=at,
        max_age_s=feed.max_age_s,
    )


def polled_at(feed: Feed, now: float) -> float:
    """When the feed was read last; feeds do not all poll at once."""
    phase_s = key(0, feed.kind, feed.name, feed.source) % int(feed.every_s)
    return floor((now - phase_s) / feed.every_s) * feed.every_s + phase_s


def day_ahead(now: float, seed: int) -> Curve:
    """The power price in quarter hours, from a while ago until what is known of tomorrow."""
    first = floor(now / QUARTER_S) * QUARTER_S - BEHIND_S
    begins = [first + QUARTER_S * i for i in range(int((BEHIND_S + AHEAD_S) / QUARTER_S))]
    return Curve(
        name="power",
        kind="power_price",
        unit="USD/kWh",
        source=DAY_AHEAD,
        steps=tuple(Step(start=at, end=at + QUARTER_S, value=power_per_kwh(at, seed)) for at in begins),
    )


def power_per_kwh(begins: float, seed: int) -> float:
    """What a kWh costs in the quarter of an hour that begins then."""
    wandered = walk(key(seed, "power"), begins, (3600.0, 900.0))
    return round(POWER_PER_KWH * (1.0 + 0.22 * _day(begins) + 0.07 * wandered), 4)


def power_quote(now: float, seed: int) -> Quote:
    """What a kWh costs at ``now``, through the quarter of an hour that it holds."""
    begins = floor(now / QUARTER_S) * QUARTER_S
    return Quote(
        name="power",
        kind="power_price",
        value=power_per_kwh(begins, seed),
        unit="USD/kWh",
        source=DAY_AHEAD,
        at=begins,
        max_age_s=QUARTER_S,
        interval_start=begins,
        interval_end=begins + QUARTER_S,
    )


def carbon(now: float, start: float, seed: int, storm: Storm) -> Quote:
    """Grams per kWh of the grid, every ten minutes."""
    at = floor(storm.usable_until("carbon", "carbon", CARBON, now, start) / CARBON_EVERY_S) * CARBON_EVERY_S
    value = CARBON_G_PER_KWH * (1.0 + 0.18 * _day(at) + 0.05 * walk(key(seed, "carbon"), at, (7200.0, 1800.0)))
    return Quote(
        name="carbon",
        kind="carbon",
        value=float(round(value)),
        unit="g/kWh",
        source=CARBON,
        at=at,
        max_age_s=1800.0,
    )


def _day(at: float) -> float:
    """The shape of a day with much sun on the grid, in [-1, 1]: dear in morning and evening, cheap at one o'clock."""
    hour = (at + JAPAN_S) % 86400.0 / 3600.0
    return 0.45 * cos(2.0 * pi * (hour - 19.0) / 12.0) + 0.55 * cos(2.0 * pi * (hour - 20.0) / 24.0)
