"""Guards of the whole site: its power budget, the grid's event, a halt, units that would fight, and what a plan that
nobody confirms is asked beyond a person's."""

import json
from pathlib import Path

import msgspec
import pytest

from console.flips.plan import plan
from console.flips.records import Plan
from console.flips.standing import Halt, Standing
from console.model import GpuRow
from console.paths import Places
from tests.unit.flipworld import WHO, World, miner, server, with_option

LIMIT_W = 1000.0


def powered(row: GpuRow, ergo_w: float | None = 250.0, vllm_w: float | None = 450.0) -> GpuRow:
    """The row with what its options draw at the wall."""
    for name, watts in (("ergo", ergo_w), ("vllm", vllm_w), ("off", 20.0)):
        row = with_option(row, name, wall_w=watts)
    return row


def planned(
    world: World, target: str, *, slots: tuple[int, ...] = (0,), automatic: bool = False, **more: object
) -> Plan:
    """A plan on rows that know their power."""
    given = {"rows": tuple(powered(world.row(slot)) for slot in range(world.gpus)), **more}
    made = world.planning(**given)
    return plan(made, slots, target, whole=False, who=WHO, at=world.now(), automatic=automatic)


def names(made: Plan) -> list[str]:
    """The guards that refuse."""
    return [refusal.guard.name for refusal in made.refusals]


def two() -> World:
    """Two GPUs that mine and could serve."""
    return World(2, [miner(0), miner(1), server(0), server(1)]).run("ergo@0", "ergo@1")


def test_a_plan_within_the_power_limit_says_what_it_adds() -> None:
    """200 W more on 700 W stay below 1000 W."""
    (move,) = planned(two(), "vllm", wall_w=700.0, power_limit_w=LIMIT_W).moves
    assert move.wall_change_w == pytest.approx(200.0) and move.warnings == ()


def test_the_power_limit_refuses_the_move_that_would_cross_it() -> None:
    """Of two moves of 200 W at 700 W the first fits and the second does not: together they are one plan."""
    made = planned(two(), "vllm", slots=(0, 1), wall_w=700.0, power_limit_w=LIMIT_W)
    assert [move.slots for move in made.moves] == [(0,)] and names(made) == ["power"]
    said = "with vllm on GPU 1 the site would draw 1.10 kW at the wall, its limit is 1.00"
    assert made.refusals[0].guard.sentence == said and not made.refusals[0].guard.forceable


def test_less_power_is_never_refused_by_the_limit() -> None:
    """A site that is over its limit may always stand down."""
    assert planned(two(), "off", wall_w=5000.0, power_limit_w=LIMIT_W).moves


def test_power_that_is_not_known_is_told_where_there_is_a_limit() -> None:
    """No guess is made: the plan warns, and only where a limit is set."""
    world = two()
    rows = tuple(powered(world.row(slot), vllm_w=None) for slot in range(2))
    said = "whether the site stays within its power limit cannot be told"
    (move,) = planned(world, "vllm", rows=rows, wall_w=700.0, power_limit_w=LIMIT_W).moves
    assert move.warnings == (said,) and move.wall_change_w is None
    assert planned(world, "vllm", rows=rows, wall_w=700.0).moves[0].warnings == ()


def test_nothing_is_started_in_an_event() -> None:
    """Standing down is what an event is for; starting anything waits for its end, and is not forced."""
    event = "the grid event peak-7 is in progress"
    made = planned(two(), "vllm", event=event)
    assert names(made) == ["event"] and made.refusals[0].guard.sentence.startswith(event)
    assert planned(two(), "off", event=event).moves


def test_units_that_would_fight_refuse_the_plan() -> None:
    """What the controller found wrong with either side is the reason, with its fix."""
    world = two()
    fault = "ergo@0 and vllm@0 all start at boot: systemctl disable all but one"
    candidates = tuple(
        msgspec.structs.replace(one, faults=(fault,)) if one.unit == "vllm@0" else one
        for one in world.planning().candidates
    )
    made = planned(world, "vllm", slots=(0, 1), candidates=candidates)
    assert names(made) == ["units"] and made.refusals[0].guard.sentence == fault
    assert [move.slots for move in made.moves] == [(1,)]


def test_a_listing_is_told_to_be_beyond_recall() -> None:
    """Starting one warns that it cannot be recalled; leaving it is a renter's guard, waived by force only."""
    world = two()
    candidates = tuple(
        msgspec.structs.replace(one, let=True) if one.workload == "vllm" else one for one in world.planning().candidates
    )
    (move,) = planned(world, "vllm", candidates=candidates).moves
    assert "a rental cannot be recalled" in move.warnings[0]
    assert move.starts[0].let
    world.run("vllm@0").unit("ergo@0").pid = 0
    made = planned(world, "ergo", candidates=candidates)
    assert names(made) == ["rental"] and made.refusals[0].guard.forceable


@pytest.mark.parametrize(("automatic", "refused"), [(False, []), (True, ["halt", "run", "quotes"])])
def test_what_warns_a_person_refuses_what_nobody_confirms(automatic: bool, refused: list[str]) -> None:
    """A short run, stale quotes and a halt: a person decides, nothing decides by itself."""
    world = two()
    world.unit("ergo@0").started = world.time_s - 60
    rows = tuple(with_option(powered(world.row(slot)), "vllm", stale=True) for slot in range(2))
    made = planned(world, "vllm", automatic=automatic, rows=rows, halted="bob stopped everything automatic")
    assert names(made) == refused and made.automatic is automatic
    if not automatic:
        assert "ergo has run 1 of the 30 min that its start should be given" in made.moves[0].warnings


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    return Standing(Places(state=tmp_path, run=tmp_path, shared=True))


def test_an_event_stands_until_its_time(standing: Standing, tmp_path: Path) -> None:
    """Whoever hears of events writes a file; it is over by itself."""
    assert standing.event(100.0) == ""
    (tmp_path / "event.json").write_text(json.dumps({"name": "peak-7\u202e", "until": 200.0}))
    assert standing.event(199.0) == "the grid event peak-7 is in progress until 1970-01-01 00:03Z"
    assert standing.event(200.0) == ""


@pytest.mark.parametrize("text", ["", "[]", '{"until": 3}', '{"name": 7}', "\xff"])
def test_an_event_file_that_makes_no_sense_is_an_event(standing: Standing, tmp_path: Path, text: str) -> None:
    """Cautious: nothing is started while it cannot be told, and the sentence names the file."""
    (tmp_path / "event.json").write_bytes(text.encode("latin-1"))
    assert str(tmp_path / "event.json") in standing.event(0.0)


def test_a_halt_stands_until_it_is_taken_back(standing: Standing) -> None:
    """Who, when and why, and the command that ends it."""
    assert standing.halted() == "" and not standing.resume()
    assert standing.halt(Halt(by="alice", since=0.0, reason="smoke"))
    said = "alice stopped everything automatic at 1970-01-01 00:00Z: smoke; changeover resume ends that"
    assert standing.halted() == said
    assert standing.resume() and standing.halted() == ""
