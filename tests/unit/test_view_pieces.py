"""Text with tones: measuring, cutting, placing."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from console.view.pieces import (
    Piece,
    cells,
    cut,
    fit,
    flow,
    on_point,
    right,
    spread,
    text_of,
    together,
    width,
    wrap,
)

TEXT = st.text(st.characters(blacklist_categories=["C", "Z"]), max_size=30)


@given(TEXT, st.integers(0, 40))
def test_a_cut_text_never_exceeds_its_room(text: str, room: int) -> None:
    """Whatever the characters, a cut text fits, and one that fits is left alone."""
    assert cells(cut(text, room)) <= room
    if cells(text) <= room:
        assert cut(text, room) == text


@given(st.lists(TEXT, max_size=5), st.integers(0, 60))
def test_a_fitted_line_is_exactly_as_wide_as_asked(texts: list[str], room: int) -> None:
    """Cut or filled, the width is the room."""
    assert width(fit([Piece(text) for text in texts], room)) == room


def test_what_is_cut_says_so() -> None:
    """The ellipsis stands where something was left out, also between pieces."""
    assert text_of(fit([Piece("abcdef")], 4)) == "abc…"
    assert text_of(fit([Piece("abcd"), Piece("ef")], 4)).endswith("…")
    assert text_of(fit([Piece("abcd"), Piece("  ")], 4)) == "abcd"


def test_a_wide_character_is_never_cut_in_two() -> None:
    """Half a character is a blank."""
    assert cut("横浜", 3) == "横…"
    assert width(fit([Piece("横浜市")], 4)) == 4


def test_a_number_that_does_not_fit_is_not_shown_cut() -> None:
    """A cut figure would be a wrong figure."""
    assert text_of(right("12345", 4)) == "   …"
    assert text_of(right("123", 4)) == " 123"


def test_decimal_points_stand_below_one_another() -> None:
    """Figures of different precision keep their point in one column."""
    rows = [on_point(text, 4, 4) for text in ("~0.0341", "12.3", "999", "~1.23")]
    assert {row.index(".") for row in rows if "." in row} == {4}
    assert {len(row) for row in rows} == {9}
    assert rows[2] == " 999     "
    assert "…" in on_point("123456.7", 4, 4)


def test_parts_are_spread_over_the_room() -> None:
    """Spare room goes between the parts, evenly, and the line is as wide as the room."""
    parts = [(Piece("aa"),), (Piece("bb"),), (Piece("cc"),)]
    line = text_of(spread(parts, 20, gap=2))
    assert line == "aa       bb       cc"
    assert text_of(together(parts, 1)) == "aa bb cc"


def test_a_sentence_is_wrapped_at_words_and_its_cut_shown() -> None:
    """No word is broken; what exceeds the lines ends in an ellipsis."""
    assert wrap("one two three four", 9, 2) == ["one two", "three fo…"]
    assert wrap("one two", 9, 2) == ["one two"]


@given(st.lists(TEXT.filter(bool), max_size=6), st.integers(1, 60))
def test_what_flows_is_cut_nowhere_and_goes_on_in_the_next_line_where_it_must(texts: list[str], room: int) -> None:
    """Every part whole and in order; a line is too long only by a part that is; and no line is begun without need."""
    lines = flow(((Piece(text, "key"),) for text in texts), room, 2)
    assert [piece.text for line in lines for piece in line if piece.tone == "key"] == texts
    for line, following in itertools.pairwise(lines):
        assert width((*line, Piece("  "), following[0])) > room
    assert all(width(line) <= room or len(line) == 1 for line in lines)
