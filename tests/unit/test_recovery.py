"""Flips that were cut off: whatever killed them and wherever, they are settled by what is then observed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from console.flips import reading, recovery
from console.flips.recovery import judge
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, Crash, Unit, World, miner, server, uuid


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One GPU that mines and may serve."""
    return Stage(tmp_path, World(1, [miner(0), miner(0, "kaspa"), server(0)]).run("ergo@0"))


def cut_off(stage: Stage, call: str, target: str = "vllm") -> None:
    """Flip GPU 0 and be killed just before a call."""

    def die() -> None:
        raise Crash(call)

    stage.world.before[call] = die
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), target))


def test_cut_off_before_the_stop(stage: Stage) -> None:
    """The miner never stopped: cancelled, because no step was taken."""
    cut_off(stage, "stop ergo@0")
    (settled,) = stage.settle()
    assert (settled.result, settled.text) == ("cancelled", "GPU 0: ergo → vllm was cut off; now: ergo runs")
    assert stage.settle() == ()


def test_cut_off_between_stop_and_start(stage: Stage) -> None:
    """Nothing runs: off, with an alarm, and nothing is started by settling."""
    cut_off(stage, "start vllm@0")
    (settled,) = stage.settle()
    outcome = stage.lines("outcome")[-1]
    assert (settled.result, outcome.body["alarm"], outcome.body["settled"]) == ("off", True, True)
    assert stage.world.running(0) == "off"


def test_cut_off_while_it_warms(stage: Stage) -> None:
    """The target holds the GPU: done."""
    cut_off(stage, "output")
    assert stage.world.running(0) == "vllm"
    assert [settled.result for settled in stage.settle()] == ["done"]


def test_cut_off_on_the_way_to_off(stage: Stage) -> None:
    """Off was asked for and off it is: done, without an alarm."""

    def die() -> None:
        raise Crash("free")

    stage.world.before["stop ergo@0"] = lambda: stage.world.before.update(observe=die)
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), "off"))
    assert [settled.result for settled in stage.settle()] == ["done"]


def test_cut_off_after_a_roll_back(stage: Stage) -> None:
    """What ran before runs again, after steps were taken: rolled back."""
    stage.world.unit("vllm@0").start_fails = "no"
    cut_off(stage, "start ergo@0")
    stage.world.run("ergo@0")
    assert [settled.result for settled in stage.settle()] == ["rolled_back"]


def test_what_was_left_behind_is_stuck(stage: Stage) -> None:
    """A process of the stopped miner that lingers makes it stuck, not taken."""
    stage.world.unit("ergo@0").lingers = True
    cut_off(stage, "guards", "vllm")  # before the intent
    assert stage.lines() == ()

    def later() -> None:
        stage.world.before["observe"] = die

    def die() -> None:
        raise Crash("free")

    stage.world.before["stop ergo@0"] = later
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0,), "vllm"))
    (settled, mark) = stage.settle()
    assert (settled.result, mark.text.startswith("still stuck")) == ("stuck", True)
    assert list(reading.stuck(stage.journal.path)) == [uuid(0)]


def test_a_taker_is_off_not_stuck(stage: Stage) -> None:
    """Somebody else came meanwhile: the GPU is his, and the outcome says so."""
    cut_off(stage, "start vllm@0")
    stage.world.foreign[0] = 4711
    (settled,) = stage.settle()
    assert settled.result == "off"
    assert "GPU 0 is held by python3 (pid 4711)" in settled.text
    assert reading.stuck(stage.journal.path) == {}


def test_a_flip_under_way_is_left_alone(stage: Stage) -> None:
    """An open intent whose claim is held belongs to whoever holds it, and is told as open."""
    cut_off(stage, "start vllm@0")
    with stage.claims.take([uuid(0)], "runner", 0.0):
        (settled,) = stage.settle()
    assert (settled.result, settled.slots) == ("", (0,))
    assert settled.text.startswith(f"{uuid(0)} is being flipped by runner (pid ")
    assert stage.lines("outcome") == ()
    assert len(stage.settle()) == 1


