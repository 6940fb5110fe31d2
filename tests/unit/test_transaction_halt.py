"""One typed word while flips are under way: what has not started does not start, what has started goes off again."""

from pathlib import Path

import msgspec
import pytest

from console.config.settings import Settings
from console.flips.cases import still_standing
from console.flips.standing import Over
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner, server

SAID = "bob stopped everything automatic"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, World(1, [miner(0), server(0)]).run("ergo@0"))


def halting(stage: Stage) -> None:
    """Somebody types the word."""
    stage.world.halted = SAID


@pytest.mark.parametrize("at", ["guards", "tune default"])
def test_before_the_stop_nothing_is_touched(stage: Stage, at: str) -> None:
    """The flip is cancelled and what runs goes on: the stand-down itself stops it."""
    stage.world.unit("ergo@0").profile = "mine"
    stage.world.before[at] = lambda: halting(stage)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert ending.result in ("cancelled", "refused") and SAID in ending.text
    assert "stop ergo@0" not in stage.world.calls


def test_between_stop_and_start_the_gpu_stays_off(stage: Stage) -> None:
    """Neither the new workload nor the old one is started: off, with an alarm that says why."""
    stage.world.before["stop ergo@0"] = lambda: halting(stage)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm, stage.world.running(0)) == ("off", True, "off")
    assert SAID in ending.text and not [call for call in stage.world.calls if call.startswith("start")]


def test_what_is_still_warming_is_put_out(stage: Stage) -> None:
    """A model that loads for minutes does not go on loading."""
    stage.world.unit("vllm@0").warm_s = 30.0
    stage.world.before["start vllm@0"] = lambda: halting(stage)
    began = stage.world.time_s
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, stage.world.running(0)) == ("off", "off") and stage.world.time_s - began < 20
    assert "stop vllm@0" in stage.world.calls


@pytest.mark.parametrize(
    ("since", "target", "stands"), [(-1.0, "vllm", False), (1.0, "vllm", True), (1.0, "off", False)]
)
def test_only_what_was_planned_before_is_stopped(stage: Stage, since: float, target: str, stands: bool) -> None:
    """A person who flips after a halt means it; and standing down is what the halt wants."""
    world = stage.world
    plan = world.plan((0,), target)
    (seen,) = world.observe((plan.moves[0].uuids[0],), 1.0) or ()
    over = Over(halted=SAID, halted_since=plan.at + since)
    found = still_standing(plan, seen, Settings(), stuck="", fresh=True, over=over, others=())
    assert ("halt" in {guard.name for guard in found}) is stands


def test_what_nobody_confirms_is_stopped_by_any_halt(stage: Stage) -> None:
    """However old: automatic flips go on only once somebody resumes them."""
    plan = msgspec.structs.replace(stage.world.plan((0,), "off"), automatic=True)
    (seen,) = stage.world.observe((plan.moves[0].uuids[0],), 1.0) or ()
    over = Over(halted=SAID, halted_since=0.0)
    found = still_standing(plan, seen, Settings(), stuck="", fresh=True, over=over, others=())
    assert [guard.name for guard in found] == ["halt"]


def test_units_that_would_fight_are_asked_about_once_more(stage: Stage) -> None:
    """What was well when it was planned and is not any more refuses, before anything is touched."""
    stage.world.fighting["vllm@0"] = ("ergo@0 and vllm@0 both start at boot: disable one",)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.text) == ("refused", "ergo@0 and vllm@0 both start at boot: disable one")
    assert stage.lines() == () and stage.flip(stage.world.plan((0,), "off")).result == "done"
