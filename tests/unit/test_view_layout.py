"""What stands at which size: columns leave in their order, regions share the height, nothing is lost or doubled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.view import layout
from console.view.columns import COLUMNS


@given(st.integers(40, 400))
def test_columns_fit_side_by_side(width: int) -> None:
    """None overlaps the next, the last ends before the screen does, and each is as wide as its form at least."""
    placed = layout.columns(width)
    ends = [p.x + p.room for p in placed]
    assert all(end + 2 <= p.x for end, p in zip(ends, placed[1:], strict=False))
    assert ends[-1] < width
    assert all(p.form.width <= p.room <= p.form.width + p.column.grows for p in placed)


@given(st.integers(40, 300))
def test_columns_leave_in_their_order(width: int) -> None:
    """What stands is the first of that order: no dear column goes while a cheaper one stays."""
    stands = sorted(p.column.leaves for p in layout.columns(width))
    assert stands == list(range(len(stands)))


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (80, ["slot", "gpu", "workload", "power", "hash", "ai_h", "net"]),
        (120, ["slot", "gpu", "workload", "util", "temp", "power", "output", "hash", "ai_h", "net", "best"]),
        (200, [column.key for column in COLUMNS]),
    ],
)
def test_the_product_stands_at_every_named_size(width: int, keys: list[str]) -> None:
    """Both profits and net are there at 80 columns; at 200 everything is."""
    assert [p.column.key for p in layout.columns(width)] == keys


@given(
    st.integers(3, 120), st.integers(0, 100), st.integers(1, 7), st.integers(2, 12), st.integers(0, 5), st.booleans()
)
def test_regions_fill_the_height_exactly(
    height: int, rows: int, ladder: int, why: int, banners: int, bare: bool
) -> None:
    """No line too many, none too few, none negative; header and table always stand."""
    found = layout.regions(height, rows=rows, ladder=ladder, why=why, banners=banners, bare=bare)
    assert min(found) >= 0
    assert sum(found) == height
    assert found.head >= 1
    assert found.table >= 2


def test_at_80x24_eight_gpus_their_ladder_and_why_all_stand() -> None:
    """The least that is asked for: no row is scrolled away, the log has a line."""
    found = layout.regions(24, rows=8, ladder=4, why=2, banners=0)
    assert (found.head, found.table, found.ladder, found.why, found.foot) == (2, 9, 5, 2, 1)
    assert found.charts == 0
    assert found.log >= 1


def test_charts_stand_where_there_is_room_for_five_lines_of_area() -> None:
    """At 200x50 they do, with 64 GPUs the rows are worth more."""
    assert layout.regions(50, rows=8, ladder=4, why=2, banners=0).charts >= 8
    assert layout.regions(50, rows=64, ladder=4, why=2, banners=0).charts == 0
    heights = {layout.regions(h, rows=8, ladder=4, why=2, banners=0).charts for h in range(10, 60)}
    assert min(heights - {0}) >= 8


def test_without_a_gpu_neither_chart_nor_ladder_stands() -> None:
    """They would have nothing to say."""
    found = layout.regions(40, rows=4, ladder=1, why=2, banners=0, bare=True)
    assert (found.charts, found.ladder, found.why) == (0, 0, 0)
