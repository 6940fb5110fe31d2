"""The chooser of columns: what may be hidden and moved, what does not fit, and that it is kept in the user's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import user
from console.config.user import UserSettings
from console.config.user_saving import Keeper
from console.screens.columns import Columns
from console.screens.modal import Press
from console.view.columns import ALWAYS, COLUMNS
from console.view.pieces import text_of, width
from tests.pilot.wired import Wired, console, text, until

OURS = tuple(column.key for column in COLUMNS)


class Chooser:
    """A chooser with what it keeps and closes written down."""

    def __init__(self, wanted: tuple[str, ...] = (), width: int = 200) -> None:
        self.kept: list[tuple[str, ...]] = []
        self.closed = 0
        self.modal = Columns(wanted, lambda: width, self.kept.append, self.close)

    def close(self) -> None:
        """It was left."""
        self.closed += 1

    def press(self, *keys: str) -> Chooser:
        """Keys, one after the other."""
        for key in keys:
            self.modal.press(Press(key, key, 0.0))
        return self

    def on(self, name: str) -> Chooser:
        """Go to a column."""
        self.press(*["up"] * 40, *["down"] * self.modal._order.index(name))
        return self

    def lines(self, height: int = 60) -> list[str]:
        """What it shows."""
        return [text_of(line) for line in self.modal.lines(100, height)]


def test_untouched_it_is_all_in_our_order_and_kept_as_nothing() -> None:
    """So that a column of a later release appears by itself."""
    assert Chooser().press("enter").kept == [()]
    assert Chooser(OURS).press("enter").kept == [()]
    assert Chooser().on("temp").press("space", "space", "enter").kept == [()]


def test_a_hidden_column_leaves_the_rest_in_order_and_comes_back_to_its_place() -> None:
    """Nothing is kept before enter."""
    chooser = Chooser().on("temp").press("space")
    assert chooser.modal.wanted == tuple(key for key in OURS if key != "temp") and chooser.kept == []
    assert chooser.press("space").modal.wanted == ()
    assert chooser.press("space", "escape").kept == [] and chooser.closed == 1
    assert Chooser().press("q").closed == 1


@pytest.mark.parametrize("name", ALWAYS)
def test_what_says_which_gpu_and_what_it_does_cannot_be_hidden(name: str) -> None:
    """A row without them would be of nothing."""
    chooser = Chooser().on(name).press("space", "enter")
    assert chooser.kept == [()]
    assert any("always stands" in line for line in chooser.lines() if line.startswith("❯"))


@pytest.mark.parametrize(("down", "up"), [("J", "K"), ("shift+down", "shift+up")])
def test_columns_move_within_the_table_and_the_slot_stays_first(down: str, up: str) -> None:
    """The chosen line goes along; past the ends nothing happens."""
    name = OURS[2]
    chooser = Chooser().on(name).press(down)
    assert chooser.modal.wanted[2:4] == (OURS[3], name)
    assert chooser.press(up, "enter").kept == [()]
    chooser = Chooser().on(name).press(*[up] * 60)
    assert chooser.modal.wanted[:2] == ("slot", name)
    chooser = Chooser().on(name).press(*[down] * 60)
    assert chooser.modal.wanted[-1] == name
    assert Chooser().on("slot").press(down, "enter").kept == [()]


def test_a_column_that_this_screen_is_too_narrow_for_says_so() -> None:
    """With the width that it needs and the one there is; hidden ones say that they are hidden."""
    chooser = Chooser(width=80)
    narrow = chooser.lines()
    assert chooser.modal.title == "columns of the table · this screen has 80"
    assert any(line.rstrip().endswith("leaves below 118 columns") for line in narrow)
    assert not any("leaves below" in line for line in Chooser(width=400).lines())
    hidden = Chooser().on("temp").press("space").lines()
    assert [line for line in hidden if "hidden" in line] == [line for line in hidden if "[ ]" in line] != []


def test_on_a_narrow_screen_no_key_is_cut_off() -> None:
    """The way out is the last of them."""
    lines = Chooser(width=60).modal.lines(56, 20)
    assert len(lines) <= 20 and all(width(line) <= 56 for line in lines)
    assert text_of(lines[-1]).endswith("esc drop")


@pytest.mark.parametrize("height", [3, 5, 8, 14])
def test_on_a_low_screen_the_chosen_one_is_in_sight(height: int) -> None:
    """From the first column to the last, with the keys below."""
    chooser = Chooser()
    for _ in OURS:
        lines = chooser.lines(height)
        assert len(lines) <= max(height, 3)
        assert sum(line.startswith("❯") for line in lines) == 1 and "show or hide" in lines[-1]
        chooser.press("down")


async def titles(app: Wired) -> str:
    """The line of titles."""
    return text(app)[app.gpus.grid.region.y - 1]


async def test_what_was_chosen_is_in_the_file_and_there_at_the_next_start(tmp_path: Path) -> None:
    """The operator's own lines stay as they are; the next console shows it from its first frame on."""
    path = tmp_path / "user.toml"
    path.write_text('# mine\nsort = "net"\n\n[keys]\nmine = "M"\n')
    path.chmod(0o600)
    own = user.load(path).settings
    keeper = Keeper(path, own, pytest.fail)
    app = console(own=own, keep=keeper.save)
    async with app.run_test(size=(200, 50)) as pilot:
        assert "temp" in await titles(app)
        await pilot.press("c", *["down"] * OURS.index("temp"), "space", "enter")
        await until(pilot, lambda: app.gpus.modal is None)
        await pilot.pause(0.1)
        assert "temp" not in await titles(app)
        await pilot.press("q")
    assert keeper.close(30)
    kept = user.load(path).settings
    assert kept.columns == tuple(key for key in OURS if key != "temp")
    assert path.read_text().startswith('# mine\nsort = "net"\n') and kept.keys == {"mine": ("M",)}
    again = console(own=kept)
    async with again.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.1)
        assert "temp" not in await titles(again) and "power" in await titles(again)


async def test_what_was_only_looked_at_is_not_kept() -> None:
    """Moved and hidden, then dropped."""
    kept: list[UserSettings] = []
    app = console(keep=kept.append)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("c", "down", "down", "space", "J", "escape", "q")
    assert kept == []
