"""A site that starts while its feeds are slow: ready without them, and who prints once waits for them a while."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from console.commands import opening
from console.config.feed_settings import FeedSettings
from console.config.settings import Config, QuoteSettings, Settings
from console.demo import FarmGround
from console.local import HostGround
from console.market.keeper import News
from console.model import Quote, Snapshot
from console.paths import Places
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer
from tests.contract.hostile import Handler, answer, serving
from tests.pilot.sample import StillSite, snapshot

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z


def until(done: Callable[[], bool], within_s: float = 20.0) -> bool:
    end = time.monotonic() + within_s
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    return done()


def test_a_slow_feed_does_not_hold_a_host_in_its_start(tmp_path: Path) -> None:
    """Ready is said of controllers and meters, priced of feeds; the news has the config's quotes and theirs."""
    may_answer = threading.Event()

    def slow(handler: Handler) -> None:
        may_answer.wait(20)
        answer(json.dumps({"ergo": {"usd": 0.84, "last_updated_at": time.time()}}).encode())(handler)

    with serving(slow) as server:
        feed = FeedSettings(kind="coingecko", url=server.url, coins={"ERG": "ergo"}, interval_s=60.0, timeout_s=30.0)
        by_hand = QuoteSettings(kind="coin_price", value=30.0, unit="USD")
        config = Config(
            settings=Settings(feeds={"gecko": feed}, quotes={"XMR": by_hand}), path=None, hash="", written_at=START
        )
        ground = HostGround(config, Places(state=tmp_path, run=tmp_path, shared=True), (), headless=True)
        try:
            assert until(lambda: len(server.seen) == 1)
            assert until(ground.ready) and not ground.priced()
            may_answer.set()
            assert until(ground.priced)
            assert {(one.name, one.source) for one in ground.news().quotes} == {("XMR", "config"), ("ERG", "gecko")}
        finally:
            may_answer.set()
            ground.close()


class _Answering(StillSite):
    """A site whose feeds have answered once it was asked so many times; the snapshot after that has their figures."""

    def __init__(self, after: float) -> None:
        super().__init__()
        self.after = after
        self.asked = 0

    def listen(self, heard: Callable[[Snapshot], None]) -> None:
        """Two readings are there already."""
        super().listen(heard)
        for seq in (1, 2):
            self.tell(snapshot(seq=seq))

    def priced(self) -> bool:
        """Told at the last asking."""
        self.asked += 1
        if self.asked == self.after:
            self.tell(snapshot(seq=3, site="priced"))
        return self.asked >= self.after


def test_whoever_prints_once_waits_for_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands then has their figures in it."""
    monkeypatch.setattr(opening, "METERS_S", 0.05)
    site = _Answering(after=4)
    assert opening.settled(site, 2).site == "priced" and site.asked == 4


def test_a_feed_that_does_not_answer_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one reading alone waits for none."""
    monkeypatch.setattr(opening, "METERS_S", 0.05)
    monkeypatch.setattr(opening, "FEEDS_S", 0.1)
    site = _Answering(after=float("inf"))
    assert opening.settled(site, 2).seq == 2 and site.asked > 1
    hasty = _Answering(after=1)
    opening.settled(hasty, 1)
    assert hasty.asked == 0


class _Late(FarmGround):
    """A farm that in its first seconds knows only a price of power from before, and one feed of which never answers."""

    def priced(self) -> bool:
        return False

    def news(self) -> News:
        news = super().news()
        if self.now() - START >= 4.5:
            return news
        dear = (20.0 if one.kind == "power_price" else 1.0 for one in news.quotes)
        quotes = (msgspec.structs.replace(one, value=one.value * by) for one, by in zip(news.quotes, dear, strict=True))
        return msgspec.structs.replace(news, quotes=tuple(quotes))


def test_the_chart_of_net_neither_waits_for_a_feed_nor_begins_with_a_dip(tmp_path: Path) -> None:
    """The sum of the seconds before feeds answer is no point of it; of those after it is, though one is still asked."""
    place = _Late(Farm(gpus=8, scenario="calm", start=START, timer=HandTimer()), tmp_path)
    state = State(place, "")
    sums = []
    for _ in range(32):
        place._farm.sleep(1.0)
        made = state.apply(place._farm.batch())
        sums.append(made.totals.net_per_h or 0.0)
    assert sums[0] < 0.8 * sums[8], "the first sums are not yet of today"
    first, second, third = made.trend_net
    assert first is not None and second is not None and third is not None
    assert first == pytest.approx(second, rel=0.02) and second == pytest.approx(third, rel=0.02)


class _Dearer(FarmGround):
    """A farm whose feeds say something else each time that they are asked."""

    asked = 0
    told = News()

    def news(self) -> News:
        self.told = super().news()
        return self.told

    def quotes(self, now: float) -> tuple[Quote, ...]:
        self.asked += 1
        erg = ("coin_price", "ERG")
        return tuple(
            msgspec.structs.replace(one, value=one.value + self.asked) if (one.kind, one.name) == erg else one
            for one in super().quotes(now)
        )


def test_a_tick_sees_its_feeds_once(tmp_path: Path) -> None:
    """Quotes, curves and states are of one instant."""
    place = _Dearer(Farm(gpus=4, scenario="calm", start=START, timer=HandTimer()), tmp_path)
    state = State(place, "")
    state.apply(place._farm.batch())  # which takes a sample of smoothed prices as well
    before = place.asked
    place._farm.sleep(1.0)
    made = state.apply(place._farm.batch())
    assert place.asked == before + 1
    assert place.told.quotes and set(place.told.quotes) <= set(made.quotes)
