"""The header: badges first, alarms at every width, quotes with their ages, stale ones in words."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import Basis, GpuState, Totals
from console.view import header
from console.view.pieces import text_of, width
from tests.pilot import sample

SNAPSHOT = sample.snapshot()


def first(room: int, read_only: str = "", **more: object) -> str:
    """The first line's text."""
    return text_of(header.first(sample.snapshot(**more), sample.NOW, room, read_only))


def second(room: int, silent_s: float = 0.0, **more: object) -> str:
    """The second line's text."""
    return text_of(header.second(sample.snapshot(**more), sample.NOW, room, silent_s))


@given(st.integers(12, 300))
def test_the_simulated_badge_stands_at_every_width(room: int) -> None:
    """It cannot be hidden; the line is as wide as the screen."""
    line = header.first(SNAPSHOT, sample.NOW, room)
    assert width(line) == room
    assert "SIMULATED" in text_of(line)
    assert any(piece.tone == "badge" for piece in line)


@pytest.mark.parametrize("room", [24, 60, 80, 120, 200])
def test_read_only_is_said_beside_it(room: int) -> None:
    """Both badges stand, and neither where it is not true."""
    assert "READ-ONLY" in first(room, "--read-only")
    assert "READ-ONLY" not in first(room)
    assert "SIMULATED" not in first(room, simulated=False)


@pytest.mark.parametrize("room", [60, 80, 120, 160, 200])
def test_an_alarm_and_net_now_stand_at_every_usual_width(room: int) -> None:
    """What the eye has to meet first never leaves for lack of room."""
    assert "✕ 1 lost" in first(room)
    assert "now +4.30 $/h" in first(room)


def test_at_200_columns_everything_is_said() -> None:
    """Counts by business, watts of the limit, money, what it could be, the site's own clock."""
    line = first(200)
    for said in ("rig-07 · Yokohama-2", "8 GPUs", "◆ 3 ai", "▲ 2 mine", "1 off", "3.09 of 3.20 kW", "97%"):
        assert said in line
    for said in ("today +71.20 $", "could be ~+4.86 $/h !", "now +4.30 $/h ! 1 stale  1 unknown", "14:02:11"):
        assert said in line


def test_a_sum_with_unknown_addends_says_how_many() -> None:
    """A total that leaves a GPU out is not the whole truth."""
    totals = msgspec.structs.replace(SNAPSHOT.totals, unknown_rows=2)
    assert "2 unknown" in first(200, totals=totals)


@pytest.mark.parametrize("room", [60, 80, 120, 200])
def test_a_sum_at_stale_prices_is_dimmed_and_marked_at_every_width(room: int) -> None:
    """Promise 1: a rate without a fresh price is not a profit, without colour too."""
    totals = msgspec.structs.replace(SNAPSHOT.totals, stale_rows=1)
    line = header.first(sample.snapshot(totals=totals), sample.NOW, room)
    assert "now +4.30 $/h !" in text_of(line)
    assert next(p.tone for p in line if p.text == "+4.30") == "stale"
    fresh = first(room, totals=msgspec.structs.replace(totals, stale_rows=0, best_stale_rows=0))
    assert "$/h !" not in fresh


def test_where_there_is_room_it_says_how_many_are_stale() -> None:
    """The mark alone would not say whether one GPU is meant or all."""
    assert "+4.30 $/h ! 3 stale  2 unknown" in first(
        200, totals=msgspec.structs.replace(SNAPSHOT.totals, stale_rows=3, unknown_rows=2)
    )


def test_what_it_could_be_carries_the_worst_basis() -> None:
    """A sum with one estimate in it is an estimate, and one at a stale price says so."""

    def could(**more: object) -> str:
        return first(200, totals=msgspec.structs.replace(SNAPSHOT.totals, **more))

    assert "could be ~+4.86 $/h" in could(best_basis=Basis.TABLE)
    assert "could be +4.86 $/h" in could(best_basis=Basis.MEASURED, best_stale_rows=0)
    assert "could be +4.86 $/h !" in could(best_basis=Basis.MEASURED, best_stale_rows=1)


@pytest.mark.parametrize("word", ["stuck", "failing", *(s.value for s in GpuState if s is not GpuState.OK)])
def test_every_harm_stands_as_an_alarm(word: str) -> None:
    """Also where there is room for alarms alone."""
    totals = msgspec.structs.replace(SNAPSHOT.totals, counts=(("mine", 7), (word, 1)))
    for room in (60, 120, 200):
        assert f"✕ 1 {word.replace('_', ' ')}" in first(room, totals=totals)


def test_unknown_totals_are_dashes() -> None:
    """Nothing is zero before it is known."""
    line = first(
        200, totals=Totals(wall_w=None, net_per_h=None, best_net_per_h=None, today_accrued=None, today_since=None)
    )
    assert "now – $/h" in line
    assert "– of 3.20 kW" in line
    assert "today – $" in line


def test_a_stale_quote_is_worded_and_stays_where_room_is_short() -> None:
    """Fresh ones leave first, counted."""
    assert "H100 rent 1.99 $/h stale 41m" in second(200)
    assert "stale 41m" in second(80)
    assert "+2" in second(80)


def test_fresh_ages_keep_their_width() -> None:
    """From 9 to 10 seconds nothing moves."""
    nine, ten = (
        text_of(header.second(SNAPSHOT, SNAPSHOT.quotes[1].at + age, 200)).index("4090 rent") for age in (39, 140)
    )
    assert nine == ten


def test_silence_is_said_in_place_of_quotes() -> None:
    """Figures that nobody renews are called old."""
    assert "nothing new for 12s" in second(200, silent_s=12.0)
    assert "nothing new" not in second(200, silent_s=2.0)
    assert "nothing new" not in second(200, silent_s=12.0, rows=())


def test_without_quotes_it_says_what_that_means() -> None:
    """An empty line would look like a fault of the screen."""
    assert "no quotes" in second(120, quotes=())


def test_a_host_without_a_config_hears_nothing_of_quotes() -> None:
    """There whose figures stand below is said, whole at 60 columns; nothing where none do, and silence as ever."""
    said = second(60, quotes=(), configured=False)
    assert said.rstrip() == " the driver's figures: what each GPU does, draws and holds"
    assert second(120, quotes=(), configured=False, rows=()).strip() == ""
    assert "nothing new for 12s" in second(120, silent_s=12.0, quotes=(), configured=False)
    assert "ERG" in second(200, configured=False)
