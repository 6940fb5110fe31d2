"""Profiles that a card has lost are applied again, where the workload that wants them runs and nobody flips it."""

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from console.config.settings import Settings
from console.flips import reading
from console.running.reasserting import Reasserted, reassert
from console.workloads.expand import Placed, place
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, World, miner, uuid

CONFIG = {
    "controllers": {"fake": {"kind": "supervisor", "acknowledged": True}},
    "workloads": {
        "ergo": {"kind": "mine", "controller": "fake", "unit": "ergo@{slot}", "gpus": [0, 1], "profile": "mine"},
    },
}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two miners that run, one of which has lost its profile."""
    world = World(2, [miner(0), miner(1)]).run("ergo@0", "ergo@1")
    world.tuned[uuid(1)] = "mine"
    return Stage(tmp_path, world)


def placed() -> tuple[Placed, ...]:
    rows = [(slot, uuid(slot), f"00000000:{slot + 1:02X}:00.0") for slot in range(2)]
    return place(msgspec.convert(CONFIG, Settings), rows)[0]


def again(stage: Stage, uuids: tuple[str, ...] = (uuid(0), uuid(1))) -> tuple[Reasserted, ...]:
    """One look, with what the runner's stage has of the world."""
    world = stage.world
    found = SimpleNamespace(
        placed=placed(), uuids=uuids, claims=stage.claims, facts=world, hands=world, journal=stage.journal
    )
    return reassert(found, WHO)  # type: ignore[arg-type]


def test_a_lost_profile_is_applied_again_and_journalled(stage: Stage) -> None:
    """The card that was reset, and only that; what was found stands in the journal."""
    (one,) = again(stage)
    assert (one.slot, one.ok) == (0, True) and stage.world.tuned == {uuid(0): "mine", uuid(1): "mine"}
    (line,) = reading.lines(stage.journal.path)
    assert line.text == one.text == "GPU 0: limit is default's, profile mine wants another; applied again"
    assert again(stage) == ()


def test_one_that_cannot_be_applied_is_told(stage: Stage) -> None:
    """And tried again the next time."""
    stage.world.untunable = "polkit does not let you"
    (one,) = again(stage)
    assert not one.ok and one.text.endswith("not applied: polkit does not let you")
    assert len(again(stage)) == 1


@pytest.mark.parametrize("what", ["off", "foreign", "not asked", "claimed"])
def test_nobody_elses_card_is_touched(stage: Stage, what: str) -> None:
    """Neither one on which it does not run, nor a stranger's, nor one that is being flipped."""
    world = stage.world
    if what == "off":
        world.unit("ergo@0").pid = 0
    if what == "foreign":
        world.foreign[0] = 77
    claim = stage.claims.take((uuid(0),), "bob", 0.0) if what == "claimed" else None
    assert again(stage, (uuid(1),) if what == "not asked" else (uuid(0), uuid(1))) == ()
    assert uuid(0) not in world.tuned
    if claim is not None:
        claim.release() if hasattr(claim, "release") else claim.__exit__(None, None, None)
