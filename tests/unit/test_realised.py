"""The sums of the hour after a flip: what counts, what does not, and the sentence that comes of it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.flips.realised import HOUR_S, Hour, body, cut_short, fed, fuller, sentence

START = 1_795_435_200.0
HOUR = Hour(
    flip_id="f", at=START, uuids=("GPU-1",), slots=(3,), old=("ergo",), before="ergo", after="vllm", expected_per_h=0.27
)


def watched(hour: Hour, minutes: float, now: float | None, old: float | None, *, begin_s: float = 0.0) -> Hour:
    """So many minutes of ten-second ticks."""
    for tick in range(round(minutes * 6)):
        hour = fed(hour, hour.at + begin_s + 10.0 * tick, 10.0, now, old)
    return hour


def test_the_whole_hour_at_steady_prices() -> None:
    """Expected and realised stand beside each other, with the time that was watched."""
    hour = watched(HOUR, 58, 0.26, 0.02)
    assert sentence(hour, "USD") == "expected +0.27 $/h, realised +0.24 $/h over 58 min"
    assert hour.realised_per_h == pytest.approx(0.24) and hour.gained == pytest.approx(0.24 * 58 / 60)
    assert hour.share == pytest.approx(58 / 60)


def test_prices_that_change_are_integrated() -> None:
    """Half an hour at a gain of 0.40 and half an hour at a loss of 0.10 make 0.15 per hour."""
    hour = watched(watched(HOUR, 30, 0.5, 0.1), 30, 0.0, 0.1, begin_s=1800)
    assert hour.realised_per_h == pytest.approx(0.15)
    assert sentence(hour, "EUR") == "expected +0.27 €/h, realised +0.15 €/h over 60 min"


def test_a_loss_keeps_its_sign() -> None:
    """What became worse than before says so."""
    assert "realised −0.05 $/h" in sentence(watched(HOUR, 60, 0.05, 0.10), "USD")


@pytest.mark.parametrize(("now", "old"), [(None, 0.1), (0.1, None), (None, None)])
def test_unknown_money_makes_no_guess(now: float | None, old: float | None) -> None:
    """Its seconds count as not observed, and the figure is of the others alone."""
    hour = watched(watched(HOUR, 20, now, old), 40, 0.5, 0.1, begin_s=1200)
    assert hour.observed_s == 2400.0
    assert sentence(hour, "USD") == "expected +0.27 $/h, realised +0.40 $/h over 40 min"


def test_less_than_half_of_the_hour_is_no_figure() -> None:
    """It is said how little was seen; exactly half is enough."""
    little = watched(HOUR, 29, 0.5, 0.1)
    assert sentence(little, "USD") == "expected +0.27 $/h, realised unknown: only 29 min of the hour were observed"
    assert (little.realised_per_h, body(little, "USD")["realised"]) == (None, None)
    assert watched(HOUR, 30, 0.5, 0.1).realised_per_h == pytest.approx(0.4)
    assert sentence(HOUR, "USD").endswith("realised unknown: nothing was observed")
    seconds = fed(HOUR, START, 40.0, 0.5, 0.1)
    assert "only 40 s of the hour" in sentence(seconds, "USD")


def test_an_expectation_that_was_unknown_stays_so() -> None:
    """A plan without a price expected nothing."""
    hour = watched(msgspec.structs.replace(HOUR, expected_per_h=None), 60, 0.5, 0.1)
    assert sentence(hour, "USD") == "expected gain unknown, realised +0.40 $/h over 60 min"


def test_only_the_hour_itself_counts() -> None:
    """A tick that begins before the flip was done, or ends after the hour, counts for what lies inside."""
    assert fed(HOUR, START - 5, 10.0, 1.0, 0.0).observed_s == 5.0
    assert fed(HOUR, START + HOUR_S - 5, 10.0, 1.0, 0.0).observed_s == 5.0
    assert fed(HOUR, START + HOUR_S, 10.0, 1.0, 0.0) == HOUR
    assert fed(HOUR, START - 10, 10.0, 1.0, 0.0) == HOUR
    assert fed(HOUR, START + 5, -3.0, 1.0, 0.0) == HOUR


def test_a_later_flip_ends_it_early() -> None:
    """What was seen until then counts, and the sentence says why there is no more."""
    hour = cut_short(watched(HOUR, 45, 0.5, 0.1), START + 2700)
    assert (hour.until, fed(hour, START + 2700, 10.0, 9.0, 0.0)) == (START + 2700, hour)
    assert sentence(hour, "USD") == "expected +0.27 $/h, realised +0.40 $/h over 45 min, ended early by a later flip"
    soon = cut_short(watched(HOUR, 5, 0.5, 0.1), START + 300)
    assert sentence(soon, "USD") == (
        "expected +0.27 $/h, realised unknown: only 5 min of the hour were observed, a later flip ended it early"
    )
    assert cut_short(HOUR, START + HOUR_S) == HOUR
    assert cut_short(hour, START + 3000) == hour, "the first of several later flips ended it"
    assert cut_short(HOUR, START - 5).until == START


def test_the_body_has_all_figures_unrounded() -> None:
    """For scripts: both gains per hour, the money, the share, the currency."""
    said = body(watched(HOUR, 60, 0.1, 0.0), "USD")
    assert said["realised_per_h"] == pytest.approx(0.1) and said["realised"] == pytest.approx(0.1)
    assert (said["expected_per_h"], said["observed_share"], said["currency"]) == (0.27, 1.0, "USD")
    assert (said["slots"], said["before"], said["after"], said["ended_early_at"]) == ([3], "ergo", "vllm", None)


def test_of_two_watches_the_one_that_saw_more() -> None:
    """Whichever console it was."""
    less, more = watched(HOUR, 10, 0.1, 0.0), watched(HOUR, 20, 0.1, 0.0)
    assert fuller(less, more) is more and fuller(more, less) is more and fuller(more, more) is more


@given(
    st.lists(
        st.tuples(st.floats(-60, 4000), st.floats(0, 120), st.floats(-9, 9) | st.none(), st.floats(-9, 9) | st.none()),
        max_size=60,
    ),
    st.none() | st.floats(-100, 4000),
)
def test_whatever_comes_the_figure_is_an_average_of_what_was_seen(
    ticks: list[tuple[float, float, float | None, float | None]], cut: float | None
) -> None:
    """The gain per hour lies between the least and the greatest gain that was fed, and the text can be made."""
    hour = HOUR if cut is None else cut_short(HOUR, START + cut)
    gains = [now - old for _, _, now, old in ticks if now is not None and old is not None]
    for begun, dt_s, now, old in ticks:
        hour = fed(hour, START + begun, dt_s, now, old)
    assert hour.observed_s >= 0 and sentence(hour, "USD").startswith("expected +0.27 $/h, realised ")
    if hour.realised_per_h is not None:
        assert min(gains) - 1e-6 <= hour.realised_per_h <= max(gains) + 1e-6
