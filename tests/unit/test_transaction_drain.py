"""Draining: the door is closed, what runs is waited for, and all of it is taken back when the flip comes to nothing."""

from pathlib import Path

import msgspec
import pytest

from console.flips.draining import CUTS
from console.flips.turns import Turns
from tests.unit.flipstage import Stage
from tests.unit.flipworld import Crash, World, miner, server


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A server with a front, three requests in it."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    unit = world.unit("vllm@0")
    unit.routed, unit.requests = True, 3
    return Stage(tmp_path, world)


def ending_requests(world: World, after: int) -> None:
    """One request less with each question to the meter, from the ``after``-th on."""
    unit, asked = world.unit("vllm@0"), 0

    def less() -> None:
        nonlocal asked
        asked += 1
        unit.requests -= int(asked > after and unit.requests > 0)
        world.before["output"] = less

    world.before["output"] = less


def test_the_door_is_closed_before_requests_are_waited_for(stage: Stage) -> None:
    """Closed first, then none left, then stopped; the step's line says so."""
    ending_requests(stage.world, 1)
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "done"
    calls = [call for call in stage.world.calls if call.startswith(("close", "open", "stop", "start"))]
    assert calls == ["close vllm@0", "stop vllm@0", "start ergo@0"]
    closing, drained = [line for line in stage.lines("step") if line.body["step"] == "drain"]
    assert (closing.text, closing.body["closes"]) == ("closing vllm to requests", "vllm@0")
    assert drained.text == "no requests in vllm, none come any more"


def test_the_wait_is_told_as_it_goes(stage: Stage) -> None:
    """How many requests are left and how much of the limit has gone, and none of that in the journal."""
    ending_requests(stage.world, 8)
    stage.flip(stage.world.plan((0,), "ergo"))
    told = [one.text for one in stage.told if one.step == "drain" and "left" in one.text]
    assert told[0] == "3 requests left in vllm, 0 of 20 s" and len(told) >= 2
    assert not [line for line in stage.lines() if "requests left" in line.text]


def test_at_the_limit_the_door_is_opened_again(stage: Stage) -> None:
    """Requests that do not end cancel the flip: nothing is stopped, and the server is let back into its work."""
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert (ending.result, ending.text) == ("cancelled", f"3 requests still ran in vllm after 20 s; {CUTS}")
    assert stage.world.unit("vllm@0").front and not [call for call in stage.world.calls if call.startswith("stop")]


def test_aborting_goes_on_at_the_limit(stage: Stage) -> None:
    """Who says that requests may be cut off has them cut off, after the whole wait."""
    plan = msgspec.structs.replace(stage.world.plan((0,), "ergo"), abort_requests=True)
    began = stage.world.time_s
    assert stage.flip(plan).result == "done" and stage.world.time_s - began > 20
    assert any("cut off, as was asked" in line.text for line in stage.lines("step"))


def test_the_operator_ends_a_drain(stage: Stage) -> None:
    """The stop key while requests are waited for: cancelled, and the door opened."""
    asked = iter([False] * 6)
    ending = stage.flip(stage.world.plan((0,), "ergo"), Turns(0.0, lambda: next(asked, True)))
    assert (ending.result, ending.text) == ("cancelled", "you ended it before anything was stopped")
    assert stage.world.unit("vllm@0").front and stage.world.running(0) == "vllm"


def test_a_console_that_goes_ends_a_drain(stage: Stage) -> None:
    """A hang-up while requests are waited for is no licence to stop."""

    def gone() -> None:
        stage.world.gone = True

    stage.world.before["output"] = gone
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert ending.result == "cancelled" and stage.world.unit("vllm@0").front


def test_a_door_that_does_not_close_cancels(stage: Stage) -> None:
    """Requests that still come would never end: the flip says which command failed, and tries to open again."""
    stage.world.unit("vllm@0").route_fails = "/opt/front/drain ended with 7"
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert ending.result == "cancelled"
    assert ending.text.startswith("requests still come to vllm: /opt/front/drain ended with 7")
    assert stage.world.running(0) == "vllm" and "open vllm@0" in stage.world.calls


def test_a_door_that_does_not_open_is_told(stage: Stage) -> None:
    """The flip was cancelled, and no request reaches the server: the outcome says both."""
    unit = stage.world.unit("vllm@0")
    asked = iter([False] * 6)

    def ended() -> bool:
        if next(asked, True):
            unit.route_fails = "connection refused"
            return True
        return False

    ending = stage.flip(stage.world.plan((0,), "ergo"), Turns(0.0, ended))
    assert ending.result == "cancelled" and ending.text.endswith("no requests come to vllm yet: connection refused")


