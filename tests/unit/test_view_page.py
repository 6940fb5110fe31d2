"""The whole page as data: what stands at which size, what a key leaves as it is, what an empty host says."""

import subprocess
import sys
from collections.abc import Iterable, Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.flips.records import Progress
from console.model import Basis, GpuRow, GpuState, HostState, Kind, LogLine, Snapshot
from console.paths import ALONE
from console.view import actions, ladder, start, why
from console.view.page import Frame, Page, page
from console.view.pieces import Line, text_of, width
from console.view.sight import Sight
from console.view.tones import GROUNDS, TONES
from tests.pilot import sample
from themes import ansi, dark, dark256, mono
from themes._theme import Theme

SIZES = [(200, 50), (120, 40), (80, 24)]


def laid(
    snapshot: Snapshot | None = None, size: tuple[int, int] = (120, 40), before: Page | None = None, **sight: object
) -> Page:
    """A page of the sample."""
    chosen = msgspec.structs.replace(Sight(), **sight)
    return page(Frame(snapshot or sample.snapshot(), chosen, sample.NOW, *size, actions.ACTIONS, before=before))


def texts(lines: Iterable[Line]) -> str:
    """Lines as one text."""
    return "\n".join(text_of(line) for line in lines)


@pytest.mark.parametrize("size", SIZES)
def test_no_line_is_wider_than_the_screen(size: tuple[int, int]) -> None:
    """Nothing wraps, at any of the named sizes."""
    found = laid(size=size, expanded=True)
    lines = [*found.still.head, *found.banner, found.titles, *found.ladder, *found.why, *found.log, found.foot.line]
    assert max(width(line) for line in [*lines, *(found.line(i) for i in range(8))]) <= size[0]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 260), st.integers(1, 80), st.sampled_from([0, 1, 8, 64]), st.booleans())
def test_there_is_a_page_for_every_size(width: int, height: int, gpus: int, expanded: bool) -> None:
    """However small a window becomes on its way to another size, and every row of it can be made."""
    found = laid(sample.fleet(gpus), (width, height), expanded=expanded)
    assert sum(found.regions) >= height
    assert all(found.line(index) is not None for index in range(gpus))


@pytest.mark.parametrize("size", SIZES)
def test_regions_have_the_lines_they_were_given(size: tuple[int, int]) -> None:
    """What a region's lines are is what the layout counted."""
    found = laid(size=size)
    assert len(found.ladder) == found.regions.ladder
    assert len(found.why) == found.regions.why
    assert len(found.log) == found.regions.log


def test_header_equals_rows_equal_ladder() -> None:
    """Net of the header is the sum of the rows', each row's net is its running option's."""
    snapshot = sample.snapshot()
    known = [r for r in snapshot.rows if r.reading.state == "ok" and r.money.net_per_h is not None]
    assert sum(r.money.net_per_h or 0 for r in known) == pytest.approx(snapshot.totals.net_per_h)
    for row in known:
        running = next(o for o in row.money.options if o.workload == row.money.running)
        assert running.net_per_h == row.money.net_per_h


def test_a_key_makes_only_the_cursors_parts_anew() -> None:
    """With the same snapshot in the same second header, order, charts and rows are taken over."""
    snapshot = sample.snapshot()
    first = laid(snapshot)
    first.line(0)
    second = laid(snapshot, before=first, cursor=sample.uuid_of(4))
    assert second.still is first.still
    assert second.line(0) is first.line(0)
    assert second.row is not None
    assert second.row.reading.slot == 4
    assert laid(msgspec.structs.replace(snapshot), before=first).still is not first.still


class Watched(tuple[GpuRow, ...]):
    """Rows that write down how far anybody went through them."""

    reached = 0

    def __iter__(self) -> Iterator[GpuRow]:
        for index, row in enumerate(super().__iter__(), 1):
            self.reached = max(self.reached, index)
            yield row


def test_a_key_looks_at_no_row_that_nobody_sees() -> None:
    """Of a thousand rows a key goes through none: what it costs does not grow with the farm."""
    snapshot = sample.fleet(1000)
    snapshot = msgspec.structs.replace(snapshot, rows=Watched(snapshot.rows))
    first = laid(snapshot, (200, 50))
    still = first.still._replace(rows=Watched(first.rows), all_rows=Watched(first.still.all_rows))
    watched = (snapshot.rows, still.rows, still.all_rows)
    sight = Sight().moved(first.rows, 700)
    for rows in watched:
        rows.reached = 0
    again = page(Frame(snapshot, sight, sample.NOW, 200, 50, actions.ACTIONS, before=first._replace(still=still)))
    assert again.still is still and again.cursor == 700
    assert max(rows.reached for rows in watched) <= 1


