"""What a plan moves, and what it makes of what was asked."""

import msgspec
import pytest

from console.economics.replay import Grounds
from console.economics.rules import Moment, Rules
from console.flips.plan import plan
from console.model import Advice, Kind
from tests.unit.flipworld import WHO, Unit, World, miner, option, server, uuid, with_option


def eight() -> World:
    """Four GPUs that may mine two coins, or serve one model together."""
    units = [miner(slot) for slot in range(4)] + [miner(slot, "kaspa") for slot in range(4)]
    return World(4, [*units, server(0, 1, 2, 3, name="tp4"), server(1, name="small")])


def test_one_gpu_moves_alone() -> None:
    """A one-GPU miner gives way to a one-GPU server: one move, one stop, one start."""
    made = eight().run("ergo@1").plan((1,), "small")
    (move,) = made.moves
    assert (move.uuids, move.slots, move.before, move.after) == ((uuid(1),), (1,), "ergo", "small")
    assert [action.unit for action in move.stops] == ["ergo@1"]
    assert [action.unit for action in move.starts] == ["small@1"]
    assert (move.stops[0].timeout_s, move.starts[0].timeout_s) == (10.0, 60.0)
    assert made.refusals == () and made.done == ()


def test_a_server_stops_whole() -> None:
    """Naming all four GPUs of a server moves them as one, and four miners start."""
    (move,) = eight().run("tp4@0").plan((0, 1, 2, 3), "ergo").moves
    assert [action.unit for action in move.stops] == ["tp4@0"]
    assert [action.unit for action in move.starts] == [f"ergo@{slot}" for slot in range(4)]
    assert move.slots == (0, 1, 2, 3)


def test_a_server_takes_its_whole_group() -> None:
    """Starting a four-GPU server stops the four miners that are there."""
    world = eight().run(*(f"ergo@{slot}" for slot in range(4)))
    (move,) = world.plan((0, 1, 2, 3), "tp4").moves
    assert [action.unit for action in move.stops] == [f"ergo@{slot}" for slot in range(4)]
    assert [action.unit for action in move.starts] == ["tp4@0"]


@pytest.mark.parametrize("slots", [(3,), (0, 1, 3)])
def test_a_part_of_a_held_set_is_refused_by_name(slots: tuple[int, ...]) -> None:
    """Some GPUs of a running server are refused with the others' names."""
    made = eight().run("tp4@0").plan(slots, "ergo")
    assert made.moves == ()
    others = ",".join(str(slot) for slot in range(4) if slot != slots[0])
    assert made.refusals[0].guard.sentence == f"GPU {slots[0]} is held with {others} by tp4: name all four"


def test_a_part_of_a_target_set_is_refused_by_name() -> None:
    """One GPU alone cannot become a four-GPU server."""
    made = eight().run("ergo@0").plan((0,), "tp4")
    assert made.refusals[0].guard.sentence == "GPU 0 goes with 1,2,3 under tp4: name all four"


def test_the_cursor_takes_the_set_in() -> None:
    """With ``whole`` the rest of the set moves along, each GPU to its own best of that kind."""
    (move,) = eight().run("tp4@0").plan((3,), "mine", whole=True).moves
    assert move.slots == (0, 1, 2, 3)
    assert move.after == "ergo"


def test_the_cursor_draws_the_group_of_the_target() -> None:
    """With ``whole`` a GPU that becomes part of a server brings the others, whatever they would choose."""
    world = eight().run("ergo@0", "small@1")
    (move,) = world.plan((0,), "tp4", whole=True).moves
    assert {action.unit for action in move.stops} == {"ergo@0", "small@1"}


def test_two_choices_in_one_set_are_refused() -> None:
    """A GPU whose best would take another one that has a better use is asked for one name; that other one moves."""
    world = eight()
    rows = [world.row(slot) for slot in range(4)]
    rows[1] = with_option(rows[1], "tp4", net_per_h=0.2, eligible=False, why_not="too small")
    made = plan(world.planning(rows=tuple(rows)), (0, 1, 2, 3), "ai", whole=False, who=WHO, at=world.now())
    assert [move.slots for move in made.moves] == [(1,)]
    assert [refusal.slots for refusal in made.refusals] == [(0,), (2,), (3,)]
    assert made.refusals[0].guard.sentence == "tp4 would take GPU 1, which would do small: name one workload"


def test_already_so_is_done() -> None:
    """What runs already, and off where nothing runs, is done and moves nothing."""
    world = eight().run("ergo@0")
    assert world.plan((0,), "ergo").done == (0,)
    assert world.plan((2,), "off").done == (2,)
    assert not world.plan((0,), "ergo").moves


