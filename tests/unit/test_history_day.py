"""The last day of each GPU: means over three kinds of steps, gaps that stay gaps, a file that may be anything."""

from __future__ import annotations

import threading
import time
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import store
from console.history.day import KEEP_EVERY_S, MOST_GPUS, MOST_KEPT, DayHistory, KeptDay
from console.history.gpuday import MOST_NAMES, MOST_OPTIONS, NOTHING, SPANS, SPANS_S, GpuDay, Past, Sample, Work
from console.model import Kind, LogLine

QUARTER, HOURS, DAY = SPANS_S
NOON = 1_767_157_200.0  # a whole number of all steps
ERGO = Work(workload="ergo", kind=Kind.MINE, unit="H/s")
VLLM = Work(workload="vllm", kind=Kind.AI, unit="tok/s")
NETS = {"ergo": 0.02, "vllm": 0.29, "off": -0.002}


def sample(power_w: float | None = 221.0, **more: object) -> Sample:
    """A card that mines."""
    base = Sample(power_w, 61.0, 0.02, 178e6, ERGO, VLLM, NETS)
    return base._replace(**more)  # type: ignore[arg-type]


def fed(*samples: tuple[float, Sample]) -> GpuDay:
    """A day of these samples, seconds after noon."""
    day = GpuDay()
    for after_s, one in samples:
        day.add(NOON + after_s, one)
    return day


def newest(past: Past, name: str, count: int) -> list[float | None]:
    """The latest means of a figure."""
    return [None if value is None else round(value, 3) for value in past.of(name).means[-count:]]


@pytest.mark.parametrize(("span_s", "step_s", "length"), [(s * n, s, n) for s, n in SPANS])
def test_each_span_has_its_steps(span_s: float, step_s: float, length: int) -> None:
    """A quarter of an hour by ten seconds, two hours by a minute, a day by five."""
    past = fed((0, sample()), (10, sample())).past(span_s)
    assert (past.span_s, past.step_s, len(past.of("power_w").means)) == (span_s, step_s, length)
    assert len(past.work) == len(past.best) == length


def test_a_step_is_the_mean_least_and_largest_of_its_ticks() -> None:
    """And the step that is open is not told yet: it would waver."""
    past = fed((0, sample(200.0)), (4, sample(230.0)), (9, sample(260.0)), (10, sample(999.0))).past(QUARTER)
    power = past.of("power_w")
    assert (power.means[-1], power.lows[-1], power.highs[-1]) == (230.0, 200.0, 260.0)
    assert past.until == NOON + 10


def test_longer_steps_are_means_of_all_their_ticks_and_begin_at_once() -> None:
    """Not means of means: the second ten seconds have twice the ticks. Five minutes need not pass to see anything."""
    day = fed((0, sample(100.0)), (10, sample(400.0)), (11, sample(400.0)), (20, sample()))
    for span_s in (HOURS, DAY):
        power = day.past(span_s).of("power_w")
        assert (power.means[-1], power.lows[-1], power.highs[-1]) == (300.0, 100.0, 400.0)
    assert newest(day.past(QUARTER), "power_w", 2) == [100.0, 400.0]


def test_what_is_unknown_is_a_gap_and_never_zero() -> None:
    """None, what is not finite, and time in which nobody watched."""
    day = fed((0, sample()), (10, sample(None)), (20, sample(float("nan"))), (30, sample(float("inf"))), (70, sample()))
    day.add(NOON + 80, sample())
    assert newest(day.past(QUARTER), "power_w", 9) == [None, 221.0, None, None, None, None, None, None, 221.0]
    assert newest(day.past(QUARTER), "temp_c", 8) == [61.0] * 4 + [None] * 3 + [61.0]


def test_after_a_long_silence_nothing_old_stands_in_the_short_rings() -> None:
    """Three hours without a tick: the rings of a quarter and of two hours know only the newest, the day both ends."""
    day = fed((0, sample(100.0)), (10, sample(100.0)), (3 * 3600, sample(200.0)), (3 * 3600 + 10, sample(200.0)))
    for span_s in (QUARTER, HOURS):
        assert [v for v in day.past(span_s).of("power_w").means if v is not None] == [200.0]
    found = day.past(DAY).of("power_w").means
    assert [(at, v) for at, v in enumerate(found) if v is not None] == [(251, 100.0), (287, 200.0)]


def test_a_full_day_is_in_its_ring_and_no_more() -> None:
    """25 hours of ticks: the first is gone."""
    day = GpuDay()
    for minute in range(25 * 60 + 1):
        day.add(NOON + 60 * minute, sample(float(minute)))
    means = day.past(DAY).of("power_w").means
    assert len(means) == 288 and None not in means[:-1]
    assert means[0] is not None and 60 <= means[0] <= 66
    assert means[-2] is not None and means[-2] > 1490


