"""The pen: any change of look leads to the same cells as writing every look in full."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.pen import PLAIN, Pen, look, turn

LOOKS = [
    "",
    "bold",
    "dim",
    "bold dim",
    "reverse",
    "underline",
    "italic",
    "strike",
    "red",
    "bold red on blue",
    "#e5a44d on #0d1117",
    "on #19202c",
    "default on default",
]
STYLE = st.sampled_from(LOOKS).map(Style.parse)
SEGMENTS = st.lists(
    st.tuples(st.text("ab横", min_size=1, max_size=4), STYLE).map(lambda p: Segment(*p)), min_size=1, max_size=6
)


def shown(text: str) -> list[object]:
    """The cells of a terminal's first line."""
    screen = pyte.Screen(60, 2)
    pyte.Stream(screen).feed(text)
    return [screen.buffer[0][x] for x in range(60)]


@given(SEGMENTS, st.sampled_from([ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD]))
@settings(max_examples=150, deadline=None)
def test_a_frame_shows_what_looks_written_in_full_show(segments: list[Segment], system: ColorSystem) -> None:
    """Cell by cell, and the terminal is left plain."""
    pen = Pen(system)
    pen.move(0, 0)
    pen.write(segments)
    full = "".join(f"\x1b[0;{_full(s.style, system)}m{s.text}\x1b[0m" for s in segments)
    assert shown("\x1b[H" + pen.finish() + "x") == shown("\x1b[H" + full + "x")


def _full(style: Style | None, system: ColorSystem) -> str:
    attributes, fore, back = look(style, system)
    return ";".join([*map(str, attributes), fore, back])


@given(SEGMENTS, st.data())
@settings(max_examples=150, deadline=None)
def test_parts_are_cut_where_they_are_wanted(segments: list[Segment], data: st.DataObject) -> None:
    """Spans of columns of a line, over what stood there, equal the same cut by Textual."""
    strip = Strip(segments)
    width = strip.cell_length
    edges = sorted(data.draw(st.sets(st.integers(0, width), max_size=6)))
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]
    if not spans:
        return
    pen, other = Pen(ColorSystem.TRUECOLOR), Pen(ColorSystem.TRUECOLOR)
    pen.write_parts(segments, 3, 0, [(a + 3, b + 3) for a, b in spans])
    for a, b in spans:
        other.move(a + 3, 0)
        other.write(strip.crop(a, b))
    assert shown(pen.finish()) == shown(other.finish())


@pytest.mark.parametrize(
    ("old", "new"), [("bold dim", "bold"), ("bold dim", "dim"), ("underline underline2", "underline2")]
)
def test_what_is_switched_off_takes_nothing_with_it(old: str, new: str) -> None:
    """One code ends bold and dim, one ends both underlines: what stays is switched on again."""
    first, second = (look(Style.parse(style), ColorSystem.TRUECOLOR) for style in (old, new))
    codes = turn(first, second)[2:-1].split(";")
    [stays] = second[0]
    assert str(stays) in codes and codes.index(str(stays)) > 0


@given(STYLE, STYLE)
def test_a_turn_is_no_longer_than_a_reset_and_the_new_look(one: Style, two: Style) -> None:
    """Nothing is sent where nothing changes."""
    old, new = (look(style, ColorSystem.TRUECOLOR) for style in (one, two))
    assert (turn(old, new) == "") == (old == new)
    assert len(turn(old, new)) <= len(f"\x1b[0;{_full(two, ColorSystem.TRUECOLOR)}m")
    assert turn(old, PLAIN) in ("", "\x1b[m")


def test_the_cursor_moves_only_where_it_does_not_stand() -> None:
    """Neighbours need no movement; after a character whose width terminals dispute it is placed anew."""
    pen = Pen(ColorSystem.TRUECOLOR)
    pen.move(0, 2)
    pen.write([Segment("ab")])
    pen.move(2, 2)
    pen.write([Segment("–")])
    pen.move(3, 2)
    pen.write([Segment("c")])
    pen.move(9, 2)
    assert pen.finish() == "\x1b[3Hab–\x1b[4Gc\x1b[10G"


def test_links_are_written_as_links() -> None:
    """With their address, closed after the text."""
    pen = Pen(ColorSystem.TRUECOLOR)
    pen.write([Segment("a", Style(link="https://example.org"))])
    text = pen.finish()
    assert "https://example.org\x1b\\a\x1b]8;;\x1b\\" in text
