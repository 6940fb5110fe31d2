"""Every screen, sheet, dialog, copy and picture of a site whose every text from outside is hostile."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from console.screens import taking
from console.text import FORMULA, clean
from tests.pilot import sample
from tests.pilot.poison import EvilSite, named, raw
from tests.pilot.wired import Wired, console, text, until

OURS = re.compile(r"\x1b\[[0-9;]*[mHXKJCG]|\x1b\[\?2026[hl]")
"""What a frame may hold besides text: styles, places, blanks to the end, and the bracket around a frame."""
NUMBER = re.compile(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?")
GPUS = (
    *("j", "w", "w", "escape", "w", "s", "s", "S", "c", "space", "J", "escape", "question_mark", "pagedown", "escape"),
    *("slash", "e", "v", "i", "l", "enter", "escape", "apostrophe", "3", "escape", "space", "asterisk", "enter"),
    *("down", "escape", "escape", "m", "escape", "a", "F", "escape", "escape", "X", "S", "T", "escape", "u", "escape"),
    *("p", "y", "Y", "colon", "f", "escape", "A", "j", "w", "escape"),
)
DETAIL = (
    "d",
    "j",
    "z",
    "tab",
    "w",
    "escape",
    "minus",
    "question_mark",
    "escape",
    "enter",
    "escape",
    "m",
    "escape",
    "d",
)
MARKET = ("2", "j", "w", "escape", "tab", "tab", "question_mark", "escape")
JOURNAL = ("5", "j", "w", "escape", "y", "slash", "e", "enter", "escape")
FORMS = {"raw": raw, "cleaned": lambda said: clean(raw(said), 400)}
"""As it comes, which only a boundary that was forgotten lets through, and as every boundary leaves it."""


def harmful(frame: str) -> set[str]:
    """What of a frame a terminal would obey, or hide, and is not ours; with what stands behind it."""
    rest = OURS.sub("", frame)
    return {rest[at : at + 12] for at, char in enumerate(rest) if unicodedata.category(char)[0] == "C"}


async def quiet(pilot: Pilot[None], app: Wired) -> None:
    """Close what stands over the screen, however long it wants to have stood."""
    for _ in range(200):
        if app.front.modal is None and app.screen is app.front:
            return
        await pilot.press("escape")
        await pilot.pause(0.05)
    raise AssertionError("never closed")


@pytest.mark.parametrize("size", [(200, 50), (80, 24)], ids=str)
@pytest.mark.parametrize("form", FORMS)
async def test_nothing_hostile_reaches_the_terminal(form: str, size: tuple[int, int]) -> None:
    """On the whole way through the console no escape but ours, no bidi, nothing without width; each line its width."""
    app = console(EvilSite(FORMS[form]))
    seen: list[str] = []
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        for keys in (GPUS, DETAIL, MARKET, JOURNAL):
            for key in keys:
                await pilot.press(key)
                frame = app.sent() + app.wanted()
                assert harmful(frame) == set(), (key, harmful(frame))
                assert {sum(cell_len(t) for t, *_ in strip) for strip in app.screen._compositor.render_strips()} == {
                    size[0]
                }, key
                seen += text(app)
            await quiet(pilot, app)
    everything = "\n".join(seen)
    for words in ("[red]", "<script>", "&amp;", "=HYPERLINK(1)"):
        assert words in everything, "shown as it is written, read by nothing"
    assert app._exception is None


def figures(app: Wired) -> list[str]:
    """The columns of the table that hold figures, as they stand under their titles, row by row."""
    shown = app.gpus.shown
    assert shown is not None
    places = [
        (one.x, one.room) for one in shown.still.placed if one.column.key in ("util", "memory", "temp", "power", "net")
    ]
    top = app.gpus.grid.region.y - 1
    lines = [columns(line) for line in text(app)[top : top + 1 + len(shown.rows)]]
    return ["|".join("".join(line[x : x + room]) for x, room in places) for line in lines]


def columns(line: str) -> list[str]:
    """What stands in each column; a wide character stands in its first."""
    out: list[str] = []
    for char in line:
        size = cell_len(char)
        if size:
            out += [char] + [""] * (size - 1)
        elif out:
            out[-1] += char
    return out


@pytest.mark.parametrize("size", [(200, 50), (160, 45), (120, 40), (80, 24)], ids=str)
@pytest.mark.parametrize(
    "name", ["横" * 9, "e\u0301" * 9, "กำ้" * 9, "नि" * 9, "\u1112\u1161\u11ab" * 9, "a\u20dd" * 9, "\u4dc0" * 9]
)
async def test_no_name_moves_a_figure_from_under_its_title(name: str, size: tuple[int, int]) -> None:
    """Wide letters, accents, vowel signs, circles: each figure stays where plain names leave it."""
    made: list[list[str]] = []
    for mark in ("x" * cell_len(name), clean(name)):
        app = console(EvilSite(lambda said, mark=mark: f"{mark}{said}" if said else said))  # type: ignore[misc]
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.1)
            made.append(figures(app))
    plain, hostile = made
    rows = [index for index, row in enumerate(plain) if "x" not in row]  # where no sentence stands in their place
    assert [hostile[index] for index in rows] == [plain[index] for index in rows]
    assert len(rows) > 3 and rows[0] == 0 and "net" in plain[0]


@pytest.mark.parametrize("form", FORMS)
async def test_no_copy_is_a_formula_or_a_second_line(form: str) -> None:
    """Rows, why-lines and flips: one line, cells apart by tabs alone, none of them begins as a formula does."""
    app = console(EvilSite(FORMS[form]))
    copied: list[str] = []
    async with app.run_test(size=(200, 50)) as pilot:
        for _ in range(len(named().rows)):
            for key in ("y", "Y"):
                app._clipboard = ""
                await pilot.press(key)
                await until(pilot, lambda: app.clipboard)
                copied.append(app.clipboard)
            await pilot.press("j")
        await pilot.press("5")
        await until(pilot, lambda: app.current_mode == "journal")
        for _ in range(3):
            app._clipboard = ""
            await pilot.press("y")
            await until(pilot, lambda: app.clipboard)
            copied.append(app.clipboard)
            await pilot.press("j")
    assert len(copied) > 15 and "HYPERLINK" in "".join(copied)
    for line in copied:
        for cell in line.split("\t"):
            assert cell.isprintable() and (not cell.startswith(FORMULA) or NUMBER.fullmatch(cell)), cell


@pytest.mark.parametrize("form", FORMS)
async def test_a_picture_is_well_formed_and_runs_nothing(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SVG of every screen: XML without a script, a handler, a foreign address or an entity of somebody's own."""
    monkeypatch.setattr(taking, "folder", lambda: tmp_path)
    app = console(EvilSite(FORMS[form]))
    async with app.run_test(size=(200, 50)) as pilot:
        for count, keys in enumerate((("w",), ("d",), ("2",), ("5",)), 1):
            await pilot.press(*keys)
            await pilot.pause(0.1)
            await pilot.press("P")
            await until(pilot, lambda count=count: len(list(tmp_path.glob("*.svg"))) == count, 30)  # type: ignore[misc]
            await until(pilot, lambda: not taking._busy.locked(), 30)
    for path in tmp_path.iterdir():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name)
        body = path.read_text(encoding="utf-8")
        tree = ET.fromstring(body)
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {"svg", "style", "defs", "clipPath", "rect", "text", "g", "circle", "title"}
        names = {name.rpartition("}")[2] for element in tree.iter() for name in element.attrib}
        assert not {name for name in names if name.startswith("on") or name == "href"}
        assert not re.search(r"<!(?!--)|<\?", body) and "url(http" not in body and "@import" not in body
        shown = "".join("".join(element.itertext()) for element in tree.iter() if element.tag.endswith("}text"))
        assert "<script>" in shown or "HYPERLINK" in shown
        assert {char for char in shown if unicodedata.category(char)[0] == "C"} <= {"\n"}


def test_every_field_that_is_text_was_poisoned() -> None:
    """A new field of a snapshot, a detail or a flip is in the walk without being asked."""
    site = EvilSite(raw)
    found = site.details(sample.uuid_of(0), 900.0)
    shown = repr((site.shown, found, site.told, site.plan((0,), "ai", whole=True)))
    for words in ("rig-07", "Yokohama-2", "RTX 4090", "vllm-qwen", "exchange-a", "pool-b", "no price for XNA",
                  "Xorg", "fell off the bus while", "look at the cable", "part is ordered",
                  "docker 3f2a9c1b4d5e", "alice", "op-1", "day rate went up", "locked by op"):  # fmt: skip
        for at in re.finditer(re.escape(words), shown):
            assert "amp;" in shown[max(0, at.start() - 60) : at.start()], (words, shown[at.start() - 80 : at.end()])
