"""When a slower screen is offered, and how often it is painted."""

import time

from console.screens.pace import DROPS, OF_S, PACES_S, Pace


def test_the_usual_pace_holds_nothing_back() -> None:
    """News are painted when they come, also just after a key."""
    pace = Pace()
    assert not pace.holds(time.monotonic())
    assert not pace.due(time.monotonic()) and pace.due(time.monotonic() - 0.96)


def test_a_slower_pace_holds_news_back_until_they_are_due() -> None:
    """Two seconds, five, and each second again."""
    pace = Pace()
    assert [pace.following_s, pace.step(), pace.every_s] == [2.0, "every 2 s", 2.0]
    assert pace.holds(time.monotonic() - 1.0) and not pace.holds(time.monotonic() - 2.0)
    assert [pace.step(), pace.every_s, pace.step(), pace.every_s] == ["every 5 s", 5.0, "each second", 1.0]
    assert len(PACES_S) == 3


def offered(pace: Pace, *dropped: int) -> int:
    """How often a slower pace is offered in seconds after which so many frames had been dropped in all."""
    return sum(pace.offers(number) for number in dropped)


def test_a_link_that_drops_again_and_again_is_offered_a_slower_screen_once() -> None:
    """Not for a single stall, however long, nor twice within ten minutes."""
    assert offered(Pace(), *[0] * 5, 40, *[40] * 60) == 0
    assert offered(Pace(), *range(DROPS - 1), *[DROPS - 1] * OF_S) == 0
    assert offered(Pace(), *range(100)) == 1


def test_drops_of_long_ago_do_not_count() -> None:
    """One each half minute is no slow link."""
    assert offered(Pace(), *(second // OF_S for second in range(600))) == 0


def test_at_the_slowest_pace_nothing_is_offered() -> None:
    """There is none."""
    pace = Pace()
    pace.step(), pace.step()
    assert offered(pace, *range(100)) == 0
