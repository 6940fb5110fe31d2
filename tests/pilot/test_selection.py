"""What a key acts on is the GPU that was chosen, whatever becomes of its row while it is looked at."""

from __future__ import annotations

import msgspec
import pytest

from console.flips.records import Plan, Refusal
from console.model import GpuRow, GpuState
from console.screens.flip import FlipDialog
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until


def drawing(rows: tuple[GpuRow, ...], turn: int) -> tuple[GpuRow, ...]:
    """The same rows with other figures: each turn another GPU draws the most."""
    return tuple(
        msgspec.structs.replace(
            row, reading=msgspec.structs.replace(row.reading, power_w=100.0 + (row.reading.slot * 7 + turn * 3) % 16)
        )
        for row in rows
    )


def chosen(app: Wired) -> int | None:
    """The slot on the line with the cursor, as the screen shows it."""
    line = next((line for line in text(app) if line.startswith(" ▸")), "")
    return int(line.split()[1]) if line else None


def planned(site: sample.StillSite) -> list[object]:
    """The slots of every plan that was asked for."""
    return [call[1] for call in site.calls if call[0] == "plan"]


@pytest.mark.parametrize("keys", [(), ("S",)], ids=["falling", "rising"])
async def test_sorted_by_power_the_cursor_goes_with_its_gpu(keys: tuple[str, ...]) -> None:
    """Its row is another one at each tick; the screen, the ladder and the plan are of the same GPU."""
    site = sample.StillSite(sample.fleet(16))
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        while app.gpus.sight.sort != "power":
            await pilot.press("s")
        await pilot.press(*keys, "j", "j", "j")
        slot, places = chosen(app), set()
        for turn in range(12):
            rows = drawing(site.shown.rows, turn)
            site.tell(msgspec.structs.replace(site.shown, seq=turn + 2, rows=rows))
            await until(pilot, lambda rows=rows: app.gpus.snapshot.rows == rows)  # type: ignore[misc]
            await until(pilot, lambda: chosen(app) == slot)
            assert app.gpus.shown is not None
            powers = [row.reading.power_w for row in app.gpus.shown.rows]
            assert powers == sorted(powers, reverse=not keys), "the order is that of now"
            assert app.gpus.row is not None and app.gpus.row.reading.slot == slot
            places.add(app.gpus.shown.cursor)
        assert len(places) > 3, "it has moved"
        await pilot.press("a")
        assert planned(site) == [(slot,)]


async def test_marks_go_with_their_gpus_and_a_filter_hides_none_from_a_plan() -> None:
    """Marked, then sorted otherwise, then filtered away: the plan names all that are marked."""
    site = sample.StillSite(sample.fleet(16))
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("space", "space", "j", "space")
        assert app.gpus.sight.marks == {sample.uuid_of(slot) for slot in (0, 1, 3)}
        while app.gpus.sight.sort != "power":
            await pilot.press("s")
        site.tell(msgspec.structs.replace(site.shown, seq=2, rows=drawing(site.shown.rows, 5)))
        await pilot.press("slash", *"ergo", "enter")
        assert app.gpus.shown is not None
        assert 0 not in {row.reading.slot for row in app.gpus.shown.rows}
        await pilot.press("o")
        [slots] = planned(site)
        assert isinstance(slots, tuple) and set(slots) == {0, 1, 3}
        shown = "\n".join(text(app))
        assert all(f"GPU {slot}" in shown for slot in (0, 1, 3)), "the hidden ones too, before the yes"


async def test_a_gpu_that_is_lost_while_the_dialog_is_open_stays_the_dialogs() -> None:
    """It neither passes to the next row nor changes; the runner plans again and refuses what is gone."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "a")
        dialog = app.gpus.modal
        assert isinstance(dialog, FlipDialog)
        plan = dialog.plan
        lost = tuple(
            msgspec.structs.replace(
                row, reading=msgspec.structs.replace(row.reading, state=GpuState.LOST, reason="fell off the bus")
            )
            if row.reading.slot == 1
            else row
            for row in site.shown.rows
        )
        site.tell(msgspec.structs.replace(site.shown, seq=2, rows=lost))
        await until(pilot, lambda: app.gpus.snapshot.rows == lost)
        site.tell(msgspec.structs.replace(site.shown, seq=3, rows=tuple(r for r in lost if r.reading.slot != 1)))
        await until(pilot, lambda: len(app.gpus.snapshot.rows) == len(lost) - 1)
        assert app.gpus.modal is dialog and dialog.plan == plan
        await until(pilot, lambda: dialog.armed)
        await pilot.press("y")
        [confirmed] = [call[1] for call in site.calls if call[0] == "flip"]
        assert isinstance(confirmed, Plan) and confirmed == plan and confirmed.moves[0].slots == (1,)
        assert planned(site) == [(1,)], "nothing was planned for the GPU that has its row now"


async def test_a_filter_that_hides_the_chosen_gpu_chooses_one_that_is_seen() -> None:
    """While it is typed the cursor is on a row of the screen, and a key acts on that and on no hidden one.

    When the filter goes, the cursor is on the GPU that was chosen before it, unless it was moved.
    """
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        before = chosen(app)
        await pilot.press("slash", *"h100", "enter")
        assert app.gpus.shown is not None
        seen = {row.reading.slot for row in app.gpus.shown.rows}
        assert before not in seen and chosen(app) in seen
        now = chosen(app)
        await pilot.press("o")
        assert planned(site) == [(now,)]
        await until(pilot, lambda: isinstance(app.gpus.modal, FlipDialog) and app.gpus.modal.armed)
        await pilot.press("escape", "escape")
        assert app.gpus.sight.filter == "" and chosen(app) == before, "what was chosen comes back with its row"


async def test_a_filter_that_shows_nothing_leaves_nothing_to_act_on() -> None:
    """No key finds the GPU that stood under the cursor before."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"nosuchgpu", "enter", "m", "a", "o", "f", "enter", "u", "p", "y", "d")
        assert site.calls == [] and app.gpus.modal is None
        assert app.clipboard == ""


async def test_force_is_of_the_gpu_that_was_shown_when_rows_have_moved() -> None:
    """Planned again after the words were typed, it is the same GPU's plan."""
    site = sample.StillSite()
    site.refusals = (Refusal(slots=(1,), guard=sample.CONTRACT),)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "a")
        site.tell(msgspec.structs.replace(site.shown, seq=2, rows=tuple(reversed(site.shown.rows))))
        await until(pilot, lambda: isinstance(app.gpus.modal, FlipDialog) and app.gpus.modal.armed)
        await pilot.press("exclamation_mark", *"rig-07", "colon", "1", "enter")
        assert planned(site) == [(1,), (1,)]
