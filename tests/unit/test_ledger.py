"""What may be believed of what feeds say: vetting, jumps that are held back, medians and means, disagreement."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.market.contract import Answer
from console.market.disagreement import disagreements
from console.market.ledger import Ledger
from console.market.trails import DAY_S, STEP_S, Point, Trails, key_of
from console.market.vetting import EARLIEST, fault, jump
from console.model import Curve, Held, Quote, Step

NOW = 1_795_392_700.0
KEY = ("coin_price", "ERG", "one")


def quote(
    value: float = 0.84, *, at: float = NOW, kind: str = "coin_price", unit: str = "USD/ERG", source: str = "one"
):
    return Quote(name="ERG", kind=kind, value=value, unit=unit, source=source, at=at, max_age_s=900.0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (quote(math.nan), "is nan, expected a finite number"),
        (quote(math.inf), "is inf, expected a finite number"),
        (quote(-0.1), "is -0.1, expected at least 0"),
        (quote(0.0, kind="nethash", unit="H/s"), "is 0, expected above 0"),
        (quote(1.5, kind="rented", unit=""), "expected a fraction from 0 to 1"),
        (quote(unit="dollars"), "has the unit 'dollars', which is none of a coin price"),
        (quote(1.0, kind="nonsense"), "which is none of a nonsense"),
        (quote(at=NOW + 3600), "is dated 1h ahead of this host's clock"),
        (quote(at=-1e18), "has a time that cannot be"),
        (quote(at=math.nan), "has a time that cannot be"),
        (quote(at=EARLIEST - 1), "has a time that cannot be"),
        (quote(1e7, kind="fx", unit="EUR/USD"), "is 1e+07, expected 1e-06 to 1e+06"),
        (quote(1e-7, kind="fx", unit="EUR/USD"), "is 1e-07, expected 1e-06 to 1e+06"),
        (quote(2e6, kind="power_price", unit="EUR/MWh"), "which is past 1000 a kWh"),
    ],
)
def test_what_can_be_no_quote_is_refused_with_the_reason(made: Quote, said: str) -> None:
    """And nothing of it reaches the ledger; a figure of before stays."""
    assert said in fault(made, NOW)
    ledger = Ledger()
    ledger.take(Answer(quotes=(msgspec.structs.replace(quote(), kind=made.kind, unit=made.unit),)), NOW)
    before = ledger.quotes(NOW)
    [sentence] = ledger.take(Answer(quotes=(made,)), NOW)
    assert said in sentence and ledger.quotes(NOW) == before


@pytest.mark.parametrize("value", [-40.0, 0.0, 900.0])
def test_power_may_cost_less_than_nothing(value: float) -> None:
    """A negative price is a price, and power prices jump."""
    ledger = Ledger()
    for at, one in ((NOW, 120.0), (NOW + 900, value)):
        said = ledger.take(Answer(quotes=(quote(one, at=at, kind="power_price", unit="EUR/MWh"),)), NOW + 900)
        assert said == ()
    assert [q.value for q in ledger.quotes(NOW + 900)] == [value]


def test_a_clock_a_little_ahead_is_no_age_below_zero() -> None:
    """A source whose clock is minutes ahead is taken as of now."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(at=NOW + 200),)), NOW)
    assert ledger.quotes(NOW)[0].at == NOW


def test_a_jump_is_held_back_until_it_was_seen_often_and_long_enough() -> None:
    """The old figure stays in use, and ages; three readings over ten minutes make the new one believed."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(0.84),)), NOW)
    for after_s in (60, 120, 180, 240):
        ledger.take(Answer(quotes=(quote(8.4, at=NOW + after_s),)), NOW + after_s)
        [held] = ledger.held
        assert held.reason == "rose 10.0-fold, from 0.84 to 8.4 USD/ERG" and held.since == NOW + 60
        assert [q.value for q in ledger.quotes(NOW + after_s)] == [0.84]
    ledger.take(Answer(quotes=(quote(8.5, at=NOW + 700),)), NOW + 700)
    assert ledger.held == () and [q.value for q in ledger.quotes(NOW + 700)] == [8.5]


def test_one_odd_reading_is_forgotten() -> None:
    """A figure that comes back to where it was is used at once and what was held back is dropped."""
    ledger = Ledger()
    for after_s, value in ((0, 0.84), (60, 84.0), (120, 0.85)):
        ledger.take(Answer(quotes=(quote(value, at=NOW + after_s),)), NOW + after_s)
    assert ledger.held == () and [q.value for q in ledger.quotes(NOW + 120)] == [0.85]


def test_another_wild_figure_begins_anew() -> None:
    """Readings that agree neither with the old nor with each other are never believed."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(0.84),)), NOW)
    for turn in range(12):
        at = NOW + 300 * (turn + 1)
        ledger.take(Answer(quotes=(quote(8.4 if turn % 2 else 0.01, at=at),)), at)
        assert ledger.held[0].seen == 1
    assert ledger.quotes(NOW + 3600)[0].value == 0.84


