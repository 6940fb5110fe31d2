"""The flip's state machine, branch by branch, in a world that can fail anywhere."""

from pathlib import Path

import pytest

from console.flips import reading
from console.flips.transaction import MACHINE, STEPS, State
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner, server, uuid


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One GPU that mines and may serve or mine something else."""
    return Stage(tmp_path, World(1, [miner(0), miner(0, "kaspa"), server(0)]).run("ergo@0"))


@pytest.fixture
def four(tmp_path: Path) -> Stage:
    """Four miners that may become one server."""
    units = [miner(slot) for slot in range(4)]
    return Stage(tmp_path, World(4, [*units, server(0, 1, 2, 3)]).run(*(unit.name for unit in units)))


def test_a_flip_goes_well(stage: Stage) -> None:
    """Stop, free, start, warm: each journalled after the intent, the outcome last, the claim let go."""
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.text, ending.alarm) == ("done", "GPU 0: ergo → vllm", False)
    assert stage.world.running(0) == "vllm"
    assert [line.kind for line in stage.lines()] == ["intent", "step", "step", "step", "step", "outcome"]
    assert stage.steps() == ["stop", "free", "start", "warm"]
    assert stage.claims.held(uuid(0)) == ""


def test_the_watcher_hears_each_step_begin_and_end(stage: Stage) -> None:
    """Progress tells beginnings, endings with their time, and the outcome last."""
    stage.flip(stage.world.plan((0,), "vllm"))
    begun = [one.step for one in stage.told if one.kind == "step" and one.took_s is None]
    assert begun == ["claim", "replan", "intent", "drain", "stop", "free", "start", "warm"]
    ended = {one.step: one.took_s for one in stage.told if one.took_s is not None}
    assert ended["free"] == pytest.approx(2.0, abs=0.2)
    assert ended["warm"] == pytest.approx(1.0, abs=0.4)
    assert (stage.told[-1].kind, stage.told[-1].result) == ("outcome", "done")


def test_every_state_has_a_deed() -> None:
    """The table of ways and the table of deeds name the same states, and every way leads somewhere."""
    assert set(MACHINE) == set(STEPS)
    ends = set(State) - set(MACHINE)
    assert {way.well for way in MACHINE.values()} | {way.ill for way in MACHINE.values()} <= set(State)
    assert ends == {State.DONE, State.ROLLED_BACK, State.CANCELLED, State.OFF, State.STUCK, State.REFUSED}


def test_off_stops_and_starts_nothing(stage: Stage) -> None:
    """Off ends once the GPU is proved free."""
    assert stage.flip(stage.world.plan((0,), "off")).result == "done"
    assert (stage.world.running(0), stage.steps()) == ("off", ["stop", "free"])


def test_from_off_nothing_is_stopped(tmp_path: Path) -> None:
    """A GPU on which nothing runs is proved free, without a settling time, and started."""
    stage = Stage(tmp_path, World(1, [miner(0)]))
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "done"
    assert stage.steps() == ["start", "warm"]


def test_a_set_moves_whole(four: Stage) -> None:
    """Four miners stop before the server on their GPUs starts."""
    assert four.flip(four.world.plan((0, 1, 2, 3), "vllm")).result == "done"
    deeds = [call for call in four.world.calls if call.startswith(("stop", "start"))]
    assert deeds == [*(f"stop ergo@{slot}" for slot in range(4)), "start vllm@0"]


def test_a_claimed_gpu_is_refused(stage: Stage) -> None:
    """The second operator sees who holds it; nothing is written or touched."""
    plan = stage.world.plan((0,), "vllm")
    with stage.claims.take([uuid(0)], "bob (console)", 1.7e9):
        ending = stage.flip(plan)
    assert ending.result == "refused"
    assert "bob (console)" in ending.text and "since 2023-11-14 22:13:20Z" in ending.text
    assert (stage.lines(), stage.world.calls) == ((), [])


def test_a_changed_world_is_refused(stage: Stage) -> None:
    """What runs there is no longer what was planned: plan again."""
    plan = stage.world.plan((0,), "vllm")
    stage.world.unit("ergo@0").pid = 0
    stage.world.run("kaspa@0")
    ending = stage.flip(plan)
    assert (ending.result, stage.lines()) == ("refused", ())
    assert ending.text == "GPU 0 is now held by kaspa (pid 101): plan again"


def test_a_set_that_grew_is_refused(tmp_path: Path) -> None:
    """A server that holds one more GPU than was planned is not stopped for it."""
    stage = Stage(tmp_path, World(2, [miner(0), server(0)]).run("vllm@0"))
    plan = stage.world.plan((0,), "ergo")
    stage.world.unit("vllm@0").slots = (0, 1)
    assert stage.flip(plan).text == "vllm now holds more GPUs than was planned: plan again"
    assert stage.lines() == ()


def test_an_unreadable_gpu_is_refused(stage: Stage) -> None:
    """Without a reading nothing is begun."""
    plan = stage.world.plan((0,), "vllm")
    stage.world.unreadable = True
    assert stage.flip(plan).text == "GPU 0 could not be read"
    assert stage.lines() == ()


def test_no_journal_no_flip(stage: Stage) -> None:
    """An intent that cannot be written stops everything, with a sentence."""
    plan = stage.world.plan((0,), "vllm")
    stage.journal.path.mkdir()
    ending = stage.flip(plan)
    assert (ending.result, stage.world.running(0)) == ("refused", "ergo")
    assert "cannot be used" in ending.text


def test_the_console_lost_before_the_intent_refuses(stage: Stage) -> None:
    """End of file before anything was written leaves nothing behind."""
    plan = stage.world.plan((0,), "vllm")
    stage.world.gone = True
    ending = stage.flip(plan)
    assert (ending.result, ending.text) == ("refused", "the console that asked for it is gone")
    assert (stage.lines(), stage.world.running(0)) == ((), "ergo")


def test_the_console_lost_after_the_intent_cancels(tmp_path: Path) -> None:
    """While requests drain a lost console cancels, in the journal too."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("vllm@0"))
    stage.world.unit("vllm@0").requests = 3
    stage.world.before["output"] = lambda: setattr(stage.world, "gone", True)
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert (ending.result, stage.results()) == ("cancelled", ["cancelled"])
    assert stage.world.running(0) == "vllm"
    assert stage.world.calls.count("output") == 1  # at once, not at the drain's limit


