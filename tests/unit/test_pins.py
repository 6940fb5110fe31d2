"""A flip by hand pins its GPUs until somebody unpins them; and advice can be made again from the journal."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from console.commands import journal as command
from console.commands import unpin as unpin_command
from console.economics.advice import advise
from console.economics.replay import Grounds
from console.economics.rules import Moment, Rules
from console.flips.pins import Pin, pins, unpin
from console.flips.plan import plan
from console.flips.replaying import replayed
from console.telemetry.roster import Roster
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, World, miner, server, uuid

RULES = Rules(samples=1)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two GPUs that mine; each could serve."""
    world = World(2, [*(miner(slot) for slot in (0, 1)), *(server(slot) for slot in (0, 1))])
    return Stage(tmp_path, world.run("ergo@0", "ergo@1"))


def flip(stage: Stage, slot: int, target: str, via: str = "console") -> str:
    who = msgspec.structs.replace(WHO, via=via)
    made = plan(stage.world.planning(), (slot,), target, whole=True, who=who, at=stage.world.now())
    return stage.flip(made).result


def test_a_flip_by_hand_pins_and_another_pins_anew(stage: Stage) -> None:
    """To what was chosen, off too, by whom and when; other GPUs are free."""
    assert pins(stage.journal.path) == {}
    assert flip(stage, 0, "vllm") == "done"
    [pin] = pins(stage.journal.path).values()
    assert (pin.workload, pin.by) == ("vllm", "alice")
    assert flip(stage, 0, "off", via="command") == "done"
    assert pins(stage.journal.path)[uuid(0)].workload == "off" and uuid(1) not in pins(stage.journal.path)


def test_a_flip_that_no_person_asked_for_pins_nothing(stage: Stage) -> None:
    """And it takes the place of a pin: whoever let automation flip had unpinned it."""
    flip(stage, 0, "vllm")
    assert flip(stage, 0, "ergo", via="auto") == "done"
    assert pins(stage.journal.path) == {}


def test_a_flip_that_failed_pins_nothing(stage: Stage) -> None:
    """What is rolled back is where nobody wanted it."""
    made = plan(stage.world.planning(), (0,), "vllm", whole=True, who=WHO, at=stage.world.now())
    stage.world.before["start vllm@0"] = _fail
    assert stage.flip(made).result != "done"
    assert pins(stage.journal.path) == {}


def _fail() -> None:
    from console.workloads.contract import WorkloadError

    raise WorkloadError("it does not start")


def test_unpinning_holds_until_the_next_flip_by_hand(stage: Stage) -> None:
    """One note lifts it; the note names the GPU, and the next flip pins again."""
    flip(stage, 0, "vllm")
    unpin(stage.journal, (uuid(0),), (0,))
    assert pins(stage.journal.path) == {}
    assert stage.lines("note")[-1].text == "GPU 0 unpinned"
    flip(stage, 0, "ergo")
    assert pins(stage.journal.path)[uuid(0)] == Pin(workload="ergo", by="alice", at=stage.lines("intent")[-1].at)


def test_the_command_lifts_a_pin_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says whose it was; a second time there is nothing to lift; a GPU that nobody knows is 2, --read-only 3."""
    monkeypatch.setenv("CHANGEOVER_STATE", str(stage.places.state))
    monkeypatch.setenv("CHANGEOVER_RUN", str(stage.places.run))
    Roster(stage.places.roster).admit(uuid(0), "00000000:01:00.0", "RTX 4090", 1.0)
    flip(stage, 0, "vllm")
    assert unpin_command.main(["0", "--read-only"]) == 3
    assert unpin_command.main(["0"]) == 0
    assert unpin_command.main(["0"]) == 0
    assert unpin_command.main(["7"]) == 2
    out, err = capsys.readouterr()
    assert out.splitlines() == ["GPU 0 is unpinned, was pinned to vllm by alice", "GPU 0 was not pinned"]
    assert "refused, --read-only" in err and "7" in err


def grounded(stage: Stage, slot: int) -> Grounds:
    money = stage.world.row(slot).money
    moment = Moment(at=stage.world.now(), ran_s=7200.0, downtimes_s={"vllm": 40.0}, transition_per_h=0.02)
    return Grounds(options=money.options, running=money.running, moment=moment, rules=RULES)


def flipped_on_advice(stage: Stage) -> str:
    """Flip GPU 0 with its advice in the plan; the why line."""
    grounds = grounded(stage, 0)
    made = advise(grounds.options, grounds.running, grounds.moment, grounds.rules)
    planning = stage.world.planning(grounds={uuid(0): grounds})
    rows = tuple(
        msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, advice=made)) for row in planning.rows
    )
    planning = msgspec.structs.replace(planning, rows=rows)
    assert stage.flip(plan(planning, (0,), "vllm", whole=True, who=WHO, at=stage.world.now())).result == "done"
    return made.why


def test_advice_is_made_again_from_the_journal(stage: Stage) -> None:
    """Word for word, from what stands in the intent alone; a flip without advice has none to show."""
    why = flipped_on_advice(stage)
    flip(stage, 1, "off")
    [one] = replayed(stage.journal.path, 50)
    assert one.same and one.why == one.again == why and "gains" in why and one.slot == 0


def test_a_changed_rule_is_found(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`journal replay` says DIFFERS and exits 1 when the same grounds no longer give the same advice."""
    monkeypatch.setenv("CHANGEOVER_STATE", str(stage.places.state))
    monkeypatch.setenv("CHANGEOVER_RUN", str(stage.places.run))
    flipped_on_advice(stage)
    assert command.main(["replay"]) == 0
    assert "same: vllm gains" in capsys.readouterr().out
    monkeypatch.setattr("console.economics.advice.needed_per_h", lambda *_: 99.0)
    assert command.main(["replay", "--json"]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["same"] is False
