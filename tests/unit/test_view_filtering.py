"""The language of the filter: what it understands, and what it says of what it does not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import GpuState
from console.view import filtering
from console.view.columns import BY_KEY, COLUMNS
from tests.unit.test_view_table import ROWS, SCENE, slots


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tmp>80", "tmp is no column"),
        ("temp>", "temp> wants a value behind it"),
        ("temp>hot", "temp> wants a number behind it, not hot"),
        ("workload>3", "workload holds words"),
        ("state>3", "state wants = or != and a word"),
        ("!", "! wants a word behind it"),
        ("power>3kg", "kg"),
    ],
)
def test_what_is_not_understood_is_named_and_hides_nothing(typed: str, words: str) -> None:
    """A sentence with the term, and every row as if it had not been typed."""
    found = filtering.parse(typed)
    assert len(found.faults) == 1 and words in found.faults[0]
    assert slots(typed) == slots("")


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("temp > 60", "temp>60"),
        ("temp>=61°", "temp>=61"),
        ("power<50w", "power<50"),
        ("power<0.05kw", "power<50"),
        ("net now<0", "net<0"),
        ("net<−0.0", "net<0"),
        ("workload==vllm", "workload=vllm"),
        ("WORKLOAD=VLLM", "workload=vllm"),
    ],
)
def test_it_is_written_as_people_write(typed: str, same: str) -> None:
    """Blanks, units, titles, letter case and the typographic minus mean the same."""
    assert filtering.parse(typed).faults == () and slots(typed) == slots(same)


def test_words_and_states_are_compared_whole() -> None:
    """A business, a workload, a state of the card; != is everything else."""
    assert slots("state=lost") == [3] and 3 not in slots("state!=lost")
    assert set(slots("workload=mine")) | set(slots("workload!=mine")) == set(range(8))
    assert slots("gpu=h100") == slots("h100")


def test_the_last_figures_of_a_lost_card_are_none_of_now() -> None:
    """They may stand in its reading: neither the comparison nor its opposite finds it, its slot does."""
    [lost] = [row for row in ROWS if row.reading.state is GpuState.LOST]
    warm = msgspec.structs.replace(lost, reading=msgspec.structs.replace(lost.reading, temp_c=80.0))
    kept = {typed: filtering.parse(typed).keeps(warm, SCENE) for typed in ("temp>60", "temp<=60", "slot=3")}
    assert kept == {"temp>60": False, "temp<=60": False, "slot=3": True}


def test_every_column_with_a_figure_can_be_compared() -> None:
    """A new column brings its figure with its record, or says that it is only drawn."""
    for column in COLUMNS:
        found = filtering.parse(f"{column.key}>1")
        wants_more = column.words is not None or not column.units or "wants a unit" in "".join(found.faults)
        assert not found.faults or wants_more, (column.key, found.faults)
    assert "slot" in BY_KEY


@given(st.text(max_size=60))
def test_no_text_breaks_it(typed: str) -> None:
    """Whatever is typed or pasted: rows are kept or not, and nothing is raised."""
    found = filtering.parse(typed)
    assert all(found.keeps(row, SCENE) in (True, False) for row in ROWS)
    assert all(isinstance(fault, str) for fault in found.faults)