def test_a_mark_that_cannot_be_claimed_is_told_as_open(stage: Stage) -> None:
    """A stuck GPU whose claim file cannot be used keeps its mark, and settling says why instead of nothing."""
    stage.world.unit("ergo@0").lingers = True
    assert stage.flip(stage.world.plan((0,), "vllm")).result == "stuck"
    stage.world.orphans.clear()
    claim = stage.places.lock(uuid(0))
    claim.unlink()
    claim.mkdir()
    (settled,) = stage.settle()
    assert (settled.result, settled.text.startswith("still stuck: a claim file under ")) == ("", True)
    assert list(reading.stuck(stage.journal.path)) == [uuid(0)]


def test_an_unreadable_gpu_stays_open(stage: Stage) -> None:
    """Without a reading nothing is judged; the intent stays open and says why."""
    cut_off(stage, "start vllm@0")
    stage.world.unreadable = True
    (settled,) = stage.settle()
    assert (settled.result, settled.text) == ("", "it could not be read")
    assert stage.lines("outcome") == ()


def test_a_unit_on_its_way_is_waited_for(stage: Stage) -> None:
    """A unit that lives and holds no GPU yet keeps the verdict back, until its own limits are over."""
    cut_off(stage, "start vllm@0")
    world = stage.world
    slow = world.unit("vllm@0")
    world.run("vllm@0")
    slow.slots = ()  # alive, and on no GPU yet
    assert stage.settle()[0].text == "vllm@0 is still starting or stopping"
    world.sleep(120)
    assert stage.settle()[0].result == "off"


def test_a_verdict_must_hold(stage: Stage) -> None:
    """What still runs when settling begins and is gone a moment later was not cancelled: it is off."""
    cut_off(stage, "stop ergo@0")
    stage.world.unit("ergo@0").ends = stage.world.clock() + 0.5
    assert [settled.result for settled in stage.settle()] == ["off"]


def test_two_that_settle_write_one_outcome(stage: Stage) -> None:
    """Whoever comes second to an intent finds it settled and adds nothing."""
    cut_off(stage, "start vllm@0")
    (intent,) = reading.open_intents(stage.journal.path)
    assert len(stage.settle()) == 1
    with stage.claims.take(intent.gpus, "second", 0.0):
        assert recovery._settle_one(stage.journal, stage.world, intent, WHO, None) == []
    assert stage.results() == ["off"]


def test_only_what_was_named_is_settled(tmp_path: Path) -> None:
    """Settling one GPU leaves the mark of another alone."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("vllm@0"))
    stage.world.unit("vllm@0").lingers = True
    assert stage.flip(stage.world.plan((0, 1), "off")).result == "stuck"
    stage.world.orphans.clear()
    found = recovery.settle(stage.journal, stage.world, stage.claims, WHO, [uuid(1)])
    assert [one.slots for one in found] == [(1,)]
    assert list(reading.stuck(stage.journal.path)) == [uuid(0)]


def test_the_next_flip_settles_first(stage: Stage) -> None:
    """Claiming brings the older intent to its outcome, and then flips."""
    cut_off(stage, "start vllm@0")
    assert stage.flip(stage.world.plan((0,), "kaspa")).result == "done"
    assert stage.results() == ["off", "done"]


def test_the_next_flip_waits_for_a_whole_set(tmp_path: Path) -> None:
    """A flip of one GPU is refused while a cut-off flip of its old set has a GPU that somebody holds."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("vllm@0"))

    def die() -> None:
        raise Crash("start")

    stage.world.before["start ergo@0"] = die
    with pytest.raises(Crash):
        stage.flip(stage.world.plan((0, 1), "ergo"))
    with stage.claims.take([uuid(1)], "bob", 0.0):
        ending = stage.flip(stage.world.plan((0,), "ergo"))
    assert (ending.result, "bob" in ending.text) == ("refused", True)
    assert stage.flip(stage.world.plan((0,), "ergo")).result == "done"


def test_judging_a_half_restored_set(tmp_path: Path) -> None:
    """Two of four miners are back: off, with what is where."""
    units = [miner(slot) for slot in range(4)]
    world = World(4, [*units, server(0, 1, 2, 3)]).run(*(unit.name for unit in units))
    (move,) = world.plan((0, 1, 2, 3), "vllm").moves
    world.unit("ergo@2").pid = world.unit("ergo@3").pid = 0
    seen = world.observe(move.uuids, 1.0)
    assert seen is not None
    verdict = judge(move, seen, frozenset({100, 101, 102, 103}), stopped=True)
    assert (verdict.result, verdict.text) == (
        "off",
        "GPU 0 is held by ergo (pid 100); GPU 1 is held by ergo (pid 101)",
    )


