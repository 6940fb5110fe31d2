"""Lines of pieces: what differs is found whole and hardly anything else, whatever the characters."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from widgets.ink import Ink
from widgets.pieces import NEAR, Piece, _columns, changed, exactly, length

TONES = st.sampled_from(["a", "b", "c"])
PIECE = st.tuples(st.text("abc 1.–横e\u0301", max_size=6), TONES)
LINE = st.lists(PIECE, max_size=6)


@given(LINE, LINE, st.integers(0, 24))
@example([("横a", "a")], [("a横", "a")], 3)
@example([("1", "a")], [("1", "a"), ("\u0301横", "a")], 3)
def test_every_column_that_differs_is_in_a_span(old: list[Piece], new: list[Piece], width: int) -> None:
    """Repainting the spans turns the old line into the new one; spans rise, part and lie within the line."""
    before, after = exactly(old, width), exactly(new, width)
    spans = changed(before, after)
    inside = {x for start, end in spans for x in range(start, end)}
    differing = {x for x, (a, b) in enumerate(zip(_columns(before), _columns(after), strict=True)) if a != b}
    assert differing <= inside
    assert all(0 <= start < end <= width for start, end in spans)
    assert all(end + NEAR < start for (_, end), (start, _) in pairwise(spans))


@given(LINE, st.integers(0, 30))
def test_exactly_is_exact(line: list[Piece], width: int) -> None:
    """Cut or filled."""
    assert length(exactly(line, width)) == width


@pytest.mark.parametrize("evil", ["\x1b[2J", "\u202e", "\x9b31m", "\ue000", "a\nb"])
def test_nothing_that_a_terminal_obeys_is_drawn(evil: str) -> None:
    """The last line of defence, whatever a caller has forgotten; the columns are those of what is left."""
    drawn = "".join(text for text, _ in exactly([("x", "value"), (evil, "value"), ("y", "value")], 12))
    assert drawn.isprintable() and length([(drawn, "value")]) == 12
    assert drawn.startswith("x") and "y" in drawn


def test_only_the_digit_that_changed_is_sent() -> None:
    """Not the cell, not the line before it."""
    old = [("RTX 4090    ", "x"), ("298", "y"), ("/450 W", "z")]
    new = [("RTX 4090    ", "x"), ("299", "y"), ("/450 W", "z")]
    assert changed(old, new) == [(14, 15)]
    assert changed(old, old) == []


def test_spans_close_together_are_one() -> None:
    """A cursor movement costs more than the columns between."""
    assert changed([("1 2 3", "x")], [("4 2 5", "x")]) == [(0, 5)]
    far = " " * 12
    assert changed([(f"1{far}3", "x")], [(f"4{far}5", "x")]) == [(0, 1), (13, 14)]


def test_another_tone_is_another_sight() -> None:
    """The same text in another tone is sent again."""
    assert changed([("ab", "x"), ("cd", "y")], [("ab", "x"), ("cd", "x")]) == [(2, 4)]


INK = Ink({"plain": "", "loud": "bold red", "faint": "dim"}, {"page": "on black", "cursor": "reverse"})


def test_ink_puts_a_tone_on_a_ground() -> None:
    """Foreground of the tone, background of the ground."""
    style = INK.style("loud", "page")
    assert (style.bold, style.color is not None, style.bgcolor is not None) == (True, True, True)


def test_nothing_is_dim_on_a_reversed_ground() -> None:
    """It could not be read."""
    assert not INK.style("faint", "cursor").dim
    assert INK.style("faint", "cursor").reverse


@pytest.mark.parametrize(("tone", "ground"), [("typo", "page"), ("plain", "typo")])
def test_a_misspelt_word_is_an_error(tone: str, ground: str) -> None:
    """Not a silent default."""
    with pytest.raises(KeyError):
        INK.style(tone, ground)
