"""What reading the feeds costs: CPU per reading of each kind, and all of them together at their own intervals."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from benchmarks.visit import Sample
from console.config.feed_settings import FeedSettings
from console.market.registry import connect_feed
from tests.contract.hostile import answer, routes, serving
from tests.contract.test_feeds import ASKING, CASES

READINGS = 20
TOGETHER = "all_pct"


def read_all() -> Sample:
    """Milliseconds of this thread's CPU per reading, by kind, and ``all_pct``, the share of a core all together take.

    The answers are those of the contract tests: of the right shape, of a few entries. A marketplace of 1.7 MB takes
    25 ms more every five minutes.
    """
    took_ms = {kind: _one(kind) for kind in ASKING}
    share = sum(ms / 1e3 / _interval_s(kind) for kind, ms in took_ms.items())
    return {**took_ms, TOGETHER: share * 100}


def _one(kind: str) -> float:
    case = CASES[kind]
    with serving(routes({path: answer(body) for path, body in case.answers.items()})) as server:
        feed = connect_feed(kind, _settings(kind, server.url))
        feed.read(case.now, 5.0)  # opens the connection and imports httpx
        before = time.thread_time()
        for _ in range(READINGS):
            feed.read(case.now, 5.0)
        used = time.thread_time() - before
        feed.close()
    return used / READINGS * 1e3


def _interval_s(kind: str) -> float:
    feed = connect_feed(kind, _settings(kind, "http://127.0.0.1:1"))
    feed.close()
    return feed.interval_s


def _settings(kind: str, url: str) -> FeedSettings:
    return msgspec.convert({"kind": kind, **CASES[kind].settings, "url": url}, FeedSettings)


def kinds(samples: Sequence[Sample]) -> list[str]:
    """The kinds that were read, the dearest first."""
    found = [key for key in (samples[0] if samples else {}) if key != TOGETHER]
    return sorted(found, key=lambda kind: -(samples[0][kind] or 0.0))