class Farm(RuleBasedStateMachine):
    """Random flips in a world that fails and kills at random, then settled.

    Promises: two workloads never hold one GPU (World.law, at every start), nothing is stopped or started without an
    intent on disk, every intent gets an outcome, and after each flip the last good workload runs or an alarm was told.
    """

    folder: Path

    @initialize()
    def build(self) -> None:
        import tempfile

        self.temporary = tempfile.TemporaryDirectory()
        units: list[Unit] = [miner(slot) for slot in range(3)] + [server(0, 1), server(2, name="small")]
        self.world = World(3, units)
        self.stage = Stage(Path(self.temporary.name), self.world)
        self.world.before = _Checking(self)

    def teardown(self) -> None:
        if hasattr(self, "temporary"):
            self.temporary.cleanup()

    @rule(
        slots=st.sampled_from([(0,), (1,), (2,), (0, 1)]),
        to=st.sampled_from(["ergo", "vllm", "small", "off", "mine", "ai"]),
        crash_in=st.one_of(st.just(-1), st.integers(0, 150)),
    )
    def flip(self, slots: tuple[int, ...], to: str, crash_in: int) -> None:
        marks = reading.stuck(self.stage.journal.path)
        plan = self.world.plan(slots, to, whole=True)
        plan = self.world.plan(slots, to, whole=True) if not marks else plan
        if len(plan.moves) != 1 or any(one in marks for one in plan.moves[0].uuids):
            return
        before = {slot: self.world.running(slot) for slot in plan.moves[0].slots}
        self.world.crash_in = crash_in
        try:
            ending = self.stage.flip(plan)
        except Crash:
            return
        finally:
            self.world.crash_in = -1
        after = {slot: self.world.running(slot) for slot in plan.moves[0].slots}
        if ending.result in ("rolled_back", "cancelled", "refused"):
            assert after == before, ending
        elif ending.result == "done":
            wanted = plan.moves[0].after
            assert set(after.values()) <= {*wanted.split(", "), "off"} and (wanted == "off") == (
                set(after.values()) == {"off"}
            )
        else:
            assert ending.alarm

    @rule(
        name=st.sampled_from(["ergo@0", "ergo@1", "ergo@2", "vllm@0", "small@2"]),
        fault=st.sampled_from(["start_fails", "stop_fails", "dies", "never_warm", "lingers", "none"]),
    )
    def change(self, name: str, fault: str) -> None:
        unit = self.world.unit(name)
        unit.start_fails = unit.stop_fails = ""
        unit.dies = unit.never_warm = unit.lingers = False
        if fault.endswith("fails"):
            setattr(unit, fault, "no")
        elif fault != "none":
            setattr(unit, fault, True)

    @rule(slot=st.integers(0, 2), come=st.booleans())
    def stranger(self, slot: int, come: bool) -> None:
        if come and not self.world.on(slot) and slot not in self.world.orphans:
            self.world.foreign[slot] = 9000 + slot
        else:
            self.world.foreign.pop(slot, None)

    @rule(seconds=st.sampled_from([1.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @precondition(lambda self: self.world.orphans)
    @rule()
    def orphans_end(self) -> None:
        self.world.orphans.clear()

    @rule()
    def settle(self) -> None:
        self.world.readings = 0
        found = self.stage.settle()
        assert all(one.result or one.text.startswith("still stuck") for one in found), found
        assert reading.open_intents(self.stage.journal.path) == ()

    @invariant()
    def lawful(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.readings = 0
        self.world.law()
        assert reading.check(self.stage.journal).ok
        self.stage.told.clear()


class _Checking(dict[str, object]):
    """Looks at every call: an act on the world needs an open intent that names its unit."""

    def __init__(self, farm: Farm) -> None:
        super().__init__()
        self.farm = farm

    def __contains__(self, call: object) -> bool:
        if isinstance(call, str) and call.startswith(("start ", "stop ")):
            intents = reading.open_intents(self.farm.stage.journal.path)
            assert any(call.split()[1] in str(line.body["move"]) for line in intents), f"{call} without an intent"
        return False


TestFarm = Farm.TestCase
TestFarm.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
