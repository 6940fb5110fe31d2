"""What the world pays and charges: quotes, what is known ahead, and how their sources fare."""

from __future__ import annotations

from console.model.base import Record

FUTURE_S = 300.0
"""Clocks differ by minutes at most; a figure observed later than that has a wrong time, and so no age."""


class Quote(Record):
    """One price or network figure with where it comes from and how old it may be.

    ``kind`` is one of ``QUOTE_KINDS``; ``at`` is the source's own time where it gives one. ``interval_start`` and
    ``interval_end`` bound a price that holds through an interval. ``complete`` is False for a wholesale power price,
    to which grid fees and taxes still come.
    """

    name: str
    kind: str
    value: float
    unit: str
    source: str
    at: float
    max_age_s: float
    interval_start: float | None = None
    interval_end: float | None = None
    complete: bool = True

    def age_s(self, now: float) -> float:
        """Seconds since the source observed it; never negative."""
        return max(0.0, now - self.at)

    def ahead(self, now: float) -> bool:
        """True when it is dated later than clocks differ: nobody knows how old it is."""
        return self.at > now + FUTURE_S

    def stale(self, now: float) -> bool:
        """True when it is older than its age limit, its interval is over, or its time lies ahead of this clock."""
        if self.ahead(now):
            return True
        if self.interval_end is not None:
            return now >= self.interval_end
        return self.age_s(now) > self.max_age_s


QUOTE_KINDS = (
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
)
"""What a quote may be of, in the order in which they are shown. ``occupancy`` is a fraction of time, ``rented`` the
fraction of a machine's GPUs that somebody rents now, ``wall_power`` watts at a meter."""


class Step(Record):
    """What holds from ``start`` until before ``end`` (Unix seconds)."""

    start: float
    end: float
    value: float


class Curve(Record):
    """One figure that is known through intervals, past and to come: a day-ahead price, a forecast of carbon.

    ``steps`` are in order and do not overlap. Other fields are those of the quotes it stands for.
    """

    name: str
    kind: str
    unit: str
    source: str
    steps: tuple[Step, ...]
    complete: bool = True

    def at(self, now: float) -> Quote | None:
        """The quote that holds at ``now``; after the last step that one, stale; None before the first."""
        step = next((s for s in reversed(self.steps) if s.start <= now), None)
        if step is None:
            return None
        return Quote(
            name=self.name,
            kind=self.kind,
            value=step.value,
            unit=self.unit,
            source=self.source,
            at=step.start,
            max_age_s=step.end - step.start,
            interval_start=step.start,
            interval_end=step.end,
            complete=self.complete,
        )


class FeedState(Record):
    """How one feed fares. ``error`` is the sentence of its last failure and empty while it answers."""

    name: str
    kind: str
    asked_at: float | None = None
    answered_at: float | None = None
    next_at: float | None = None
    failures: int = 0
    error: str = ""
    notes: tuple[str, ...] = ()  # what it lacks: "no price for RXD"


class Held(Record):
    """A quote that is not used because it is not plausible, and why. It is believed once it was seen often enough."""

    quote: Quote
    reason: str
    since: float
    seen: int = 1


class Trail(Record):
    """The last day of one quote in equal steps, oldest first; None where nothing was known."""

    kind: str
    name: str
    source: str
    step_s: float
    values: tuple[float | None, ...]


class Disagreement(Record):
    """Two fresh sources of one figure that lie apart by ``fraction`` of the lower."""

    kind: str
    name: str
    low: Quote
    high: Quote
    fraction: float
    flagged: bool


class Kept(Record):
    """What a pool counts of what one workload reports: ``ratio`` is credited over reported hashes.

    It is None while there are too few ``shares`` to tell. ``learned_from`` is ``"shares"``, their difficulty, or
    ``"balance"``, what the account was credited; both rates are means of the days it was learned in. ``counts`` says
    that it enters the money, ``flagged`` that more than 1.3 times as much is reported as is credited, ``text`` both in
    one line. ``pool`` is empty where the config names none.
    """

    workload: str
    pool: str
    ratio: float | None
    shares: int
    learned_from: str
    at: float
    reported_h_per_s: float | None = None
    credited_h_per_s: float | None = None
    counts: bool = False
    flagged: bool = False
    text: str = ""


class PoolState(Record):
    """What a pool says it owes and has paid, in coins. *Credited* is what it has counted, *paid* what it has sent.

    ``at`` is when it said so, None before its first answer; a failure leaves what was said and its time.
    ``hashrate_h_per_s`` is the pool's own figure for the whole account, ``credited_per_h`` what was credited per hour
    of the last days, ``payout_s`` how long until the payout minimum at that rate. ``kept`` has what it counts of each
    workload that mines to it, ``notes`` what keeps its balance from teaching that.
    """

    name: str
    coin: str
    at: float | None = None
    unpaid: float | None = None
    immature: float | None = None
    paid: float | None = None
    payout_min: float | None = None
    hashrate_h_per_s: float | None = None
    credited_per_h: float | None = None
    payout_s: float | None = None
    kept: tuple[Kept, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


class Market(Record):
    """What the feeds and pools of a site say beside the quotes themselves.

    ``power_ahead`` is what a kWh costs the site from now on, in its own currency and with all that comes on top, for
    24 hours or as long as that is known.
    """

    feeds: tuple[FeedState, ...] = ()
    held: tuple[Held, ...] = ()
    trails: tuple[Trail, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    pools: tuple[PoolState, ...] = ()
    kept: tuple[Kept, ...] = ()  # of every workload, those whose pool is not read included
    power_ahead: tuple[Step, ...] = ()


class Input(Record):
    """One figure that money was made of, with where it comes from. ``at`` is None for what has no age."""

    name: str
    value: float | None
    unit: str
    source: str
    at: float | None = None
    stale: bool = False
