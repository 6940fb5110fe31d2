"""What a flip says happened is what happened: units that die late, controllers that fall silent, plans grown old."""

from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from console.commands.carrying import code
from console.flips import reading
from console.flips.records import Action
from console.model import Occupancy, WorkState
from console.workloads.contract import WorkloadError
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner, server, uuid


class SlowWorld(World):
    """A world whose ergo ignores the stop; its controller gives up waiting after 2 s and kills it ``kill_s`` later."""

    kill_s = 3.0
    told = False  # ergo was told to stop

    def stop(self, action: Action) -> None:
        if action.unit != "ergo@0" or self.told:
            return super().stop(action)
        self._call(f"stop {action.unit}")
        self.told, self.time_s = True, self.time_s + 2.0
        self.unit("ergo@0").ends = self.time_s + self.kill_s
        raise WorkloadError("ergo@0 is still STOPPING at its time-out")

    def start(self, action: Action) -> None:
        unit = self.unit(action.unit)
        if not self.alive(unit):
            unit.ends = float("inf")
            unit.pid = 0
        super().start(action)

    def occupancy(self, slot: int) -> Occupancy:
        found = super().occupancy(slot)
        held = found.instance
        if held is None or not self.told or self.unit(held.unit).ends == float("inf"):
            return found
        return changed(found, instance=changed(held, state=WorkState.DRAINING))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One GPU that mines and may serve."""
    return Stage(tmp_path, World(1, [miner(0), server(0)]).run("ergo@0"))


@pytest.fixture
def slow(tmp_path: Path) -> Stage:
    """The same, where the miner does not stop in time."""
    return Stage(tmp_path, SlowWorld(1, [miner(0), server(0)]).run("ergo@0"))


def test_a_unit_being_killed_is_not_back(slow: Stage) -> None:
    """What its controller kills after the time-out of its stop is waited for, and started again: then it is back."""
    ending = slow.flip(slow.world.plan((0,), "vllm"))
    assert (ending.result, slow.world.calls.count("start ergo@0")) == ("rolled_back", 1)
    assert ending.text == "ergo did not stop: ergo@0 is still STOPPING at its time-out; back to ergo"
    slow.world.sleep(600)
    assert slow.world.running(0) == "ergo"


def test_a_unit_that_stops_for_ever_is_stuck(slow: Stage) -> None:
    """What is neither killed nor comes back is stuck, by name and pid, and nothing is started beside it."""
    assert isinstance(slow.world, SlowWorld)
    slow.world.kill_s = 100_000.0
    ending = slow.flip(slow.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm) == ("stuck", True)
    sentence = "ergo still holds GPU 0 (pid 100), and it has been stopping for 120 s"
    assert reading.stuck(slow.journal.path) == {uuid(0): sentence}
    assert [call for call in slow.world.calls if call.startswith("start")] == []


def test_what_was_starting_when_its_stop_failed_is_back_once_warm(stage: Stage) -> None:
    """A unit still starting is not back yet: its output is waited for, without a second start."""
    unit = stage.world.unit("ergo@0")
    unit.stop_fails, unit.started, unit.warm_s = "no", stage.world.time_s, 9.0
    warm_at = unit.started + unit.warm_s
    occupancy = stage.world.occupancy

    def warming(slot: int) -> Occupancy:
        found = occupancy(slot)
        if found.instance is None or stage.world.time_s >= warm_at:
            return found
        return changed(found, instance=changed(found.instance, state=WorkState.WARMING))

    stage.world.occupancy = warming  # type: ignore[method-assign]
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "rolled_back"
    assert stage.world.time_s >= warm_at
    assert "start ergo@0" not in stage.world.calls


def test_a_silent_controller_leaves_it_stuck(stage: Stage) -> None:
    """What could not be stopped, by a controller gone silent, is stuck: neither off nor a stranger's."""
    stage.world.unit("ergo@0").stop_fails = "supervisord did not answer in time"
    stage.world.before["stop ergo@0"] = lambda: setattr(stage.world, "unanswered", "no answer at /run/s")
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    sentence = "ergo still holds GPU 0 (pid 100), and its controller does not answer: no answer at /run/s"
    assert (ending.result, ending.alarm, ending.stuck) == ("stuck", True, {uuid(0): sentence})
    assert ending.text == f"ergo did not stop: supervisord did not answer in time; {sentence}"
    assert stage.settle()[0].text.startswith("still stuck")
    stage.world.unit("ergo@0").pid = 0
    assert stage.settle()[0].result == "cleared"


def test_a_controller_that_answers_again_in_time_is_heard(stage: Stage) -> None:
    """A short silence is waited out; what then still runs is back."""
    world = stage.world
    world.unit("ergo@0").stop_fails = "no answer"
    heard_at = world.time_s + 6.0
    world.silent = lambda action: "no answer" if 1000.5 < world.time_s < heard_at else ""  # type: ignore[method-assign]
    world.before["stop ergo@0"] = lambda: world.sleep(1.0)
    assert stage.flip(world.plan((0,), "vllm")).result == "rolled_back"
    assert world.time_s >= heard_at


