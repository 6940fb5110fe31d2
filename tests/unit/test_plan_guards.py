"""What a plan refuses, what may be forced, and what it warns of."""

from pathlib import Path

import msgspec
import pytest

from console.config.settings import AdviceSettings
from console.flips.guards import RULES
from console.flips.plan import plan
from console.flips.records import Plan
from console.flips.undo import undo_plan
from console.model import Basis, Bond, Flipping, GpuRow, GpuState, Guard
from tests.unit.flipstage import Stage
from tests.unit.flipworld import HOST, WHO, World, miner, server, with_option


def one() -> World:
    """One GPU that mines and could serve."""
    return World(1, [miner(0), server(0)]).run("ergo@0")


def planned(world: World, row: GpuRow, target: str, *, force: tuple[str, ...] = (), **more: object) -> Plan:
    """A plan of GPU 0 with this row."""
    return plan(world.planning(rows=(row,), **more), (0,), target, whole=False, who=WHO, at=world.now(), force=force)


def reading(row: GpuRow, **changes: object) -> GpuRow:
    """The row with another reading."""
    return msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, **changes))


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"state": GpuState.LOST, "reason": "xid 79"}, "state", "GPU 0 is lost: xid 79"),
        ({"state": GpuState.HUNG}, "state", "GPU 0 is hung"),
        ({"state": GpuState.RESET_REQUIRED}, "state", "GPU 0 is reset required"),
        ({"mig": True}, "mig", "split by MIG"),
        ({"mem_total_mib": 4096.0}, "memory", "vllm needs 8.0 GiB and GPU 0 has 4.0"),
    ],
)
def test_a_card_in_trouble_is_refused(changes: dict[str, object], name: str, words: str) -> None:
    """State, MIG and memory refuse by name, and cannot be forced."""
    world = one()
    world.unit("vllm@0").memory_mib = 8192.0
    made = planned(world, reading(world.row(0), **changes), "vllm", force=(f"{HOST}:0",))
    assert made.moves == ()
    assert made.refusals[0].guard.name == name
    assert words in made.refusals[0].guard.sentence


def test_an_old_reading_is_refused() -> None:
    """What was read a while ago is not acted upon."""
    world = one()
    stale = msgspec.structs.replace(world.row(0), fresh=False)
    assert planned(world, stale, "off").refusals[0].guard.name == "reading"


def test_a_foreign_holder_is_never_forced() -> None:
    """A stranger's process is not stopped, and nothing is started beside it, whatever is forced."""
    world = World(1, [miner(0)], foreign={0: 4711})
    for target in ("ergo", "off"):
        made = world.plan((0,), target, force=(f"{HOST}:0",))
        assert made.moves == ()
        assert "python3 (pid 4711), which no configured workload accounts for" in made.refusals[0].guard.sentence


def test_stuck_refuses_starts_only() -> None:
    """A stuck GPU may be flipped off, and nothing starts on it."""
    world = one()
    row = msgspec.structs.replace(world.row(0), stuck="pid 99 is still there")
    made = planned(world, row, "vllm", force=(f"{HOST}:0",))
    assert made.refusals[0].guard.name == "stuck"
    assert "pid 99 is still there" in made.refusals[0].guard.sentence
    assert planned(world, row, "off").moves


def test_a_flip_under_way_is_refused() -> None:
    """A GPU that somebody flips now is named with who does."""
    world = one()
    flip = Flipping(flip_id="x", to="kaspa", step="warm", since=0.0, by="bob")
    made = planned(world, msgspec.structs.replace(world.row(0), flipping=flip), "vllm")
    assert made.refusals[0].guard.sentence == "GPU 0 is being flipped to kaspa by bob"


def test_a_lock_is_not_forced() -> None:
    """A technician may have his hands in the machine: his lock is lifted by unlock, not by force."""
    world = one()
    lock = Guard(name="lock", sentence="bob locked it: riser")
    made = planned(world, msgspec.structs.replace(world.row(0), guards=(lock,)), "off", force=(f"{HOST}:0",))
    assert (made.moves, made.refusals[0].guard) == ((), lock)


