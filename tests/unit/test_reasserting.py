"""Profiles that a card has lost are applied again, where the workload that wants them runs and nobody flips it."""

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from console.config.settings import Settings
from console.flips import reading
from console.flips.technician import Lock, Locks
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
        placed=placed(),
        uuids=uuids,
        claims=stage.claims,
        facts=world,
        hands=world,
        journal=stage.journal,
        locks=Locks(stage.places),
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
    assert len(reading.lines(stage.journal.path)) == 1, "noted once, not every minute"
    stage.world.untunable = "the card does not take 90 W"
    assert len(again(stage)) == 1 and len(reading.lines(stage.journal.path)) == 2


def test_the_same_loss_every_minute_is_noted_once_an_hour(stage: Stage) -> None:
    """A miner that sets its own limit is set right each time."""
    for noted, later_s in ((1, 0.0), (1, 60.0), (2, 3600.0)):
        stage.world.time_s += later_s
        stage.world.tuned.pop(uuid(0), None)
        assert [one.ok for one in again(stage)] == [True]
        assert len(reading.lines(stage.journal.path)) == noted


@pytest.mark.parametrize("on", ["host", uuid(0)])
def test_what_a_technician_has_locked_is_left_alone(stage: Stage, on: str) -> None:
    """Somebody may have his hands in the machine."""
    Locks(stage.places).put(Lock(on=on, by="alice", since=0.0), stage.world.now())
    (one,) = again(stage)
    assert one.ok and "left as it is: alice locked" in one.text
    assert uuid(0) not in stage.world.tuned and reading.lines(stage.journal.path) == ()


def test_what_is_stuck_is_left_alone(stage: Stage) -> None:
    """A mark stands until somebody has seen to it."""
    body = {"text": "x", "result": "stuck", "stuck": {uuid(0): "ergo still holds GPU 0"}, "slots": [0]}
    stage.journal.append("outcome", "f", (uuid(0),), {"login": "bob"}, body)
    (one,) = again(stage)
    assert "left as it is: it is stuck" in one.text and uuid(0) not in stage.world.tuned


def test_nothing_is_claimed_where_nothing_is_lost(stage: Stage) -> None:
    """A look each minute is in no flip's way."""
    stage.world.tuned[uuid(0)] = "mine"
    taken: list[object] = []
    claims = SimpleNamespace(take=lambda *words: taken.append(words))
    stage.claims = claims  # type: ignore[assignment]
    assert again(stage) == () and taken == []


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