def test_off_only_stops() -> None:
    """Off stops the whole instance and starts nothing."""
    (move,) = eight().run("tp4@0").plan((0, 1, 2, 3), "off").moves
    assert (move.starts, move.before, move.after) == ((), "tp4", "off")


def test_kinds_take_the_best_eligible() -> None:
    """``mine`` follows the ladder's order and passes over what is not eligible."""
    world = eight()
    row = with_option(world.row(0), "ergo", eligible=False)
    rows = (row, *(world.row(slot) for slot in range(1, 4)))
    made = plan(world.planning(rows=rows), (0,), "mine", whole=False, who=WHO, at=world.now())
    assert made.moves[0].after == "kaspa"


def test_nothing_eligible_says_why() -> None:
    """A kind that no workload can serve on this GPU names each that was passed over."""
    world = World(1, [miner(0)])
    rows = (with_option(world.row(0), "ergo", eligible=False, why_not="needs 30 GiB"),)
    made = plan(world.planning(rows=rows), (0,), "mine", whole=False, who=WHO, at=world.now())
    assert made.refusals[0].guard.sentence == "no workload of kind mine can run on GPU 0: ergo needs 30 GiB"


def test_best_follows_the_advice() -> None:
    """``best`` is what the advice names; without one the GPU is best as it is."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    assert world.plan((0,), "best").moves[0].after == "vllm"
    row = world.row(0)
    silent = msgspec.structs.replace(
        row, money=msgspec.structs.replace(row.money, advice=Advice(best=None, gain_per_h=None, acts=False, why=""))
    )
    made = plan(world.planning(rows=(silent,)), (0,), "best", whole=False, who=WHO, at=world.now())
    assert made.done == (0,)


def test_a_unit_that_is_alive_without_a_process_is_stopped_too() -> None:
    """A miner in a crash loop shows no process just now; it is stopped before something else starts."""
    world = World(1, [miner(0), server(0)])
    candidates = tuple(
        msgspec.structs.replace(one, state="starting") if one.unit == "ergo@0" else one
        for one in world.planning().candidates
    )
    made = plan(world.planning(candidates=candidates), (0,), "vllm", whole=False, who=WHO, at=world.now())
    assert [action.unit for action in made.moves[0].stops] == ["ergo@0"]
    off = plan(world.planning(candidates=candidates), (0,), "off", whole=False, who=WHO, at=world.now())
    assert [action.unit for action in off.moves[0].stops] == ["ergo@0"]


def test_a_set_that_is_coming_up_is_a_set() -> None:
    """A four-GPU server that its controller starts just now is not stopped for the sake of one of its GPUs."""
    world = eight()
    candidates = tuple(
        msgspec.structs.replace(one, state="starting") if one.unit == "tp4@0" else one
        for one in world.planning().candidates
    )
    made = plan(world.planning(candidates=candidates), (1,), "ergo", whole=False, who=WHO, at=world.now())
    assert made.refusals[0].guard.sentence == "GPU 1 is held with 0,2,3 by tp4: name all four"


def test_several_gpus_are_several_moves() -> None:
    """GPUs that do not belong together are moves of their own, with ids of their own."""
    made = eight().run("ergo@0", "ergo@2").plan((0, 2), "kaspa")
    assert [move.slots for move in made.moves] == [(0,), (2,)]
    assert len({move.flip_id for move in made.moves}) == 2


def test_money_of_the_move() -> None:
    """Downtime, cost, gain and pay-back follow from the ladder: 3 s stop, 2 s settle, 60 s of 120 start time."""
    (move,) = World(1, [miner(0), server(0)]).run("ergo@0").plan((0,), "vllm").moves
    assert move.downtime_s == pytest.approx(3 + 2 + 60)
    assert move.downtime_cost == pytest.approx(65 / 3600 * (0.10 + 0.03))
    assert move.gain_per_h == pytest.approx(0.30)
    assert move.payback_s == pytest.approx(65 * 0.13 / 0.30)
    assert not move.estimated


def test_what_a_pool_keeps_is_in_the_cost_and_said() -> None:
    """As in the advice: it is paid back like the downtime, for every GPU of the move that leaves the pool."""
    world = World(3, [*(miner(slot) for slot in range(3)), server(0, 1, name="tp2"), server(2)])
    world.run("ergo@0", "ergo@1", "ergo@2")
    grounds = {
        uuid(slot): Grounds(
            options=world.row(slot).money.options,
            running="ergo",
            moment=Moment(at=world.now(), forfeited=0.12 if slot < 2 else 0.0),
            rules=Rules(),
        )
        for slot in range(3)
    }
    given = world.planning(grounds=grounds)
    pair, single = plan(given, (0, 1, 2), "ai", whole=True, who=WHO, at=world.now()).moves
    idle = 65 / 3600 * 2 * (0.10 + 0.03)
    assert pair.downtime_cost == pytest.approx(idle + 0.24)
    assert pair.gain_per_h is not None and pair.payback_s == pytest.approx((idle + 0.24) / pair.gain_per_h * 3600)
    assert "the pool keeps 0.24 $ unpaid below its minimum when ergo leaves" in pair.warnings
    assert single.downtime_cost == pytest.approx(idle / 2) and "pool" not in " ".join(single.warnings)


def test_what_a_pool_keeps_without_a_price_leaves_the_cost_unknown() -> None:
    """Never nothing: no cost, no pay-back, and the words for it."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    unpriced = Moment(at=world.now(), forfeited=None)
    ladder = world.row(0).money.options
    grounds = {uuid(0): Grounds(options=ladder, running="ergo", moment=unpriced, rules=Rules())}
    (move,) = plan(world.planning(grounds=grounds), (0,), "vllm", whole=True, who=WHO, at=world.now()).moves
    assert (move.downtime_cost, move.payback_s) == (None, None)
    assert "what the pool keeps unpaid when ergo leaves is unknown: its coin has no price" in move.warnings


