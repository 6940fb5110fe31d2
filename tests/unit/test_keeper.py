"""The keeper against a real source: pace, back-off, Retry-After, one request in flight, the cache, sources that die."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest

from console.config.feed_settings import FeedSettings
from console.market.cache import Cache, Kept
from console.market.contract import Answer, Feed, FeedError
from console.market.keeper import Keeper, Source
from console.market.pace import next_in_s
from console.market.registry import connect_feed
from console.model import Quote
from tests.contract.hostile import Handler, Hostile, answer, serving
from tests.unit.speaking import Speaker, keeper_of, settings_at, until


def test_a_source_is_followed_dies_and_comes_back(speaker: tuple[Speaker, Hostile]) -> None:
    """Its figure is live; when it fails the last stays with its true age and the sentence; then it is live again."""
    said, server = speaker
    keeper = keeper_of(settings_at(server.url))
    keeper.start()
    assert until(keeper, lambda news: bool(news.quotes)).quotes[0].value == 0.84
    said.price = 0.9
    until(keeper, lambda news: news.quotes[0].value == 0.9)
    said.manner = answer(b"down", 500)
    failing = until(keeper, lambda news: news.feeds[0].failures >= 2)
    assert failing.quotes[0].value == 0.9
    assert failing.feeds[0].error == f"{server.url}/api/v3/simple/price answers with HTTP status 500"
    said.manner, said.price = None, 0.91
    well = until(keeper, lambda news: news.quotes[0].value == 0.91)
    assert (well.feeds[0].error, well.feeds[0].failures) == ("", 0)
    assert said.most_at_once == 1
    keeper.close()


def test_what_a_source_asks_for_is_obeyed(speaker: tuple[Speaker, Hostile]) -> None:
    """After a 429 that says when to come again nobody comes sooner, however short the interval."""
    said, server = speaker
    said.manner = answer(b"", 429, Retry_After="3600")
    keeper = keeper_of(settings_at(server.url))
    keeper.start()
    news = until(keeper, lambda news: bool(news.feeds[0].next_at))
    asked = len(server.seen)
    assert (news.feeds[0].next_at or 0) - time.time() > 3500
    time.sleep(0.5)
    assert asked == len(server.seen) == 1
    keeper.close()


def test_a_restart_shows_what_is_known_and_asks_nobody(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """The cache gives quote, age and trail back before any request; a young answer is not asked for again."""
    said, server = speaker
    settings = settings_at(server.url, 3600.0)
    first = keeper_of(settings, Cache(tmp_path / "quotes"))
    first.start()
    known = until(first, lambda news: bool(news.quotes) and (tmp_path / "quotes" / "gecko.json").exists())
    first.close()
    said.price = 5.0
    second = keeper_of(settings, Cache(tmp_path / "quotes"))
    second.start()
    news = until(second, lambda _: second.settled())
    assert news.quotes == known.quotes and len(server.seen) == 1
    assert [trail.values[-1] for trail in news.trails] == [0.84]
    second.close()


def test_other_settings_make_a_cache_worthless(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """What was asked at another address or for other coins is not shown as an answer of this feed."""
    _, server = speaker
    cache = Cache(tmp_path)
    cache.save(
        "gecko", settings_at("http://127.0.0.1:1"), Kept(answered_at=time.time(), answer=Answer(quotes=(a_quote(),)))
    )
    assert cache.load("gecko", settings_at("http://127.0.0.1:1")) is not None
    assert cache.load("gecko", settings_at(server.url)) is None


def a_quote(at: float | None = None) -> Quote:
    return Quote(
        name="ERG", kind="coin_price", value=0.8, unit="USD/ERG", source="gecko", at=at or time.time(), max_age_s=900
    )


def test_two_consoles_ask_once(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """What one of them has asked, the other takes from disk."""
    _, server = speaker
    settings = settings_at(server.url, 2.0)
    one, two = (keeper_of(settings, Cache(tmp_path)) for _ in range(2))
    one.start()
    until(one, lambda news: bool(news.quotes) and (tmp_path / "gecko.json").exists())
    two.start()
    until(two, lambda news: bool(news.quotes))
    assert len(server.seen) == 1
    one.close()
    two.close()


@pytest.mark.parametrize("content", [b"", b"{", b'{"made_by": 1}', b"\xff" * 100, b"[" * 10_000])
def test_a_broken_cache_is_put_aside(content: bytes, tmp_path: Path) -> None:
    """A file that does not decode costs what was known and nothing else."""
    (tmp_path / "gecko.json").write_bytes(content)
    keeper = keeper_of(settings_at("http://127.0.0.1:1", 3600.0), Cache(tmp_path))
    keeper.start()
    news = until(keeper, lambda news: news.feeds[0].failures == 1)
    assert news.quotes == () and "nothing listens" in news.feeds[0].error
    keeper.close()


class _Saying:
    """A feed that says what it is told to."""

    interval_s = 0.05

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        return self.answer

    def close(self) -> None:
        pass


class _Broken:
    interval_s = 0.05

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        raise self._error

    def close(self) -> None:
        pass


def test_a_defect_of_a_feed_is_told_without_what_it_held() -> None:
    """The name of the exception; its text may hold a key."""
    feed: Feed = _Broken(RuntimeError("Authorization: Bearer s3cret"))
    keeper = Keeper((Source("bad", FeedSettings(), feed),), None)
    keeper.start()
    news = until(keeper, lambda news: news.feeds[0].failures >= 1)
    assert news.feeds[0].error == "feeds.bad has a defect (RuntimeError)"
    keeper.close()


def test_an_answer_of_nothing_but_nonsense_is_a_failure(speaker: tuple[Speaker, Hostile]) -> None:
    """A figure that cannot be is told by name and never used."""
    said, server = speaker
    said.price = -3.0
    keeper = keeper_of(settings_at(server.url))
    keeper.start()
    news = until(keeper, lambda news: news.feeds[0].failures >= 1)
    assert news.feeds[0].error == "coin price of ERG is -3, expected at least 0" and news.quotes == ()
    keeper.close()


def test_closing_waits_for_no_source(speaker: tuple[Speaker, Hostile]) -> None:
    """A source that says nothing does not hold a console that quits."""
    said, server = speaker
    said.manner = lambda handler: handler.rfile.read(1) and None
    keeper = keeper_of(settings_at(server.url, timeout_s=30.0))
    keeper.start()
    end = time.monotonic() + 5
    while not server.seen and time.monotonic() < end:
        time.sleep(0.01)
    keeper.close()
    asking = [thread for thread in threading.enumerate() if thread.name == "feed gecko"]
    for thread in asking:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("interval_s", [5.0, 60.0, 3600.0])
def test_failures_are_asked_about_less_and_less(interval_s: float) -> None:
    """From a quarter minute to a quarter hour or the interval, with jitter upwards; never sooner than asked to."""
    chance = random.Random(7)
    waits = [next_in_s(interval_s, failures, None, chance) for failures in range(1, 30)]
    assert waits[0] <= 15 * 1.25 and max(waits) <= max(900.0, interval_s) * 1.25
    assert waits[-1] >= max(900.0, interval_s)
    assert next_in_s(interval_s, 1, 7200.0, chance) >= 7200
    assert interval_s * 0.95 <= next_in_s(interval_s, 0, None, chance) <= interval_s * 1.05


def test_errors_are_ours_alone() -> None:
    """An unknown kind is a sentence."""
    with pytest.raises(FeedError, match="coingeko is no kind of feed; did you mean coingecko"):
        connect_feed("x", FeedSettings(kind="coingeko"))


def test_a_restart_believes_no_more_than_was_believed(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """A figure that was held back comes back from disk as one that is held, with what was seen of it."""
    said, server = speaker
    settings = settings_at(server.url)
    first = keeper_of(settings, Cache(tmp_path))
    first.start()
    until(first, lambda news: bool(news.quotes))
    said.price = 42.0
    known = until(first, lambda news: bool(news.held) and news.held[0].seen > 1)
    first.close()
    second = keeper_of(settings, Cache(tmp_path))
    second.start(delay_s=60.0)
    news = second.news()
    assert [quote.value for quote in news.quotes] == [0.84]
    [held] = news.held
    assert (held.quote.value, held.since, held.reason) == (42.0, known.held[0].since, known.held[0].reason)
    assert held.seen >= known.held[0].seen
    second.close()


def test_a_clock_that_is_set_back_stops_nobody(speaker: tuple[Speaker, Hostile]) -> None:
    """What was asked by a clock that was ahead is asked again, and what is said next is used and drawn."""
    said, server = speaker
    ahead_s = [86400.0]
    keeper = keeper_of(settings_at(server.url), now=lambda: time.time() + ahead_s[0])
    keeper.start()
    until(keeper, lambda news: bool(news.quotes))
    ahead_s[0], said.price = 0.0, 0.9
    news = until(keeper, lambda news: bool(news.quotes) and news.quotes[0].value == 0.9)
    assert not news.quotes[0].stale(time.time())
    assert [trail.name for trail in news.trails] == ["ERG"], "drawn anew at once, not when that clock comes round"
    keeper.close()


def test_a_defect_in_judging_costs_no_feed_its_thread() -> None:
    """An answer that nobody can judge is a failure of that reading, told by the exception's name; the next is used."""
    odd = Answer(quotes=(Quote("ERG", "coin_price", 10**400, "USD/ERG", "odd", time.time(), 900.0),))
    feed = _Saying(odd)
    keeper = Keeper((Source("odd", FeedSettings(), feed),), None)
    keeper.start()
    failing = until(keeper, lambda news: news.feeds[0].failures >= 2)
    assert failing.feeds[0].error == "feeds.odd has a defect (OverflowError)"
    feed.answer = Answer(quotes=(a_quote(),))
    well = until(keeper, lambda news: bool(news.quotes) and news.feeds[0].failures == 0)
    assert ([quote.value for quote in well.quotes], well.feeds[0].error) == ([0.8], "")
    keeper.close()


