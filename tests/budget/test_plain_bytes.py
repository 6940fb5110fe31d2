"""A terminal without UTF-8 is sent ASCII and nothing else, on every screen, and every column stays where it was."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from console.model import LogLine
from console.site.interface import Told
from tests.pilot import market, sample
from tests.pilot.wired import Wired, console, terminal, until
from tests.pilot.wired import text as shown
from tests.unit.test_view_journal import FLIP, OPEN, STUCK
from widgets.plain import FONT_HAS, stand_in

SCREENS = {"gpus": "1", "market": "2", "journal": "5"}
OVER = {"help": "question_mark", "why": "w", "ladder": "enter", "dialog": "a", "filter": "slash", "palette": "colon"}
FOREIGN = "横浜-2 é\u0301 한글 مرحبا ﷺ 👩\u200d💻 Ångström ½"


def foreign() -> sample.StillSite:
    """A host with everything that can be seen at once, its names in scripts that such a terminal has not."""
    base = market.snapshot()
    named = tuple(msgspec.structs.replace(q, source=FOREIGN) if i % 2 else q for i, q in enumerate(base.quotes))
    rows = tuple(
        msgspec.structs.replace(r, reading=msgspec.structs.replace(r.reading, name=FOREIGN)) if i % 2 else r
        for i, r in enumerate(base.rows)
    )
    log = (LogLine(at=sample.NOW - 5, text=f"GPU 1 {FOREIGN} → ✕ lost", tone="harm"), *base.log)
    site = sample.StillSite(msgspec.structs.replace(base, site=FOREIGN, quotes=named, rows=rows, log=log))
    site.told = Told(flips=(OPEN, FLIP, STUCK))
    return site


async def _settled(pilot: Pilot[None]) -> None:
    await pilot.pause(0.2)


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (60, 16)], ids=str)
@pytest.mark.parametrize("colours", ["truecolor", "mono"])
async def test_every_screen_is_sent_in_ascii(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], colours: str
) -> None:
    """LC_ALL=C: all modes, with everything that may stand over them, with names in foreign scripts."""
    monkeypatch.setenv("LC_ALL", "C")
    app = console(foreign(), colours=colours)
    async with app.run_test(size=size) as pilot:
        for mode in SCREENS.values():
            await pilot.press(mode, "j")
            await _settled(pilot)
            for key in OVER.values():
                await pilot.press(key)
                await _settled(pilot)
                await pilot.press("escape", "escape")
            frames = app.sent()
            assert len(frames) > 1000
            assert sorted({char for char in frames if not char.isascii()}) == []


async def test_the_linux_console_is_sent_only_what_its_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM=linux: the triangle and the diamond stay, all else that the font lacks has a stand-in."""
    app = console(foreign(), colours="16")
    monkeypatch.setenv("TERM", "linux")
    async with app.run_test(size=(120, 40)) as pilot:
        for mode in SCREENS.values():
            await pilot.press(mode)
            await _settled(pilot)
            frames = app.sent()
            assert {char for char in frames if not char.isascii()} <= FONT_HAS
            assert "▲" in frames and "◆" in frames


@pytest.mark.parametrize("mode", SCREENS)
async def test_a_stand_in_stands_where_its_glyph_would(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Cell by cell what the same screen is in UTF-8, each glyph by its stand-in, each blank a blank."""
    monkeypatch.setenv("LC_ALL", "C")
    app = console(sample.StillSite(market.snapshot()))
    screen, stream = terminal(120, 40)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(SCREENS[mode])
        await until(pilot, lambda: shown(app)[0])
        app.sent()
        app.screen.refresh()
        await _settled(pilot)
        stream.feed(app.sent())
        expected = ["".join(c if c.isascii() else stand_in(c) for c in line) for line in shown(app)]
    assert [line.rstrip() for line in screen.display] == [line.rstrip() for line in expected]
    assert any(char in line for line in screen.display for char in "^*")


async def test_a_utf8_terminal_gets_every_glyph(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above would fail on it: nothing is replaced where nothing has to be."""
    for name, value in (("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    app: Wired = console(foreign())
    async with app.run_test(size=(120, 40)) as pilot:
        await _settled(pilot)
        assert {"▲", "◆", "─", "…"} <= set(app.sent())
