"""What is sent is what is meant: frames replayed through a terminal emulator equal Textual's own full repaint."""

import re

import msgspec
import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.pilot import Pilot
from textual.strip import Strip

from console.model import GpuRow, Snapshot
from console.screens.modal import Sheet
from console.view.pieces import Piece
from tests.pilot import sample
from tests.pilot.wired import SYSTEMS, Wired, console, differing, terminal
from widgets.wire import TESTED, WireChops

COLOURS = list(SYSTEMS)


async def same(app: Wired, pilot: Pilot[None], screen: pyte.Screen, stream: pyte.Stream) -> None:
    """Feed what was sent until every cell is that of a terminal that got everything anew, however slow the machine."""
    width, height = app.size
    found = ["nothing was compared"]
    for _ in range(100):
        await pilot.pause(0.05)
        stream.feed(app.sent())
        wanted, other = terminal(width, height)
        other.feed(app.wanted())
        found = differing(screen, wanted)
        if not found:
            break
    assert found == []


def wide() -> Snapshot:
    """The sample with wide and combining characters where outside text stands."""
    return sample.snapshot(rows=tuple(map(_renamed, sample.rows())), site="横浜-2")


def _renamed(row: GpuRow) -> GpuRow:
    instance = row.occupancy.instance
    if instance is None:
        return row
    named = msgspec.structs.replace(instance, workload="採掘機e\u0301者" + instance.workload[:2])
    return msgspec.structs.replace(row, occupancy=msgspec.structs.replace(row.occupancy, instance=named))


def ticked(at: int, wide_text: bool = False) -> Snapshot:
    """The sample some seconds later: figures, ages and the lengths of words change."""
    base = wide() if wide_text else sample.snapshot()
    rows = []
    for row in base.rows:
        reading = msgspec.structs.replace(
            row.reading, power_w=(row.reading.power_w or 0) + 7 * at, temp_c=30.0 + at * 17, at=sample.NOW + at
        )
        rows.append(msgspec.structs.replace(row, reading=reading))
    return msgspec.structs.replace(base, seq=at, at=sample.NOW + at, rows=tuple(rows))


@pytest.mark.parametrize("colours", COLOURS)
async def test_ticks_keys_and_a_dialog_replay_cell_by_cell(colours: str) -> None:
    """After every tick, cursor move, sort, filter and dialog the terminal shows what the console means."""
    site = sample.StillSite()
    app = console(site, colours=colours)
    async with app.run_test(size=(160, 44)) as pilot:
        assert app.console._color_system is SYSTEMS[colours]
        screen, stream = terminal(160, 44)
        await same(app, pilot, screen, stream)
        for at in range(1, 4):
            site.at = sample.NOW + at
            site.tell(ticked(at))
            await same(app, pilot, screen, stream)
        for key in ("j", "j", "space", "s", "s", "slash", "9", "escape", "w", "w", "a"):
            await pilot.press(key)
            await same(app, pilot, screen, stream)
        site.tell(ticked(5))
        await same(app, pilot, screen, stream)
        await pilot.pause(0.35)
        await pilot.press("escape")
        await same(app, pilot, screen, stream)


async def test_a_dialog_as_high_as_the_one_before_it_replays_cell_by_cell() -> None:
    """What is typed into the second, STOP for one, must not be typed over the picture of the first."""
    app = console(sample.StillSite())
    async with app.run_test(size=(100, 30)) as pilot:
        screen, stream = terminal(100, 30)
        for word in ("columns", "stop all"):
            lines = [(Piece(f"{word} {at}"),) for at in range(9)]
            app.gpus.open(Sheet(word, lambda _, lines=lines: lines, app.gpus.close))
            await same(app, pilot, screen, stream)
            assert f"   {word} 8" in "\n".join(screen.display)
            await pilot.press("escape")
            await same(app, pilot, screen, stream)


@pytest.mark.parametrize("colours", ["truecolor", "256"])
async def test_frames_under_a_toast_replay_cell_by_cell(colours: str) -> None:
    """Lines cut by a toast that lies over them are still sent right."""
    site = sample.StillSite()
    app = console(site, colours=colours)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen, stream = terminal(120, 40)
        app.notify("one\ntwo\nthree", title="a toast", timeout=30)
        await pilot.pause(0.2)
        await same(app, pilot, screen, stream)
        for at in range(1, 4):
            site.tell(ticked(at))
            await same(app, pilot, screen, stream)


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
async def test_frames_under_the_palette_replay_cell_by_cell(colours: str) -> None:
    """The palette is another screen: figures behind it go on, and are sent right."""
    site = sample.StillSite()
    app = console(site, colours=colours)
    async with app.run_test(size=(120, 40)) as pilot:
        screen, stream = terminal(120, 40)
        await pilot.press("colon")
        await pilot.pause(0.3)
        await same(app, pilot, screen, stream)
        site.tell(ticked(2))
        await same(app, pilot, screen, stream)
        await pilot.press("escape")
        await pilot.pause(0.2)
        await same(app, pilot, screen, stream)


async def test_wide_characters_replay_cell_by_cell() -> None:
    """Names in characters two columns wide move nothing behind them."""
    site = sample.StillSite(wide())
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        screen, stream = terminal(120, 40)
        await same(app, pilot, screen, stream)
        for at in range(1, 4):
            site.tell(ticked(at, wide_text=True))
            await pilot.press("j")
            await same(app, pilot, screen, stream)


async def test_no_colour_code_is_sent_without_colour() -> None:
    """Under NO_COLOR frames hold attributes only: bold, dim, reverse and their ends."""
    site = sample.StillSite()
    app = console(site, colours="mono")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "colon")
        await pilot.pause(0.3)
        await pilot.press("escape", "a")
        site.tell(ticked(1))
        await pilot.pause(0.1)
        codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", app.sent()) for code in found.split(";")}
    assert codes <= {"", "0", "1", "2", "4", "7", "22", "24", "27"}
    assert "7" in codes


def test_textual_still_sends_what_stands_left_of_a_span() -> None:
    """When this fails, Textual crops spans itself: WireChops can go."""
    strip = Strip([Segment("a" * 40, Style(bold=True)), Segment("b" * 10)], 50)
    update = [{0: strip}], [(0, 45, 50)], [[50]]
    plain = Console(force_terminal=True, color_system="truecolor", width=50)
    assert "a" * 40 in ChopsUpdate(*update).render_segments(plain)
    assert WireChops(*update).render_segments(plain) == "\x1b[1;46Hbbbbb"


def test_another_version_of_textual_keeps_its_own_compositor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The renderer is used with the versions it was replayed with, and with no other."""
    import textual

    from widgets.wire import WireCompositor, WireScreen

    assert textual.__version__ in TESTED
    assert isinstance(WireScreen()._compositor, WireCompositor)
    monkeypatch.setattr("textual.__version__", "99.0.0")
    assert not isinstance(WireScreen()._compositor, WireCompositor)


def test_colour_systems_are_as_many_as_terminals_have() -> None:
    """The replay covers 24 bit, 256 and 16 colours and none."""
    assert {ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD} == set(SYSTEMS.values())
