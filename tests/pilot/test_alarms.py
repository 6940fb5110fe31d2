"""Alarms on the screen: the list and its keys, the bell, what is told to whoever comes back."""

import sys
from pathlib import Path

import msgspec
import pytest

from console.attention import looked
from console.model import Alarm
from console.screens.alarms import AlarmList
from console.site.interface import JournalLine
from tests.pilot import sample
from tests.pilot.sample import NOW
from tests.pilot.wired import Wired, console, text, until
from tests.rig.terminal import Terminal

LOST = Alarm(
    key="lost:1", name="lost", severity="harm", sentence="GPU 4 lost: xid 79", since=NOW - 100, seen=NOW,
    do="reseat the card", slots=(4,),
)  # fmt: skip
HOT = msgspec.structs.replace(LOST, key="hot:1", severity="warn", sentence="GPU 1 is hot", slots=(1,), since=NOW - 9000)
DONE = JournalLine(
    seq=9, at=NOW - 50, flip_id="f", kind="outcome", slots=(1,), who="op", text="done", body={"result": "done"}
)


def calling(*alarms: Alarm) -> sample.StillSite:
    """A still site to which alarms have come."""
    return sample.StillSite(sample.snapshot(alarms=alarms))


def banner(app: Wired) -> str:
    """The line that tells what came meanwhile, or nothing."""
    return next((line.strip() for line in text(app) if "since you last looked" in line), "")


def looked_at(folder: Path, at: float) -> Path:
    """A file by which the operator has looked then."""
    path = folder / looked.FILE
    assert looked.looked(path, at)
    return path


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)])
async def test_the_list_opens_in_every_mode_acts_and_goes_to_the_gpu(size: tuple[int, int]) -> None:
    """A count in the header; A; what calls and what to do; a asks the site; enter goes to the GPU in the table."""
    site = calling(LOST, HOT)
    app = console(site)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.05)
        assert "✕ 2 alarms" in text(app)[0]
        await pilot.press("2", "A")
        await until(pilot, lambda: any("GPU 4 lost: xid 79" in line for line in text(app)))
        assert isinstance(app.front.modal, AlarmList)
        assert any("→ reseat the card" in line for line in text(app))
        await pilot.press("a")
        assert site.calls == [("acknowledge", ("lost:1",))]
        await pilot.press("enter")
        await until(pilot, lambda: app.front is app.gpus and app.gpus.row is not None)
        assert app.gpus.row is not None and app.gpus.row.reading.slot == 4
        assert all(screen.modal is None for screen in app._screens.values())


async def test_at_a_slow_pace_the_open_list_shows_at_once_what_came_of_a_key() -> None:
    """The table under it waits for its time; whoever acknowledges must not wait five seconds to see it."""
    site = calling(LOST)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t", "t", "A")
        await until(pilot, lambda: any("GPU 4 lost: xid 79" in line for line in text(app)))
        site.tell(sample.snapshot(alarms=(msgspec.structs.replace(LOST, acked_at=NOW, acked_by="ann"),)))
        await pilot.pause(0.5)
        assert any("ann" in line for line in text(app))


@pytest.mark.parametrize("keys", ["d", "5", "2"])
async def test_the_list_opens_on_every_screen_and_leaves_nothing_to_the_keys_behind_it(keys: str) -> None:
    """Also on that of one GPU; what is a letter of the list is none of the screen while it stands."""
    site = calling(LOST, HOT)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(keys)
        await until(pilot, lambda: app.front is not app.gpus)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.front.modal, AlarmList))
        await pilot.press("m", "f", "o", "x", "X", "p", "space", "y")
        assert isinstance(app.front.modal, AlarmList) and site.calls == []
        await pilot.press("enter")
        await until(pilot, lambda: app.front is app.gpus)
        assert app.gpus.row is not None and app.gpus.row.reading.slot == 4


async def test_what_is_pressed_after_the_list_is_no_flip_without_its_yes() -> None:
    """A letter of the list that comes late asks for a plan, which waits for a y as ever."""
    site = calling(LOST)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("A", "enter", "a", "y")
        assert not any(call[0] == "flip" for call in site.calls)
        await pilot.press("escape", "A", "escape", "u", "y")
        assert not any(call[0] == "flip" for call in site.calls)