def test_after_a_long_silence_nothing_is_a_jump() -> None:
    """What was known half a day ago is no measure."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(0.84),)), NOW)
    ledger.take(Answer(quotes=(quote(8.4, at=NOW + 43200),)), NOW + 43200)
    assert ledger.held == () and ledger.quotes(NOW + 43200)[0].value == 8.4


@given(st.floats(min_value=1e-12, max_value=1e12), st.floats(min_value=0.6, max_value=1.9))
def test_what_moves_within_its_bound_is_no_jump(value: float, factor: float) -> None:
    """Whatever its size."""
    assert jump(quote(value * factor), quote(value)) == ""


def test_a_curve_holds_step_by_step_and_then_goes_stale() -> None:
    """Before its first step nothing, in a step that, after the last the last, stale."""
    steps = tuple(Step(start=NOW + 900 * n, end=NOW + 900 * (n + 1), value=float(n)) for n in range(3))
    curve = Curve(name="spot", kind="power_price", unit="EUR/MWh", source="spot", steps=steps)
    ledger = Ledger()
    assert ledger.take(Answer(curves=(curve,)), NOW) == ()
    assert ledger.quotes(NOW - 1) == ()
    for at, value, stale in (
        (NOW, 0.0, False),
        (NOW + 899, 0.0, False),
        (NOW + 900, 1.0, False),
        (NOW + 2700, 2.0, True),
    ):
        [found] = ledger.quotes(at)
        assert (found.value, found.stale(at)) == (value, stale)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(start=NOW, end=NOW, value=1.0),),
        (Step(start=NOW, end=NOW + 900, value=1.0), Step(start=NOW + 800, end=NOW + 1700, value=1.0)),
        (Step(start=NOW, end=NOW + 900, value=math.nan),),
    ],
)
def test_a_curve_that_cannot_be_is_refused(steps: tuple[Step, ...]) -> None:
    """No step, a step of no time, overlapping steps, a step that is no number."""
    curve = Curve(name="spot", kind="power_price", unit="EUR/MWh", source="spot", steps=steps)
    ledger = Ledger()
    assert len(ledger.take(Answer(curves=(curve,)), NOW)) == 1 and ledger.quotes(NOW) == ()


def test_advice_sees_medians_of_minutes_and_means_of_a_day() -> None:
    """One odd minute moves the shown price and not the smoothed one; difficulty counts as long as it stood."""
    ledger = Ledger()
    values = [1.0, 1.0, 1.0, 1.0, 1.6]
    for turn, value in enumerate(values):
        at = NOW + 60 * turn
        ledger.take(Answer(quotes=(quote(value, at=at), quote(value, at=at, kind="nethash", unit="H/s"))), at)
        ledger.remember(at)
    end = NOW + 60 * len(values)
    shown, calm = ({q.kind: q.value for q in found} for found in (ledger.quotes(end), ledger.smoothed(end)))
    assert shown == {"coin_price": 1.6, "nethash": 1.6}
    assert calm["coin_price"] == 1.0
    assert calm["nethash"] == pytest.approx((4 * 60 * 1.0 + 60 * 1.6) / 300)


def test_a_day_is_drawn_in_quarter_hours() -> None:
    """Each shows what held at its end; before the first reading nothing is known."""
    trails = Trails()
    trails.add(quote(1.0, at=NOW - 7200), NOW)
    trails.add(quote(2.0, at=NOW - 3600), NOW)
    day = trails.day(KEY, NOW)
    assert len(day.values) * day.step_s == DAY_S
    assert day.values[-1] == 2.0 and day.values[-6] == 1.0 and day.values[0] is None


@given(st.lists(st.tuples(st.floats(1, 600), st.floats(0.1, 10)), min_size=1, max_size=900))
def test_trails_are_bounded_and_keep_the_last(steps: list[tuple[float, float]]) -> None:
    """However often a source speaks, a day of it stays a day, in order."""
    trails, at = Trails(), NOW
    for step_s, value in steps:
        at += step_s
        trails.add(quote(value, at=at), at)
    points = trails.points(KEY)
    assert len(points) <= 400 and points[-1] == Point(at=at, value=steps[-1][1])
    assert all(a.at < b.at for a, b in itertools.pairwise(points))
    assert at - points[0].at <= DAY_S + STEP_S
    assert trails.median(key_of(quote()), at, 600) is not None


def worth(one: Quote) -> float | None:
    return one.value


def test_two_sources_that_differ_are_told_and_past_15_per_cent_flagged() -> None:
    """Only fresh ones, only of one figure; one source alone disagrees with nobody."""
    quotes = [quote(1.0), quote(1.10, source="two"), quote(5.0, source="old", at=NOW - 5000)]
    [found] = disagreements(quotes, NOW, worth)
    assert (found.low.source, found.high.source, found.flagged) == ("one", "two", False)
    assert found.fraction == pytest.approx(0.10)
    [found] = disagreements([*quotes, quote(1.2, source="three")], NOW, worth)
    assert found.flagged and found.high.source == "three"
    assert [*disagreements([quote(1.0)], NOW, worth)] == []


def test_sources_that_say_exactly_the_same_are_not_told() -> None:
    """They stood there as 0 % apart, the one row as above itself and the other as nothing."""
    same = [quote(1.0), quote(1.0, source="two")]
    assert [*disagreements(same, NOW, worth)] == []
    [found] = disagreements([*same, quote(1.1, source="three")], NOW, worth)
    assert found.high.source == "three" and found.low.source in ("one", "two")


def test_nobody_disagrees_with_himself() -> None:
    """A config may say one figure in two places: it is told what another source says."""
    twice = [quote(1.0), quote(2.0)]
    assert [*disagreements(twice, NOW, worth)] == []
    [found] = disagreements([*twice, quote(1.5, source="two")], NOW, worth)
    assert (found.low.source, found.high.source, found.fraction) == ("one", "two", 0.5)


def recalled(kept: Ledger, into: Ledger, now: float) -> Ledger:
    """What one console has written down, taken back by another."""
    into.recall(kept.believed("one"), kept.held_of("one"), now)
    return into


def test_what_is_held_back_stays_so_through_a_restart() -> None:
    """It is not believed for having been on disk, and what was seen of it before counts."""
    first = Ledger()
    for after_s, value in ((0, 0.84), (300, 42.0)):
        first.take(Answer(quotes=(quote(value, at=NOW + after_s),)), NOW + after_s)
    second = recalled(first, Ledger(), NOW + 400)
    assert [q.value for q in second.quotes(NOW + 400)] == [0.84] and second.held == first.held
    for after_s, value in ((600, 0.84), (900, 42.0)):
        second.take(Answer(quotes=(quote(42.0, at=NOW + after_s),)), NOW + after_s)
        assert [q.value for q in second.quotes(NOW + after_s)] == [value]


def test_what_another_console_kept_is_judged_like_an_answer() -> None:
    """Its belief is weighed against what is known here; what is older than that says nothing and drops nothing."""
    here, there = Ledger(), Ledger()
    here.take(Answer(quotes=(quote(0.84),)), NOW)
    there.take(Answer(quotes=(quote(42.0, at=NOW + 60),)), NOW + 60)
    recalled(there, here, NOW + 120)
    assert [q.value for q in here.quotes(NOW + 120)] == [0.84] and [h.quote.value for h in here.held] == [42.0]
    recalled(here, there, NOW + 180)
    assert [q.value for q in there.quotes(NOW + 180)] == [42.0] and there.held == ()


def test_a_held_figure_from_disk_with_an_impossible_time_is_dropped() -> None:
    """A file says what it likes: nothing from ahead of this clock counts towards belief."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(0.84),)), NOW)
    for odd in (
        Held(quote=quote(42.0), reason="", since=NOW + 5, seen=99),
        Held(quote=quote(math.nan), reason="", since=NOW, seen=99),
    ):
        ledger.recall(Answer(), (odd,), NOW)
    assert ledger.held == ()