def test_a_step_in_which_the_workload_changed_is_of_the_later_one() -> None:
    """A mean of hashes and tokens would be of neither; watts are of both."""
    day = fed((0, sample(100.0)), (5, sample(300.0, output=1900.0, work=VLLM)), (10, sample(work=VLLM)))
    past = day.past(QUARTER)
    assert (past.of("output").means[-1], past.work[-1], past.of("power_w").means[-1]) == (1900.0, VLLM, 200.0)
    later = fed((0, sample()), (10, sample(output=1900.0, work=VLLM)), (20, sample(work=VLLM))).past(HOURS)
    assert (later.of("output").means[-1], later.work[-1]) == (1900.0, VLLM)


def test_the_ladder_is_kept_by_option() -> None:
    """What ran, what was best, and the net of each; an option that came later has gaps before."""
    day = fed((0, sample()), (10, sample(nets={**NETS, "quai": 0.01})), (20, sample()), (30, sample(best=NOTHING)))
    past = day.past(QUARTER)
    nets = {one.name: one.means[-2:] for one in past.options}
    assert nets["vllm"] == (pytest.approx(0.29), pytest.approx(0.29))
    assert nets["quai"] == (pytest.approx(0.01), None)
    assert past.work[-2:] == (ERGO, ERGO) and past.best[-1] == VLLM
    assert past.work[0] is None and past.best[0] is None


def test_options_and_names_are_bounded() -> None:
    """A config that is edited for a day does not fill the memory; options that fell silent make room."""
    day = GpuDay()
    for number in range(300):
        work = Work(workload=f"w{number}", kind=Kind.MINE, unit="H/s")
        day.add(NOON + 10 * number, sample(work=work, nets={f"w{number}": 0.1}))
    assert len(day.names) <= MOST_NAMES
    assert all(len(level.options) <= MOST_OPTIONS for level in day.levels)
    names = [one.name for one in day.past(QUARTER).options]
    assert len(names) == MOST_OPTIONS
    for number in range(300, 420):
        day.add(NOON + 10 * number, sample(nets={"late": 0.2}))
    assert "late" in [one.name for one in day.past(QUARTER).options]


def test_a_clock_set_back_a_little_loses_nothing_and_far_back_forgets() -> None:
    """What was recorded later than now could not be placed any more."""
    day = fed((0, sample(100.0)), (100, sample(100.0)), (60, sample(300.0)), (110, sample()))
    assert newest(day.past(QUARTER), "power_w", 1) == [200.0]
    day.add(NOON - 7200, sample(50.0))
    day.add(NOON - 7190, sample(50.0))
    assert [v for v in day.past(DAY).of("power_w").means if v is not None] == [50.0]


def history(path: Path | None, *, keeps: bool = True) -> DayHistory:
    """A history of two GPUs over an hour."""
    made = DayHistory(path, keeps=keeps)
    for second in range(0, 3600, 5):
        made.add("GPU-a", NOON + second, sample(200.0 + second % 7))
        made.add("GPU-b", NOON + second, sample(None, work=NOTHING, nets={}))
    made.tell("GPU-a", LogLine(at=NOON + 30, text="xid 43", tone="harm"))
    return made


def test_a_restart_has_the_day(tmp_path: Path) -> None:
    """Every ring and every event, value for value; going on does not disturb what was."""
    path = tmp_path / "day.json"
    first = history(path)
    first.save()
    again = DayHistory(path)
    for uuid in ("GPU-a", "GPU-b"):
        for span_s in SPANS_S:
            assert again.past(uuid, span_s) == first.past(uuid, span_s)
    assert [line.text for line in again.changes("GPU-a")] == ["xid 43"]
    again.add("GPU-a", NOON + 4000, sample(300.0))
    again.add("GPU-a", NOON + 4010, sample(300.0))
    past = again.past("GPU-a", DAY)
    assert past is not None
    values = past.of("power_w").means
    assert values[-1] == 300.0 and values[-4] is not None and values[-2] is None
    assert past.work[-1] == ERGO


def test_it_is_kept_every_five_minutes(tmp_path: Path) -> None:
    """Not before, and again after as long; one that only looks writes nothing."""
    path = tmp_path / "day.json"
    made = DayHistory(path)
    for second in range(0, int(KEEP_EVERY_S), 10):
        made.add("GPU-a", NOON + second, sample())
    assert not path.exists()
    made.add("GPU-a", NOON + KEEP_EVERY_S, sample())
    assert path.exists()
    shy = DayHistory(tmp_path / "other.json", keeps=False)
    for second in (0, 10, 400):
        shy.add("GPU-a", NOON + second, sample())
    shy.save()
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"names": ()},
        {"names": (Work(workload="x" * 200, kind=Kind.MINE),)},
        {"levels": ()},
        {"uuid": "x" * 5000},
        {"changes": (LogLine(at=NOON, text="x" * 5000),)},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_gpu_that_no_console_has_kept_is_left_out(tmp_path: Path, broken: dict[str, object]) -> None:
    """The others are taken."""
    path = tmp_path / "day.json"
    history(path).save()
    good = store.load(path, KeptDay, KeptDay())
    bad = msgspec.structs.replace(good.gpus[0], **broken)
    store.save(path, KeptDay(gpus=(bad, good.gpus[1])))
    again = DayHistory(path)
    assert again.past("GPU-a", DAY) is None and again.past("GPU-b", DAY) is not None


