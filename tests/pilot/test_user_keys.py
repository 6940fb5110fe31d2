"""The operator's own file on the real screen: his keys act and are shown, his order and theme stand; ``'``, ``*``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.app import Unkept
from console.config import user
from console.config.user import UserSettings
from console.config.user_saving import Keeper
from console.screens import goto
from console.screens.choose import Picker
from console.screens.flip import FlipDialog
from console.screens.goto import GoTo
from console.screens.modal import Press, Sheet
from console.view import keymap
from console.view.sight import Sight
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until
from themes import mono

OWN = {
    "mine": ("M",),
    "up": ("up", "k", "ctrl+p"),
    "down": ("down", "j", "ctrl+n"),
    "standdown": (),
    "help": ("f1",),
    "quit": ("f10", "ctrl+x"),
    "mode_market": ("f2",),
    "palette": ("semicolon",),
}


def opened(site: sample.StillSite | None = None, **more: Any) -> Wired:
    """The console with keys of somebody's own, none of which is wrong."""
    assert list(keymap.problems(OWN)) == []
    return console(site, registry=keymap.keyed(OWN), **more)


def cursor(app: Wired) -> int | None:
    """The slot under the cursor."""
    return app.gpus.row.reading.slot if app.gpus.row else None


# ---- keys ------------------------------------------------------------------------------------------------------------


async def test_own_keys_act_and_ours_no_longer_do() -> None:
    """Where the operator has said something of an action, only his keys are its keys."""
    site = sample.StillSite()
    app = opened(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+n", "ctrl+n", "ctrl+p")
        assert cursor(app) == 1
        await pilot.press("m", "X")
        assert site.calls == [] and app.gpus.modal is None
        await pilot.press("M")
        assert site.calls[0] == ("plan", (1,), "mine", True, ())
        assert isinstance(app.gpus.modal, FlipDialog)


async def test_footer_help_and_palette_show_them() -> None:
    """What has no key is in no footer; help says that it has none."""
    app = opened()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.05)
        foot = text(app)[-1]
        assert " M mine" in foot and " F1" not in foot and "f1 keys" in foot and "f2 market" in foot
        await pilot.press("question_mark")
        assert app.gpus.modal is None
        await pilot.press("f1")
        assert isinstance(app.gpus.modal, Sheet)
        shown = text(app)
        assert any("↑ k ^p" in line and "Move the cursor up" in line for line in shown)
        assert any("no key" in line and "Stop every unguarded GPU" in line for line in shown)
        await pilot.press("escape", "semicolon")
        await until(pilot, lambda: any("mining workload  (M)" in line for line in text(app)))


async def test_a_click_on_the_footer_does_what_stands_there() -> None:
    """Its words are where the operator's keys have moved them."""
    app = opened()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.05)
        start, end, name = next(span for span in app.gpus.foot.spans if span[2] == "help")
        assert text(app)[-1][start:end] == "f1 keys" and name == "help"
        await pilot.click(offset=(start + 1, 49))
        await until(pilot, lambda: isinstance(app.gpus.modal, Sheet))


async def test_other_modes_have_them_too() -> None:
    """They are opened by the operator's keys, and have them from their first frame on."""
    app = opened()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("2")
        assert app.current_mode == "gpus"
        await pilot.press("f2")
        await until(pilot, lambda: app.current_mode == "market" and "f1 keys" in text(app)[-1])
        await pilot.press("ctrl+n", "f1")
        await until(pilot, lambda: isinstance(app.front.modal, Sheet))


async def test_the_hand_that_presses_ctrl_c_is_told_the_operators_way_out() -> None:
    """And that way leads out."""
    app = opened()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: any("f10 leaves; nothing that runs is touched" in line for line in text(app)))
        await pilot.press("q")
        assert app.is_running
        await pilot.press("ctrl+x")
    assert app.return_code == 0


async def test_read_only_leaves_no_own_key_that_acts() -> None:
    """Whatever it is called: not bound, not shown, not found."""
    site = sample.StillSite()
    app = opened(site, read_only="--read-only")
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("M", "m", "a", "enter")
        app.gpus.act("mine")
        await pilot.pause(0.05)
        assert site.calls == [] and app.gpus.modal is None
        assert "M mine" not in text(app)[-1]


async def test_own_keys_are_text_while_a_filter_is_typed() -> None:
    """A letter that acts elsewhere is a letter there."""
    site = sample.StillSite()
    app = opened(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "M", "k")
        assert app.gpus.sight.filter == "Mk" and site.calls == []


# ---- the slot --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "slot"), [("6", 6), ("05", 5), ("77", 0), ("1", 1)])
async def test_an_apostrophe_and_a_number_and_enter_go_to_that_slot(keys: str, slot: int) -> None:
    """Digits are modes elsewhere and stay so; a slot that is none moves nothing and is told."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("apostrophe", *keys)
        assert isinstance(app.gpus.modal, GoTo) and app.current_mode == "gpus"
        shown = "\n".join(text(app))
        assert ("no GPU has slot 77" if keys == "77" else "RTX") in shown
        await pilot.press("enter")
        assert app.gpus.modal is None and cursor(app) == slot
        told = any("not gone to 77: no GPU has slot 77" in line for line in text(app))
        assert told == (keys == "77")
        assert site.calls == []


async def test_a_pause_goes_there_by_itself_and_enter_does_not_open_a_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as no further digit has come for a while, whatever was typed before."""
    monkeypatch.setattr(goto, "PAUSE_S", 0.3)
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("apostrophe", "4", "backspace")
        await pilot.pause(0.5)
        assert isinstance(app.gpus.modal, GoTo), "nothing typed is nowhere to go"
        await pilot.press("6")
        await until(pilot, lambda: app.gpus.modal is None)
        assert cursor(app) == 6
        assert any("GPU 6 · " in line for line in text(app))


