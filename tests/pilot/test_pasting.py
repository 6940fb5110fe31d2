"""A paste is text to its last character: however it comes, whatever is in it, wherever it lands, however long it is."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import constants, events
from textual._xterm_parser import XTermParser

from console import pasting
from console.pasting import BEGIN, END, MOST, PasteParser
from console.screens.mode import LONGEST_FILTER
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until
from tests.rig.terminal import Terminal

PIECES = st.lists(st.sampled_from(["\x1b", "\x1b[", "[200~", "201~", "\x1b[20", "m", "y\n", "\x1b[31m", BEGIN, "\x07"]))
STILL = [sys.executable, "-m", "tests.pilot.still_program"]


def read(*parts: str, parser: XTermParser | None = None) -> list[events.Event]:
    """What comes of text that arrives in these parts."""
    parser = parser or PasteParser()
    return [token for part in parts for token in parser.feed(part)]


def keys(tokens: list[events.Event]) -> list[str]:
    """The keys among them."""
    return [token.key for token in tokens if isinstance(token, events.Key)]


# ---- what is read ----------------------------------------------------------------------------------------------------


def test_textual_still_takes_a_part_of_a_paste_for_keys() -> None:
    """The fault that ``console.pasting`` is there for. Once this fails, Textual has mended it: see what can go."""
    assert "m" in keys(read(f"{BEGIN}x\x1bm{END}", parser=XTermParser()))


@given(PIECES, st.lists(st.integers(1, 5)))
def test_no_key_comes_of_a_paste(said: list[str], steps: list[int]) -> None:
    """One paste and the key after it, whatever is in it and wherever the terminal's reads cut it."""
    whole, parts = BEGIN + "".join(said).replace(END, "") + END + "k", []
    for step in steps:
        parts.append(whole[:step])
        whole = whole[step:]
    tokens = read(*(part for part in [*parts, whole] if part))
    assert keys(tokens) == ["k"]


@pytest.mark.parametrize("cut", range(1, len(BEGIN)))
def test_a_mark_that_comes_in_two_parts_is_one(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a link that stutters longer than an escape waits: at worst there was an escape, and never a key of the text.

    Both marks are cut at the same place, and the clock of the reader goes on after each part.
    """
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)
    parser = PasteParser()
    tokens: list[events.Event] = []
    for part in (BEGIN[:cut], f"{BEGIN[cut:]}ay{END[:cut]}", END[cut:], "k"):
        tokens += [*parser.feed(part), *parser.tick()]
    assert keys(tokens) == (["escape", "k"] if cut == 1 else ["k"])
    assert [token.text for token in tokens if isinstance(token, events.Paste)] == ["ay"]


def test_what_begins_like_a_paste_and_is_none_is_read_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape at once, by its own clock; alt and a bracket once nothing more has come of it."""
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)
    monkeypatch.setattr(pasting, "HOLD_S", 0.0)
    parser = PasteParser()
    assert keys([*parser.feed("\x1b"), *parser.tick()]) == ["escape"]
    held = [*parser.feed("["), *parser.feed("j")]
    assert keys(held) == ["left_square_bracket", "j"]
    late = [*parser.feed("\x1b[2")]
    end = time.monotonic() + 30
    while parser.unfinished and time.monotonic() < end:  # the driver sleeps once there is nothing to wait for
        late += [*parser.tick()]
        time.sleep(0.01)
    late += [*parser.feed("q")]
    assert "2" in keys(late) and keys(late)[-1] == "q"


def test_the_text_is_kept_and_the_controls_are_not() -> None:
    """One line of it."""
    [paste] = read(BEGIN + "4090\n\x1b[31mred\x07\u202e" + END)
    assert isinstance(paste, events.Paste) and paste.text == "4090 [31mred"


def test_keys_outside_a_paste_are_read_as_ever() -> None:
    """Arrows, a mouse, escape before another key, two pastes in one read."""
    assert keys(read("\x1b[A", "j", "\x1b", "[", "B", "\x1b[2", "~")) == ["up", "j", "down", "insert"]
    assert isinstance(read("\x1b[<0;3;4M")[0], events.MouseDown)
    tokens = read(f"a{BEGIN}x{END}b{BEGIN}y{END}")
    assert [getattr(token, "key", None) or token.text for token in tokens] == ["a", "x", "b", "y"]


class Counting(PasteParser):
    """Counts what is handed on to Textual, which looks at every character of it."""

    handed = 0

    def parse(self, token_callback):  # type: ignore[no-untyped-def]
        """As Textual's, counted."""
        generator = super().parse(token_callback)
        wanted = next(generator)
        while True:
            got = yield wanted
            self.handed += 1
            wanted = generator.send(got)


