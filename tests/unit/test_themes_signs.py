"""No state is told by colour alone: on every screen a tone that means one has its sign or its word beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from textual.strip import Strip

from console import theming
from console.site.interface import Told
from tests.pilot import market, sample
from tests.pilot.wired import console
from tests.unit.test_view_journal import FLIP, OPEN, STUCK
from themes._theme import Theme
from widgets.ink import Ink
from widgets.pieces import Line, Piece

STROKES = frozenset(" ━─╌▔▁│")
"""Of plots and gauges: a line of a plot wears its sign at the mark and at its end, not in every row."""


def _figure(sign: str) -> Callable[[str, str], bool]:
    """An amount has its sign in its line; the end of a broken sentence has no figure."""
    return lambda text, line: sign in line or not any(c.isdigit() for c in text)


def _worded(text: str, line: str) -> bool:
    return any(c.isalpha() or c == "!" for c in text) or "!" in line


SIGNS: Mapping[str, Callable[[str, str], bool]] = {
    "mine": lambda _, line: "▲" in line,
    "ai": lambda _, line: "◆" in line,
    **dict.fromkeys(("gain", "gain_strong"), _figure("+")),
    **dict.fromkeys(("loss", "loss_strong"), _figure("−")),
    "mark": lambda _, line: "●" in line,
    "cursor": lambda text, _: text.strip() in ("▸", ""),
    "badge": lambda text, _: "SIMULATED" in text,
    "guarded": lambda text, _: "READ-ONLY" in text,
    "harm": lambda text, line: "✕" in line or _worded(text, line),
    "warn": _worded,
    "limit": lambda text, _: any(c.isalnum() for c in text),
}
"""Whether a piece and its line tell by themselves what the tone says; the words are those of ``view.tones``."""


class Recording(Ink):
    """Draws, and keeps the lines it has drawn."""

    def __init__(self, theme: Theme, lines: list[tuple[Piece, ...]]) -> None:
        super().__init__(theme.tones, theme.grounds, theme.fill)
        self.lines = lines

    def strip_of(self, line: Line, width: int, ground: str) -> Strip:
        """See Ink."""
        self.lines.append(tuple(line))
        return super().strip_of(line, width, ground)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Piece, ...]]:
    """All lines that a console made in this test draws."""
    kept: list[tuple[Piece, ...]] = []
    monkeypatch.setattr(theming, "ink", lambda theme: Recording(theme, kept))
    return kept


def silent(drawn: Sequence[tuple[Piece, ...]]) -> list[tuple[str, str, str]]:
    """Pieces that only their colour tells of: tone, text, line."""
    found = set()
    for line in drawn:
        whole = "".join(text for text, _ in line)
        for text, tone in line:
            if tone in SIGNS and text.strip() and not set(text) <= STROKES and not SIGNS[tone](text, whole):
                found.add((tone, text, whole.strip()))
    return sorted(found)


@pytest.mark.parametrize("read_only", ["", "--read-only"])
@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (60, 16)], ids=str)
async def test_every_screen_can_be_read_without_colour(
    lines: list[tuple[Piece, ...]], size: tuple[int, int], read_only: str
) -> None:
    """The mixed host, its market and its journal, with marks, a plan, the ladder and the reasons over them."""
    site = sample.StillSite(market.snapshot())
    site.told = Told(flips=(OPEN, FLIP, STUCK))
    site.warnings = ("what vllm-qwen would earn is estimated, not measured here",)
    app = console(site, colours="mono", read_only=read_only)
    async with app.run_test(size=size) as pilot:
        for keys in (
            ("space", "j", "w"),
            ("j", "a"),
            ("escape", "enter"),
            ("escape", "2", "j", "w"),
            ("escape", "5", "j"),
        ):
            await pilot.press(*keys)
            await pilot.pause(0.2)
    assert {"mine", "ai", "gain", "harm", "warn"} <= {tone for line in lines for _, tone in line}
    assert silent(lines) == []


def test_the_walk_finds_a_colour_that_stands_alone() -> None:
    """A loss without its minus, a business without its sign, a warning that is a blank bar."""
    assert silent([(("1.20", "loss"),), (("ergo", "mine"),), (("███", "warn"),)]) == [
        ("loss", "1.20", "1.20"),
        ("mine", "ergo", "ergo"),
        ("warn", "███", "███"),
    ]
    assert silent([(("−1.20", "loss"), ("▲ ergo", "mine"), ("stale", "warn"), ("━━", "ai"))]) == []