def test_downtime_is_of_what_is_waited_for() -> None:
    """To off a flip takes its stop and settling; from nothing only the start, because nothing has to settle."""
    world = World(2, [miner(0), miner(1)]).run("ergo@0")
    assert world.plan((0,), "off").moves[0].downtime_s == pytest.approx(3 + 2)
    assert world.plan((1,), "ergo").moves[0].downtime_s == pytest.approx(60)


def test_unknown_money_stays_unknown() -> None:
    """A missing price makes cost, gain and pay-back unknown, never zero."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    rows = (with_option(world.row(0), "vllm", net_per_h=None),)
    (move,) = plan(world.planning(rows=rows), (0,), "vllm", whole=False, who=WHO, at=world.now()).moves
    assert (move.net_after_per_h, move.gain_per_h, move.payback_s) == (None, None, None)


def test_option_figures_are_consistent() -> None:
    """The test's own ladder adds up: gross less power is net."""
    for unit in (None, miner(0), server(0)):
        one = option(unit)
        assert one.gross_per_h is not None and one.power_per_h is not None
        assert one.gross_per_h - one.power_per_h == pytest.approx(one.net_per_h)


def test_usual_times_replace_guesses() -> None:
    """A downtime that was measured here is used, and never exceeds the workload's own limits."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    candidates = tuple(
        msgspec.structs.replace(one, usual_start_s=7.0 if one.kind is Kind.AI else None, usual_stop_s=99.0)
        for one in world.planning().candidates
    )
    (move,) = plan(world.planning(candidates=candidates), (0,), "vllm", whole=False, who=WHO, at=world.now()).moves
    assert move.downtime_s == pytest.approx(10 + 2 + 7)


def test_an_unconfigured_holder_is_refused() -> None:
    """An instance whose workload has left the config is not stopped by guesswork."""
    world = World(1, [miner(0), server(0)]).run("ergo@0")
    candidates = tuple(one for one in world.planning().candidates if one.workload != "ergo")
    made = plan(world.planning(candidates=candidates), (0,), "vllm", whole=False, who=WHO, at=world.now())
    assert made.moves == ()
    assert made.refusals[0].guard.sentence == "ergo is no longer in the config"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("vlm", "no workload 'vlm' in the config; did you mean vllm?"),
        ("zzz", "no workload 'zzz' in the config; configured are ergo, vllm"),
        ("ergo", "GPU 1 is not among the GPUs of ergo"),
    ],
)
def test_unknown_and_foreign_names(target: str, sentence: str) -> None:
    """A name that is not configured, or not for this GPU, is refused with what would be."""
    made = World(2, [miner(0), Unit("vllm", Kind.AI, "vllm@1", (1,))]).plan((1,), target)
    assert made.refusals[0].guard.sentence == sentence


def test_an_absent_slot_is_refused_and_the_rest_planned() -> None:
    """A slot that is not there does not hinder the others."""
    made = World(1, [miner(0)]).plan((0, 7), "ergo")
    assert [refusal.guard.sentence for refusal in made.refusals] == ["there is no GPU 7 on rig-07"]
    assert len(made.moves) == 1