def test_the_ladder_marks_what_runs_and_says_where_figures_come_from() -> None:
    """Every option with gross, fees, power, net; the sum can be done by hand."""
    found = laid(size=(200, 50), cursor=sample.uuid_of(1))
    text = texts(found.ladder)
    assert "GPU 1 · RTX 4090 · 0000:11:00.0 · miner@1.service" in text
    lines = [text_of(line) for line in found.ladder[1:]]
    assert lines[1].startswith(" ▸ ▲ ergo")
    assert [line.startswith(" ▸") for line in lines] == [False, True, False, False]
    for word in ("gross   0.390", "fees   0.070", "power   0.031", "net   ~+0.29 $/h", "a kWh is worth   0.89 $"):
        assert word in lines[0]
    assert "table, 2Miners 2026-06-25" in lines[2]


@pytest.mark.parametrize("room", [40, 55, 75, 79, 90])
def test_however_narrow_a_ladder_the_net_stands_whole(room: int) -> None:
    """It decides; what it is made of leaves together, for a part of a sum adds up to nothing."""
    for option in sample.rows()[1].money.options:
        line = ladder.option_line(option, "$", room, running=False)
        text = text_of(line)
        assert width(line) <= room and text.partition("net")[2].split()[1] == "$/h"
        assert len({word in text for word in ("gross", "fees", "power")}) == 1
    assert ("gross" in text) is (room >= 75)


def test_an_option_without_a_price_says_what_is_missing() -> None:
    """Its sums are dashes."""
    found = laid(size=(200, 50), cursor=sample.uuid_of(4))
    line = next(text_of(line) for line in found.ladder if "monero" in text_of(line))
    assert "unknown: price of XMR" in line
    assert "gross   –" in line


def test_a_price_that_is_known_and_old_is_called_stale_not_unknown() -> None:
    """Ladder and why name the price with its age and limit; the net stands, dimmed."""
    words = "price of RVN 16m old, limit 15m"
    old = sample.option("rvn", Kind.MINE, Basis.MEASURED, 0.05, 0.0, 0.02, stale=True, old=(words,))
    row = sample.row(0, "X", (old, sample.option("off", Kind.OFF, Basis.MEASURED, 0.0, 0.0, 0.002)), "rvn")
    [line, *_] = ladder.lines(row, sample.snapshot(), 200, 2)
    assert f"stale: {words}" in text_of(line) and "unknown" not in text_of(line)
    assert next(piece.tone for piece in line if piece.text.strip() == "+0.03") == "stale"
    said = texts(why.lines(row, sample.snapshot(), 200, 6, expanded=True))
    assert f"rvn: {words}" in said and "unknown" not in said


def test_a_host_whose_gpus_are_all_lost_is_not_called_unconfigured() -> None:
    """A card that is gone has no options whatever the config says."""
    lost = sample.rows()[3]
    gone = msgspec.structs.replace(lost, money=msgspec.structs.replace(lost.money, options=()))
    assert "no workload is configured" not in texts(start.banners(sample.snapshot(rows=(gone,)), 120, 40, 1, 1, ""))
    well = msgspec.structs.replace(gone, reading=msgspec.structs.replace(gone.reading, state=GpuState.OK))
    assert "no workload is configured" in texts(start.banners(sample.snapshot(rows=(gone, well)), 120, 40, 2, 2, ""))


def test_a_long_ladder_counts_what_it_does_not_list_and_keeps_the_running_one() -> None:
    """The running option stands also where it is the worst."""
    options = tuple(sample.option(f"w{i}", Kind.MINE, Basis.TABLE, 1.0 - i / 20, 0, 0.1) for i in range(12))
    row = sample.row(0, "X", options, "w11")
    lines = [text_of(line) for line in ladder.lines(row, sample.snapshot(), 120, 7)]
    assert "w11" in lines[-1]
    assert "+5 more: enter" in lines[-1]


def test_why_expands_to_guards_blocks_and_prices() -> None:
    """What stands in the way, and whether it can be forced."""
    row = sample.rows()[4]
    snapshot = sample.snapshot()
    lines = texts(why.lines(row, snapshot, 120, 12, expanded=True))
    assert "guard" in lines
    assert "contract: contract acme until 2026-12-01" in lines
    assert "monero lacks price of XMR" in lines
    rented = texts(why.lines(sample.rows()[5], snapshot, 160, 12, expanded=True))
    assert "(cannot be forced)" in rented
    assert why.length(row, snapshot, 120) == len([line for line in lines.splitlines() if line.strip()])


def test_the_log_is_newest_first() -> None:
    """In one line as many events as fit whole, in several one each; harm is marked."""
    times = [line.split()[0] for line in texts(laid().log).splitlines() if line[:3].strip()[:1].isdigit()]
    assert times == sorted(times, reverse=True)
    assert "✕ GPU 3 lost: xid 79" in texts(laid().log)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (HostState.OK, "reading the GPUs"),
        (HostState.NO_DRIVER, "✕ no NVIDIA driver on this host"),
        (HostState.NO_GPUS, "✕ no GPUs"),
        (HostState.MISMATCH, "✕ the NVIDIA driver and its library do not match"),
        (HostState.HUNG, "✕ the driver does not answer"),
    ],
)
def test_an_empty_host_says_what_is_missing_and_what_to_do(state: HostState, said: str) -> None:
    """In place of the table; the site's own reason wins over the general one."""
    empty = sample.snapshot(rows=(), host_state=state)
    assert said in texts(laid(empty).empty)
    assert "modprobe nvidia" in texts(laid(msgspec.structs.replace(empty, reason="run modprobe nvidia")).empty)