async def test_a_pause_after_it_was_closed_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it close what stands there by then."""
    monkeypatch.setattr(goto, "PAUSE_S", 0.2)
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("apostrophe", "6", "escape", "enter")
        assert isinstance(app.gpus.modal, Picker)
        await pilot.pause(0.5)
        assert isinstance(app.gpus.modal, Picker) and cursor(app) == 0


def test_a_pause_is_counted_from_the_last_key() -> None:
    """The pause after an earlier digit is over when another comes, and all are once it has gone or was closed."""
    gone: list[int] = []
    pauses: list[Callable[[], None]] = []
    asking = GoTo(gone.append, lambda: None, lambda _, over: pauses.append(over), str)
    for digit in "12":
        asking.press(Press(digit, digit, 0.0))
    pauses[0]()
    assert gone == []
    pauses[1]()
    assert gone == [12]
    asking.press(Press("3", "3", 0.0))
    asking.press(Press("escape", None, 0.0))
    pauses[2]()
    assert gone == [12]


async def test_a_slot_that_the_filter_hides_is_told_so() -> None:
    """The filter is the operator's: it is not dropped behind his back."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"h100", "enter", "apostrophe", "0", "enter")
        assert any("which the filter does not show" in line for line in text(app))
        assert app.gpus.sight.filter == "h100" and cursor(app) != 0


# ---- marks -----------------------------------------------------------------------------------------------------------


async def test_an_asterisk_marks_all_that_the_filter_shows_and_esc_unmarks_all() -> None:
    """What was marked before stays marked; marks act together as one plan."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"jjjj", "space", "slash", *"4090", "enter", "asterisk")
        shown = {row.reading.uuid for row in app.gpus.shown.rows} if app.gpus.shown else set()
        other = site.shown.rows[4].reading.uuid
        assert 1 < len(shown) < len(site.shown.rows) and other not in shown
        assert app.gpus.sight.marks == shown | {other}
        await pilot.press("o")
        slots = {row.reading.slot for row in site.shown.rows if row.reading.uuid in shown | {other}}
        assert set(site.calls[0][1]) == slots  # type: ignore[call-overload]
        await pilot.pause(0.4)
        await pilot.press("escape", "escape", "escape")
        assert app.gpus.modal is None and not app.gpus.sight.filter and not app.gpus.sight.marks


# ---- what is kept ----------------------------------------------------------------------------------------------------


async def test_the_order_of_the_file_stands_and_another_is_kept(tmp_path: Path) -> None:
    """From the first frame on; what was chosen on the screen is in the file when the console has been left."""
    path = tmp_path / "user.toml"
    path.write_text('# mine\nsort = "net"  # hurts\n')
    path.chmod(0o600)
    own = user.load(path).settings
    keeper = Keeper(path, own, pytest.fail)
    app = console(own=own, keep=keeper.save)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.05)
        assert app.gpus.sight.sort == "net"
        await pilot.press("s", "q")
    assert keeper.close(20)
    assert path.read_text() == '# mine\nsort = "best"  # hurts\n'


async def test_what_stays_as_it_is_is_not_written() -> None:
    """No file appears for having looked."""
    kept: list[UserSettings] = []
    app = console(keep=kept.append)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "slash", "x", "escape", "2", "1")
        await pilot.pause(1.2)
        assert kept == [] and app.gpus.sight.sort == Sight().sort
        await pilot.press("s")
        await until(pilot, lambda: kept == [UserSettings(sort="net")])
        await pilot.press("q")
    assert len(kept) == 1


async def test_a_choice_that_cannot_be_kept_is_told_in_the_log(tmp_path: Path) -> None:
    """Once, and the console goes on."""
    (tmp_path / "user.toml").mkdir()
    app = console()
    keeper = Keeper(tmp_path / "user.toml", UserSettings(), lambda said: app.post_message(Unkept(said)))  # type: ignore[func-returns-value]
    app._keep = keeper.save
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: any("your choices are not kept" in line for line in text(app)))
        assert app.told_unkept
    assert keeper.close(20)


async def test_a_bell_that_is_not_wanted_does_not_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever rings it."""
    rung: list[bool] = []
    for wanted in (True, False):
        app = console(own=UserSettings(bell=wanted))
        async with app.run_test(size=(120, 40)):
            assert app._driver is not None
            monkeypatch.setattr(app._driver, "write", lambda data, w=wanted: rung.append(w) if data == "\07" else None)
            monkeypatch.setattr(type(app), "is_headless", False)
            app.bell()
            monkeypatch.undo()
    assert rung == [True]


async def test_the_theme_of_the_file_is_drawn_with() -> None:
    """By its name; one that is none is a sentence before anything is drawn."""
    assert console(theme="light").look.name == "changeover-light"
    assert console(theme="mono").look is mono.THEME
    with pytest.raises(ValueError, match="expected one of dark, light"):
        console(theme="lihgt")
