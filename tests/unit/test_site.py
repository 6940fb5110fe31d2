"""Live state on a simulated farm whose clock only moves when told: sums, ladders, plans, flips, reading only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console import units
from console.demo import FarmGround, open_farm
from console.flips.records import Progress
from console.model import GpuState, Holder, Quote, Snapshot
from console.site.live import LiveSite
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer
from console.view import plain

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z


def ground(tmp_path: Path, scenario: str = "calm", gpus: int = 8) -> FarmGround:
    """A farm that stands still until somebody sleeps on it."""
    farm = Farm(gpus=gpus, scenario=scenario, start=START, timer=HandTimer())  # type: ignore[arg-type]
    return FarmGround(farm, tmp_path)


def ticked(place: FarmGround, state: State, seconds: int = 1) -> Snapshot:
    """The snapshot after so many ticks."""
    for _ in range(seconds):
        place._farm.sleep(1.0)
        snapshot = state.apply(place._farm.batch())
    return snapshot


@pytest.fixture
def site() -> Iterator[LiveSite]:
    """A demo that runs twenty times as fast as the wall."""
    made = open_farm(8, 7, 20.0, "calm")
    waited = threading.Event()
    made.listen(lambda _: waited.set())
    assert waited.wait(5)
    yield made
    made.close()


def test_the_header_equals_the_rows_and_the_rows_equal_their_ladders(tmp_path: Path) -> None:
    """Promise 6: sums are of unrounded values, and a row's net is that of its running option."""
    place = ground(tmp_path)
    snapshot = ticked(place, State(place, ""), 3)
    nets = [row.money.net_per_h for row in snapshot.rows if row.money.net_per_h is not None]
    assert snapshot.totals.net_per_h == pytest.approx(sum(nets), abs=1e-12)
    for row in snapshot.rows:
        own = next(o for o in row.money.options if o.workload == row.money.running)
        assert row.money.net_per_h == own.net_per_h
        assert row.money.advice.best == row.money.options[0].workload
    bests = [row.money.options[0].net_per_h or 0.0 for row in snapshot.rows]
    assert snapshot.totals.best_net_per_h == pytest.approx(sum(bests), abs=1e-12)


def test_what_ran_before_is_the_estimate(tmp_path: Path) -> None:
    """What the farm's cards did last time prices the other options, marked with where it is from."""
    place = ground(tmp_path)
    state = State(place, "")
    state.begin_with(place.figures(), place.past())
    snapshot = ticked(place, state)
    mining = next(row for row in snapshot.rows if row.money.running == "ergo")
    other = next(o for o in mining.money.options if o.workload == "vllm-qwen")
    assert other.basis.value == "estimated" and other.net_per_h is not None
    assert "ago" in other.source or other.source == "model average here"
    assert len(snapshot.trend_net) >= 85, "the past of the farm fills the trends"
    assert all(value is not None for value in snapshot.trend_net)


def test_a_lost_gpu_keeps_its_row_and_leaves_the_sums(tmp_path: Path) -> None:
    """State, reason and age stay; its last watts and net are in no total."""
    place = ground(tmp_path, "stormy")
    state = State(place, "")
    before = ticked(place, state, 55)
    after = ticked(place, state, 10)
    [lost] = [row for row in after.rows if row.reading.state is GpuState.LOST]
    assert lost.money.options == () and lost.money.net_per_h is None
    [ran] = [row for row in before.rows if row.reading.uuid == lost.reading.uuid]
    own = next(option for option in ran.money.options if option.workload == ran.money.running)
    assert lost.was is not None and own.net_per_h is not None and ran.was is None
    assert (lost.was.workload, lost.was.net_per_h) == ("ergo", pytest.approx(own.net_per_h, rel=0.05))
    [line] = [text for text in plain.table(after, 240) if "LOST" in text]
    assert f"was ergo, {lost.reading.power_w:.0f} W, {units.money(lost.was.net_per_h)} $/h" in line
    assert len(after.rows) == len(before.rows) == 8
    assert dict(after.totals.counts)["lost"] == 1
    assert (after.totals.wall_w or 0) < (before.totals.wall_w or 0)
    assert any("lost: xid 79" in line.text for line in after.log)


@pytest.mark.parametrize("word", ["hw thermal", "sw thermal", "power cap"])
def test_a_card_too_hot_for_its_work_need_not_finish_its_minimum_run(tmp_path: Path, word: str) -> None:
    """Held back by heat waives the run that a start should be given; a power limit at work does not."""
    place = ground(tmp_path)
    state = State(place, "")
    state.begin_with(place.figures(), place.past())
    place._farm.sleep(1.0)
    batch = place._farm.batch()
    hot = tuple(msgspec.structs.replace(reading, throttle=(word,)) for reading in batch.readings)
    snapshot = state.apply(msgspec.structs.replace(batch, readings=hot))
    mining = next(row for row in snapshot.rows if row.money.running == "ergo")
    assert ("minimum run waived" in mining.money.advice.why) == (word != "power cap"), mining.money.advice.why


class _OldErg(FarmGround):
    """A farm whose feed of ERG's price answered an hour ago and not since."""

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """The farm's, that one old."""
        return tuple(
            msgspec.structs.replace(quote, at=START - 3600)
            if (quote.kind, quote.name) == ("coin_price", "ERG")
            else quote
            for quote in super().quotes(now)
        )