async def test_an_alarm_that_begins_leaves_an_open_dialog_alone() -> None:
    """The count in the header tells of it; nothing opens by itself, and the dialog stays the one it was."""
    site = calling()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: app.gpus.modal is not None)
        dialog = app.gpus.modal
        site.tell(msgspec.structs.replace(site.shown, seq=2, alarms=(LOST,)))
        await until(pilot, lambda: "1 alarm" in text(app)[0])
        assert app.gpus.modal is dialog and not isinstance(dialog, AlarmList)
        await pilot.press("A")
        assert not isinstance(app.gpus.modal, AlarmList)


async def test_the_list_follows_what_comes_of_its_keys() -> None:
    """What is known goes below what calls, and the cursor with it; esc closes."""
    site = calling(LOST, HOT)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("A", "a")
        known = msgspec.structs.replace(LOST, acked_by="op-2", acked_at=NOW)
        site.tell(msgspec.structs.replace(site.shown, seq=2, alarms=(known, HOT)))
        await until(pilot, lambda: any("acknowledged by op-2" in line for line in text(app)))
        [calls, told] = [line for line in text(app) if "GPU 1 is hot" in line or " known " in line]
        assert "GPU 1 is hot" in calls and "▸" in told and "! 1 alarm " in text(app)[0]
        await pilot.press("escape")
        await until(pilot, lambda: app.gpus.modal is None)


async def test_under_read_only_the_list_is_only_looked_at() -> None:
    """It opens, says why, and asks nothing of the site."""
    site = calling(LOST)
    app = console(site, read_only="--read-only")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("A", "a", "s", "u")
        await until(pilot, lambda: any("nothing is acknowledged here" in line for line in text(app)))
        assert site.calls == []


async def test_who_comes_back_is_told_what_came_meanwhile(tmp_path: Path) -> None:
    """Alarms and flips since he looked last, until escape or the list; escape does nothing else then."""
    site = calling(LOST, HOT)
    site.lines = (DONE,)
    app = console(site, looked_in=looked_at(tmp_path, NOW - 3600))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.05)
        assert banner(app).endswith("1 alarm, 1 flip: A shows them")
        await pilot.press("slash", "4", "0", "9", "0", "enter", "escape")
        assert banner(app) == "" and app.gpus.sight.filter == "4090"
        await pilot.press("escape")
        assert app.gpus.sight.filter == ""


async def test_the_list_marks_what_is_new_and_takes_the_banner_away(tmp_path: Path) -> None:
    """A dot before what began since."""
    app = console(calling(LOST, HOT), looked_in=looked_at(tmp_path, NOW - 3600))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("A")
        await until(pilot, lambda: any("GPU 4 lost: xid 79" in line and "▸•" in line for line in text(app)))
        assert not any("GPU 1 is hot" in line and "•" in line for line in text(app))
        assert banner(app) == ""


async def test_the_first_key_after_a_long_while_is_a_return(tmp_path: Path) -> None:
    """As after attaching again in tmux; nothing is told after a short while, nor the first time ever."""
    site = calling()
    app = console(site, looked_in=tmp_path / looked.FILE)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j")
        site.at += looked.AWAY_S - 1
        began = msgspec.structs.replace(LOST, since=site.at)
        site.tell(msgspec.structs.replace(site.shown, seq=2, at=site.at, alarms=(began,)))
        await pilot.press("j")
        assert banner(app) == ""
        site.at += looked.AWAY_S + 1
        later = msgspec.structs.replace(LOST, key="x", since=site.at - 9)
        site.tell(msgspec.structs.replace(site.shown, seq=3, at=site.at, alarms=(later, began)))
        await pilot.press("k")
        await until(pilot, lambda: banner(app) != "")
        assert "1 alarm: A shows them" in banner(app)


@pytest.mark.parametrize(("last_keys", "looked_at_s"), [((), 0), (("j",), 9000)])
async def test_a_lost_link_is_no_look(tmp_path: Path, last_keys: tuple[str, ...], looked_at_s: float) -> None:
    """A console that ends hours after the last key has shown nobody what came meanwhile; a key that ends it is one."""
    site = calling()
    path = tmp_path / looked.FILE
    app = console(site, looked_in=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j")
        site.at += 9000
        await pilot.press(*last_keys)
        app.attention.close()
    assert looked.last(path) == NOW + looked_at_s


@pytest.mark.parametrize(("bell", "rings"), [("on", 2), ("off", 0)])
def test_an_alarm_rings_once(bell: str, rings: int) -> None:
    """One for the first, one for two that begin in one tick; none for what stands, is known or over, or is unwanted."""
    with Terminal([sys.executable, "-m", "tests.pilot.calling_program", bell], (120, 40)) as terminal:
        terminal.wait_for("at-over", 30)
        terminal.pump(0.5)
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
        assert terminal.bells == rings
