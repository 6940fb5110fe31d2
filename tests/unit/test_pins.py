"""A flip by hand pins its GPUs until somebody unpins them; and advice can be made again from the journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.commands import journal as command
from console.commands import unpin as unpin_command
from console.economics.advice import advise
from console.economics.replay import Grounds
from console.economics.rules import Moment, Rules
from console.flips import reading
from console.flips.chain import Line
from console.flips.journal import JournalError
from console.flips.pins import Pin, known, pins, unpin
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


def elsewhere(stage: Stage, flips: int) -> None:
    """Automation flips another GPU so many times."""
    who = {"login": "auto", "via": "auto"}
    for number in range(flips):
        stage.journal.append("intent", f"auto-{number}", (uuid(1),), who, {"slots": [1], "move": {"starts": []}})
        stage.journal.append("outcome", f"auto-{number}", (uuid(1),), who, {"slots": [1], "result": "done"})


def test_a_pin_does_not_expire(stage: Stage) -> None:
    """However much is flipped elsewhere it stays until somebody unpins it, and so does its being unpinned."""
    flip(stage, 0, "vllm")
    elsewhere(stage, 260)
    assert pins(stage.journal.path)[uuid(0)].workload == "vllm" and uuid(1) not in pins(stage.journal.path)
    unpin(stage.journal, (uuid(0),), (0,))
    elsewhere(stage, 260)
    assert pins(stage.journal.path) == {}


def test_what_is_known_of_pins_goes_on_with_newer_lines(stage: Stage) -> None:
    """Line by line the same as the whole journal read anew; a note written while a flip ran lifts what that gives."""
    follows = known(stage.journal.path)
    for act in (
        lambda: flip(stage, 0, "vllm"),
        lambda: flip(stage, 1, "off", via="auto"),
        lambda: flip(stage, 0, "ergo", via="command"),
        lambda: unpin(stage.journal, (uuid(0),), (0,)),
        lambda: flip(stage, 0, "off"),
    ):
        act()
        follows = known(stage.journal.path, follows)
        assert follows == known(stage.journal.path)
    assert follows.pins[uuid(0)].workload == "off" and known(stage.journal.path, follows) is follows
    stage.world.before["start vllm@0"] = lambda: unpin(stage.journal, (uuid(0),), (0,))
    flip(stage, 0, "vllm")
    assert known(stage.journal.path, follows).pins == pins(stage.journal.path) == {}


def test_another_journal_in_its_place_is_read_anew(stage: Stage) -> None:
    """One that was moved aside, or put back older, tells its own pins and none of the one before."""
    flip(stage, 0, "vllm")
    follows = known(stage.journal.path)
    stage.journal.path.unlink()
    assert known(stage.journal.path, follows).pins == {}
    for _ in range(follows.seq + 2):
        stage.journal.append("note", "", (), {}, {"text": "anew"})
    assert known(stage.journal.path, follows).pins == {}


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
    """Word for word, from the note beside the intent alone; a flip without advice has none to show."""
    why = flipped_on_advice(stage)
    flip(stage, 1, "off")
    [one] = replayed(stage.journal.path, 50)
    assert one.same and one.why == one.again == why and "gains" in why and one.slot == 0


def test_the_grounds_stand_in_a_note_that_only_replay_reads(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right behind the intent, of the same flip and GPUs; one short line for people, none for whoever follows flips."""
    monkeypatch.setenv("CHANGEOVER_STATE", str(stage.places.state))
    monkeypatch.setenv("CHANGEOVER_RUN", str(stage.places.run))
    flipped_on_advice(stage)
    flip(stage, 1, "off")
    every = tuple(reversed(reading.lines(stage.journal.path, 1000, advice=True)))
    intent, note = every[:2]
    assert (note.kind, note.flip_id, note.gpus) == ("note", intent.flip_id, intent.gpus)
    assert (note.slots, note.body["step"], note.text) == ((0,), "advice", "advice kept: GPU 0")
    assert "grounds" not in json.dumps(intent.body) and "grounds" in json.dumps(note.body)
    assert [line for line in every if line not in stage.lines()] == [note]
    assert command.main([]) == 0
    [shown] = [line for line in capsys.readouterr().out.splitlines() if "advice" in line]
    assert shown.endswith("advice kept: GPU 0") and len(shown) < 100
    assert command.main(["verify"]) == 0


def test_a_flip_whose_advice_cannot_be_kept_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for any line after the intent: done, with an alarm and the words of what the journal lacks."""
    append = stage.journal.append

    def full(kind: str, *rest: Any) -> Line:
        if kind == "note":
            raise JournalError("the disk is full, make room")
        return append(kind, *rest)

    monkeypatch.setattr(stage.journal, "append", full)
    flipped_on_advice(stage)
    outcome = stage.lines("outcome")[-1]
    assert outcome.text == "GPU 0: ergo → vllm; the journal lacks its advice: the disk is full, make room"
    assert outcome.body["alarm"] is True and list(replayed(stage.journal.path, 50)) == []


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