def test_today_counts_no_money_at_stale_prices(tmp_path: Path) -> None:
    """What stands in the header's sum with a mark is in no accrual: today grows by the fresh rows alone."""
    farm = Farm(gpus=8, scenario="calm", start=START, timer=HandTimer())
    place = _OldErg(farm, tmp_path)
    state = State(place, "")
    before, after = ticked(place, state, 3), ticked(place, state, 1)
    miners = [row for row in before.rows if row.money.running == "ergo"]
    assert before.totals.stale_rows == len(miners) > 0
    fresh = sum(row.money.net_per_h or 0.0 for row in before.rows if row not in miners)
    assert before.totals.net_per_h == pytest.approx(fresh + sum(row.money.net_per_h or 0.0 for row in miners))
    assert before.totals.today_accrued is not None and after.totals.today_accrued is not None
    assert after.totals.today_accrued - before.totals.today_accrued == pytest.approx(fresh / 3600)


def test_a_stranger_is_priced_at_nothing_and_refused(tmp_path: Path) -> None:
    """Nothing is compared on a GPU that is not ours, and no force moves it."""
    place = ground(tmp_path, "stormy")
    state = State(place, "")
    snapshot = ticked(place, state, 160)
    [foreign] = [row for row in snapshot.rows if row.occupancy.holder is Holder.FOREIGN]
    assert foreign.money.running is None and foreign.money.net_per_h is None
    site = LiveSite(place)
    site._state = state
    site._world = site._plannable()
    site._world = site._plannable()
    slot = foreign.reading.slot
    plan = site.plan((slot,), "off", whole=True, force=(f"rig-07:{slot}",))
    assert plan.moves == ()
    assert "foreign" in {refusal.guard.name for refusal in plan.refusals}


def test_a_flip_runs_its_course_and_undo_takes_it_back(site: LiveSite) -> None:
    """The same transaction as on a host: outcome done, the row shows it, undo plans the way back."""
    [mining] = [row.reading.slot for row in site.snapshot().rows if row.money.running == "ergo"][:1]
    plan = site.plan((mining,), "ai", whole=True)
    assert [move.after for move in plan.moves] == ["vllm-qwen"]
    assert (plan.moves[0].gain_per_h or 0) > 0
    results = _carried(site, plan)
    assert results == ["done"]
    [told] = [line.text for line in site.snapshot().log if f"GPU {mining}" in line.text]
    assert told == f"GPU {mining}: ergo → vllm-qwen", "one line for one fact"
    undo = site.undo((mining,))
    assert [(move.before, move.after) for move in undo.moves] == [("vllm-qwen", "ergo")]
    assert [line.kind for line in site.history() if line.kind == "outcome"] == ["outcome"]


def test_part_of_a_set_is_refused_and_the_whole_moves(site: LiveSite) -> None:
    """Four GPUs of one server: one alone is refused by name, the cursor takes all four."""
    members = [row.reading.slot for row in site.snapshot().rows if row.money.running == "vllm-tp4"]
    assert len(members) == 4
    part = site.plan((members[0],), "off", whole=False)
    assert part.moves == () and "name all four" in part.refusals[0].guard.sentence
    whole = site.plan((members[0],), "off", whole=True)
    assert sorted(whole.moves[0].slots) == members


def test_a_contract_gpu_is_forced_by_name_only(site: LiveSite) -> None:
    """The guard names the contract; host:slot waives it, another slot's does not."""
    [slot] = [row.reading.slot for row in site.snapshot().rows if row.money.running == "acme"]
    assert [r.guard.name for r in site.plan((slot,), "off", whole=True).refusals] == ["contract"]
    assert site.plan((slot,), "off", whole=True, force=("rig-07:99",)).moves == ()
    name = f"rig-07:{slot}"
    forced = site.plan((slot,), "off", whole=True, force=(name,))
    assert len(forced.moves) == 1 and forced.forced == (name,)
    assert _carried(site, forced) == ["done"]
    assert _carried(site, site.undo((slot,))) == ["done"]
    assert [r.guard.name for r in site.undo((slot,)).refusals] == ["contract"]
    back = site.undo((slot,), force=(name,))
    assert ([move.after for move in back.moves], back.forced) == (["off"], (name,))


def test_a_console_that_only_looks_plans_nothing_and_flips_nothing() -> None:
    """Every plan is a refusal with the reason, and flip itself refuses too."""
    site = open_farm(4, 7, 20.0, "calm", read_only="--read-only")
    try:
        waited = threading.Event()
        site.listen(lambda _: waited.set())
        assert waited.wait(5)
        plan = site.plan((0,), "off", whole=True)
        assert plan.moves == ()
        assert any("--read-only" in refusal.guard.sentence for refusal in plan.refusals)
        with pytest.raises(PermissionError):
            site.flip(plan, lambda _: None)
    finally:
        site.close()


def test_closing_leaves_no_directory_and_no_thread() -> None:
    """The demo's journal lived in a temporary directory, which goes with it."""
    before = threading.active_count()
    site = open_farm(2, 7, 20.0, "calm")
    folder = site._ground.places.state
    assert folder.is_dir()
    site.close()
    assert not folder.exists()
    assert threading.active_count() <= before


def _carried(site: LiveSite, plan: object) -> list[str]:
    results: list[str] = []
    done = threading.Event()

    def heard(progress: Progress) -> None:
        if progress.kind in ("outcome", "refused", "error"):
            results.append(progress.result)
            done.set()

    site.flip(plan, heard)  # type: ignore[arg-type]
    assert done.wait(30)
    seen = threading.Event()
    site.listen(lambda snapshot: seen.set() if snapshot.log and "→" in snapshot.log[0].text else None)
    assert seen.wait(10), "the snapshot tells the outcome"
    return results