@pytest.mark.parametrize(
    "level",
    [
        {"work": b"\xff" * 90},
        {"best": b""},
        {"figures": {}},
        {"options": {"ergo": b"1234"}},
        {"options": {f"o{n}": b"" for n in range(40)}},
        {"until": -5},
        {"until": 1 << 62},
    ],
    ids=str,
)
def test_a_level_that_does_not_fit_is_not_taken(tmp_path: Path, level: dict[str, object]) -> None:
    """Sizes, names that are not there, times that no clock has."""
    path = tmp_path / "day.json"
    history(path).save()
    good = store.load(path, KeptDay, KeptDay()).gpus[0]
    levels = (msgspec.structs.replace(good.levels[0], **level), *good.levels[1:])
    store.save(path, KeptDay(gpus=(msgspec.structs.replace(good, levels=levels),)))
    assert DayHistory(path).past("GPU-a", DAY) is None


def test_figures_that_are_none_in_a_file_are_unknown(tmp_path: Path) -> None:
    """Infinity in the rings is no figure."""
    path = tmp_path / "day.json"
    history(path).save()
    good = store.load(path, KeptDay, KeptDay()).gpus[0]
    endless = {**good.levels[0].figures, "power_w": b"\x00\x00\x80\x7f" * 270}
    levels = (msgspec.structs.replace(good.levels[0], figures=endless), *good.levels[1:])
    store.save(path, KeptDay(gpus=(msgspec.structs.replace(good, levels=levels),)))
    past = DayHistory(path).past("GPU-a", QUARTER)
    assert past is not None and set(past.of("power_w").means) == {None}


@given(st.binary(max_size=400))
def test_any_bytes_in_the_file_are_borne(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """They are put aside, and the console begins with nothing."""
    path = tmp_path_factory.mktemp("day") / "day.json"
    path.write_bytes(data)
    assert DayHistory(path).past("GPU-a", DAY) is None


def test_a_file_from_later_than_now_is_forgotten(tmp_path: Path) -> None:
    """As a clock that was wrong for a day leaves it."""
    path = tmp_path / "day.json"
    history(path).save()
    again = DayHistory(path)
    again.add("GPU-a", NOON - 86400, sample(50.0))
    again.add("GPU-a", NOON - 86390, sample(50.0))
    past = again.past("GPU-a", DAY)
    assert past is not None and [v for v in past.of("power_w").means if v is not None] == [50.0]


def test_64_gpus_take_less_than_8_mb_and_their_file_is_read_again(tmp_path: Path) -> None:
    """With as many options as there is room for; of more GPUs than go into a file the newest are kept."""
    nets = {f"option-{n}": 0.1 * n for n in range(MOST_OPTIONS + 3)}
    tracemalloc.start()
    made = DayHistory(None)
    for tick in range(4):
        for gpu in range(64):
            made.add(f"GPU-{gpu}", NOON + 10 * tick, sample(nets=nets))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 8e6
    path = tmp_path / "day.json"
    big = DayHistory(path)
    for tick in range(2):
        for gpu in range(MOST_KEPT + 3):
            big.add(f"GPU-{gpu}", NOON + 10 * tick + gpu * 1e-3, sample(nets=nets))
    big.save()
    assert path.stat().st_size < store.MAX_BYTES * 0.8
    again = DayHistory(path)
    assert again.past("GPU-0", DAY) is None and again.past(f"GPU-{MOST_KEPT}", DAY) is not None


def test_more_gpus_than_there_is_room_for_push_out_the_longest_unseen() -> None:
    """UUIDs come from a driver: they too are bounded."""
    made = DayHistory(None)
    for gpu in range(MOST_GPUS + 5):
        made.add(f"GPU-{gpu}", NOON + gpu, sample())
    assert made.past("GPU-0", DAY) is None and made.past(f"GPU-{MOST_GPUS + 4}", DAY) is not None


def test_a_tick_costs_microseconds() -> None:
    """20 are allowed of this process's own time; a machine three times as slow as usual still passes."""
    made = DayHistory(None)
    took = []
    for _ in range(5):
        began = time.process_time()
        for tick in range(1000):
            made.add("GPU-a", NOON + tick, sample())
        took.append((time.process_time() - began) / 1000)
    assert min(took) < 20e-6


def test_one_thread_may_ask_while_another_adds() -> None:
    """Every answer is whole: all figures of it are of the same steps."""
    made, over = DayHistory(None), threading.Event()

    def add() -> None:
        for tick in range(30_000):
            value = float(tick)
            made.add("GPU-a", NOON + 10 * tick, sample(value, temp_c=value, nets={"ergo": value}))
        over.set()

    thread = threading.Thread(target=add)
    thread.start()
    asked = 0
    while not over.is_set():
        past = made.past("GPU-a", QUARTER)
        if past is not None:
            asked += 1
            assert past.of("power_w").means == past.of("temp_c").means
    thread.join()
    assert asked > 3