def test_of_a_set_only_what_is_left_is_stuck(tmp_path: Path) -> None:
    """Where one of two cannot be stopped and nobody answers, that GPU is stuck; the other is off, and both are told."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("ergo@0", "ergo@1"))
    stage.world.unit("ergo@1").stop_fails = "no answer"
    stage.world.before["stop ergo@1"] = lambda: setattr(stage.world, "unanswered", "no answer")
    ending = stage.flip(stage.world.plan((0, 1), "vllm"))
    assert (ending.result, set(ending.stuck)) == ("stuck", {uuid(1)})
    assert "ergo stays off: its controller does not answer: no answer; ergo still holds GPU 1" in ending.text


def test_a_silent_controller_is_refused_before_the_stop(stage: Stage) -> None:
    """Nothing is begun with a controller that does not answer."""
    plan = stage.world.plan((0,), "vllm")
    stage.world.unanswered = "no answer"
    ending = stage.flip(plan)
    assert (ending.result, ending.text) == ("refused", "the controller of ergo does not answer: no answer")
    assert stage.lines() == ()


def test_a_process_of_ours_is_never_a_stranger(tmp_path: Path) -> None:
    """A process of what was stopped, found on the GPU in the roll-back, is stuck: nobody took anything."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("ergo@0", "ergo@1"))
    stage.world.unit("ergo@0").lingers = True
    stage.world.unit("ergo@1").stop_fails = "no"
    ending = stage.flip(stage.world.plan((0, 1), "vllm"))
    assert (ending.result, set(ending.stuck)) == ("stuck", {uuid(0)})
    assert ending.text == "ergo did not stop: no; ergo still holds GPU 0 (pid 100), and its unit is down"
    assert [call for call in stage.world.calls if call.startswith("start")] == []


def test_a_gpu_switched_off_meanwhile_is_not_switched_on(stage: Stage) -> None:
    """What a colleague stopped between plan and yes stays stopped, and nobody writes that it had run."""
    plan = stage.world.plan((0,), "vllm")
    stage.world.unit("ergo@0").pid = 0
    ending = stage.flip(plan)
    assert (ending.result, ending.text) == ("refused", "GPU 0 is free now, it was planned to run ergo: plan again")
    assert (stage.lines(), stage.world.running(0)) == ((), "off")


def test_a_gpu_taken_into_use_meanwhile_is_refused(stage: Stage) -> None:
    """A GPU planned as free that runs a workload by now is left to it."""
    stage.world.unit("ergo@0").pid = 0
    plan = stage.world.plan((0,), "vllm")
    stage.world.run("ergo@0")
    ending = stage.flip(plan)
    assert ending.text == "GPU 0 is now held by ergo (pid 101): plan again"
    assert stage.lines() == ()


def test_a_gpu_switched_off_while_it_drains_cancels(tmp_path: Path) -> None:
    """Minutes of draining are time enough for somebody else: the plan is compared again before the stop."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("vllm@0"))
    plan = stage.world.plan((0,), "ergo")
    stage.world.before["output"] = lambda: setattr(stage.world.unit("vllm@0"), "pid", 0)
    ending = stage.flip(plan)
    assert (ending.result, ending.text) == ("cancelled", "GPU 0 is free now, it was planned to run vllm: plan again")
    assert stage.world.running(0) == "off"


def lose(stage: Stage) -> None:
    """The journal cannot be written any more: a folder stands in its place."""
    stage.journal.path.rename(stage.journal.path.with_name("aside"))
    stage.journal.path.mkdir()


def mend(stage: Stage) -> None:
    """The journal is as it was."""
    stage.journal.path.rmdir()
    stage.journal.path.with_name("aside").rename(stage.journal.path)


def test_a_flip_without_its_lines_is_done_with_an_alarm(stage: Stage) -> None:
    """A flip that the journal could not follow says which lines it lacks and why, to eyes and to scripts."""
    stage.world.before["stop ergo@0"] = lambda: lose(stage)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm, code((ending,))) == ("done", True, 1)
    lacks = "GPU 0: ergo → vllm; the journal lacks its stop and free and start and warm and outcome: "
    assert ending.text.startswith(lacks) and "is not a plain file" in ending.text
    assert stage.told[-1].text == ending.text


def test_a_flip_without_its_outcome_keeps_new_ones_out(stage: Stage) -> None:
    """While the journal cannot be written nothing new begins there; once it can, the open flip is settled first."""
    stage.world.before["output"] = lambda: lose(stage)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm) == ("done", True)
    assert "the journal lacks its warm and outcome: " in ending.text
    plan = stage.world.plan((0,), "ergo")
    assert stage.flip(plan).result == "refused"
    mend(stage)
    assert stage.flip(plan).result == "done"
    assert stage.results() == ["done", "done"]
    assert [line.body.get("settled") for line in stage.lines("outcome")] == [True, None]


def test_an_outcome_tells_of_the_lines_before_it(stage: Stage) -> None:
    """Where the journal can be written again by the end, its outcome says what it lacks, with the alarm."""
    stage.world.before["stop ergo@0"] = lambda: lose(stage)
    stage.world.before["start vllm@0"] = lambda: mend(stage)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    (outcome,) = stage.lines("outcome")
    assert (outcome.body["text"], outcome.body["alarm"]) == (ending.text, True)
    assert "the journal lacks its stop and free: " in ending.text
