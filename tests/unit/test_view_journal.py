"""Mode 5 as data: the table of flips, all about one of them, and what a filter leaves."""

import msgspec
import pytest

from console.flips.history import Flip, Step
from console.view import fliptable
from console.view.actions import JOURNAL, allowed
from console.view.journal import JournalFrame, JournalPage, JournalSight, fields, matches, page
from console.view.pieces import cells, text_of
from tests.pilot import sample

FLIP = Flip(
    flip_id="ab12cd34ef56",
    at=sample.NOW - 4000,
    who="alice",
    claimed="ssh 192.0.2.7, sudo bob",
    via="console",
    slots=(3,),
    before="ergo",
    after="vllm-qwen",
    reason="day rate went up",
    result="done",
    text="GPU 3: ergo → vllm-qwen",
    took_s=41.2,
    expected_per_h=0.27,
    realised_per_h=0.24,
    steps=(Step("stop", 1.25, True, "stopped ergo (ergo@3.service)"), Step("warm", 38.5, True, "output of vllm-qwen")),
    settled=True,
    realised_text="expected +0.27 $/h, realised +0.24 $/h over 58 min",
)
STUCK = msgspec.structs.replace(
    FLIP,
    flip_id="ffff00000000",
    at=sample.NOW - 90000,
    who="bob",
    via="command",
    slots=(0, 1),
    result="stuck",
    text="not free 30 s after the stop: GPU 0 is held by miner (pid 77)",
    reason="",
    steps=(Step("free", 30.0, False, "not free 30 s after the stop"),),
    realised_per_h=None,
    realised_text="",
    settled_by="root",
)
OPEN = msgspec.structs.replace(FLIP, flip_id="0pen", result="", took_s=None, expected_per_h=None, realised_text="")


def shown(
    flips: tuple[Flip, ...] | None = (FLIP, STUCK),
    size: tuple[int, int] = (120, 40),
    *,
    trouble: str = "",
    **sight: object,
) -> JournalPage:
    """The page for these flips."""
    seen = JournalSight(**sight)  # type: ignore[arg-type]
    return page(JournalFrame(sample.snapshot(), flips, trouble, seen, sample.NOW, *size, allowed("", JOURNAL)))


def region(made: JournalPage, name: str) -> list[str]:
    """The lines of one region as text."""
    return [text_of(line).rstrip() for line in dict(made.parts)[name]]


@pytest.mark.parametrize("room", [80, 100, 120, 160, 200])
def test_rows_stand_under_their_titles_and_fit(room: int) -> None:
    """At every width each column begins where its title does, and nothing is wider than the screen."""
    placed = fliptable.columns(room)
    titles = text_of(fliptable.titles(placed))
    row = "   " + text_of(shown(size=(room, 40)).line(0))
    assert cells(titles.rstrip()) <= room and cells(row.rstrip()) <= room
    for one in placed:
        assert one.x + one.room <= room
    move = next(one for one in placed if one.column.key == "move")
    assert row[move.x :].startswith("▲ ergo → ◆ vllm-qwen") and titles[move.x :].startswith("from → to")


def test_what_leaves_first_and_what_never_leaves() -> None:
    """When, which GPU, from where to where and how it ended stand on the narrowest screen; all of it on a wide one."""
    keys = {room: [one.column.key for one in fliptable.columns(room)] for room in (80, 120, 200)}
    assert {"when", "gpus", "move", "result", "realised"} <= set(keys[80])
    assert keys[120] == keys[200] == [column.key for column in fliptable.COLUMNS]


def test_a_row_says_what_came_of_it() -> None:
    """Results in words and with a cross where they are an alarm; expected with a tilde, realised without."""
    made = shown(size=(160, 40))
    done, stuck = text_of(made.line(0)), text_of(made.line(1))
    assert "done" in done and "41.2 s" in done and "~+0.27" in done and "+0.24" in done and "day rate went up" in done
    assert "✕ stuck" in stuck and "bob (command)" in stuck and "not free 30 s" in stuck and "0,1" in stuck
    assert "under way" in text_of(shown((OPEN,)).line(0))


