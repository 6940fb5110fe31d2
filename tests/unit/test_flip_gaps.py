"""What the model of flips has found and was mended, each as the smallest history that shows it."""

from pathlib import Path

from console.flips.records import Ending
from console.model import Kind
from tests.unit.flipflight import Flight
from tests.unit.flipmodel import ALICE, Wild, WildStage, WildWorld
from tests.unit.flipworld import uuid


def hall(folder: Path, *running: str) -> WildStage:
    """Two GPUs that mine one each and serve together."""
    miners = [Wild("ergo", Kind.MINE, f"ergo@{slot}", (slot,)) for slot in range(2)]
    world = WildWorld(2, [*miners, Wild("vllm", Kind.AI, "vllm@0", (0, 1))])
    world.run(*running)
    return WildStage(folder, world)


def flight(stage: WildStage, slots: tuple[int, ...], to: str) -> Flight:
    """The one move of such a plan, ready to go."""
    from console.flips.plan import plan

    made = plan(stage.world.planning(), slots, to, whole=True, who=ALICE, at=stage.world.now())
    (move,) = made.moves
    return stage.flight(move, made)


def test_guards_look_again_before_each_start(tmp_path: Path) -> None:
    """A stranger comes to GPU 1 while the miner of GPU 0 takes two seconds to start: GPU 1 is his, and stays so."""
    stage = hall(tmp_path, "vllm@0")
    stage.world.wild("ergo@0").start_s = 2.0
    one = flight(stage, (0, 1), "ergo")
    one.advance(("start ergo@0", 0), lambda: stage.world.arrive(1))
    assert isinstance(one.result, Ending) and one.result.result != "done"
    assert "start ergo@1" not in one.acts


def test_a_lock_stops_what_has_not_started(tmp_path: Path) -> None:
    """A technician locks GPU 1 while the miner of GPU 0 starts: nothing starts under his hands."""
    from console.flips.technician import Lock

    stage = hall(tmp_path, "vllm@0")
    stage.world.wild("ergo@0").start_s = 2.0
    one = flight(stage, (0, 1), "ergo")

    def lock() -> None:
        stage.locks.put(Lock(on=uuid(1), by="carol", since=stage.world.now()), stage.world.now())
        stage.world.locked_s[1] = stage.world.time_s

    one.advance(("start ergo@0", 0), lock)
    assert "start ergo@1" not in one.acts


def test_a_watchdog_that_comes_while_another_starts_is_seen(tmp_path: Path) -> None:
    """What was stopped is revived by somebody while the first miner starts: no second workload beside it."""
    stage = hall(tmp_path, "vllm@0")
    stage.world.wild("ergo@0").start_s = 2.0
    one = flight(stage, (0, 1), "ergo")
    one.advance(("start ergo@0", 0), lambda: stage.world.begin("vllm@0"))
    assert "start ergo@1" not in one.acts


def test_all_of_what_was_started_still_runs_when_it_is_done(tmp_path: Path) -> None:
    """One miner dies after its first output while the other still warms: that is not done."""
    stage = hall(tmp_path, "vllm@0")
    stage.world.wild("ergo@0").dies_after_s, stage.world.wild("ergo@1").warm_s = 1.7, 4.0
    one = flight(stage, (0, 1), "ergo")
    one.advance()
    assert isinstance(one.result, Ending)
    assert one.result.result != "done", (one.result.text, stage.world.running(0), stage.world.running(1))


def test_all_that_was_started_is_put_out(tmp_path: Path) -> None:
    """The first of two cold miners leaves a process behind: the second is stopped all the same."""
    stage = hall(tmp_path, "vllm@0")
    for name in ("ergo@0", "ergo@1"):
        stage.world.wild(name).never_warm = True
    stage.world.wild("ergo@0").lingers = True
    one = flight(stage, (0, 1), "ergo")
    one.advance()
    assert isinstance(one.result, Ending) and one.result.result == "stuck"
    assert "stop ergo@1" in one.acts, (one.result.text, stage.world.running(1))