@pytest.mark.parametrize("terms", ["contract", "marketplace"])
def test_terms_are_forced_by_host_and_slot_only(terms: str) -> None:
    """Leaving a contract or a renter needs exactly this host and slot, and the plan says what was waived."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").terms = terms
    for force in ((), ("other:0",), (f"{HOST}:1",), ("0",)):
        made = world.plan((0,), "ergo", force=force)
        assert made.moves == ()
        assert made.refusals[0].guard.forceable
    made = world.plan((0,), "ergo", force=(f"{HOST}:0",))
    assert made.forced == (f"{HOST}:0",)
    assert made.moves[0].warnings[-1].startswith("forced: GPU 0 ")


def test_a_pin_allows_its_own_and_off() -> None:
    """A pinned GPU may run its workload or nothing; others must be forced."""
    world = one()
    pins = {"pins": {world.row(0).reading.uuid: "ergo"}}
    assert planned(world, world.row(0), "vllm", **pins).refusals[0].guard.name == "pin"
    assert planned(world, world.row(0), "off", **pins).moves
    assert planned(world, world.row(0), "vllm", force=(f"{HOST}:0",), **pins).moves


@pytest.mark.parametrize(
    ("contract", "bond", "binds"),
    [
        ("acme-7", Bond(contract="acme-7"), True),
        ("acme-7", Bond(contract="acme-7", unpaid=True), False),
        ("acme-7", None, True),
        ("", None, True),
    ],
)
def test_a_contract_binds_what_it_pays(contract: str, bond: Bond | None, binds: bool) -> None:
    """A GPU that serves beyond the committed number is free to go; where that is not told it binds."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").terms = "contract"
    candidates = tuple(msgspec.structs.replace(c, contract=contract) for c in world.planning().candidates)
    row = with_option(world.row(0), "vllm", bond=bond)
    made = planned(world, row, "ergo", candidates=candidates)
    assert ([one.guard.name for one in made.refusals], len(made.moves)) == ((["contract"], 0) if binds else ([], 1))


@pytest.mark.parametrize(("unpaid", "refused"), [(True, []), (False, ["contract"])])
def test_undo_leaves_a_contract_that_pays_nothing(tmp_path: Path, unpaid: bool, refused: list[str]) -> None:
    """A flip to a contract that has what it commits is taken back without force; one that is paid is bound."""
    stage = Stage(tmp_path, one())
    stage.world.unit("vllm@0").terms = "contract"
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "done"
    row = with_option(stage.world.row(0), "vllm", bond=Bond(contract="acme-7", unpaid=unpaid))
    world, at = stage.world.planning(rows=(row,)), stage.world.now()
    made = undo_plan(world, stage.journal.path, (0,), who=WHO, at=at)
    assert [refusal.guard.name for refusal in made.refusals] == refused
    assert [move.after for move in made.moves] == ([] if refused else ["ergo"])


def test_undo_to_an_option_that_is_not_for_the_gpu_says_why(tmp_path: Path) -> None:
    """What ran before may be somebody else's place by now."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("vllm@0"))
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "done"
    row = with_option(stage.world.row(0), "vllm", eligible=False, why_not="contract acme-7 commits 2")
    world, at = stage.world.planning(rows=(row,)), stage.world.now()
    (move,) = undo_plan(world, stage.journal.path, (0,), who=WHO, at=at).moves
    assert "vllm is not for GPU 0: contract acme-7 commits 2" in move.warnings
    assert (move.net_after_per_h, move.gain_per_h) == (None, None)


def test_an_option_that_is_not_for_the_gpu_has_no_figures_and_says_why() -> None:
    """The ladder's figure is what it would be if it were; a forced pin, which its guard tells, is not told twice."""
    world = one()
    row = with_option(world.row(0), "vllm", eligible=False, why_not="contract acme-7 commits 2, and as many serve")
    (move,) = planned(world, row, "vllm").moves
    assert move.warnings == ("vllm is not for GPU 0: contract acme-7 commits 2, and as many serve",)
    assert (move.net_after_per_h, move.gain_per_h, move.payback_s) == (None, None, None)
    assert move.net_before_per_h == 0.10 and move.downtime_cost is not None
    pinned = with_option(world.row(0), "vllm", eligible=False, why_not="pinned to ergo in the config")
    pins = {pinned.reading.uuid: "ergo"}
    (forced,) = planned(world, pinned, "vllm", force=(f"{HOST}:0",), pins=pins).moves
    assert forced.warnings == ("forced: GPU 0 is pinned to ergo in the config",)


