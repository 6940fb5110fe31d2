"""Text from outside made harmless: what goes, what stays, how wide it is, and what no spreadsheet carries out."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.text import FORMULA, MOST_MARKS, cell, clean
from console.view.pieces import cells
from widgets.pieces import exactly

ALL = [chr(code) for code in range(0x110000)]


def test_of_all_characters_none_that_a_terminal_obeys_or_hides_is_kept() -> None:
    """Every one of Unicode between two letters: control, format, surrogate, private and unassigned ones are gone."""
    kept = {char for char in ALL if char in clean(f"x{char}x")[1:-1]}
    assert {unicodedata.category(char)[0] for char in kept} == set("LMNPSZ")
    assert {char for char in kept if unicodedata.category(char)[0] == "Z"} == {" "}
    assert not kept & set(
        "\x1b\x9b\x00\x7f\u00ad\u061c\u200b\u200d\u200f\u202e\u2066\ufeff\U000e0041\u3164\ufe0f\u034f"
    )
    assert kept >= set("aé横ｆ한م=<[&\"'~\u0301")


def test_what_is_kept_is_as_wide_for_the_table_as_for_what_draws_it() -> None:
    """Else the columns behind it would stand elsewhere than their titles."""
    kept = [char for char in ALL if clean(f"x{char}x")[1:-1] == char]
    assert len(kept) > 100_000
    assert [hex(ord(char)) for char in kept if cells(char) != cell_len(char)] == []


@given(st.text(max_size=300), st.integers(min_value=1, max_value=100))
def test_any_text_is_one_printable_line_of_its_length_and_cleaning_it_again_changes_nothing(
    text: str, limit: int
) -> None:
    """Whatever it was, and whatever was cut from it."""
    line = clean(text, limit)
    assert line.isprintable() and len(line) <= limit
    assert clean(line, limit) == line
    assert cells(line) == cell_len(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rig\x1b[31m-7\x1b]0;evil\x07", "rig[31m-7]0;evil"),
        ("gpj\u202e4.exe", "gpj4.exe"),
        ("a\tb\r\nc\u2028d", "a b  c d"),
        ("wide\u3000and\u00a0hard\u2800blanks", "wide and hard blanks"),
        ("e" + "\u0301" * 40, "e" + "\u0301" * MOST_MARKS),
        ("\u0301\u0302evil", "evil"),
        (" \u0301evil", "evil"),
        ("❤\ufe0f 👍\U0001f3fd \U0001f1ef\U0001f1f5", "❤ 👍"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("[red]x[/red] <b>&amp;</b>", "[red]x[/red] <b>&amp;</b>"),
        (b"\x1b", r"b'\x1b'"),
        (None, "None"),
    ],
)
def test_what_it_makes_of(text: object, line: str) -> None:
    """Escapes without their teeth, no turned writing, blanks for blanks, accents within reason, markup untouched."""
    assert clean(text) == line


def test_a_text_whose_beginning_is_hidden_shows_that_it_goes_on() -> None:
    """A thousand characters of no width in front of a word are not the same as nothing."""
    assert clean("\u200b" * 1000 + "evil") == "…"
    assert clean("x" * 200) == "x" * 200 and clean("x" * 201) == "x" * 199 + "…"


@pytest.mark.parametrize("text", [f"{sign}HYPERLINK(1)" for sign in FORMULA] + ["-1+2", "+1|cmd", "-0x1F", "=1", "-"])
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    """The apostrophe makes text of it in every spreadsheet."""
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+0.5", "-1.5e-07", "0", "ergo", "a=b", "", "'=1", "~-1 USD"])
def test_a_number_and_harmless_text_stay(text: str) -> None:
    """Numbers are to be reckoned with."""
    assert cell(text) == text


def test_what_a_caller_forgot_to_clean_is_not_drawn() -> None:
    """The widgets are the last before the terminal: no control or format character passes, and the width stands."""
    line = exactly((("a\x1b[31m\u202eb", "value"), ("横\x9b\u200b", "label"), ("c\nd", "value")), 12)
    assert line == (("a[31mb", "value"), ("横", "label"), ("cd", "value"), ("  ", "value"))
    assert sum(cell_len(text) for text, _ in line) == 12
