"""Several moves of one plan: a few at a time, and a key that begins no more."""

import threading
from pathlib import Path

from console.flips.batch import carry_out
from console.flips.records import Progress
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner


def six(tmp_path: Path) -> Stage:
    """Six GPUs on which nothing runs."""
    return Stage(tmp_path, World(6, [miner(slot) for slot in range(6)]))


def test_all_moves_end_in_the_plans_order(tmp_path: Path) -> None:
    """Every move has its ending, and each GPU mines."""
    stage = six(tmp_path)
    plan = stage.world.plan(tuple(range(6)), "ergo")
    endings = carry_out(plan, stage.world, stage.world, stage.journal, stage.claims, stage.told.append, at_once=1)
    assert [ending.flip_id for ending in endings] == [move.flip_id for move in plan.moves]
    assert {ending.result for ending in endings} == {"done"}
    assert [stage.world.running(slot) for slot in range(6)] == ["ergo"] * 6


def test_one_failure_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """A move that fails is one move."""
    stage = six(tmp_path)
    stage.world.unit("ergo@2").start_fails = "no"
    plan = stage.world.plan(tuple(range(6)), "ergo")
    endings = carry_out(plan, stage.world, stage.world, stage.journal, stage.claims, stage.told.append, at_once=1)
    assert [ending.result for ending in endings] == ["done", "done", "rolled_back", "done", "done", "done"]


def test_the_stop_key_ends_after_those_under_way(tmp_path: Path) -> None:
    """Moves not yet begun are refused with a word, untouched and unjournalled."""
    stage, stop = six(tmp_path), threading.Event()
    plan = stage.world.plan(tuple(range(6)), "ergo")

    def told(progress: Progress) -> None:
        stage.told.append(progress)
        if progress.step == "warm" and progress.slots == (1,):
            stop.set()

    endings = carry_out(plan, stage.world, stage.world, stage.journal, stage.claims, told, at_once=1, stop=stop)
    assert [ending.result for ending in endings] == ["done", "done", *["refused"] * 4]
    assert [one.text for one in stage.told[-4:]] == ["stopped before it began"] * 4
    assert len(stage.results()) == 2


def test_no_more_than_two_at_once(tmp_path: Path) -> None:
    """Two moves are under way together, never three: the third claims only after one of them has ended."""
    stage = six(tmp_path)
    meet, under_way, most = threading.Barrier(2), set[str](), [0]

    def told(progress: Progress) -> None:
        if progress.step == "claim" and progress.took_s is None:
            under_way.add(progress.flip_id)
            most[0] = max(most[0], len(under_way))
        if progress.kind == "outcome":
            under_way.discard(progress.flip_id)

    def together() -> None:
        meet.wait(10)

    for slot in (0, 1):
        stage.world.before[f"start ergo@{slot}"] = together
    plan = stage.world.plan(tuple(range(6)), "ergo")
    endings = carry_out(plan, stage.world, stage.world, stage.journal, stage.claims, told)
    assert {ending.result for ending in endings} == {"done"}
    assert most == [2]


def test_a_report_that_fails_does_not_touch_the_flip(tmp_path: Path) -> None:
    """Whatever the audience raises after the stop, the move comes to its end and its outcome is written."""
    stage = six(tmp_path)
    plan = stage.world.plan((0,), "ergo")

    def gone(progress: Progress) -> None:
        raise BrokenPipeError(progress.step)

    (ending,) = carry_out(plan, stage.world, stage.world, stage.journal, stage.claims, gone)
    assert (ending.result, stage.results(), stage.world.running(0)) == ("done", ["done"], "ergo")
