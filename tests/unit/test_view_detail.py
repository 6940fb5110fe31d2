"""The screen of one GPU as data: columns that stay, sections that leave by name, and lines that always fit."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.history.gpuday import SPANS_S, GpuDay, Past
from console.model import GpuRow, GpuState, LogLine, Xid
from console.site.interface import Told
from console.telemetry import xid
from console.view import charts, detailabout, detailactions, detailfaults, detailladder, detaillayout, detailplots
from console.view.actions import ACTIONS
from console.view.detail import DetailFrame, DetailPage, DetailSight, page
from console.view.pieces import text_of, width
from console.view.tones import TONES
from tests.pilot import details, sample
from tests.unit.test_view_journal import FLIP

SNAPSHOT = sample.snapshot()
SIZES = [(200, 50), (160, 45), (120, 40), (100, 30), (80, 24), (60, 16), (40, 12), (30, 8)]


def made(slot: int, size: tuple[int, int], zoom: int = 0, **more: object) -> DetailPage:
    """The page of a GPU at a size."""
    sight = DetailSight(zoom=zoom)
    found = details.detail(SNAPSHOT.rows[slot], sight.span_s, **more)
    told = Told(flips=(msgspec.structs.replace(FLIP, slots=(slot,)),))
    keys = detailactions.actions("")
    return page(DetailFrame(SNAPSHOT, found, told, sight, "1 of 8", sample.NOW, *size, keys))


def said(lines: list[object] | tuple[object, ...]) -> str:
    """The text of lines."""
    return "\n".join(text_of(line) for line in lines)  # type: ignore[arg-type]


def reading(row: GpuRow, **more: object) -> GpuRow:
    """The row with another reading."""
    return msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, **more))


def test_a_gpu_without_a_past_has_no_times_of_1970() -> None:
    """The axis of a chart that has nothing yet ends now."""
    young = details.detail(SNAPSHOT.rows[0])
    young = msgspec.structs.replace(young, past=GpuDay().past(900.0))
    keys = detailactions.actions("")
    shown = page(DetailFrame(SNAPSHOT, young, Told(flips=()), DetailSight(), "1 of 8", sample.NOW, 120, 40, keys))
    old = made(0, (120, 40))
    assert shown.plots and text_of(shown.plots[0].times).split()[-1] == text_of(old.plots[0].times).split()[-1]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("slot", range(len(SNAPSHOT.rows)))
def test_every_line_fits_and_regions_fill_the_screen(size: tuple[int, int], slot: int) -> None:
    """At every size, of every kind of row: no line is wider than the screen, no region taller than its lines."""
    for zoom in range(len(SPANS_S)):
        shown = made(slot, size, zoom)
        heights = {name: lines for name, lines, _ in shown.regions}
        assert sum(lines + air for _, lines, air in shown.regions if lines) <= size[1]
        for name, lines in shown.parts:
            assert len(lines) <= heights[name], name
            assert all(width(line) <= size[0] for line in lines if name not in ("head", "foot")), name
            assert all(piece.tone in TONES for line in lines for piece in line)
        for plot in shown.plots:
            assert width(plot.head) == width(plot.times) == shown.grid.width
            assert len(plot.chart.values) == shown.grid.width - charts.AXIS


@pytest.mark.parametrize(("size", "plots"), [((200, 50), 4), ((120, 40), 2), ((80, 24), 1), ((60, 16), 0)])
def test_as_many_plots_as_there_is_room_for(size: tuple[int, int], plots: int) -> None:
    """What has no room is named."""
    shown = made(0, size)
    assert len(shown.plots) == plots
    if not plots:
        assert "no room here for plots" in said(dict(shown.parts)["rest"])  # type: ignore[arg-type]
    elif plots < 4:
        assert "tab: " in text_of(shown.plot_title)


def past(length: int, until_step: int, values: tuple[float | None, ...]) -> Past:
    """A past of equal steps of ten seconds."""
    base = details.past(SNAPSHOT.rows[0], 900.0)
    return msgspec.structs.replace(base, until=until_step * 10.0, span_s=length * 10.0)


@given(st.integers(90, 10_000), st.integers(5, 200))
def test_columns_fill_the_room_and_keep_their_values(step: int, room: int) -> None:
    """As many as there is room for; a step later what was not at the edges stands where it stood or left of it."""
    values = tuple(float(number) for number in range(step - 90, step))
    found = detailplots.columns(values, past(90, step, values), room)
    assert len(found) == room
    assert list(found) == sorted(found)  # type: ignore[type-var]
    later = tuple(value + 1 for value in values)
    after = detailplots.columns(later, past(90, step + 1, later), room)
    assert set(after[5:-5]) <= set(found) | set(after[-6:])


def test_gaps_stay_gaps_and_zero_is_no_gap() -> None:
    """A column of which nothing is known is None."""
    values = (None,) * 30 + (0.0,) * 30 + (5.0,) * 30
    found = detailplots.columns(values, past(90, 900, values), 90)
    assert found == values


def test_the_output_of_other_work_is_left_out() -> None:
    """Hashes of before are not drawn on an axis of tokens."""
    shown = made(0, (200, 50))
    output = shown.plots[3].chart
    assert output.unit == "k tok/s"
    assert max(value for value in output.values if value is not None) < 3000
    assert all(value is None for value in output.values[:40])


def test_the_limit_of_power_is_a_line_and_net_holds_zero() -> None:
    """An axis that does not begin at zero would make little look like much."""
    power, net = made(0, (200, 50)).plots[:2]
    assert (power.chart.limit, power.chart.limit_word, power.chart.low) == (450.0, "limit", 0.0)
    assert net.chart.low <= 0.0 and "min +" in text_of(net.head)


def test_a_small_net_has_a_third_decimal() -> None:
    """So that it is seen to move; what is unknown reads as such."""
    mining = next(row for row in SNAPSHOT.rows if row.money.running == "ergo")
    scene = detailplots.Scene(details.past(mining, 900.0), mining, "USD", "UTC", sample.NOW, 90)
    assert "now +0.021" in text_of(detailplots.net(scene).head)
    blind = scene._replace(row=reading(mining, power_w=None))
    assert "now –" in text_of(detailplots.power(blind).head)


def test_the_head_says_which_whose_what_and_the_money() -> None:
    """Slot, model, UUID and PCI; holder; watts; net."""
    about = said(dict(made(0, (200, 50)).parts)["about"])  # type: ignore[arg-type]
    for words in ("GPU 0 · RTX 4090 · GPU-00000000", "1 of 8", "◆ vllm-qwen running", "298", "+0.29 $/h net"):
        assert words in about


def test_what_is_unknown_is_no_praise() -> None:
    """Where nobody knows what runs, nothing says that it is the best."""
    row = SNAPSHOT.rows[0]
    none = msgspec.structs.replace(row.money.advice, best=None, gain_per_h=None)
    money = msgspec.structs.replace(row.money, running=None, net_per_h=None, advice=none)
    blind = msgspec.structs.replace(row, money=money)
    text = said(detailabout.lines(blind, SNAPSHOT, sample.NOW, 200, 4))  # type: ignore[arg-type]
    assert "best here" not in text.splitlines()[2] and "– $/h net" in text


def test_faults_say_when_and_what_to_do() -> None:
    """The gravest first, what is so now before what has been; nothing wrong is a sentence too."""
    row = reading(
        SNAPSHOT.rows[0],
        state=GpuState.OK,
        throttle=("sw thermal", "power cap"),
        ecc_uncorrected=3,
        remap_failed=True,
        xids=(Xid(code=79, at=sample.NOW - 60),),
    )
    text = said(detailfaults.lines(row, details.CHANGES, sample.NOW, "UTC", 120, 9))  # type: ignore[arg-type]
    order = ["replacement", "3 uncorrected", "more air", "xid 79", "ergo → vllm-qwen"]
    assert [text.find(words) for words in order] == sorted(text.find(words) for words in order)
    assert -1 not in [text.find(words) for words in order] and "power cap" not in text
    assert "nothing wrong" in said(detailfaults.lines(SNAPSHOT.rows[0], (), sample.NOW, "UTC", 90, 3))  # type: ignore[arg-type]


def test_an_xid_that_a_change_tells_of_is_said_once() -> None:
    """The reading has it as well as the log of changes; where no change tells of it the reading does."""
    row = reading(SNAPSHOT.rows[0], xids=(Xid(code=79, at=sample.NOW - 60),))
    change = LogLine(at=sample.NOW - 59, text=xid.words(79), tone="harm")
    assert [told.text for told in detailfaults.happened(row, (change,))] == [xid.words(79)]
    assert [told.text for told in detailfaults.happened(row, ())] == [xid.words(79)]


def test_processes_are_the_largest_first_and_what_is_hidden_says_so() -> None:
    """A list that could not be read is not an empty one."""
    found = details.detail(SNAPSHOT.rows[0])
    lines = [text_of(line) for line in detailabout.processes(found, sample.NOW, 100, 5)]
    assert "4711" in lines[1] and "docker 3f2a9c1b4d5e" in lines[1] and "49M" not in lines[1]
    assert "cannot be seen" in lines[3] and "–" in lines[3]
    assert "+1 more" in text_of(detailabout.processes(found, sample.NOW, 100, 3)[-1])
    unread = msgspec.structs.replace(found, processes=None)
    assert "could not be read" in text_of(detailabout.processes(unread, sample.NOW, 100, 3)[0])


def test_the_ladder_over_time_has_what_ran_and_what_was_best() -> None:
    """The running option is there even where there is no room for all."""
    row = next(row for row in SNAPSHOT.rows if row.money.running == "ergo")
    lines = [text_of(line) for line in detailladder.lines(row, details.past(row, 900.0), "USD", 98, 4)]
    assert len(lines) == 4 and any(line.startswith(" ▸ ▲ ergo") for line in lines)
    assert lines[2].split()[0] == "ran" and "▲" in lines[2] and "◆" in lines[2]
    assert lines[3].split()[0] == "best" and "▲" not in lines[3]


def test_bars_of_options_stand_on_zero() -> None:
    """The lower of two good options is no small one."""
    row = SNAPSHOT.rows[0]
    best = row.money.options[0]
    nearly = msgspec.structs.replace(best, workload="nearly")
    two = msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=(best, nearly)))
    told = details.past(two, 900.0)
    lower = msgspec.structs.replace(told.options[1], means=tuple(v and v * 0.9 for v in told.options[1].means))
    shown = detailladder.lines(two, msgspec.structs.replace(told, options=(told.options[0], lower)), "USD", 98, 5)
    assert not set(text_of(shown[2])) & set("▁▂▃")


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 3)), min_size=1, max_size=5), st.integers(0, 60))
def test_sections_never_take_more_than_there_is(wanted: list[tuple[int, int]], room: int) -> None:
    """Each with its title, none below its least, earlier ones first."""
    wishes = [detaillayout.Wish(str(at), lines, least) for at, (lines, least) in enumerate(wanted)]
    given_to = detaillayout.share(wishes, room)
    assert sum(lines + 1 for lines in given_to.values() if lines) <= room
    for wish in wishes:
        assert given_to[wish.name] in range(min(wish.least, wish.lines), wish.lines + 1) or not given_to[wish.name]


def test_its_keys_clash_with_none_and_act_only_where_they_may() -> None:
    """Every key means one thing here; under read-only none that acts is left."""
    keys = [key for action in detailactions.actions("") for key in action.keys]
    assert len(keys) == len(set(keys))
    assert not any(action.dangerous for action in detailactions.actions("--read-only"))
    assert not {action.id for action in detailactions.OWN} & {action.id for action in ACTIONS}


def test_zoom_stops_at_its_ends_and_goes_round_when_told() -> None:
    """Three spans."""
    sight = DetailSight()
    assert sight.zoomed(-1).zoom == 0 and sight.zoomed(5).zoom == len(SPANS_S) - 1
    assert sight.zoomed(-1, round_about=True).span_s == SPANS_S[-1]
