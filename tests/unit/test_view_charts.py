"""The charts' data: axes that hold zero, columns that keep their values while time goes on."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.view import charts
from console.view.trend import gauge, sparkline
from tests.pilot import sample
from widgets import chart

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40)


@given(VALUES)
def test_an_axis_holds_zero_and_every_value(values: list[float | None]) -> None:
    """In at most eight steps; an axis that does not begin at zero would make little look like much."""
    low, high, step = charts.axis(values)
    known = [v for v in values if v is not None]
    assert low <= min([*known, 0]) + step * 1e-6
    assert high >= max([*known, 0]) - step * 1e-6
    assert 2 <= len(charts.steps(low, high, step)) <= 8


@pytest.mark.parametrize("room", [30, 52, 86, 95, 190])
def test_a_quarter_of_an_hour_fills_the_room(room: int) -> None:
    """All of it; where a few steps have no room the minutes and the times say how many stand."""
    chart = charts.net(sample.snapshot(), room)
    assert len(chart.values) == room
    assert 11 <= chart.minutes <= 15
    assert chart.since in (f"13:{62 - chart.minutes}", f"13:{61 - chart.minutes}")
    assert chart.until == "14:02"


def test_a_short_history_leaves_the_left_empty() -> None:
    """The newest stands at the right; what was before is unknown, not zero."""
    chart = charts.net(sample.snapshot(trend_net=(1.0, 2.0)), 90)
    assert chart.values[-2:] == (1.0, 2.0)
    assert set(chart.values[:-2]) == {None}


def test_columns_keep_their_values_while_time_goes_on() -> None:
    """A step later the chart has moved by steps, no column was averaged anew."""
    trend = tuple(float(i) for i in range(90))
    now = sample.snapshot(trend_net=trend, at=sample.NOW)
    later = msgspec.structs.replace(now, trend_net=(*trend[2:], 90.0, 91.0), at=sample.NOW + 20)
    before, after = charts.net(now, 45).values, charts.net(later, 45).values
    assert before[1:-1] == after[:-2]
    before, after = charts.net(now, 66).values, charts.net(later, 66).values  # every second of them stands twice
    moved = next(by for by in (1, 2) if before[by : -2 - by] == after[: -2 - 2 * by])
    assert before[moved:-2] == after[: -2 - moved]


def test_the_power_chart_knows_the_budget() -> None:
    """With its word; an area below it never reaches the top of the axis, one above it is not cut off."""
    chart = charts.power(sample.snapshot(), 90)
    assert (chart.limit, chart.limit_text, chart.limit_word, chart.high) == (3.2, "3.2", "budget", 3.2)
    over = charts.power(sample.snapshot(trend_power_w=(3500.0,) * 90), 90)
    assert over.high >= 3.5
    assert charts.power(sample.snapshot(power_limit_w=None), 90).limit is None


def test_what_is_steady_looks_steady() -> None:
    """A trend of one percent is a line; one that doubles fills its height; losses have their tone."""
    flat = sparkline([1.0, 1.01, 1.0], 3, "ai_dim")
    assert len({c for piece in flat for c in piece.text}) == 1
    rising = "".join(p.text for p in sparkline([1.0, 2.0], 2, "ai_dim"))
    assert rising == "▂▇"
    assert [p.tone for p in sparkline([-1.0, 1.0], 2, "ai_dim")] == ["loss", "ai_dim"]
    assert sparkline([None, float("nan")], 2, "x")[0].text == "  "


@pytest.mark.parametrize(("share", "tone"), [(0.5, "label"), (0.96, "warn"), (1.2, "harm"), (None, "rule")])
def test_a_gauge_warns_near_its_limit(share: float | None, tone: str) -> None:
    """And is as long as asked for."""
    line = gauge(share, 10)
    assert line[0].tone == tone
    assert sum(len(piece.text) for piece in line) == 10


def test_the_view_leaves_the_axis_the_room_that_its_drawing_takes() -> None:
    """More would leave a gap at the right, less would cut the oldest values off."""
    assert charts.AXIS == chart.AXIS
    made = charts.net(sample.snapshot(), 60 - charts.AXIS)
    assert {sum(len(text) for text, _ in line) for line in chart.draw(made, 60, 10)[1:-1]} == {60}
