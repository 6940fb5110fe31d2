"""Undo: a new plan back to what ran before, refused once anything has come in between."""

from pathlib import Path

import pytest

from console.flips.records import Plan
from console.flips.undo import undo_plan
from console.model import Guard
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, World, miner, server


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two GPUs that mine different coins and may serve together."""
    units = [miner(0), miner(1), miner(0, "kaspa"), miner(1, "kaspa"), server(0, 1)]
    return Stage(tmp_path, World(2, units).run("ergo@0", "kaspa@1"))


def undo(stage: Stage, *slots: int, **more: object) -> Plan:
    """The plan that takes back the latest flip of these slots."""
    world = stage.world
    return undo_plan(world.planning(**more), stage.journal.path, slots, who=WHO, at=world.now())


def test_each_gpu_goes_back_to_its_own(stage: Stage) -> None:
    """A server that took two miners' GPUs gives each its own coin back; naming one GPU takes the whole set."""
    plan = stage.world.plan((0, 1), "vllm")
    assert stage.flip(plan).result == "done"
    back = undo(stage, 1)
    assert (back.target, back.undoes, [move.after for move in back.moves]) == (
        "undo",
        plan.moves[0].flip_id,
        ["ergo, kaspa"],
    )
    assert stage.flip(back).result == "done"
    assert [stage.world.running(slot) for slot in (0, 1)] == ["ergo", "kaspa"]


def test_undo_of_undo_is_the_flip_again(stage: Stage) -> None:
    """The latest flip is the undo itself."""
    stage.flip(stage.world.plan((0,), "kaspa"))
    stage.flip(undo(stage, 0))
    assert undo(stage, 0).moves[0].after == "kaspa"


def test_back_to_off(stage: Stage) -> None:
    """Where nothing ran before, undo stops what was started."""
    stage.world.unit("ergo@0").pid = 0
    stage.flip(stage.world.plan((0,), "kaspa"))
    (move,) = undo(stage, 0).moves
    assert (move.before, move.after, move.starts) == ("kaspa", "off", ())


def test_nothing_to_take_back(stage: Stage) -> None:
    """A GPU that was never flipped has nothing to take back."""
    assert undo(stage, 0).refusals[0].guard.sentence == "there is no flip of GPU 0 to take back"


def test_what_was_changed_since_is_not_taken_back(stage: Stage) -> None:
    """What is observed must be what the flip left."""
    stage.flip(stage.world.plan((0,), "kaspa"))
    stage.world.unit("kaspa@0").pid = 0
    refused = undo(stage, 0).refusals[0].guard.sentence
    assert refused == "GPU 0 runs off now, and the flip to take back left kaspa there"


def test_a_rolled_back_flip_is_not_taken_back(stage: Stage) -> None:
    """The latest flip must have been carried out; an older one is not reached for."""
    stage.flip(stage.world.plan((0,), "kaspa"))
    stage.world.unit("ergo@0").start_fails = "no"
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "rolled_back"
    assert "the latest flip of GPU 0 is rolled back" in undo(stage, 0).refusals[0].guard.sentence


def test_a_cancelled_flip_changed_nothing(stage: Stage) -> None:
    """A flip that was cancelled is passed over."""
    stage.flip(stage.world.plan((0,), "kaspa"))

    def second() -> None:
        stage.world.before["guards"] = lambda: stage.world.locked.update({0: "locked"})

    stage.world.before["guards"] = second
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "cancelled"
    assert undo(stage, 0).moves[0].after == "ergo"


def test_undo_is_under_all_guards(stage: Stage) -> None:
    """A lock refuses the undo as it refuses any flip."""
    import msgspec

    stage.flip(stage.world.plan((0,), "kaspa"))
    locked = msgspec.structs.replace(stage.world.row(0), guards=(Guard(name="lock", sentence="locked"),))
    plan = undo(stage, 0, rows=(locked, stage.world.row(1)))
    assert (plan.moves, plan.refusals[0].guard.sentence) == ((), "locked")


def test_an_unreadable_journal_refuses(stage: Stage) -> None:
    """Without the journal nothing is taken back, with a sentence."""
    stage.journal.path.write_bytes(b"garbage" * 999)
    assert "is not a database" in undo(stage, 0).refusals[0].guard.sentence
