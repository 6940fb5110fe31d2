"""The pen at every colour depth: after each step the terminal shows, cell by cell, what a whole repaint would.

Toasts with links, the palette and everything that may stand over a screen, over names in wide characters, while the
figures under them go on.
"""

import re
from functools import partial

import pyte
import pytest
from textual.pilot import Pilot

from tests.budget.test_wire_replay import COLOURS, same, ticked, wide
from tests.pilot import sample
from tests.pilot.wired import Wired, console, terminal, text, until

LINK = "https://example.org/横浜"
Drawn = tuple[pyte.Screen, pyte.Stream]
OVER = {"help": "question_mark", "why": "w", "ladder": "enter", "alarms": "A", "columns": "c", "plan": "a"}


def changed(app: Wired, before: list[str]) -> bool:
    """Whether the screen below its header is another."""
    return text(app)[5:] != before


async def step(app: Wired, pilot: Pilot[None], drawn: Drawn, at: int) -> None:
    """Three ticks, each compared: figures that grow and shrink."""
    site = app.site
    assert isinstance(site, sample.StillSite)
    for second in range(at, at + 3):
        site.at = sample.NOW + second
        site.tell(ticked(second, wide_text=True))
        await same(app, pilot, *drawn)


@pytest.mark.parametrize("colours", COLOURS)
async def test_ticks_under_a_toast_with_a_link(colours: str) -> None:
    """Lines are cut by it at both sides, within wide characters too; the link is sent, and closed after its text."""
    app = console(sample.StillSite(wide()), colours=colours)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        drawn = terminal(120, 40)
        await same(app, pilot, *drawn)
        app.notify(f"[link='{LINK}']横浜横浜 e\u0301 link[/link] and more\n採掘機", title="a toast 横", timeout=60)
        await until(pilot, lambda: any("and more" in line for line in text(app)))
        frames = "".join(app.frames)
        assert frames.count(LINK) >= 1
        opened = re.findall(r"\x1b\]8;([^\x1b]*)\x1b\\", frames)
        assert [bool(link.strip(";")) for link in opened] == [True, False] * (len(opened) // 2)
        await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 1)
        app.clear_notifications()
        await until(pilot, lambda: not any("and more" in line for line in text(app)))
        await same(app, pilot, *drawn)


@pytest.mark.parametrize("colours", COLOURS)
async def test_ticks_under_the_palette(colours: str) -> None:
    """Only what changed is sent around it; its choice moves, it closes, and the screen under it is whole."""
    app = console(sample.StillSite(wide()), colours=colours)
    async with app.run_test(size=(160, 44)) as pilot:
        drawn = terminal(160, 44)
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 1)
        for key in ("down", "down", "s", "o", "backspace"):
            await pilot.press(key)
            await pilot.pause(0.1)
            await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 4)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.front)
        await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 7)


@pytest.mark.parametrize("colours", COLOURS)
async def test_ticks_under_what_stands_over_a_screen(colours: str) -> None:
    """Each of it, opened and left again."""
    app = console(sample.StillSite(wide()), colours=colours)
    async with app.run_test(size=(160, 44)) as pilot:
        drawn = terminal(160, 44)
        await same(app, pilot, *drawn)
        for turn, key in enumerate(OVER.values()):
            home = text(app)[5:]
            await pilot.press(key)
            await until(pilot, partial(changed, app, home))
            await same(app, pilot, *drawn)
            await step(app, pilot, drawn, 1 + 3 * turn)
            await pilot.pause(0.35)
            await pilot.press("escape")
            await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 30)


@pytest.mark.parametrize("colours", COLOURS)
async def test_screens_that_come_and_go(colours: str) -> None:
    """A screen that was opened before comes back whole, though nothing has changed on it."""
    app = console(sample.StillSite(wide()), colours=colours)
    async with app.run_test(size=(120, 40)) as pilot:
        drawn = terminal(120, 40)
        for key in ("2", "1", "5", "1", "d", "escape", "2", "5", "1"):
            await pilot.press(key)
            await pilot.pause(0.2)
            await same(app, pilot, *drawn)
        await step(app, pilot, drawn, 1)
