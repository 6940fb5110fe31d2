"""How the simulated feeds fare: states that fit their quotes, a day of every figure, a storm that can be seen."""

from itertools import pairwise
from pathlib import Path

import pytest

from console.demo import FarmGround
from console.market.quotes import Board
from console.model import FeedState, Quote
from console.telemetry.simulated import Farm, HandTimer
from console.telemetry.simulated.feeds import FarmNews

START = 1_770_000_000.0


def farm(scenario: str = "calm", seed: int = 7) -> Farm:
    """A farm that stands still."""
    return Farm(8, seed=seed, scenario=scenario, start=START, timer=HandTimer())


def sources(quotes: tuple[Quote, ...]) -> set[str]:
    """Who says them."""
    return {q.source for q in quotes}


def state(news: FarmNews, name: str) -> FeedState:
    """One feed."""
    return next(feed for feed in news.feeds if feed.name == name)


def test_every_quote_comes_from_a_feed_that_answers_and_is_no_newer_than_its_last_answer() -> None:
    """At any second of an hour; the next time lies ahead, by at most an interval."""
    one = farm()
    for second in range(0, 3600, 13):
        now = START + second
        news = one.news(now)
        assert sources(one.quotes(now)) == {feed.name for feed in news.feeds}
        for quote in one.quotes(now):
            feed = state(news, quote.source)
            assert feed.answered_at is not None and feed.next_at is not None
            assert quote.at <= feed.answered_at <= now < feed.next_at
            assert not feed.error and not feed.notes


def test_two_sources_of_one_price_lie_three_percent_apart_and_the_first_is_always_in_use() -> None:
    """So the money does not jump from one to the other as they are asked in turn."""
    one = farm()
    for second in range(0, 7200, 11):
        now = START + second
        erg = {q.source: q for q in one.quotes(now) if (q.kind, q.name) == ("coin_price", "ERG")}
        assert set(erg) == {"coins", "coins-2"}
        assert 0.005 < erg["coins-2"].value / erg["coins"].value - 1 < 0.06
        used = Board(quotes=tuple(erg.values())).latest("coin_price", "ERG", now)
        assert used == erg["coins"]


def test_the_trail_of_a_figure_is_what_its_feed_said_through_the_day() -> None:
    """96 quarter hours, the last one what it says now; where a quarter is over, what held at its end."""
    one = farm()
    now = START + 600.0
    trails = {(t.kind, t.name, t.source): t for t in one.news(now).trails}
    assert set(trails) == {(q.kind, q.name, q.source) for q in one.quotes(now)}
    for quote in one.quotes(now // 60 * 60):
        trail = trails[quote.kind, quote.name, quote.source]
        assert (len(trail.values), trail.step_s) == (96, 900.0)
        assert trail.values[-1] == quote.value
    erg = trails["coin_price", "ERG", "coins"]
    ends = now // 900 * 900
    past = next(q for q in one.quotes(ends - 1) if (q.kind, q.name, q.source) == ("coin_price", "ERG", "coins"))
    assert erg.values[-2] == past.value
    assert len(set(erg.values)) > 50


def test_trails_and_curve_stay_the_same_objects_for_a_minute() -> None:
    """So that whoever compares them does not work each second; then they are new, and so is the last value."""
    one = farm()
    first, second = one.news(START + 1.0), one.news(START + 58.0)
    assert first.trails is second.trails and first.curves is second.curves
    assert one.news(START + 61.0).trails is not first.trails
    later = one.news(START + 900.0)
    before = {(t.kind, t.name, t.source): t.values for t in first.trails}
    assert all(t.values[:-2] == before[t.kind, t.name, t.source][1:-1] for t in later.trails)


def test_the_curve_is_the_price_that_is_charged_and_reaches_a_day_ahead() -> None:
    """Quarter hours without a hole, begun before now."""
    one = farm()
    now = START + 1234.0
    [curve] = one.news(now).curves
    power = next(q for q in one.quotes(now) if q.kind == "power_price")
    assert curve.at(now) == power
    assert curve.steps[0].start < now < now + 86400 < curve.steps[-1].end
    assert all(a.end == b.start for a, b in pairwise(curve.steps))


@pytest.mark.parametrize("scenario", ["calm", "stormy"])
def test_the_same_farm_says_the_same(scenario: str) -> None:
    """Asked at once or step by step; another seed says something else."""
    one, two = farm(scenario), farm(scenario)
    for second in range(0, 600, 60):
        two.news(START + second)
    assert one.news(START + 600) == two.news(START + 600)
    assert one.news(START + 600).trails != farm(scenario, seed=8).news(START + 600).trails


def test_in_a_storm_one_feed_fails_and_is_asked_again_after_longer_and_longer_waits() -> None:
    """Since when, how often, its sentence; its quote ages and is not stale before its limit."""
    one = farm("stormy")
    assert not state(one.news(START + 19), "grid-carbon").error
    waits, failures = [], 0
    for second in range(20, 1500):
        feed = state(one.news(START + second), "grid-carbon")
        assert feed.error.endswith("answers with HTTP status 503")
        assert feed.asked_at is not None and feed.next_at is not None
        assert feed.asked_at <= START + second < feed.next_at
        if feed.failures > failures:
            failures = feed.failures
            waits.append(feed.next_at - feed.asked_at)
    assert waits == [15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0]
    carbon = next(q for q in one.quotes(START + 1500) if q.kind == "carbon")
    assert START + 1500 - carbon.at > 1490


def test_in_a_storm_a_coin_has_no_price_and_its_feed_says_so() -> None:
    """The other coins of that feed go on."""
    news = farm("stormy").news(START + 30)
    assert state(news, "coins").notes == ("no price for RVN",)
    assert not state(news, "coins").error


def test_in_a_storm_one_price_is_held_back_for_a_while() -> None:
    """As the real ledger words it; the price in use stays, is not stale, and goes on when the odd one is over."""
    one = farm("stormy")
    news = one.news(START)
    [odd] = news.odd
    assert odd.quote.name == "PRL"
    assert odd.quote.value / odd.before.value == pytest.approx(2.6, rel=0.1)
    assert odd.seen >= 2
    assert odd.since < odd.quote.at <= START
    used = next(q for q in one.quotes(START) if (q.kind, q.name) == ("coin_price", "PRL"))
    assert used == odd.before
    assert not used.stale(START + 379)
    assert one.news(START + 400).odd == ()
    assert next(q for q in one.quotes(START + 450) if (q.kind, q.name) == ("coin_price", "PRL")).at > START + 380
    assert farm().news(START).odd == ()


def test_the_demo_tells_it_as_a_host_would(tmp_path: Path) -> None:
    """Held back with the words of the real vetting."""
    ground = FarmGround(farm("stormy"), tmp_path)
    news = ground.news()
    [held] = news.held
    assert held.reason.startswith("rose 2.")
    assert held.reason.endswith("USD")
    assert len(news.trails) == 11
    assert len(news.feeds) == 6
