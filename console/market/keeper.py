"""Asks every feed in a thread of its own, one request at a time, and keeps what they said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from console.config.feed_settings import FeedSettings
from console.market.asking import Asker, Failure, age_s
from console.market.cache import Cache, Kept, Points
from console.market.contract import Answer, Feed, FeedError
from console.market.ledger import Ledger
from console.market.pace import next_in_s
from console.model import Curve, FeedState, Held, PoolState, Quote, Record, Trail

TRAILS_EVERY_S = 60.0
KEEP_EVERY_S = 30.0
"""Feeds that are asked more often are kept this often; any other at once, so that no console asks what is known."""
CLOSING_S = 1.0
"""How long a console that quits waits for disks; what is not kept by then is asked for again."""


class News(Record):
    """What the feeds say at one instant, and the pools beside them, frozen."""

    quotes: tuple[Quote, ...] = ()
    curves: tuple[Curve, ...] = ()
    held: tuple[Held, ...] = ()
    trails: tuple[Trail, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    pools: tuple[PoolState, ...] = ()


class Source(NamedTuple):
    """A feed with what the config says of it."""

    name: str
    settings: FeedSettings
    feed: Feed


class Keeper:
    """The feeds of one site. Every method but ``start`` and ``close`` may be called from any thread at any time."""

    def __init__(self, sources: tuple[Source, ...], cache: Cache | None, now: Callable[[], float] = time.time) -> None:
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._now = now
        self._trails: tuple[Trail, ...] = ()
        self._trails_at = float("-inf")
        self._askers = {source.name: _Asker(source, cache, self._ledger, self._lock, now) for source in sources}

    def start(self, delay_s: float = 0.0) -> None:
        """Show what is kept on disk, and ask after ``delay_s``: importing httpx may not delay a first paint."""
        for asker in self._askers.values():
            asker.look()
            asker.delay_s = delay_s
            asker.start()

    def news(self) -> News:
        """What is known now."""
        with self._lock:
            now = self._now()
            if abs(now - self._trails_at) >= TRAILS_EVERY_S:
                self._ledger.remember(now)
                self._trails = tuple(self._ledger.trails.day(key, now) for key in self._ledger.trails.known())
                self._trails_at = now
            return News(
                quotes=self._ledger.quotes(now),
                curves=self._ledger.curves,
                held=self._ledger.held,
                trails=self._trails,
                feeds=tuple(asker.state for asker in self._askers.values()),
            )

    def smoothed(self) -> tuple[Quote, ...]:
        """The quotes that advice is made of: medians of ten minutes, network figures as means of a day."""
        with self._lock:
            return self._ledger.smoothed(self._now())

    def settled(self) -> bool:
        """True once every feed was asked, or has a fresh answer from before."""
        return all(asker.settled for asker in self._askers.values())

    def close(self) -> None:
        """Ask no more; returns within ``CLOSING_S``, and a reading under way ends by itself."""
        last = [asker.end() for asker in self._askers.values()]
        end = time.monotonic() + CLOSING_S
        for keeping in last:
            keeping.join(max(0.0, end - time.monotonic()))


class _Asker(Asker):
    """One feed, one thread, one request in flight."""

    def __init__(
        self, source: Source, cache: Cache | None, ledger: Ledger, lock: threading.Lock, now: Callable[[], float]
    ) -> None:
        super().__init__(f"feed {source.name}", now, source.feed.interval_s, source.settings.timeout_s)
        self._source = source
        self._cache = cache
        self._turn = cache.turn(source.name) if cache else None
        self._ledger = ledger
        self._lock = lock
        self._kept_at = float("-inf")
        self._unkept = False
        self._keeping = threading.Lock()  # one file beside the kept one, whichever thread writes it
        self.state = FeedState(name=source.name, kind=source.settings.kind or source.name)

    def recall(self) -> None:
        """See Asker.recall."""
        kept = self._cache.load(self._source.name, self._source.settings) if self._cache else None
        now = self._now()
        if kept is None:
            return
        if age_s(kept.answered_at, now) < age_s(self.state.answered_at or 0.0, now):
            with self._lock:
                for trail in kept.trails:
                    self._ledger.trails.know((trail.kind, trail.name, trail.source), trail.points, now)
                self._ledger.recall(kept.answer, kept.held, now)
                self._unkept = False  # the file has a newer one
                self._tell(answered_at=kept.answered_at, notes=kept.answer.notes)
        self.recall_failure(kept.failure)
        if self.failure is None and self.state.failures:
            with self._lock:
                self._tell(error="", failures=0)

    def end(self) -> threading.Thread:
        """Ask no more. The thread that comes back keeps what came since the last keeping."""
        self.stop()
        self._source.feed.close()
        keeping = threading.Thread(target=self._keep, name=f"{self.name} ends", daemon=True)
        keeping.start()
        return keeping

    @property
    def answered_at(self) -> float | None:
        """See Asker.answered_at."""
        return self.state.answered_at

    def show(self, failure: Failure) -> None:
        """See Asker.show."""
        with self._lock:
            self._tell(asked_at=failure.at, error=failure.error, failures=failure.failures)

    def waits_until(self, next_at: float) -> None:
        """See Asker.waits_until."""
        with self._lock:
            self._tell(next_at=next_at)

    def read(self) -> float:
        """See Asker.read."""
        asked_at, source = self._now(), self._source
        try:
            answer = source.feed.read(asked_at, source.settings.timeout_s)
        except FeedError as error:
            return self.failed(asked_at, str(error), error.retry_after_s)
        return self._answered(asked_at, answer)

    def failed_by(self, defect: str) -> float:
        """See Asker.failed_by."""
        return self.failed(self._now(), f"feeds.{self._source.name} has a defect ({defect})")

    def _answered(self, asked_at: float, answer: Answer) -> float:
        with self._lock:
            wrong = self._ledger.take(answer, self._now())
            self._ledger.remember(self._now())
            figures = len(answer.quotes) + len(answer.curves)
            usable = len(wrong) < figures
            if not figures:
                wrong = (f"feeds.{self._source.name} answers without any figure",)
            self._tell(asked_at=asked_at, notes=answer.notes)
            if usable:
                self._tell(answered_at=asked_at, error="; ".join(wrong), failures=0)
        if not usable:
            return self.failed(asked_at, "; ".join(wrong))
        failed, self.failure, self._unkept = self.failure, None, True
        slow = self._interval_s >= KEEP_EVERY_S
        if slow or failed or abs(asked_at - self._kept_at) >= KEEP_EVERY_S:
            self._keep()
        return next_in_s(self._interval_s, 0, None, self._chance)

    def keep_failure(self) -> None:
        """See Asker.keep_failure."""
        self._unkept = True
        self._keep()

    def _keep(self) -> None:
        """Write down what is not kept yet, in whichever thread; it is made when it is written, so never out of date."""
        with self._keeping:
            unkept, self._unkept = self._unkept, False
            if self._cache is None or not unkept:
                return
            with self._lock:
                kept = self._known()
            self._kept_at = kept.answered_at
            self._cache.save(self._source.name, self._source.settings, kept)

    def _known(self) -> Kept:
        name, trails = self._source.name, self._ledger.trails
        return Kept(
            answered_at=self.state.answered_at or 0.0,
            answer=msgspec.structs.replace(self._ledger.believed(name), notes=self.state.notes),
            trails=tuple(
                Points(kind=key[0], name=key[1], source=key[2], points=trails.points(key))
                for key in self._ledger.of(name)
            ),
            held=self._ledger.held_of(name),
            failure=self.failure,
        )

    def _tell(self, **changes: Any) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)