def test_an_answer_of_nothing_is_a_failure_with_a_sentence() -> None:
    """A feed that fails says why, also where its source answers well and says nothing."""
    keeper = Keeper((Source("mute", FeedSettings(), _Saying(Answer(notes=("no price for ERG",)))),), None)
    keeper.start()
    state = until(keeper, lambda news: news.feeds[0].failures >= 1).feeds[0]
    assert (state.error, state.notes) == ("feeds.mute answers without any figure", ("no price for ERG",))
    assert state.answered_at is None
    keeper.close()


def test_closing_waits_for_no_disk(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """A disk that takes no more bytes, here a pipe that nobody reads, does not hold a console that quits."""
    _, server = speaker
    keeper = keeper_of(settings_at(server.url), Cache(tmp_path))
    keeper.start()
    until(keeper, lambda news: (tmp_path / "gecko.json").exists() and bool(news.quotes))
    pipe = tmp_path / f"gecko.json.{os.getpid()}.new"
    os.mkfifo(pipe)
    asked = len(server.seen)
    until(keeper, lambda news: len(server.seen) > asked + 1)  # something is not kept yet
    closing = threading.Thread(target=keeper.close, daemon=True)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()
    assert [thread.name for thread in threading.enumerate() if thread.name == "feed gecko ends"] != []
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for thread in threading.enumerate():
        if thread.name == "feed gecko ends":
            thread.join(10)
    os.close(reader)


def test_what_a_source_asks_for_is_obeyed_after_a_restart(
    speaker: tuple[Speaker, Hostile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three starts in a row ask once, show the sentence at once, and the file holds no key."""
    said, server = speaker
    said.manner = answer(b"", 429, Retry_After="600")
    monkeypatch.setenv("GECKO_KEY", "s3cret-of-a-test")
    settings = settings_at(server.url, key_env="GECKO_KEY")
    for _ in range(3):
        keeper = keeper_of(settings, Cache(tmp_path))
        keeper.start()
        state = until(keeper, lambda news: bool(news.feeds[0].next_at)).feeds[0]
        keeper.close()
        assert (state.failures, state.answered_at) == (1, None) and "429" in state.error
        assert (state.next_at or 0.0) - time.time() > 300
    assert len(server.seen) == 1
    assert "s3cret" in str(server.seen[0][1]) and "s3cret" not in (tmp_path / "gecko.json").read_text()


def test_a_wait_is_over_when_it_is_over_and_no_clock_makes_it_endless(
    speaker: tuple[Speaker, Hostile], tmp_path: Path
) -> None:
    """After the wait the source is asked, and so it is by a clock that was set back, or by one with other settings."""
    said, server = speaker
    said.manner = answer(b"", 429, Retry_After="600")
    began = time.time()
    settings = settings_at(server.url, 60.0)
    clock = [began]
    first = keeper_of(settings, Cache(tmp_path), lambda: clock[0])
    [failing] = first._askers.values()
    failing.ask()
    assert failing.young_for_s() > 590
    clock[0] = began - 86400
    assert failing.young_for_s() == 0
    first.close()
    for now, changed, waits in ((599, False, True), (1200, False, False), (-50, False, False), (1, True, False)):
        clock[0] = began + now
        later = settings_at(server.url, 61.0) if changed else settings
        keeper = keeper_of(later, Cache(tmp_path), lambda: clock[0])
        [asker] = keeper._askers.values()
        asker.look()
        assert (asker.young_for_s() > 0) == waits
        keeper.close()


def test_quitting_is_no_failure_of_a_source(tmp_path: Path) -> None:
    """A reading that ended because the console quits keeps no other console from asking."""
    asked = threading.Event()

    def silently(handler: Handler) -> None:
        asked.set()
        handler.rfile.read(1)

    with serving(silently) as server:
        keeper = keeper_of(settings_at(server.url, 60.0, timeout_s=30.0), Cache(tmp_path))
        keeper.start()
        assert asked.wait(30)
        keeper.close()
        [asker] = keeper._askers.values()
        asker.join(60)
        assert not asker.is_alive()
    assert not (tmp_path / "gecko.json").exists()


def test_a_pipe_in_the_place_of_a_cache_is_none(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """Nobody waits for who would write into it, and the feed is asked."""
    _, server = speaker
    os.mkfifo(tmp_path / "gecko.json")
    keeper = keeper_of(settings_at(server.url, 60.0), Cache(tmp_path))
    starting = threading.Thread(target=keeper.start, daemon=True)
    starting.start()
    starting.join(20)
    assert not starting.is_alive()
    until(keeper, lambda news: bool(news.quotes))
    keeper.close()
