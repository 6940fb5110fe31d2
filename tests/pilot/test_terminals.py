"""Terminals as they are: small ones, ones without UTF-8 or colours, windows in a storm, tmux, pastes, foreign names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from textual.events import Paste

from console.text import clean
from tests.pilot import market, sample
from tests.pilot.wired import console, text, until
from tests.rig.terminal import Recorder, Terminal

DEMO = [sys.executable, "-m", "console.cli", "demo", "--speed", "20"]
STILL = [sys.executable, "-m", "tests.pilot.still_program"]
MODES = {"gpus": "1", "market": "2", "journal": "5", "detail": "d"}
SMALL = [(79, 23), (60, 20), (60, 16), (40, 12), (40, 10), (39, 24), (20, 5)]
NAMED = [(200, 50), (160, 45), (120, 40), (100, 30), (80, 24)]
HOSTILE = "横浜\u202eevil\u202c e\u0301\u0301 한글 مرحبا\x1b[31m\u200b ｆｕｌｌ [red]x[/]"


def named() -> sample.StillSite:
    """A host whose names come from outside: cleaned as the boundary cleans them, which leaves their widths."""
    base, name = market.snapshot(), clean(HOSTILE)
    rows = tuple(
        msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, name=name)) for row in base.rows
    )
    quotes = tuple(msgspec.structs.replace(quote, source=name) for quote in base.quotes)
    log = tuple(msgspec.structs.replace(line, text=f"{name} {line.text}") for line in base.log)
    return sample.StillSite(msgspec.structs.replace(base, host=name[:12], site=name, rows=rows, quotes=quotes, log=log))


# ---- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SMALL, ids=str)
async def test_a_window_that_is_too_small_says_so_and_nothing_wraps(size: tuple[int, int], mode: str) -> None:
    """With everything that may stand over it; where there is a line for it, it says which size is needed."""
    app = console(sample.StillSite(market.snapshot()))
    async with app.run_test(size=size) as pilot:
        await pilot.press(MODES[mode])
        await pilot.pause(0.2)
        here = f"{size[0]}x{size[1]}"
        said = f"80x24 needed, this is {here}: rows only" if size[0] >= 40 else f"{here}, needs 80x24"
        assert sum(said in line for line in text(app)) == 1
        for key in ("question_mark", "w", "enter", "slash", "j", "a"):
            await pilot.press(key)
            await pilot.pause(0.05)
            assert len(text(app)) == size[1]
            assert max(cell_len(line) for line in text(app)) <= size[0]
            await pilot.press("escape", "escape")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [*NAMED, *SMALL], ids=str)
async def test_names_of_any_width_leave_every_line_its_width(size: tuple[int, int], mode: str) -> None:
    """Wide, combining, right to left, with escapes and markup in them: on every screen, at every size."""
    app = console(named())
    async with app.run_test(size=size) as pilot:
        await pilot.press(MODES[mode], "j")
        await pilot.pause(0.2)
        assert {strip.cell_length for strip in app.screen._compositor.render_strips()} == {size[0]}
        assert {sum(cell_len(t) for t, *_ in s) for s in app.screen._compositor.render_strips()} == {size[0]}
        frames = app.sent()
        assert "\x1b[31m" not in frames.replace("\x1b[31mevil", "") and "\u202e" not in frames


def test_a_storm_of_sizes_ends_in_the_last_one() -> None:
    """Fifty in a second on a real terminal: it lives, its last screen is whole and of the last size."""
    with Terminal(DEMO, (120, 40)) as terminal:
        terminal.wait_for("RTX 4090", 20)
        for turn in range(50):
            terminal.resize(40 + turn * 37 % 160, 8 + turn * 13 % 42)
            terminal.pump(0.02)
        terminal.resize(120, 40)
        terminal.wait_for("? keys", 20)
        terminal.pump(2.0)
        lines = terminal.text.splitlines()
        assert "SIMULATED" in lines[0] and "today" in lines[0]
        assert "m mine" in lines[39] and "q quit" in lines[39]
        assert sum("SIMULATED" in line for line in lines) == sum("m mine" in line for line in lines) == 1
        assert sum(line[3:].lstrip().startswith(f"{n} ") for n in range(8) for line in lines[3:12]) == 8
        terminal.send("q")
        assert terminal.wait_exit() == 0


# ---- what the terminal can -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "TERM": "xterm", "COLORTERM": ""},
        {"LC_ALL": "", "LC_CTYPE": "", "LANG": "C"},
        {"TERM": "vt100", "COLORTERM": ""},
    ],
    ids=str,
)
def test_nothing_but_ascii_reaches_a_terminal_without_utf8(env: dict[str, str]) -> None:
    """All three screens, keys and a plan on a real terminal; the businesses keep their signs."""
    with Recorder(DEMO, (80, 24), env) as terminal:
        terminal.wait_for("RTX 4090", 20)
        assert "* vllm-qwen" in terminal.text and "^ ergo" in terminal.text
        for key in ("2", "5", "1", "?", "escape", "a"):
            terminal.send(key)
            terminal.pump(0.5)
        leave(terminal)
        assert len(terminal.written) > 3000
        assert [byte for byte in terminal.written if byte >= 0x80] == []


def leave(terminal: Terminal, within_s: float = 40.0) -> None:
    """Close what is open, then leave; again where a dialog took the first key for one that came too early."""
    end = time.monotonic() + within_s
    while terminal.alive:
        assert time.monotonic() < end, terminal.text
        terminal.send("escape")
        terminal.pump(0.7)
        terminal.send("q")
        terminal.pump(0.7)
    assert terminal.wait_exit() == 0


def colours(terminal: Terminal) -> set[tuple[str, str]]:
    """Every foreground with its background on the screen."""
    return {(cell.fg, cell.bg) for row in terminal.screen.buffer.values() for cell in row.values()}


def test_a_vt100_is_sent_no_colours() -> None:
    """Rich takes it for sixteen of them; it has bold and reverse."""
    with Terminal(DEMO, (80, 24), {"TERM": "vt100", "COLORTERM": ""}) as terminal:
        terminal.wait_for("RTX 4090", 20)
        assert colours(terminal) == {("default", "default")}
        assert any(cell.reverse for row in terminal.screen.buffer.values() for cell in row.values())


def test_a_vt100s_palette_has_no_colours() -> None:
    """Textual's input and list."""
    with Terminal(DEMO, (80, 24), {"TERM": "vt100", "COLORTERM": ""}) as terminal:
        terminal.wait_for("RTX 4090", 20)
        terminal.send(":")
        terminal.wait_for("an action by name", 10)
        terminal.pump(1.0)
        assert colours(terminal) == {("default", "default")}