def test_a_roll_back_opens_the_door(stage: Stage) -> None:
    """What comes back is let back into its work."""
    stage.world.unit("vllm@0").requests = 0
    stage.world.unit("ergo@0").start_fails = "no such wallet"
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert ending.result == "rolled_back" and stage.world.unit("vllm@0").front


def test_a_server_that_is_started_is_opened(tmp_path: Path) -> None:
    """The flip that stopped it left its front closed; the one that starts it opens it, once it is warm."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    world.unit("vllm@0").routed, world.unit("vllm@0").front = True, False
    stage = Stage(tmp_path, world)
    assert stage.flip(world.plan((0,), "vllm")).result == "done"
    assert world.unit("vllm@0").front
    assert world.calls.index("start vllm@0") < world.calls.index("open vllm@0")


def test_a_drain_that_was_killed_is_opened_when_it_is_settled(stage: Stage) -> None:
    """kill -9 while requests are waited for: the server runs on, and settling lets requests in again."""
    calls = stage.world.calls

    def killed() -> None:
        raise Crash("killed")

    stage.world.before["output"] = killed
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), "ergo"))
    assert not stage.world.unit("vllm@0").front
    (settled,) = stage.settle()
    assert settled.result == "cancelled" and stage.world.unit("vllm@0").front
    assert calls.count("open vllm@0") == 1


def test_one_slow_answer_is_no_quiet_moment(stage: Stage) -> None:
    """A scrape that takes too long tells nothing: requests that run are waited for, and at the limit nothing stops."""
    unit = stage.world.unit("vllm@0")

    def deaf() -> None:
        unit.deaf = 1

    stage.world.before["output"] = deaf
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert (ending.result, stage.world.running(0)) == ("cancelled", "vllm")


def test_a_meter_that_stays_silent_drains_nothing(stage: Stage) -> None:
    """Whether requests run cannot be told: cancelled at the limit, unless they may be cut off."""
    stage.world.unit("vllm@0").deaf = 10_000
    ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert ending.text == "whether requests run in vllm could not be told for 20 s"
    plan = msgspec.structs.replace(stage.world.plan((0,), "ergo"), abort_requests=True)
    assert stage.flip(plan).result == "done"


def test_half_a_roll_back_opens_what_has_come_back(tmp_path: Path) -> None:
    """Of two servers one comes back: its front is open, and the flip ends off with an alarm for the other."""
    one, other = server(0, name="va"), server(1, name="vb")
    one.routed = other.routed = True
    world = World(2, [one, other, server(0, 1, name="big")]).run("va@0", "vb@1")
    world.unit("big@0").never_warm = True

    def breaks() -> None:
        world.unit("vb@1").start_fails = "no such model"

    world.before["start big@0"] = breaks
    ending = Stage(tmp_path, world).flip(world.plan((0, 1), "big"))
    assert (ending.result, ending.alarm) == ("off", True)
    assert (world.running(0), one.front, other.front) == ("va", True, False)


def test_a_server_that_no_request_reaches_is_an_alarm(tmp_path: Path) -> None:
    """Started and warm, but its front stays closed: done, with an alarm and the sentence."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    unit = world.unit("vllm@0")
    unit.routed, unit.front, unit.route_fails = True, False, "front answers 503"
    ending = Stage(tmp_path, world).flip(world.plan((0,), "vllm"))
    assert (ending.result, ending.alarm) == ("done", True)
    assert ending.text.endswith("no requests come to vllm yet: front answers 503")


def test_a_defect_after_the_flip_still_has_an_outcome(stage: Stage) -> None:
    """Whatever opening raises, the outcome is written, with an alarm."""
    asked = iter([False] * 6)

    def ended() -> bool:
        if next(asked, True):
            stage.world.before["open vllm@0"] = lambda: 1 / 0  # type: ignore[assignment]
            return True
        return False

    ending = stage.flip(stage.world.plan((0,), "ergo"), Turns(0.0, ended))
    assert ending.alarm and "unexpected ZeroDivisionError after the flip" in ending.text
    assert stage.results() == ["cancelled"]


def test_settling_opens_only_what_this_flip_closed(stage: Stage) -> None:
    """A front that an operator had closed by hand before the flip came to it stays closed."""
    stage.world.unit("vllm@0").front = False

    def killed() -> None:
        raise Crash("killed")

    stage.world.before["guards"] = killed
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), "ergo"))
    stage.settle()
    assert not stage.world.unit("vllm@0").front


def test_what_was_killed_before_its_stop_is_cancelled_and_not_rolled_back(stage: Stage) -> None:
    """A line about draining is no stop."""

    def killed() -> None:
        raise Crash("killed")

    stage.world.before["output"] = killed
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), "ergo"))
    assert stage.steps() == ["drain"]
    (settled,) = stage.settle()
    assert settled.result == "cancelled"
