"""What ``status`` prints: the alarms under the table."""

import msgspec
import pytest

from console.model import Alarm
from console.view import plain
from console.view.pieces import cells
from tests.pilot import sample
from tests.pilot.sample import NOW

LOST = Alarm(
    key="lost:1", name="lost", severity="harm", sentence="GPU 1 lost: xid 79", since=NOW - 90, seen=NOW,
    do="reseat the card", slots=(1,),
)  # fmt: skip
KNOWN = msgspec.structs.replace(LOST, key="hot:0", sentence="GPU 0 is hot", acked_at=NOW - 5, acked_by="ann")
OVER = msgspec.structs.replace(LOST, key="old", sentence="GPU 3 lost", over_at=NOW - 1)


def printed(width: int, *alarms: Alarm) -> list[str]:
    """The lines under the last GPU."""
    lines = plain.table(sample.fleet(2, alarms=alarms), width)
    assert all(cells(line) <= max(width, plain.NARROWEST) for line in lines)
    return lines[len(plain.table(sample.fleet(2), width)) :]


def test_what_calls_stands_under_the_table_with_what_to_do() -> None:
    """First what calls, then what somebody knows of, which needs no advice; what is over is no news."""
    assert printed(120, OVER, KNOWN, LOST) == [
        "",
        "   ✕ calls       1m  GPU 1 lost: xid 79",
        "                     → reseat the card",
        "   ✕ known       1m  GPU 0 is hot",
    ]


def test_where_nothing_calls_nothing_is_said() -> None:
    """No heading over nothing."""
    assert printed(120) == [] == printed(120, OVER)


def test_where_there_is_no_gpu_the_alarms_stand_all_the_same() -> None:
    """Under what is missing and what to type."""
    silent = msgspec.structs.replace(LOST, sentence="controllers.x: no answer", slots=())
    assert "   ✕ calls       1m  controllers.x: no answer" in plain.table(
        sample.snapshot(rows=(), alarms=(silent,)), 120
    )


@pytest.mark.parametrize("width", [60, 80])
def test_a_long_sentence_is_cut_and_never_wraps(width: int) -> None:
    """Checked of each line where it is printed."""
    long = msgspec.structs.replace(LOST, sentence="GPU 1 lost: " + "x" * 200, do="y" * 200)
    sentence, advice = printed(width, long)[1:]
    assert cells(sentence) == cells(advice) == width
