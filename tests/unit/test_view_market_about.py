"""The market screen as data, below its table: all about a quote, feeds, pools and the price ahead."""

import msgspec
import pytest

from console.model import Curve, FeedState, Kept, Market, Step
from console.view import about, ahead, feeds
from console.view.charts import Chart
from console.view.pieces import text_of
from tests.pilot import market
from tests.pilot.market import NOW
from tests.unit.test_view_market import laid, texts


def test_all_about_a_quote() -> None:
    """Source, when in local time, limit, what another source says, what uses it."""
    found = laid()
    entry = next(e for e in found.entries if (e.quote.name, e.quote.source) == ("ERG", "exchange-b"))
    text = texts(about.lines(entry, market.snapshot(), NOW, 120))
    assert "exchange-b, in use; another says the same figure" in text
    assert "2025-12-31 14:01:33 Asia/Tokyo, 38s ago" in text
    assert "15m: fresh for 14m more" in text
    assert "+2.9 % in 1d, between 0.783 and 0.850" in text
    assert "3.0 % under exchange-a" in text
    assert "ergo on GPUs 0–2, 4–7" in text


@pytest.mark.parametrize(
    ("name", "source", "held", "said"),
    [
        ("H100 rent", "rentals", False, "15m: stale since 13:36:01, and advice waits for it"),
        ("power", "grid", False, "holds from 14:00 to 14:15"),
        ("power", "grid", False, "grid, the only one"),
        ("ERG", "exchange-a", False, "exchange-a, not in use"),
        ("ERG", "exchange-a", False, "nothing while another source of it is newer or fresh"),
        ("NEOX", "pool-a", False, "19.7 % over pool-b: one of them is wrong"),
        ("QUAI", "exchange-a", True, "exchange-a, not believed yet"),
        ("QUAI", "exchange-a", True, "rose 3.1-fold, from 0.0311 to 0.0964 USD/QUAI; seen 2 of 3"),
    ],
)
def test_about_says_what_is_peculiar(name: str, source: str, held: bool, said: str) -> None:
    """Staleness, an interval, a second source, a disagreement, a quote that nobody believes."""
    entry = next(
        e for e in laid().entries if (e.quote.name, e.quote.source, e.held is not None) == (name, source, held)
    )
    assert said in texts(about.lines(entry, market.snapshot(), NOW, 120))


def test_a_failing_feed_comes_first_with_since_when_and_when_it_is_tried_again() -> None:
    """Its sentence whole, on a line of its own where the first has no room for it."""
    lines = texts(feeds.lines(market.snapshot(), NOW, 120)).splitlines()
    assert lines[0].startswith(" ✕ chain")
    assert "fails since 13:42" in lines[0]
    assert "try  6 in  40s" in lines[0]
    assert market.FAILURE in lines[0]
    narrow = texts(feeds.lines(market.snapshot(), NOW, 80)).splitlines()
    assert market.FAILURE not in narrow[0]
    assert narrow[1].strip() == market.FAILURE
    assert "answered  12s ago" in lines[2]
    assert "no price for XNA" in lines[2]
    assert "not asked yet" in lines[3]
    assert feeds.title(market.snapshot()) == ("feeds", "2 answer", "1 fails", "1 not asked yet")


def test_a_feed_that_never_answered_and_one_that_answers_with_faults() -> None:
    """The one has no since; the other is no failure."""
    made = (
        FeedState(name="a", kind="x", asked_at=NOW - 5, next_at=NOW - 1, failures=1, error="a does not answer"),
        FeedState(name="b", kind="x", asked_at=NOW, answered_at=NOW, next_at=NOW + 9, error="price of Y is -1"),
    )
    lines = texts(feeds.lines(market.snapshot(market=Market(feeds=made)), NOW, 120)).splitlines()
    assert "✕ a" in lines[0]
    assert "never answered" in lines[0]
    assert " now" in lines[0]
    assert "! b" in lines[1]
    assert "answered   0s ago" in lines[1]
    assert "price of Y is -1" in lines[1]


def test_feeds_in_one_line() -> None:
    """What fails, else how many answer, else that there are none."""
    assert "✕ chain" in text_of(feeds.brief(market.snapshot(), NOW, 80))
    well = tuple(f for f in market.feeds() if not f.error)
    assert "2 answer · 1 not asked yet, the last 12s ago" in text_of(
        feeds.brief(market.snapshot(market=Market(feeds=well)), NOW, 80)
    )
    assert "no feeds" in text_of(feeds.brief(market.snapshot(market=Market()), NOW, 80))


