"""How the simulated feeds fare: their states, the last day of each figure, what is known ahead, what is held back."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

from console.model import Curve, FeedState, Quote, Record, Trail
from console.telemetry.simulated import market
from console.telemetry.simulated.market import CARBON, CARBON_EVERY_S, DAY_AHEAD, FEEDS, QUARTER_S, Feed
from console.telemetry.simulated.storm import Storm

STEPS = 96
EVERY_S = 60.0
FIRST_RETRY_S, LONGEST_RETRY_S = 15.0, 900.0
KIND = "simulated"
SILENCE = "https://carbon.invalid/intensity answers with HTTP status 503"


class Odd(Record):
    """A figure too far from the one before it, said ``seen`` times since ``since``."""

    quote: Quote
    before: Quote
    since: float
    seen: int


class FarmNews(Record):
    """What the simulated feeds say beside their quotes."""

    feeds: tuple[FeedState, ...]
    trails: tuple[Trail, ...]
    curves: tuple[Curve, ...]
    odd: tuple[Odd, ...]


class Newsroom:
    """The feeds of one farm, for one thread. Trails and curve stay the same objects for a minute of its clock."""

    def __init__(self, start: float, seed: int, storm: Storm) -> None:
        self._start, self._seed, self._storm = start, seed, storm
        self._ended: dict[tuple[Feed | str, float], float] = {}  # what quarter hours that are over ended with
        self._minute = float("-inf")
        self._trails: tuple[Trail, ...] = ()
        self._curves: tuple[Curve, ...] = ()

    def news(self, now: float) -> FarmNews:
        """What is known at ``now`` (Unix seconds)."""
        minute = floor(now / EVERY_S) * EVERY_S
        if minute != self._minute:
            self._minute = minute
            self._trails = tuple(self._trail(feed, minute) for feed in (DAY_AHEAD, *FEEDS, CARBON))
            self._curves = (market.day_ahead(minute, self._seed),)
            self._ended = {k: v for k, v in self._ended.items() if k[1] > minute - 2 * STEPS * QUARTER_S}
        return FarmNews(
            feeds=tuple(self._states(now)), trails=self._trails, curves=self._curves, odd=tuple(self._odd(now))
        )

    def _trail(self, feed: Feed | str, now: float) -> Trail:
        end = floor(now / QUARTER_S) * QUARTER_S
        begins = [end - QUARTER_S * back for back in range(STEPS - 1, -1, -1)]
        last = self._quote(feed, now)
        values = tuple(self._value(feed, at + QUARTER_S) for at in begins[:-1])
        return Trail(kind=last.kind, name=last.name, source=last.source, step_s=QUARTER_S, values=(*values, last.value))

    def _value(self, feed: Feed | str, ends: float) -> float:
        """What held at the end of a quarter of an hour; one that is over is never looked up again."""
        if (feed, ends) not in self._ended:
            self._ended[feed, ends] = self._quote(feed, ends - 1.0).value
        return self._ended[feed, ends]

    def _quote(self, feed: Feed | str, at: float) -> Quote:
        if isinstance(feed, Feed):
            return market.quote(feed, at, self._start, self._seed, self._storm)
        if feed == CARBON:
            return market.carbon(at, self._start, self._seed, self._storm)
        return market.power_quote(at, self._seed)

    def _states(self, now: float) -> Iterator[FeedState]:
        yield _answering(DAY_AHEAD, floor(now / QUARTER_S) * QUARTER_S, QUARTER_S)
        by_source: dict[str, list[Feed]] = {}
        for feed in FEEDS:
            by_source.setdefault(feed.source, []).append(feed)
        for source, feeds in by_source.items():
            at, every_s = max(market.polled_at(feed, now) for feed in feeds), feeds[0].every_s
            yield _answering(source, at, every_s, tuple(self._lacks(feeds)))
        yield self._carbon_state(now)

    def _lacks(self, feeds: list[Feed]) -> Iterator[str]:
        for feed in feeds:
            if feed.kind == "coin_price" and feed.name == self._storm.stale_quote:
                yield f"no price for {feed.name}"

    def _carbon_state(self, now: float) -> FeedState:
        """Answers every ten minutes, or fails and is asked again after longer and longer waits."""
        if self._storm.silent_feed != CARBON or now < self._start + self._storm.silent_s:
            return _answering(CARBON, floor(now / CARBON_EVERY_S) * CARBON_EVERY_S, CARBON_EVERY_S)
        asked = next_at = self._start + self._storm.silent_s
        failures = 0
        while next_at <= now:
            asked, failures = next_at, failures + 1
            next_at = asked + min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 16))
        answered = floor((self._start + self._storm.silent_s) / CARBON_EVERY_S) * CARBON_EVERY_S
        return FeedState(
            name=CARBON,
            kind=KIND,
            asked_at=asked,
            answered_at=answered,
            next_at=next_at,
            failures=failures,
            error=SILENCE,
        )

    def _odd(self, now: float) -> Iterator[Odd]:
        storm = self._storm
        if storm.odd_quote is None or not storm.odd(now - self._start):
            return
        for feed in FEEDS:
            if feed.kind == "coin_price" and feed.name == storm.odd_quote:
                since = market.polled_at(feed, self._start + storm.odd_s) + feed.every_s
                at = market.polled_at(feed, now)
                if at >= since:
                    yield self._odd_one(feed, since, at, storm.odd_factor)

    def _odd_one(self, feed: Feed, since: float, at: float, factor: float) -> Odd:
        said = market.seen(feed, at, self._start, self._seed)
        wrong = Quote(
            name=said.name,
            kind=said.kind,
            value=float(f"{said.value * factor:.4g}"),
            unit=said.unit,
            source=said.source,
            at=at,
            max_age_s=said.max_age_s,
        )
        seen = 1 + round((at - since) / feed.every_s)
        before = market.quote(feed, at, self._start, self._seed, self._storm)
        return Odd(quote=wrong, before=before, since=since, seen=seen)


def _answering(name: str, at: float, every_s: float, notes: tuple[str, ...] = ()) -> FeedState:
    return FeedState(name=name, kind=KIND, asked_at=at, answered_at=at, next_at=at + every_s, notes=notes)
