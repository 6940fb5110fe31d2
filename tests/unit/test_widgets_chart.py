"""The area chart: heights are right, the limit's line is never crossed by what stays below it."""

from typing import NamedTuple

import pytest

from widgets.chart import AXIS, beside, draw
from widgets.pieces import length


class Data(NamedTuple):
    """A chart's data."""

    values: tuple[float | None, ...]
    low: float = 0.0
    high: float = 4.0
    limit: float | None = None
    title: str = "net"
    unit: str = "$/h"
    ticks: tuple[tuple[float, str], ...] = ((0.0, "0"), (4.0, "+4"))
    since: str = "13:47"
    until: str = "14:02"
    edge: str = "edge"
    body: str = "body"
    limit_text: str = "4.0"
    limit_word: str = "budget"


def area(data: Data, width: int = 20, height: int = 6, fill: str = "#") -> list[str]:
    """The plot without title, axis and times."""
    return ["".join(text for text, _ in line)[AXIS:] for line in draw(data, width + AXIS, height, fill)[1:-1]]


def test_a_column_is_as_high_as_its_value() -> None:
    """In eighths of a row: full, half, an eighth, nothing known."""
    rows = area(Data((4.0, 2.0, 0.125, None)), 4)
    assert [row[0] for row in rows] == ["█", "#", "#", "#"]
    assert [row[1] for row in rows] == [" ", " ", "█", "#"]
    assert [row[2] for row in rows] == [" ", " ", " ", "▁"]
    assert [row[3] for row in rows] == [" ", " ", " ", " "]


def test_zero_is_drawn_and_unknown_is_not() -> None:
    """A thin line says that something is known to be nothing."""
    assert area(Data((0.0, None)), 2)[-1] == "▁ "


def test_losses_hang_from_zero() -> None:
    """Below it, in their own tone."""
    data = Data((-2.0, 2.0), low=-4.0, high=4.0)
    lines = draw(data, 2 + AXIS, 10, "#")[1:-1]
    rows = ["".join(text for text, _ in line)[AXIS:] for line in lines]
    assert [row[0] for row in rows] == [" ", " ", " ", " ", "#", "█", " ", " "]
    assert [row[1] for row in rows] == [" ", " ", "█", "#", " ", " ", " ", " "]
    assert {tone for line in lines for text, tone in line if "█" in text} == {"loss_edge", "edge"}


@pytest.mark.parametrize("value", [3.0, 3.9, 4.0])
def test_what_stays_below_the_limit_does_not_touch_its_line(value: float) -> None:
    """The line has the top row to itself, however near the value comes."""
    rows = area(Data((value,) * 3, high=4.0, limit=4.0), 3, 8)
    assert rows[0] == "▁▁▁"
    assert rows[1] in ("###", "▅▅▅", "▆▆▆", "▇▇▇", "███", "   ")


def test_what_exceeds_the_limit_covers_its_line() -> None:
    """And the line goes on beside it."""
    rows = area(Data((5.0, 1.0), high=6.0, limit=3.0), 2, 8)
    assert any(row[0] in "#█▁▂▃▄▅▆▇" and row[1] == "▁" for row in rows)
    assert [row[0] for row in rows].count(" ") == 1


def test_labels_stand_at_their_heights_and_times_under_the_area() -> None:
    """The limit's word wins over a tick."""
    lines = ["".join(text for text, _ in line) for line in draw(Data((1.0,) * 20, limit=4.0), 20 + AXIS, 8)]
    assert lines[0].strip() == "net $/h   ▁▁ budget"
    assert lines[1].strip().startswith("4.0 ▁")
    assert lines[-2].split()[0] == "0"
    assert lines[-1].rstrip().endswith("14:02")
    assert lines[-1].index("13:47") == AXIS


def test_charts_stand_side_by_side() -> None:
    """Each in its own width."""
    parts = [draw(Data((1.0,) * 5), 30, 6) for _ in range(2)]
    assert {length(beside(pair, 30)) for pair in zip(*parts, strict=True)} == {63}


def test_an_edge_is_one_row_thick_wherever_it_ends() -> None:
    """Under it the body begins as far up in its row as the edge's end stands in the one above."""
    data = Data((2.125, 2.5, 2.875, 3.0, 2.0))
    lines = draw(data, 5 + AXIS, 6)[1:-1]
    assert ["".join(text for text, _ in line)[AXIS:] for line in lines] == ["     ", "▁▄▇█ ", "▁▄▇ █", "     "]
    assert [tone for text, tone in lines[2] if text.strip()] == ["rim", "rim", "rim", "edge"]


def test_a_body_that_is_a_shade_has_no_rim() -> None:
    """Its cells have no ground to draw on."""
    assert {tone for line in draw(Data((2.125, 2.5)), 2 + AXIS, 6, "#")[1:-1] for text, tone in line[1:]} == {
        "edge",
        "body",
        "value",
    }