def test_banners_say_the_gravest_first() -> None:
    """Too small, the driver, read-only, the site's own words."""
    snapshot = sample.snapshot(
        host_state=HostState.HUNG,
        read_only="the journal is newer",
        banners=("flips are coordinated for this user alone",),
    )
    text = texts(laid(snapshot, (70, 30)).banner)
    order = ["80x24 needed, this is 70x30", "the driver does not answer", "the journal is newer", "this user alone"]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert laid().banner == []


def test_without_a_config_it_says_the_one_next_thing_to_do() -> None:
    """GPUs are shown all the same."""
    rows = tuple(
        msgspec.structs.replace(r, money=msgspec.structs.replace(r.money, options=(), running=None))
        for r in sample.rows()
    )
    found = laid(sample.snapshot(rows=rows))
    assert "changeover doctor" in texts(found.banner)
    assert "RTX 4090" in text_of(found.line(0))


def test_without_a_config_it_names_init_and_warns_of_nothing_that_cannot_happen() -> None:
    """In 80 columns, whole; who cannot flip need not hear with whom flips are coordinated."""
    rows = tuple(
        msgspec.structs.replace(r, money=msgspec.structs.replace(r.money, options=(), running=None))
        for r in sample.rows()
    )
    bare = sample.snapshot(rows=rows, configured=False, banners=(ALONE, "another thing"))
    said = texts(start.banners(bare, 80, 40, 8, 8, ""))
    assert "`changeover init` writes one for this host" in said and "another thing" in said and ALONE not in said
    assert ALONE not in texts(start.banners(sample.snapshot(rows=rows, banners=(ALONE,)), 80, 40, 8, 8, ""))
    assert ALONE[:60] in texts(start.banners(sample.snapshot(banners=(ALONE,)), 80, 40, 8, 8, ""))


def test_a_filter_that_keeps_nothing_says_so() -> None:
    """An empty table must not look like an empty host."""
    assert "no row has 'zzz'" in texts(laid(filter="zzz").banner)


def test_the_footer_shows_marks_and_filter() -> None:
    """What changes the meaning of a key stands beside the keys."""
    foot = text_of(laid(marks=frozenset({sample.uuid_of(1)}), filter="4090").foot.line)
    assert "● 1 marked" in foot
    assert "/ 4090  4 of 8" in foot.replace("5 of 8", "4 of 8")
    assert "enter keep" in text_of(laid(typing=True, filter="x").foot.line)


def progress(kind: str, step: str, text: str, result: str = "") -> Progress:
    """A line of the runner."""
    return Progress(flip_id="f1", at=sample.NOW, kind=kind, step=step, slots=(1,), text=text, result=result)


def test_a_flip_of_ours_stands_in_its_row_until_the_outcome() -> None:
    """Step by step, in the row alone; the outcome ends it and stands in the log, a roll-back as harm."""
    plan = sample.StillSite().plan((1,), "ai", whole=True)
    sight = Sight().heard(progress("step", "stop", "stopping ergo"), plan)
    found = laid(flights=sight.flights)
    assert "→ ◆ vllm-qwen  stop 0s" in text_of(found.line(1))
    ended = sight.heard(progress("outcome", "outcome", "GPU 1 runs ergo again", "rolled_back"), plan)
    assert ended.flights == ()
    assert [(n.text, n.tone) for n in ended.notes] == [("GPU 1 runs ergo again", "harm")]


def test_what_site_and_console_both_say_is_said_once() -> None:
    """The site's log has the flip's lines too."""
    plan = sample.StillSite().plan((1,), "ai", whole=True)
    for text in ("GPU 1: ergo → vllm-qwen", "vllm-qwen did not start; ergo runs again"):
        journal = LogLine(at=sample.NOW, text=text)
        sight = Sight().heard(progress("outcome", "outcome", text, "done"), plan)
        [note] = sight.notes
        assert note.text.startswith("GPU 1")
        assert text in texts(laid(notes=(note,)).log), "told before the journal was read"
        both = laid(sample.snapshot(log=(journal,)), notes=(note,))
        assert texts(both.log).count(text) == 1


@pytest.mark.parametrize("theme", [dark.THEME, dark256.THEME, ansi.THEME, mono.THEME], ids=lambda t: t.name)
def test_every_theme_knows_every_tone_and_ground(theme: Theme) -> None:
    """A newcomer adds a theme as one file; this says what it lacks."""
    assert set(theme.tones) == set(TONES)
    assert set(theme.grounds) == set(GROUNDS)


def test_the_view_imports_no_textual() -> None:
    """Pure data: a pipe, a script and a test can have it without a terminal library."""
    loaded = "{name.split('.')[0] for name in sys.modules} & {'textual', 'rich', 'widgets'}"
    code = f"import sys, console.view.page, console.view.dialog; sys.exit(len({loaded}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