def test_all_about_the_flip_under_the_cursor() -> None:
    """Who with what he claims, why, each step with its time, and the money an hour later."""
    said = "\n".join(region(shown(), "about"))
    for words in (
        "flip · ab12cd34ef56 · GPU 3",
        "alice, console, claims ssh 192.0.2.7, sudo bob",
        "day rate went up",
        "1.250 s    stopped ergo (ergo@3.service)",
        "expected +0.27 $/h, realised +0.24 $/h over 58 min",
    ):
        assert words in said
    other = "\n".join(region(shown(cursor=STUCK.flip_id), "about"))
    assert "brought to its outcome by root" in other and "! not free" in other
    assert "what it realised" in "\n".join(region(shown((msgspec.structs.replace(FLIP, realised_text=""),)), "about"))


def test_the_cursor_is_a_flip_and_not_a_row() -> None:
    """A new flip pushes the row down, and the choice with it; one that has left leaves its place."""
    assert shown((OPEN, FLIP, STUCK), cursor=FLIP.flip_id).cursor == 1
    assert shown((OPEN, FLIP), cursor="gone", index=1).cursor == 1
    assert JournalSight().moved((FLIP, STUCK), 7).cursor == STUCK.flip_id


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", 2),
        ("ergo", 2),
        ("BOB", 2),
        ("stuck", 1),
        ("gpu:3", 1),
        ("gpu:30", 0),
        ("who:bob", 1),
        ("result:done", 1),
        ("alice !stuck", 1),
        ("!ergo", 0),
        ("!", 0),
    ],
)
def test_a_filter_looks_everywhere(typed: str, found: int) -> None:
    """Every word must be somewhere, in whatever case; a word behind ! must not."""
    assert len([flip for flip in (FLIP, STUCK) if matches(flip, typed)]) == found
    assert all(isinstance(one, str) for one in fields(STUCK))


def test_a_filter_is_shown_with_what_it_leaves() -> None:
    """And where it leaves nothing, how to see all again."""
    made = shown(filter="stuck", typing=True)
    assert region(made, "titles") == ["   /stuck▏  1 of 2 flips"]
    assert text_of(shown(filter="nothing at all").line(0)).strip() == "no flip has these words: esc shows all"


@pytest.mark.parametrize(
    ("flips", "trouble", "words"),
    [
        (None, "", "reading the journal"),
        ((), "", "no flip has been made on this host yet"),
        (None, "the journal cannot be used: disk", "the journal cannot be used: disk"),
    ],
)
def test_an_empty_table_says_why(flips: tuple[Flip, ...] | None, trouble: str, words: str) -> None:
    """Not read yet, nothing there, or not to be read."""
    assert words in text_of(shown(flips, trouble=trouble).line(0))


def test_a_host_without_a_config_is_sent_to_no_flip() -> None:
    """None can be made there: the banner says what comes first."""
    frame = JournalFrame(sample.snapshot(configured=False), (), "", JournalSight(), sample.NOW, 120, 40, ())
    assert text_of(page(frame).line(0)).strip() == "no flip has been made on this host yet"


@pytest.mark.parametrize("width", [24, 40, 60, 100, 200])
def test_what_an_empty_table_says_is_cut_nowhere(width: int) -> None:
    """On several lines where one is too narrow; the grid puts its gutter before each of them."""
    made = shown((), (width, 40))
    given = {name: lines for name, lines, _ in made.regions}["table"]
    lines = [text_of(made.line(index)) for index in range(min(given, 3))]
    assert max(map(len, lines)) + 3 <= width
    said = " ".join(line.strip() for line in lines if line)
    assert said.endswith("is the first line here") if width >= 40 else said.endswith("…")


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (100, 30), (80, 24), (60, 16), (40, 10)])
@pytest.mark.parametrize("count", [0, 1, 300])
def test_regions_fill_the_screen_and_no_more(size: tuple[int, int], count: int) -> None:
    """Whatever there is to show."""
    flips = tuple(msgspec.structs.replace(FLIP, flip_id=str(number)) for number in range(count))
    made = shown(flips, size)
    assert sum(lines + air for _, lines, air in made.regions) == size[1]
    for name, lines, _ in made.regions:
        if name != "table":
            assert len(region(made, name)) <= max(lines, 1)