def test_of_ten_megabytes_no_more_is_read_than_a_field_could_take() -> None:
    """What comes after it is a key again."""
    parser = Counting()
    tokens = read(BEGIN, *["yq\x1b\n" * 1024] * 2560, END, "k", parser=parser)
    assert parser.handed == MOST + len(BEGIN) + len(END) + 1
    paste = tokens[0]
    assert isinstance(paste, events.Paste) and len(paste.text) == MOST and keys(tokens) == ["k"]


# ---- where it lands --------------------------------------------------------------------------------------------------


def paste(app: Wired, said: str) -> None:
    """Paste into what is in front."""
    app.post_message(events.Paste(said))


@pytest.mark.parametrize("mode", ["1", "2", "5", "d"])
async def test_a_paste_where_nothing_is_typed_is_dropped_and_said(mode: str) -> None:
    """On every screen: no site is asked for a plan, no cursor moves, nothing opens, and the console stays."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(mode)
        await pilot.pause(0.2)
        cursor, front = app.gpus.sight.cursor, app.front
        calls = list(site.calls)
        paste(app, "a\ny\njjj:q")
        await until(pilot, lambda: any("what was pasted is dropped" in line for line in text(app)))
        assert (app.gpus.sight.cursor, app.front, app.front.modal) == (cursor, front, None)
        assert site.calls == calls and app.is_running


async def test_a_paste_confirms_no_plan_and_types_no_word_that_confirms() -> None:
    """The plan stands on, and so does the dialog that wants a word."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await pilot.pause(0.5)
        modal = app.front.modal
        paste(app, "y")
        await until(pilot, lambda: app.notes and "what was pasted is dropped" in app.notes[-1].text)
        assert modal is not None and app.front.modal is modal
        assert not any(call[0] == "flip" for call in site.calls)


async def test_the_filter_of_the_journal_takes_a_paste_too() -> None:
    """At the end of what was typed."""
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "slash", "e", "r")
        paste(app, "go\tsolo\n")
        await until(pilot, lambda: app.front.sight.filter == "ergo solo")


async def test_a_full_filter_still_takes_every_key() -> None:
    """The key after its last character neither leaves nor opens a plan, as it would on the table."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash")
        paste(app, "x" * 500)
        await until(pilot, lambda: len(app.gpus.sight.filter) == LONGEST_FILTER)
        await pilot.press("a", "q", "y")
        await pilot.pause(0.2)
        assert app.is_running and app.front.modal is None and app.gpus.sight.filter == "x" * LONGEST_FILTER
        await pilot.press("backspace")
        assert app.gpus.sight.filter == "x" * (LONGEST_FILTER - 1)


async def test_a_pasted_number_goes_to_its_slot_and_nothing_else_does() -> None:
    """Words are dropped and leave it open."""
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("apostrophe")
        modal = app.front.modal
        paste(app, "yes 1")
        await until(pilot, lambda: app.notes and "what was pasted is dropped" in app.notes[-1].text)
        assert app.front.modal is modal
        paste(app, " 2\n")
        await pilot.pause(0.2)
        await pilot.press("enter")
        assert app.gpus.row is not None and app.gpus.row.reading.slot == 2


async def test_the_palette_takes_a_paste_as_text() -> None:
    """It searches for it and does nothing."""
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: any("an action by name" in line for line in text(app)))
        paste(app, "mining")
        await until(pilot, lambda: any("mining" in line and "(m)" in line for line in text(app)))
        assert app.front.modal is None


# ---- on a real terminal ----------------------------------------------------------------------------------------------


def test_ten_megabytes_and_bytes_that_are_no_text_end_nothing(tmp_path: Path) -> None:
    """A program pasted by mistake, then keys of a terminal that writes Latin-1: no flip, and ``q`` still leaves."""
    record = tmp_path / "record"
    with Terminal([*STILL, str(record), "1"], (120, 40)) as terminal:
        terminal.wait_for("rig-000", 30)
        terminal.send(BEGIN)
        for _ in range(2560):
            terminal.send("aym\x1by\nq\x00" * 512)
            terminal.pump(0.0)
        terminal.send(END)
        terminal.wait_for("what was pasted is dropped", 60)
        terminal.write(b"\xe9\xff\xc3")
        terminal.pump(1.0)
        assert terminal.alive and "esc cancel" not in terminal.text
        terminal.send("escape")
        terminal.pump(0.5)
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
    assert record.read_text().split()[2] == "0"
