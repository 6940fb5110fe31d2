"""What a stand-down plans, what it marks, and the command."""

import json
from pathlib import Path

import msgspec
import pytest

from console.cli import main
from console.flips import reading
from console.flips.journal import Journal
from console.flips.standdown import halt, resume, stand_down
from console.flips.standing import Standing
from console.model import Guard
from console.paths import Places
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, World, miner, server


def test_it_stops_whole_instances_and_leaves_what_is_guarded(tmp_path: Path) -> None:
    """A server over two GPUs goes whole, a contract, a lock and a stranger stay, an idle card is not spoken of."""
    units = [server(0, 1), miner(2), miner(3), server(4, name="paid"), miner(5)]
    world = World(6, units, foreign={3: 77}).run("vllm@0", "ergo@2", "paid@4")
    world.unit("paid@4").terms = "contract"
    rows = [world.row(slot) for slot in range(6)]
    rows[2] = msgspec.structs.replace(rows[2], guards=(Guard(name="lock", sentence="bob locked it"),))
    plan = stand_down(world.planning(rows=tuple(rows)), WHO, world.now(), "smoke")
    assert [(move.slots, move.after) for move in plan.moves] == [((0, 1), "off")]
    assert {refusal.slots[0]: refusal.guard.name for refusal in plan.refusals} == {
        2: "lock",
        4: "contract",
        3: "foreign",
    }
    assert plan.reason == "smoke" and plan.abort_requests


def test_it_does_not_wait_for_requests(tmp_path: Path) -> None:
    """Smoke does not wait for a drain: the plan says that requests are cut off, and the flip stops at once."""
    world = World(1, [server(0)]).run("vllm@0")
    world.unit("vllm@0").requests = 5
    stage = Stage(tmp_path, world)
    plan = stand_down(world.planning(), WHO, world.now())
    assert "requests under way in vllm are cut off" in plan.moves[0].warnings
    began = world.time_s
    assert stage.flip(plan).result == "done" and world.time_s - began < 10


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "run").mkdir()
    return Places(state=tmp_path, run=tmp_path / "run", shared=True)


def test_a_halt_is_marked_and_journalled_until_resumed(places: Places) -> None:
    """Who stopped it and why stands in the file and in the journal; resuming takes the mark away and says so."""
    assert halt(places, WHO, 0.0, "smoke") == ""
    assert Standing(places).halted().startswith("alice stopped everything automatic")
    assert resume(places, WHO) and not resume(places, WHO)
    said = [line.text for line in reading.lines(Journal(places).path)]
    assert said == ["automatic flips resumed", "everything automatic stopped: smoke"]


def test_a_mark_that_cannot_be_written_is_told(places: Places) -> None:
    """What the disk does not take is no halt."""
    (places.state / "halt.json").mkdir()
    assert "could not be written" in halt(places, WHO, 0.0)


def test_resume_by_command(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to resume is no fault; --read-only refuses."""
    assert main(["resume"]) == 0 and capsys.readouterr().out == "nothing was stopped\n"
    (state_dir / "halt.json").write_text(json.dumps({"by": "a", "since": 0.0}))
    assert main(["resume", "--read-only"]) == 3 and (state_dir / "halt.json").exists()
    assert main(["resume"]) == 0 and not (state_dir / "halt.json").exists()