def test_the_restart_budget_refuses_starts() -> None:
    """After three failed starts in ten minutes nothing is started; off is still possible."""
    world = one()
    spent = {"failed_starts": {world.row(0).reading.uuid: 3}}
    assert planned(world, world.row(0), "vllm", **spent).refusals[0].guard.name == "restarts"
    assert planned(world, world.row(0), "off", **spent).moves
    two = {"failed_starts": {world.row(0).reading.uuid: 2}}
    assert planned(world, world.row(0), "vllm", **two).moves


def test_one_refused_gpu_refuses_its_set() -> None:
    """A lock on one GPU of a server refuses the whole server, and not a GPU beside it."""
    world = World(3, [server(0, 1), miner(0), miner(1), miner(2)]).run("vllm@0")
    rows = [world.row(slot) for slot in range(3)]
    rows[1] = msgspec.structs.replace(rows[1], guards=(Guard(name="lock", sentence="locked"),))
    made = plan(world.planning(rows=tuple(rows)), (0, 1, 2), "ergo", whole=False, who=WHO, at=world.now())
    assert [move.slots for move in made.moves] == [(2,)]
    assert [refusal.slots for refusal in made.refusals] == [(1,)]


def test_names_of_rules_are_their_own() -> None:
    """Each rule has a name of its own and says nothing about a GPU in order."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    world = one()
    assert world.plan((0,), "vllm").refusals == ()


def test_warnings_say_what_is_unsure() -> None:
    """Stale quotes, estimates, a table, missing prices, no meter and an unapplied profile are each told once."""
    world = one()
    world.unit("vllm@0").metered = False
    row = with_option(world.row(0), "vllm", stale=True, basis=Basis.ESTIMATED, missing=("price of X",))
    fault = {"profile": "quiet", "profile_fault": "no such file"}
    candidates = tuple(msgspec.structs.replace(c, **fault) for c in world.planning().candidates)
    (move,) = planned(world, row, "vllm", candidates=candidates).moves
    assert move.estimated
    assert set(move.warnings) == {
        "quotes behind vllm are stale",
        "what vllm would earn is estimated, not measured here",
        "unknown: price of X",
        "vllm has no meter: that it runs is proved by NVML alone",
        "profile quiet of vllm will not be applied: no such file",
    }


def test_leaving_early_is_told() -> None:
    """A miner that has not run its half hour is warned about; one that has is not."""
    world = one()
    world.unit("ergo@0").started = world.time_s - 240
    (move,) = world.plan((0,), "vllm").moves
    assert move.warnings == ("ergo has run 4 of the 30 min that its start should be given",)
    short = planned(world, world.row(0), "vllm", advice=AdviceSettings(min_run_s=200.0))
    assert short.moves[0].warnings == ()


@pytest.mark.parametrize(("load_s", "least_min"), [(None, 30), (90.0, 15)])
def test_leaving_a_server_early_follows_the_rule_of_the_advice(load_s: float | None, least_min: int) -> None:
    """A server is given ten of its measured load times; where none was measured, the half hour of everything else."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").started = world.time_s - 240
    candidates = tuple(msgspec.structs.replace(one, usual_start_s=load_s) for one in world.planning().candidates)
    made = plan(world.planning(candidates=candidates), (0,), "ergo", whole=False, who=WHO, at=world.now())
    assert made.moves[0].warnings == (f"vllm has run 4 of the {least_min} min that its start should be given",)


def test_requests_that_cannot_be_seen_are_told() -> None:
    """Stopping a server without a meter cuts off requests that nobody can count."""
    world = World(1, [miner(0), server(0)]).run("vllm@0")
    world.unit("vllm@0").metered = False
    assert "requests under way cannot be seen" in world.plan((0,), "ergo").moves[0].warnings[0]