def test_the_console_lost_after_the_stop_goes_on(stage: Stage) -> None:
    """From the stop on the flip finishes by itself."""
    stage.world.before["stop ergo@0"] = lambda: setattr(stage.world, "gone", True)
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "done"


def test_a_lock_that_comes_late_cancels(stage: Stage) -> None:
    """Guards run again just before the stop."""

    def second() -> None:
        stage.world.before["guards"] = lambda: stage.world.locked.update({0: "bob locked it"})

    stage.world.before["guards"] = second
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.text) == ("cancelled", "bob locked it")
    assert stage.world.running(0) == "ergo"


def test_a_lock_between_stop_and_start_leaves_it_off(stage: Stage) -> None:
    """Guards run again just before the start; the roll-back honours the lock as well, so the GPU stays off."""
    stage.world.before["stop ergo@0"] = lambda: stage.world.locked.update({0: "bob locked it"})
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm, stage.world.running(0)) == ("off", True, "off")
    assert "ergo stays off: bob locked it" in ending.text


def test_draining_waits_for_requests(tmp_path: Path) -> None:
    """The server stops once no request runs."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("vllm@0"))
    unit = stage.world.unit("vllm@0")
    unit.requests = 2
    stage.world.before["output"] = lambda: stage.world.before.update(output=lambda: setattr(unit, "requests", 0))
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "done"
    assert stage.lines("step")[0].body["text"] == "no requests in vllm"


@pytest.mark.parametrize(("abort", "result"), [(False, "cancelled"), (True, "done")])
def test_the_drain_has_a_limit(tmp_path: Path, abort: bool, result: str) -> None:
    """At the limit the flip is cancelled, unless the plan says abort requests."""
    from msgspec.structs import replace

    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("vllm@0"))
    stage.world.unit("vllm@0").requests = 2
    ending = stage.flip(replace(stage.world.plan((0,), "ergo"), abort_requests=abort))
    assert ending.result == result
    if not abort:
        assert ending.text.startswith("2 requests still ran in vllm after 20 s; ")


def test_a_unit_that_will_not_stop_runs_on(stage: Stage) -> None:
    """A refused stop leaves the miner where it was: rolled back, never started a second time."""
    stage.world.unit("ergo@0").stop_fails = "polkit said no"
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, stage.world.running(0)) == ("rolled_back", "ergo")
    assert ending.text == "ergo did not stop: polkit said no; back to ergo"
    assert "start ergo@0" not in stage.world.calls


def test_half_a_set_stopped_comes_back(four: Stage) -> None:
    """When the third miner will not stop, the first two are started again."""
    four.world.unit("ergo@2").stop_fails = "no"
    assert four.flip(four.world.plan((0, 1, 2, 3), "vllm")).result == "rolled_back"
    assert [four.world.running(slot) for slot in range(4)] == ["ergo"] * 4


def test_nothing_is_brought_back_where_memory_is_not_free(four: Stage) -> None:
    """A roll-back starts nothing on a GPU whose memory has not come back."""
    four.world.unit("ergo@1").stop_fails = "no"
    four.world.before["stop ergo@1"] = lambda: four.world.leaked_mib.update({0: 900.0})
    ending = four.flip(four.world.plan((0, 1, 2, 3), "vllm"))
    assert (ending.result, [four.world.running(slot) for slot in range(4)]) == ("off", ["off", "ergo", "ergo", "ergo"])
    assert "ergo stays off: GPU 0 has 1200 MiB in use" in ending.text


def test_stuck_is_durable_and_cleared_by_freedom(stage: Stage) -> None:
    """A process that outlives the stop makes the GPU stuck, with its pid; settle clears it once it is seen free."""
    stage.world.unit("ergo@0").lingers = True
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm) == ("stuck", True)
    assert "python3 (pid 100)" in ending.text
    assert list(reading.stuck(stage.journal.path)) == [uuid(0)]
    assert "start vllm@0" not in stage.world.calls
    assert stage.settle()[0].text.startswith("still stuck: GPU 0 is held by python3")
    stage.world.orphans.clear()
    assert stage.settle()[0].result == "cleared"
    assert reading.stuck(stage.journal.path) == {}


def test_leaked_memory_is_not_free(stage: Stage) -> None:
    """Memory that does not come back keeps the next workload from starting."""
    stage.world.before["stop ergo@0"] = lambda: stage.world.leaked_mib.update({0: 700.0})
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.text) == (
        "stuck",
        "not free 10 s after the stop: GPU 0 has 1000 MiB in use, free it has at most 812",
    )


def test_the_base_is_learnt(stage: Stage) -> None:
    """Once seen free, a GPU's own base plus 64 MiB is the limit, not the reserved memory plus 512."""
    stage.flip(stage.world.plan((0,), "vllm"))
    assert reading.base_mib(stage.journal.path, "boot-1") == {uuid(0): 300.0}
    assert reading.base_mib(stage.journal.path, "another boot") == {}