def test_a_clock_that_was_ahead_freezes_nothing() -> None:
    """What it dated is stale once it is right again, is no measure, and gives way to the first reading."""
    ledger, ahead = Ledger(), NOW + 86400
    for value in (0.84, 42.0):  # the second is held back, since a time that is still to come
        ledger.take(Answer(quotes=(quote(value, at=ahead),)), ahead)
        ledger.remember(ahead)
    assert [q.stale(NOW) for q in ledger.quotes(NOW)] == [True]
    ledger.take(Answer(quotes=(quote(1.1),)), NOW)
    ledger.remember(NOW)
    assert [(q.value, q.at, q.stale(NOW)) for q in ledger.quotes(NOW)] == [(1.1, NOW, False)]
    assert ledger.trails.points(KEY) == (Point(at=NOW, value=1.1),) and ledger.held == ()


def test_what_was_held_by_a_clock_ahead_begins_anew() -> None:
    """Its first sighting lies ahead, so it would never have been seen for long enough."""
    ledger = Ledger()
    ledger.take(Answer(quotes=(quote(0.84),)), NOW)
    ledger.take(Answer(quotes=(quote(42.0, at=NOW + 7200),)), NOW + 7200)
    for after_s in (60, 400, 700):
        ledger.take(Answer(quotes=(quote(42.0, at=NOW + after_s),)), NOW + after_s)
    assert ledger.held == () and [q.value for q in ledger.quotes(NOW + 700)] == [42.0]


