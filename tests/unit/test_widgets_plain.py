"""Glyphs in ASCII: every one that the console draws has a stand-in of the same width."""

import re
from pathlib import Path

from rich.cells import cell_len

from widgets.plain import ASCII, plain

ROOT = Path(__file__).parents[2]


def test_every_glyph_of_the_source_has_a_stand_in() -> None:
    """What view, screens and widgets can draw is in the table."""
    files = [*ROOT.glob("console/view/*.py"), *ROOT.glob("console/screens/*.py"), *ROOT.glob("widgets/*.py")]
    texts = (found for file in files for found in re.findall(r'"([^"\\n]*)"', file.read_text()))
    glyphs = {char for text in texts for char in text if not char.isascii()}
    assert glyphs - {chr(code) for code in ASCII} == set()
    assert len(glyphs) > 20


def test_a_stand_in_is_one_column_of_ascii() -> None:
    """So that nothing moves."""
    assert all(len(str(v)) == 1 and str(v).isascii() and cell_len(chr(k)) == 1 for k, v in ASCII.items())


def test_what_has_no_stand_in_is_a_question_mark() -> None:
    """Never an exception."""
    assert plain("▲ é 横", "ascii") == "^ ? ?"
    assert plain("▲ é", "latin-1") == "^ é"
