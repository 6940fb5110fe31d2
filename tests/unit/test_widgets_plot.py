"""The plot of lines: they stand where their values are, are told apart without colour, and keep inside their room."""

from typing import NamedTuple

import pytest

from widgets.pieces import length
from widgets.plot import AXIS, SIGN, draw


class Line(NamedTuple):
    """A stroke."""

    start: float
    end: float
    tone: str = "one"
    sign: str = "▲"
    name: str = "ergo"
    quiet: bool = False


class Stretch(NamedTuple):
    """A band."""

    until: float
    tone: str
    text: str


class Data(NamedTuple):
    """A plot's data."""

    strokes: tuple[Line, ...]
    bands: tuple[Stretch, ...] = (Stretch(5.0, "one", "▲ mining"), Stretch(10.0, "two", "· off"))
    title: str = "net"
    unit: str = "$/h"
    low: float = -1.0
    high: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ((-1.0, "−1"), (0.0, "0"), (1.0, "+1"))
    left: float = 0.0
    right: float = 10.0
    scale: tuple[tuple[float, str, str], ...] = ((2.5, "2.5", "value"), (0.0, "0", "aside"), (2.0, "2", "aside"))
    scale_unit: str = "$/kWh"
    mark: float = 2.0
    mark_text: str = "today 2.0"


DOWN, UP, FLAT = Line(1.0, -1.0), Line(-1.0, 1.0, "two", "◆", "vllm"), Line(0.0, 0.0, "three", "·", "off", True)


def shown(*strokes: Line, width: int = 68, height: int = 11, names: int = 10, **more: object) -> list[str]:
    """The lines as text."""
    return ["".join(text for text, _ in line) for line in draw(Data(strokes, **more), width, height, names)]


def area(lines: list[str], names: int = 10) -> list[str]:
    """The plot alone."""
    return [line[AXIS : len(line) - names] for line in lines[1:-2]]


@pytest.mark.parametrize(("width", "height", "names"), [(40, 9, SIGN), (68, 11, 10), (120, 20, 16)])
def test_every_line_is_exactly_as_wide_as_asked_for(width: int, height: int, names: int) -> None:
    """Title, area, bands and scale."""
    lines = draw(Data((FLAT, DOWN, UP)), width, height, names)
    assert len(lines) == height
    assert {length(line) for line in lines} == {width}


def test_a_line_begins_and_ends_where_its_values_are_and_has_no_hole() -> None:
    """Top left to bottom right: one stroke per column, never upwards."""
    rows = area(shown(DOWN))
    columns = [[y for y, row in enumerate(rows) if row[x] not in " │"] for x in range(50)]
    assert {len(column) for column in columns} == {1}
    heights = [column[0] for column in columns]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0, len(rows) - 1)


def test_lines_are_told_apart_without_colour() -> None:
    """By their signs along them, by dashes, and by their names at the right end, each on a row of its own."""
    lines = shown(FLAT, DOWN, UP)
    text = "\n".join(area(lines))
    assert text.count("▲") >= 2
    assert text.count("◆") >= 2
    assert text.count("╌") > 5
    ends = [line[-10:].strip() for line in lines]
    assert [end for end in ends if end] == ["◆ vllm", "· off", "▲ ergo"]
    together = [line[-10:].strip() for line in shown(Line(0, 0.0), Line(0, 0.01, name="b"), Line(0, 0.02, name="c"))]
    assert [end for end in together if end] == ["▲ c", "▲ b", "▲ ergo"]
    assert {line[-SIGN:].strip() for line in shown(DOWN, UP, names=SIGN)[1:-2]} == {"", "▲", "◆"}


def test_a_later_line_lies_over_an_earlier_one() -> None:
    """The better one is seen where both fall together."""
    cells = [
        piece for line in draw(Data((Line(0, 0, "below"), Line(0, 0, "above"))), 68, 11, 10) for piece in line[1:-1]
    ]
    assert "below" not in {tone for text, tone in cells if "━" in text or "▁" in text}


@pytest.mark.parametrize("mark", [0.0, 2.0, 9.9, 10.0])
def test_the_mark_stands_upright_with_its_words_above(mark: float) -> None:
    """Also at the edges, where the words turn to the other side."""
    lines = shown(DOWN, mark=mark)
    assert "today 2.0" in lines[0]
    rows = area(lines)
    [column] = {x for row in rows for x, char in enumerate(row) if char == "│"}
    assert column == min(49, int(mark * 5))
    assert sum(row[column] == "│" for row in rows) == len(rows) - 1
    assert rows[round((len(rows) - 1) * column / 49)][column] == "▲" or any(row[column] == "▲" for row in rows)


def test_the_band_says_who_is_highest_where() -> None:
    """In words, its parts as long as the stretches of the scale."""
    line = shown(DOWN)[-2]
    assert line[: AXIS + 1].strip().startswith("best")
    assert line.index("▲ mining") == AXIS
    assert line.index("· off") == AXIS + 25
    narrow = shown(DOWN, bands=(Stretch(0.2, "one", "▲ mining"), Stretch(10.0, "two", "· off")))[-2]
    assert "▲· off" in narrow


def test_the_scale_names_what_is_more_needed_first() -> None:
    """What would touch it is left out."""
    line = shown(DOWN)[-1]
    assert "$/kWh" in line[:AXIS]
    assert "2.5" in line
    assert "2.5 2" not in line
    assert " 2 " not in line
    assert line[AXIS] == "0"


def test_ticks_stand_at_their_heights() -> None:
    """The highest at the top, the lowest at the bottom."""
    lines = shown(DOWN)
    assert lines[1][:AXIS].strip() == "+1"
    assert lines[-3][:AXIS].strip() == "−1"