def test_points_from_ahead_are_not_taken_from_disk() -> None:
    """No later reading could come after them."""
    trails = Trails()
    trails.know(KEY, (Point(at=NOW - 10, value=1.0), Point(at=NOW + 10, value=2.0)), NOW)
    assert [p.value for p in trails.points(KEY)] == [1.0]
    trails.add(quote(3.0), NOW)
    assert [p.value for p in trails.points(KEY)] == [1.0, 3.0]


@pytest.mark.parametrize(("after_s", "stale"), [(299, False), (301, True)])
def test_a_quote_from_ahead_is_stale(after_s: int, stale: bool) -> None:
    """Clocks differ by minutes; past that nobody knows how old it is, an interval price included."""
    one = quote(at=NOW + after_s)
    assert one.stale(NOW) is stale and one.age_s(NOW) == 0
    assert msgspec.structs.replace(one, interval_end=NOW + 9999).stale(NOW) is stale


def test_a_source_that_speaks_every_five_seconds_is_remembered_for_a_day() -> None:
    """Every quarter hour of it, in a bounded number of points, and the last minutes in full."""
    trails, at = Trails(), NOW
    for turn in range(int(DAY_S / 5)):
        at = NOW + 5 * turn
        trails.add(quote(1.0 + turn, at=at), at)
        assert len(trails.points(KEY)) <= 400
    assert None not in trails.day(KEY, at).values[1:]
    turns = int(DAY_S / 5)
    assert trails.median(KEY, at, 600) == pytest.approx(turns - 60)


@pytest.mark.parametrize("apart_s", [0.0, 1.0])
def test_a_difficulty_that_stands_still_is_the_same_calm_and_live(apart_s: float) -> None:
    """Network hashrate and block time of one source waver against each other; their product does not."""
    ledger, product, at = Ledger(), 1e15, NOW
    for turn in range(288):
        at = NOW + 300 * turn
        block_time_s = 120.0 if (turn // 24) % 2 else 80.0
        made = (
            quote(product / block_time_s, at=at, kind="nethash", unit="H/s"),
            quote(block_time_s, at=at - apart_s, kind="block_time", unit="s"),
        )
        ledger.take(Answer(quotes=made), at)
        ledger.remember(at)
    for found in (ledger.quotes(at), ledger.smoothed(at)):
        by_kind = {q.kind: q.value for q in found}
        assert by_kind["nethash"] * by_kind["block_time"] == pytest.approx(product, rel=1e-3)
    assert by_kind["block_time"] == pytest.approx(100.0, rel=0.02)