def test_pools_say_what_they_owe_when_they_pay_and_what_they_count() -> None:
    """In coins; what they do not say is a dash, and one that cannot be read says why."""
    lines = texts(feeds.lines(market.snapshot(), NOW, 140)).splitlines()
    assert "unpaid     7.421 ERG" in lines[4]
    assert "payout in 3d at 20 ERG" in lines[4]
    assert "! credited only 71.3 % of reported" in lines[4]
    assert "unpaid     –     QUAI" in lines[5]
    assert "pool.example.org does not answer" in lines[5]


def test_what_a_pool_has_no_room_for_leaves_and_its_trouble_stays() -> None:
    """What it owes, what it counts and its error are the last to go."""
    good, bad = texts(feeds.lines(market.snapshot(), NOW, 64)).splitlines()[-2:]
    assert "unpaid" in good and "credited only 71.3 %" in good and "immature" not in good
    assert "pool.example.org" in bad and "immature" not in bad


def test_what_is_credited_is_told_of_workloads_without_a_pool_too() -> None:
    """With the shares that it takes until it is known."""
    kept = Kept(workload="neox", pool="", ratio=None, shares=12, learned_from="shares", at=NOW)
    made = msgspec.structs.replace(market.market(market.quotes()), kept=(kept,))
    lines = texts(feeds.lines(market.snapshot(market=made), NOW, 120)).splitlines()
    assert lines[-1].split() == ["▲", "neox", "credited", "–", "(12", "shares)"]


def test_the_price_of_the_next_day_is_charted_and_said() -> None:
    """One value per column, what is not known ahead left out; the cheapest and the dearest with their times."""
    snapshot = market.snapshot()
    steps = ahead.steps_of(snapshot)
    chart = ahead.chart(steps, snapshot, 60, 0.1)
    assert len(chart.values) == 60
    assert (chart.limit, chart.limit_text, chart.limit_word) == (0.1, "0.100", "mining beats off below")
    assert ahead.chart(steps, snapshot, 60, 4.0).limit is None, "a line far above would flatten the chart"
    assert ahead.chart(steps[:60], snapshot, 60, None).values[-1] is None
    said = text_of(ahead.words(steps, snapshot, 120))
    assert "cheapest 0.041 at 02:00" in said
    assert "dearest 0.101 at 16:45" in said
    over = tuple(Step(start=NOW - 7200 + n, end=NOW - 7199 + n, value=0.1 + n) for n in range(3))
    assert ahead.steps_of(market.snapshot(market=Market(power_ahead=over))) == ()


def test_the_price_ahead_is_what_the_site_pays_in_its_own_currency() -> None:
    """Never the wholesale price, whose unit is another and to which fees and taxes come: the line is in ours."""
    wholesale = Curve(
        name="DE-LU",
        kind="power_price",
        unit="EUR/MWh",
        source="day-ahead",
        steps=tuple(Step(start=NOW + 3600 * n, end=NOW + 3600 * (n + 1), value=80.0 + n) for n in range(24)),
    )
    paid = tuple(Step(start=s.start, end=s.end, value=s.value * 1.0832e-3 + 0.15) for s in wholesale.steps)
    made = msgspec.structs.replace(market.market(market.quotes()), power_ahead=paid)
    chart = laid(market.snapshot(market=made)).feed_part.drawing
    assert isinstance(chart, Chart)
    assert (chart.unit, chart.high) == ("$/kWh", pytest.approx(0.3))
    assert chart.values[0] == pytest.approx(0.236656)
    narrow = texts(laid(market.snapshot(market=made), (100, 60)).feed_part.lines)
    assert "cheapest 0.237" in narrow and "$/kWh" in narrow and "MWh" not in narrow


@pytest.mark.parametrize("known", [(), (Step(start=NOW - 60, end=NOW + 90000, value=0.2),)])
def test_a_price_that_stays_the_same_has_no_chart(known: tuple[Step, ...]) -> None:
    """The quotes say it already; a wholesale curve that nothing was made of is not shown for it."""
    made = msgspec.structs.replace(market.market(market.quotes()), power_ahead=known)
    assert laid(market.snapshot(market=made)).feed_part.drawing is None