def test_a_revived_miner_makes_it_stuck(stage: Stage) -> None:
    """A watchdog that starts the miner again within the settling time is caught."""
    world = stage.world

    def revive() -> None:
        world.before["observe"] = later

    def later() -> None:
        if world.on(0):
            return
        if world.clock() < 1001.0:
            world.before["observe"] = later
        else:
            world.run("ergo@0")

    world.before["stop ergo@0"] = revive
    ending = stage.flip(world.plan((0,), "vllm"))
    assert ending.result == "stuck"
    assert "GPU 0 is held by ergo" in ending.text


def test_a_taker_keeps_what_he_took(stage: Stage) -> None:
    """A stranger that comes between stop and start keeps the GPU; nothing is started beside him."""
    stage.world.before["stop ergo@0"] = lambda: stage.world.foreign.update({0: 4711})
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm, stage.world.running(0)) == ("off", True, "off")
    assert ending.text.startswith("GPU 0 was taken by python3 (pid 4711) and is left to it; ergo stays off")
    assert reading.stuck(stage.journal.path) == {}


def test_a_taker_of_one_leaves_the_others(four: Stage) -> None:
    """Of a set of four the three that nobody took go back to mining."""
    four.world.before["stop ergo@3"] = lambda: four.world.foreign.update({2: 4711})
    assert four.flip(four.world.plan((0, 1, 2, 3), "vllm")).result == "off"
    assert [four.world.running(slot) for slot in range(4)] == ["ergo", "ergo", "off", "ergo"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"start_fails": "image not found"}, "vllm did not start: image not found"),
        ({"dies": True}, "vllm ended after its start: exited with 1"),
        ({"never_warm": True}, "vllm shows no output 60 s after its start"),
    ],
)
def test_a_failed_start_rolls_back(stage: Stage, fault: dict[str, object], words: str) -> None:
    """Whatever keeps the target from output, what ran before runs again and shows output."""
    for name, value in fault.items():
        setattr(stage.world.unit("vllm@0"), name, value)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, stage.world.running(0), ending.alarm) == ("rolled_back", "ergo", False)
    assert ending.text == f"{words}; back to ergo"
    assert stage.steps()[-1] == "rollback"