def test_the_linux_console_shows_what_its_font_has() -> None:
    """Sixteen colours, the triangle and the diamond, a cursor that its font can draw."""
    with Terminal(DEMO, (80, 25), {"TERM": "linux", "COLORTERM": ""}) as terminal:
        terminal.wait_for("RTX 4090", 20)
        assert "◆ vllm-qwen" in terminal.text and "▲ ergo" in terminal.text and "►" in terminal.text
        assert not set(terminal.text) & set("▸✕…−–▁▂▃▅▆▇")


def test_a_light_terminal_gets_a_light_screen() -> None:
    """By COLORFGBG; the ground that is painted is bright."""
    with Terminal(DEMO, (80, 24), {"COLORFGBG": "0;15"}) as terminal:
        terminal.wait_for("RTX 4090", 20)
        assert terminal.screen.buffer[12][40].bg == "fcfcfa"


# ---- tmux ------------------------------------------------------------------------------------------------------------


@contextmanager
def tmux(socket: Path, command: list[str]) -> Iterator[list[str]]:
    """A tmux server of our own with the command in a session of 160x45; how to speak to it."""
    found = shutil.which("tmux")
    if found is None:
        pytest.skip("NOT TESTED: a smaller terminal attaching, for tmux is not installed")
    speak = [found, "-S", str(socket), "-f", os.devnull]
    env = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    start = [*speak, "new-session", "-d", "-x", "160", "-y", "45", *command]
    subprocess.run(start, env=env, check=True, timeout=20)
    try:
        yield speak
    finally:
        subprocess.run([*speak, "kill-server"], check=False, timeout=20, capture_output=True)


def test_a_smaller_terminal_attaches_through_tmux(tmp_path: Path) -> None:
    """The session is as large as who looks: the console fits itself to 80x23 and takes keys."""
    with (
        tmux(tmp_path / "s", DEMO) as speak,
        Terminal([*speak, "attach"], (80, 24), {"LC_ALL": "C.UTF-8"}) as terminal,
    ):
        # What tmux redraws at an attach the emulator here does not follow in full: the place of the footer is proof.
        terminal.wait_for("q quit", 30)
        lines = terminal.text.splitlines()
        assert "SIMULATED" in lines[0] and "q quit" in lines[22]
        assert max(len(line) for line in lines) <= 80
        terminal.send("2")
        terminal.wait_for("break-even", 20)
        terminal.send("q")
        assert terminal.wait_exit(20) == 0


# ---- pastes ----------------------------------------------------------------------------------------------------------


def paste(said: str) -> str:
    """What a terminal sends for a paste, once an application has asked for brackets around it."""
    return f"\x1b[200~{said}\x1b[201~"


def test_a_paste_is_never_taken_for_keys(tmp_path: Path) -> None:
    """On the table, and while a plan waits for its yes: nothing is flipped, nothing left, the plan still stands."""
    record = tmp_path / "record"
    with Terminal([*STILL, str(record), "1"], (120, 40)) as terminal:
        terminal.wait_for("rig-000", 20)
        terminal.send(paste("a\ny\nyyy\nq\n" + "my" * 100))
        terminal.pump(1.0)
        assert terminal.alive and "esc cancel" not in terminal.text
        terminal.send("a")
        terminal.wait_for("esc cancel", 10)
        terminal.pump(1.5)
        terminal.send(paste("y\nyes\n" * 40))
        terminal.pump(1.0)
        assert "esc cancel" in terminal.text
        terminal.send("escape")
        terminal.pump(1.0)
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert record.read_text().split()[2] == "0"


def test_an_escape_in_a_paste_makes_no_keys_of_the_rest() -> None:
    """Terminals strip escapes from what is pasted, but not all do: nothing opens."""
    with Terminal(DEMO, (120, 40)) as terminal:
        terminal.wait_for("RTX 4090", 20)
        terminal.send(paste("x\x1bo"))
        terminal.pump(1.5)
        assert "esc cancel" not in terminal.text


async def test_a_paste_into_the_filter_is_clean_text() -> None:
    """Two hundred characters with line breaks and escapes: one harmless line, cut where typing would end."""
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash")
        app.screen.post_message(Paste("4090\n\x1b[31m\u202eq" + "x" * 200))
        await until(pilot, lambda: app.gpus.sight.filter)
        assert app.gpus.sight.typing
        assert app.gpus.sight.filter.startswith("4090") and app.gpus.sight.filter.isprintable()
        assert 20 < len(app.gpus.sight.filter) <= 60
