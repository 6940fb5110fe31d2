"""Glyphs for terminals that have no others: every one that the console draws has a stand-in of the same width."""

from __future__ import annotations

import ast
import html
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.plain import ASCII, CONSOLE_FONT, FONT_HAS, console_font, drawing, plain, stand_in

ROOT = Path(__file__).parents[2]
READ_NOT_DRAWN = "market"  # headings of feeds' documents, in their own languages


def literals(file: Path) -> Iterator[str]:
    """Every string of a source file that is no docstring."""
    tree = ast.parse(file.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def drawn_by_source() -> set[str]:
    """Characters beyond ASCII in what any module of the console can say or draw."""
    folders = [ROOT / "console", ROOT / "widgets"]
    files = [f for folder in folders for f in folder.rglob("*.py") if READ_NOT_DRAWN not in f.parts]
    tables = {ROOT / "widgets" / "plain.py", ROOT / "console" / "text.py"}  # what is replaced, what is dropped
    return {c for f in files if f not in tables for text in literals(f) for c in text if not c.isascii()}


def drawn_in_pictures() -> set[str]:
    """Characters beyond ASCII that stand on a snapshot of any screen."""
    pictures = (ROOT / "tests" / "snapshots" / "__snapshots__").rglob("*.svg")
    texts = (html.unescape(text) for file in pictures for text in re.findall(r"<text[^>]*>([^<]*)", file.read_text()))
    return {c for text in texts for c in text if not c.isascii() and c != "\xa0"}


IN_SOURCE, IN_PICTURES = drawn_by_source(), drawn_in_pictures()
GLYPHS = sorted(g for g in IN_SOURCE | IN_PICTURES if cell_len(g) == 1 and g.isprintable())
"""One column wide: names in other scripts are outside text and have a test of their own."""


def test_the_walks_find_what_they_look_for() -> None:
    """The signs of the businesses in the source, the chart's blocks in pictures."""
    assert {"▲", "◆", "▸", "…", "─"} <= IN_SOURCE
    assert {"▲", "◆", "█", "━"} <= IN_PICTURES


@pytest.mark.parametrize("glyph", GLYPHS)
def test_every_glyph_that_is_drawn_has_a_stand_in(glyph: str) -> None:
    """One column of ASCII, and not a question mark, on a terminal without UTF-8; something of the font's on Linux's."""
    assert stand_in(glyph) != "?" and len(stand_in(glyph)) == 1 and stand_in(glyph).isascii()
    on_console = console_font(glyph)
    assert on_console != "?" and (on_console.isascii() or on_console in FONT_HAS) and cell_len(on_console) == 1


def test_a_stand_in_is_one_column() -> None:
    """So that nothing moves; and no sign is in a table of what a terminal lacks and in the list of what it has."""
    assert all(len(str(v)) == 1 and str(v).isascii() and cell_len(chr(k)) == 1 for k, v in ASCII.items())
    assert all(str(v).isascii() or str(v) in FONT_HAS for v in CONSOLE_FONT.values())
    assert not {chr(code) for code in CONSOLE_FONT} & FONT_HAS


def test_signs_that_are_told_apart_stay_apart() -> None:
    """The businesses, neither, a foreign process, harm, the cursor, a mark, a cut: eight signs in ASCII too."""
    signs = "▲◆·▪✕▸●…"
    assert len({stand_in(sign) for sign in signs}) == len({console_font(sign) for sign in signs}) == len(signs)


def test_bars_rise_and_are_no_other_sign() -> None:
    """Eight heights are eight characters in ASCII, none of which is a business, a sign of money or a figure."""
    bars = plain("▁▂▃▄▅▆▇█", "ascii")
    assert len(set(bars)) == 8
    assert not set(bars[:-1]) & {stand_in(sign) for sign in "▲◆·▸●…−"} - {"."}
    assert not [char for char in bars if char.isalnum() or char in "+-~^*"]


def test_outside_text_keeps_its_width() -> None:
    """Accents go, what is wide becomes two signs, what has no width nothing; never an exception."""
    assert plain("▲ é 横 e\u0301 \u202ex", "ascii") == "^ e ?? e x"
    assert plain("▲ é", "latin-1") == "^ é"
    assert console_font("▲◆ é 横 12 °C × ▸") == "▲◆ e ?? 12 °C × ►"
    assert plain("👩\u200d💻|☂\ufe0f|ﬁ", "ascii") == "??|? |?"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_any_text_is_as_wide_afterwards(text: str) -> None:
    """ASCII in the same columns, whatever it was."""
    made = plain(text, "ascii")
    assert made.isascii() and len(made) == cell_len(text)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "C.UTF-8"}, "▲é"),
        ({"LANG": "en_US.utf8"}, "▲é"),
        ({}, "▲é"),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "^e"),
        ({"LC_ALL": "POSIX"}, "^e"),
        ({"LANG": "C"}, "^e"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "^e"),
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "C.UTF-8"}, "▲é"),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, "▲é"),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "▲é"),
        ({"LANG": "de_DE.ISO-8859-1"}, "^e"),
        ({"LC_CTYPE": "ja_JP.eucJP", "LANG": "ja_JP.UTF-8"}, "^e"),
        ({"TERM": "vt100", "LANG": "C.UTF-8"}, "^e"),
        ({"TERM": "vt220"}, "^e"),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "▲e"),
        ({"TERM": "linux-16color"}, "▲e"),
        ({"TERM": "linux", "LC_ALL": "C"}, "^e"),
        ({"TERM": "xterm-256color"}, "▲é"),
    ],
    ids=str,
)
def test_a_terminal_is_given_what_its_environment_says_it_can_draw(environ: dict[str, str], expected: str) -> None:
    """LC_ALL, LC_CTYPE, LANG in that order, and TERM; a locale that only Python chose is not taken for a wish."""
    draw = drawing({"TERM": "xterm", **environ})
    assert ("▲é" if draw is None else draw("▲é")) == expected


def test_the_environment_of_the_process_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for every frame anew."""
    monkeypatch.setitem(os.environ, "LC_ALL", "C")
    assert drawing() is not None
