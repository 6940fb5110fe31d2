"""Which rows stand in which order, and where the cursor goes."""

import msgspec
import pytest

from console.model import Uuid
from console.view import cells
from console.view.columns import SORTS
from console.view.sight import Sight
from console.view.table import arrange, place_of
from tests.pilot import sample

SCENE = cells.Scene(sample.NOW)
ROWS = sample.rows()


def slots(filter_text: str = "", sort: str = "slot") -> list[int]:
    """The slots of the rows that stand."""
    return [row.reading.slot for row in arrange(ROWS, filter_text, sort, SCENE)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", list(range(8))),
        ("h100", [4, 5]),
        ("ERGO", [1, 2, 3]),
        ("lost", [3]),
        ("contract", [4]),
        ("4090 ai", [0, 1, 7]),
        ("temp>60", [0, 4, 5]),
        ("temp>=61 !h100", [0]),
        ("net<0", [7]),
        ("workload=vllm", [0]),
        ("!ergo", [0, 4, 5, 6, 7]),
        ("power<50", [7]),
        ("nonsense>3", list(range(8))),  # named as not understood, and hides nothing
        ("temp>", list(range(8))),
        ("temp>60 nonsense>3", [0, 4, 5]),
    ],
)
def test_the_filter_keeps_rows_by_word_and_by_comparison(typed: str, kept: list[int]) -> None:
    """Words are looked for in the row, comparisons in a column; unknown figures compare to nothing."""
    assert slots(typed) == kept


def test_sorting_puts_the_highest_first_and_the_unknown_last() -> None:
    """By net, by heat; a lost card has no temperature and comes last; equals stand by slot."""
    assert slots(sort="net")[:2] == [4, 5]
    assert slots(sort="temp")[-1] == 3
    assert slots(sort="workload")[0] == 4
    for sort in SORTS:
        assert sorted(slots(sort=sort)) == list(range(8))


def test_the_cursor_follows_its_gpu() -> None:
    """A new order moves the row; one that leaves the table gives the place to the next, an empty table to none."""
    rows = arrange(ROWS, "", "net", SCENE)
    assert rows[place_of(rows, sample.uuid_of(1), 0)].reading.slot == 1
    assert place_of(rows, Uuid("gone"), 3) == 3
    assert place_of(rows, Uuid("gone"), 99) == 7
    assert place_of((), Uuid("gone"), 3) == -1


def test_moving_stays_in_the_table() -> None:
    """Beyond either end the cursor stays at it."""
    sight = Sight()
    assert sight.moved(ROWS, -5).cursor == sample.uuid_of(0)
    assert sight.moved(ROWS, 99).cursor == sample.uuid_of(7)
    assert sight.moved((), 3).cursor is None


def test_back_takes_one_thing_back_at_a_time() -> None:
    """What is expanded first, then the filter, then the marks."""
    sight = msgspec.structs.replace(Sight(), expanded=True, filter="x", marks=frozenset({sample.uuid_of(1)}))
    for left in ((False, "x", 1), (False, "", 1), (False, "", 0)):
        sight = sight.back()
        assert (sight.expanded, sight.filter, len(sight.marks)) == left
