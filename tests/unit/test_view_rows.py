"""Rows that say a sentence: lost cards, flips under way, GPUs that are not ours."""

import msgspec
import pytest

from console.model import GpuRow, GpuState, Holder
from console.view import cells, rows
from console.view.layout import columns
from console.view.pieces import text_of, width
from tests.pilot import sample

SCENE = cells.Scene(sample.NOW)
ROWS = sample.rows()
LOST, FLIPPING, FOREIGN = ROWS[3], ROWS[2], ROWS[6]
SIZES = [60, 80, 100, 120, 160, 200, 240]


def line(row: GpuRow, room: int, scene: cells.Scene = SCENE) -> str:
    """The row's text."""
    return text_of(rows.line(row, columns(room), scene))


@pytest.mark.parametrize("room", SIZES)
@pytest.mark.parametrize("slot", range(8))
def test_every_row_ends_where_the_columns_end(slot: int, room: int) -> None:
    """Sentence or cells: as wide as all columns together, never wrapped."""
    placed = columns(room)
    assert width(rows.line(ROWS[slot], placed, SCENE)) == placed[-1].x + placed[-1].room - 3


@pytest.mark.parametrize("state", [s for s in GpuState if s is not GpuState.OK])
def test_a_card_that_is_not_well_says_what_since_when_and_what_to_do(state: GpuState) -> None:
    """Its row stays, with the state, the age, the cause and what it did before."""
    row = msgspec.structs.replace(LOST, reading=msgspec.structs.replace(LOST.reading, state=state))
    said = line(row, 200)
    assert f"✕ {state.value.replace('_', ' ').upper()}".replace("RESET REQUIRED", "NEEDS RESET") in said
    assert "3m" in said
    assert "check riser and power" in said
    assert "was ergo, 231 W, +0.01 $/h" in said


def test_at_80_columns_the_cause_still_stands() -> None:
    """Cut at its end, with the ellipsis that says so."""
    said = line(LOST, 80)
    assert "✕ LOST 3m" in said
    assert "fell off the bus" in said
    assert said.rstrip().endswith("…")


def test_a_flip_under_way_keeps_the_readings_and_says_how_far_it_is() -> None:
    """Watts go on beside step, age, progress and by whom."""
    said = line(FLIPPING, 200)
    assert "224/450 W" in said
    for word in ("→ ◆ vllm-qwen", "warming 23s", "━━━", "by op-2"):
        assert word in said


@pytest.mark.parametrize("room", SIZES)
def test_a_gpu_held_by_somebody_else_says_so_at_every_width(room: int) -> None:
    """Nothing about it looks as if it could be flipped."""
    assert "not ours" in line(FOREIGN, room)
    assert "~+0.29" not in line(FOREIGN, room)


def test_whose_holder_cannot_be_read_is_treated_the_same_and_says_why() -> None:
    """Unknown is not free."""
    held = msgspec.structs.replace(FOREIGN.occupancy, holder=Holder.UNKNOWN, who="MIG is on")
    said = line(msgspec.structs.replace(FOREIGN, occupancy=held), 200)
    assert "unknown holder" in said
    assert "MIG is on" in said


def test_a_stuck_gpu_says_what_holds_it() -> None:
    """With the mark of harm."""
    row = msgspec.structs.replace(ROWS[1], stuck="memory held by pid 4711 after the stop")
    placed = rows.line(row, columns(200), SCENE)
    assert "✕ stuck  memory held by pid 4711" in text_of(placed)
    assert any(piece.tone == "harm" for piece in placed)


@pytest.mark.parametrize("scene", [SCENE, cells.Scene(sample.NOW, silent=True)], ids=["old reading", "silent site"])
def test_old_figures_are_dim(scene: cells.Scene) -> None:
    """An old reading dims its row; a silent site dims all of them. What warns goes on warning."""
    row = ROWS[0] if scene.silent else msgspec.structs.replace(ROWS[0], fresh=False)
    tones = {piece.tone for piece in rows.line(row, columns(200), scene) if piece.text.strip()}
    assert tones <= {"stale", "warn", "harm"}


def test_titles_stand_over_their_columns_and_mark_the_sorted_one() -> None:
    """The arrow stands at the title that the table is sorted by, and at none in the roster's order."""
    placed = columns(200)
    plain, by_net = text_of(rows.titles(placed, "slot")), text_of(rows.titles(placed, "net"))
    assert "↓" not in plain and "↑" not in plain
    assert "net now ↓" in by_net
    for column, form, x, room in placed:
        assert (form.title or column.title).strip() in plain[x : x + room]
