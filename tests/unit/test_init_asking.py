"""What only a person knows: the host's own draw solved from the wall, and questions that are asked again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics.terms import Price, SiteTerms
from console.economics.wall import calibrated
from console.finding.asking import NO_DRAW, Given, answers
from console.finding.overhead import PSU_EFFICIENCY, Overhead, drawn, solved
from console.finding.writing import Answers
from tests.unit.findings import SUPERVISOR, SYSTEMD

ALONE = Given(asks=False)


def reckoned(found: Overhead, gpus_w: Sequence[float], pue: float = 1.0) -> SiteTerms:
    """The site as the console reckons it from what was solved."""
    return SiteTerms(
        power=Price(name="power", value=0.1),
        psu_efficiency=found.psu_efficiency,
        pue=pue,
        overhead_w_per_gpu=found.host_overhead_w / len(gpus_w),
    )


class Person:
    """Somebody at the keyboard: ``lines`` are typed one after another, then Ctrl-D. Keeps what was asked and said."""

    def __init__(self, *lines: str) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.asked: list[str] = []
        self.told: list[str] = []

    def read(self, question: str) -> str:
        """Type the next line."""
        self.asked.append(question)
        try:
            return f"{next(self._lines)}\n"
        except StopIteration:
            raise EOFError from None

    def answers(self, given: Given | None = None, gpus_w: float | None = 2400.0) -> Answers:
        """What the program makes of it."""
        return answers(given or Given(), (SUPERVISOR, SYSTEMD), lambda: gpus_w, self.read, self.told.append)


GPUS_W = st.lists(st.floats(0, 700), min_size=1, max_size=16)


@given(gpus_w=GPUS_W, more_w=st.floats(1, 5000), pue=st.floats(1, 2))
def test_the_console_reckons_what_the_meter_shows(gpus_w: list[float], more_w: float, pue: float) -> None:
    """The inverse of what SiteTerms does: with the solved figures its rows sum to the watts at the wall, and a meter
    there, as a feed, would find nothing to correct."""
    total_w = drawn(gpus_w)
    assert total_w is not None
    wall_w = (total_w + more_w) * pue
    site = reckoned(solved(wall_w, total_w, pue=pue), gpus_w, pue)
    assert sum(site.wall_w(one) or 0.0 for one in gpus_w) == pytest.approx(wall_w)
    meter = Price(name="wall power", value=wall_w)
    assert calibrated(site, gpus_w, meter).wall_factor == 1.0


def test_the_figures_of_a_rig() -> None:
    """3000 W at the wall through a supply of 92 % are 2760 W; 2400 W of them are the cards'."""
    found = solved(3000.0, 2400.0)
    assert (found.host_overhead_w, found.psu_efficiency) == (pytest.approx(360.0), PSU_EFFICIENCY)


def test_a_better_supply_than_assumed_is_no_lie() -> None:
    """2500 W at the wall for 2400 W of cards: the supply must be better than 92 %, nothing is left for the host."""
    found = solved(2500.0, 2400.0)
    assert (found.host_overhead_w, found.psu_efficiency) == (0.0, pytest.approx(0.96))


@pytest.mark.parametrize("wall_w", [0.0, 2399.0, float("nan"), float("inf")])
def test_less_than_the_cards_draw_is_refused(wall_w: float) -> None:
    """A sentence with both figures and the next step."""
    with pytest.raises(ValueError, match="expected at least the 2400 W that the GPUs draw now: read the meter"):
        solved(wall_w, 2400.0)


def test_a_card_that_does_not_tell_makes_the_sum_unknown() -> None:
    """Unknown is None, never 0, and so is the draw of no card."""
    assert drawn([300.0, None]) is None
    assert drawn([]) is None
    assert drawn([300.0, 0.0]) == 300.0


def test_everything_that_is_asked() -> None:
    """Currency, price and watts, then who controls the socket of supervisord; systemd needs no acknowledgement."""
    person = Person("eur", "0.31", "3kW", "y")
    said = person.answers()
    assert (said.currency, said.price_per_kwh, said.acknowledged) == ("EUR", 0.31, frozenset({"supervisor"}))
    assert said.overhead is not None and said.overhead.host_overhead_w == pytest.approx(360.0)
    assert len(person.asked) == 4 and person.told == []
    assert "/run/supervisor.sock has full control" in person.asked[3]


def test_what_cannot_be_is_said_and_asked_again() -> None:
    """Each wrong answer brings a sentence and the same question."""
    person = Person("euros and cents", "EUR", "cheap", "-0.02", "900", "3000", "no")
    said = person.answers()
    assert (said.currency, said.price_per_kwh, said.acknowledged) == ("EUR", -0.02, frozenset())
    assert said.overhead is not None and said.overhead.wall_w == 3000.0
    assert [line.partition(",")[0] for line in person.told] == [
        "found 'euros and cents'",
        "found 'cheap'",
        "found 900 W at the wall",
    ]


@pytest.mark.parametrize("lines", [(), ("", "", "", "")])
def test_no_answer_leaves_it_open(lines: tuple[str, ...]) -> None:
    """Enter and Ctrl-D alike: nothing is known and nothing acknowledged."""
    assert Person(*lines).answers() == Answers()


def test_what_flags_say_is_not_asked() -> None:
    """With every flag there is no question left."""
    person = Person()
    given_ = Given(currency="USD", price_per_kwh=0.07, wall_w=3000.0, acknowledge=True)
    said = person.answers(given_)
    assert person.asked == []
    assert (said.currency, said.price_per_kwh, said.acknowledged) == ("USD", 0.07, frozenset({"supervisor"}))


def test_nobody_is_asked_under_yes() -> None:
    """What no flag says stays open, and silence acknowledges nothing."""
    person = Person("USD")
    assert person.answers(ALONE) == Answers()
    assert person.asked == []


def test_cards_that_do_not_tell_are_no_ground_for_an_overhead() -> None:
    """Neither a flag nor an answer can be solved then, and the reason is said."""
    person = Person()
    assert person.answers(Given(wall_w=3000.0, asks=False), gpus_w=None).overhead is None
    assert person.told == [NO_DRAW]


def test_an_impossible_flag_is_an_error() -> None:
    """There is nobody to ask again."""
    with pytest.raises(ValueError, match="found 900 W at the wall"):
        Person().answers(Given(wall_w=900.0, asks=False))