def test_a_failed_start_from_off_goes_back_to_off(tmp_path: Path) -> None:
    """Where nothing ran before, the failed target is put out and that is the roll-back."""
    stage = Stage(tmp_path, World(1, [miner(0)]))
    stage.world.unit("ergo@0").never_warm = True
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "rolled_back"
    assert stage.world.running(0) == "off"


def test_a_failed_roll_back_is_off_with_an_alarm(stage: Stage) -> None:
    """When what ran before does not come back either, the GPU is left off and the alarm raised."""
    stage.world.unit("vllm@0").start_fails = "no image"
    stage.world.before["stop ergo@0"] = lambda: setattr(stage.world.unit("ergo@0"), "dies", True)
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm, stage.world.running(0)) == ("off", True, "off")
    assert (
        ending.text == "vllm did not start: no image; ergo did not come back: ergo ended after its start: exited with 1"
    )


def test_a_target_that_will_not_go_is_stuck(stage: Stage) -> None:
    """A failed target whose process stays keeps the old workload from being started beside it."""
    unit = stage.world.unit("vllm@0")
    unit.never_warm, unit.lingers = True, True
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert ending.result == "stuck"
    assert stage.world.calls.count("start ergo@0") == 0
    assert uuid(0) in reading.stuck(stage.journal.path)


def test_the_restart_budget_ends_the_loop(stage: Stage) -> None:
    """The fourth start after three failed ones in ten minutes is refused; ten minutes later it may be tried."""
    stage.world.unit("vllm@0").start_fails = "no"
    for _ in range(3):
        assert stage.flip(stage.world.plan((0,), "vllm")).result == "rolled_back"
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, ending.text) == ("refused", "3 starts failed on GPU 0 in 10 min")
    stage.world.sleep(601)
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "rolled_back"


def test_the_budget_of_a_roll_back_is_its_own(stage: Stage) -> None:
    """What fails to come back three times is left off, however often other starts failed."""
    stage.world.unit("vllm@0").start_fails = stage.world.unit("ergo@0").start_fails = "no"
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "off"
    failed = reading.failed_starts(stage.journal.path, "boot-1", stage.world.clock(), 600.0)
    assert failed == {uuid(0): 2}
    of_ergo = reading.failed_starts(stage.journal.path, "boot-1", stage.world.clock(), 600.0, "ergo@0")
    assert of_ergo == {uuid(0): 1}


def test_a_defect_of_ours_rolls_back(stage: Stage) -> None:
    """An exception nobody foresaw takes the way of every other trouble."""

    def broken() -> None:
        raise ZeroDivisionError("oops")

    stage.world.before["start vllm@0"] = broken
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, stage.world.running(0)) == ("rolled_back", "ergo")
    assert "unexpected ZeroDivisionError in start: oops" in ending.text


def test_a_journal_lost_in_between_is_told_and_the_flip_ends_safely(stage: Stage) -> None:
    """Later lines that cannot be written do not leave the GPU half flipped; the intent stays open to be settled."""
    aside = stage.journal.path.with_name("aside")

    def lose() -> None:
        stage.journal.path.rename(aside)
        stage.journal.path.mkdir()

    stage.world.before["stop ergo@0"] = lose
    ending = stage.flip(stage.world.plan((0,), "vllm"))
    assert (ending.result, stage.world.running(0)) == ("done", "vllm")
    assert [one for one in stage.told if "is not a plain file" in one.text]
    stage.journal.path.rmdir()
    aside.rename(stage.journal.path)
    assert [settled.result for settled in stage.settle()] == ["done"]


def test_times_of_our_own_are_journalled(stage: Stage) -> None:
    """What lies between go and stop, and between free and start, can be summed from the journal."""
    stage.flip(stage.world.plan((0,), "vllm"))
    intent = stage.lines("intent")[0]
    stop, _, start, _ = stage.lines("step")
    took = intent.body["took_s"]
    assert isinstance(took, dict) and set(took) == {"claim", "settle", "replan"}
    assert took["replan"] == pytest.approx(0.05)
    assert (stop.body["between_s"], start.body["between_s"]) == (0.0, 0.0)
