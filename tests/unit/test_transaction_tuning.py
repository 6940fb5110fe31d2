"""Power limits and clocks around a flip, and the turns that the moves of one plan take."""

from pathlib import Path

import pytest

from console.flips.batch import carry_out
from console.flips.turns import Turns
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner, server, uuid


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A miner with a profile of its own on the card, a server with another."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    world.unit("ergo@0").profile, world.unit("vllm@0").profile = "mine", "ai"
    world.tuned[uuid(0)] = "mine"
    return Stage(tmp_path, world)


def acts(world: World) -> list[str]:
    """What was done to the world, in order."""
    return [call for call in world.calls if call.startswith(("tune", "stop", "start"))]


def test_safe_before_the_stop_and_its_own_once_warm(stage: Stage) -> None:
    """The old profile is taken back while its workload still runs, the new one is applied to what is warm."""
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "done"
    assert acts(stage.world) == ["tune default", "stop ergo@0", "start vllm@0", "tune ai"]
    said = {str(line.body["step"]): line.text for line in stage.lines("step")}
    assert said["safe"] == "profile default applied and read back"
    assert said["profile"] == "profile ai applied and read back"


def test_a_workload_without_a_profile_gets_the_cards_own_limits(stage: Stage) -> None:
    """What mining had set is not left to the next tenant."""
    stage.world.unit("vllm@0").profile = None
    stage.flip(stage.world.plan((0,), "vllm"))
    assert stage.world.tuned[uuid(0)] == "default" and acts(stage.world)[-1] == "start vllm@0"


def test_off_takes_the_profile_back(stage: Stage) -> None:
    """A card that stands down stands down with its own limits."""
    stage.flip(stage.world.plan((0,), "off"))
    assert stage.world.tuned[uuid(0)] == "default"


def test_a_profile_that_cannot_be_applied_ends_no_flip(stage: Stage) -> None:
    """Without root's unit the flip is done, and its outcome says that the profile was not applied."""
    stage.world.untunable = "install packaging/systemd/changeover-profile@.service"
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert ending.result == "done"
    assert ending.text.endswith("profile not applied: install packaging/systemd/changeover-profile@.service")


def test_what_is_read_back_is_believed(stage: Stage) -> None:
    """A unit that ends well and leaves the limit as it was is found out by the next reading."""
    stage.world.tune = lambda profile, uuid: None  # type: ignore[method-assign]
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert ending.text.endswith("profile not applied: GPU 0: limit is mine's, profile ai wants another")


def test_a_roll_back_brings_the_profile_back(stage: Stage) -> None:
    """The miner that comes back mines at the limits that it had."""
    stage.world.unit("vllm@0").start_fails = "no such model"
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "rolled_back"
    assert stage.world.tuned[uuid(0)] == "mine"


def test_a_flip_that_is_refused_just_before_the_stop_brings_it_back(stage: Stage) -> None:
    """A lock that comes after the safe clocks cancels, and the miner has its profile again."""

    def locked() -> None:
        stage.world.locked[0] = "bob locked it"

    stage.world.before["tune default"] = locked
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "cancelled"
    assert stage.world.tuned[uuid(0)] == "mine" and not [call for call in acts(stage.world) if call.startswith("st")]


def test_memory_is_proved_released(stage: Stage) -> None:
    """The line of the step says what was in use before the stop and what is now."""
    stage.flip(stage.world.plan((0,), "vllm"))
    (free,) = [line for line in stage.lines("step") if line.body["step"] == "free"]
    assert free.text == "GPU 0 free: memory 5300 → 300 MiB"


def test_moves_stop_things_apart(tmp_path: Path) -> None:
    """With a stagger of 30 s three miners are stopped 30 s apart; what waits says so."""
    world = World(3, [*map(miner, range(3)), *map(server, range(3))]).run("ergo@0", "ergo@1", "ergo@2")
    stops: list[float] = []
    for slot in range(3):
        world.before[f"stop ergo@{slot}"] = lambda: stops.append(world.time_s)
    stage = Stage(tmp_path, world)
    plan = world.plan((0, 1, 2), "vllm")
    endings = carry_out(plan, world, world, stage.journal, stage.claims, stage.told.append, at_once=1, stagger_s=30.0)
    assert [one.result for one in endings] == ["done"] * 3
    assert stops[1] - stops[0] >= 30 and stops[2] - stops[1] >= 30
    assert "waiting for its turn" in [one.text for one in stage.told]


def test_a_turn_is_given_once_and_then_waited_for() -> None:
    """The first has none to wait for; who comes within the stagger waits what is left of it, nobody takes his turn."""
    order = Turns(10.0)
    assert [order.wait_s(100.0), order.wait_s(104.0), order.wait_s(109.0), order.wait_s(110.0)] == [0, 6, 1, 0]
    assert Turns().wait_s(0.0) == Turns().wait_s(0.0) == 0


def test_who_waits_for_his_turn_can_be_ended(tmp_path: Path) -> None:
    """The stop key while a move waits for its turn: nothing of it was stopped."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("ergo@0"))
    asked = iter([False] * 8)
    order = Turns(1000.0, lambda: next(asked, True))
    order.wait_s(stage.world.time_s)
    ending = stage.flip(stage.world.plan((0,), "vllm"), order)
    assert ending.result == "cancelled" and stage.world.running(0) == "ergo"
