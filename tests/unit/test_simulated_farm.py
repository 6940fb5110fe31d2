"""The simulated farm as a source: the same every time, sensible at any size, at any speed, from any thread."""

import inspect
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from math import isfinite

import msgspec
import pytest

from console.model import Batch, Holder, Kind
from console.telemetry.simulated import Farm, FarmController, FarmMeter, HandTimer, SimulatedError, Task
from console.telemetry.simulated.runs import FIRST_PID
from console.workloads import contract

START = 1_770_000_000.0
SIZES = pytest.mark.parametrize("gpus", [1, 2, 3, 5, 8, 9, 13, 16, 24, 64, 256])


def farm(gpus: int = 8, seed: int = 7, scenario: str = "calm", speed: float = 1.0) -> Farm:
    """A farm that stands still until it is told."""
    return Farm(gpus, seed, speed, scenario, START, HandTimer())


def bytes_of(batch: Batch) -> bytes:
    """A batch as its JSON."""
    return msgspec.json.encode(batch)


def a_shift(one: Farm) -> list[bytes]:
    """Two minutes with a flip in it, as everything that a reader of each second sees."""
    seen = []
    for second in range(120):
        if second == 20:
            one.controller.stop("ergo@1.service", 30.0)
            one.controller.start("ravencoin@1.service", 60.0)
        one.sleep(START + second - one.now())
        seen.append(bytes_of(one.batch()))
    return seen


@pytest.mark.parametrize("scenario", ["calm", "stormy"])
def test_the_same_farm_twice_is_the_same_to_the_last_bit(scenario: str) -> None:
    """Same seed, size, scenario and actions: identical batches, quotes, past; another seed differs."""
    one, two, other = farm(scenario=scenario), farm(scenario=scenario), farm(scenario=scenario, seed=8)
    shift = a_shift(one)
    assert shift == a_shift(two)
    assert len(set(shift)) > 100
    assert one.quotes(one.now()) == two.quotes(two.now())
    assert one.past() == two.past()
    assert bytes_of(farm(scenario=scenario).batch()) != bytes_of(other.batch())


def test_what_is_seen_does_not_hang_on_who_looks_and_how_often() -> None:
    """A farm watched twenty times a second and one nobody looked at show the same tenth minute."""
    watched, alone = farm(16, scenario="stormy"), farm(16, scenario="stormy")
    for _ in range(2000):
        watched.sleep(0.3)
        watched.read_now((watched.cards[1].uuid,))
    watched.sleep(600.5 - watched.clock())
    alone.sleep(600.5)
    assert bytes_of(watched.batch()) == bytes_of(alone.batch())


def test_a_second_that_was_read_reads_the_same_after_an_action_in_it() -> None:
    """A stop and a start on the very second of a batch are seen in the next one, not in a second version of this."""
    one = farm(16)
    one.sleep(10.0)
    before = bytes_of(one.batch())
    with pytest.raises(SimulatedError, match="did not stop within 0 s"):
        one.controller.stop("vllm-qwen@0.service", 0.0)
    with pytest.raises(SimulatedError, match="did not start within 0 s"):
        one.controller.start("ergo@9.service", 0.0)
    assert bytes_of(one.batch()) == before
    one.sleep(1.0)
    later = one.batch().readings
    assert later[0].util_pct < 20.0 < later[9].power_w


@SIZES
def test_any_size_is_a_sensible_farm(gpus: int) -> None:
    """1 to 256 cards: own identities, slots in order, finite values inside their limits, everything explained."""
    one = farm(gpus, scenario="stormy")
    for _ in range(4):
        one.sleep(45.0)
        batch = one.batch()
        assert [r.slot for r in batch.readings] == list(range(gpus))
        assert len({r.uuid for r in batch.readings}) == len({r.pci for r in batch.readings}) == gpus
        for r in batch.readings:
            numbers = (r.power_w, r.temp_c, r.util_pct, r.mem_used_mib, r.sm_mhz)
            assert all(value is not None and isfinite(value) for value in numbers)
            assert r.power_w <= r.power_limit_w
            assert r.mem_used_mib <= r.mem_total_mib
            assert 20.0 < r.temp_c < 92.0
            assert 0.0 <= r.util_pct <= 100.0
    holders = {o.holder for o in one.occupancy(one.batch().readings)}
    assert Holder.WORKLOAD in holders or gpus <= 2


@SIZES
def test_the_config_fits_the_farm(gpus: int) -> None:
    """Every unit that runs is one of a configured workload on slots that it may use, inside the site's power."""
    one = farm(gpus)
    batch, workloads = one.batch(), one.settings.workloads
    instances = [o.instance for o in one.occupancy(batch.readings) if o.instance]
    slots = {card.uuid: card.slot for card in one.cards}
    assert instances
    for instance in instances:
        settings = workloads[instance.workload]
        assert len(instance.uuids) == settings.span
        assert {slots[uuid] for uuid in instance.uuids} <= set(settings.gpus)
        first = min(slots[uuid] for uuid in instance.uuids)
        assert instance.unit == settings.unit.replace("{slot}", str(first))
    site, drawn_w = one.settings.site, sum(r.power_w or 0.0 for r in batch.readings)
    wall_w = (drawn_w + site.host_overhead_w) / site.psu_efficiency * site.pue
    assert 0.75 * site.power_limit_w < wall_w + 100.0
    assert wall_w < site.power_limit_w


def test_eight_gpus_hold_every_kind_of_business() -> None:
    """The default farm shows mining, AI by contract and by token, and a server over four GPUs."""
    one = farm()
    running = {o.instance.workload for o in one.occupancy(one.batch().readings) if o.instance}
    assert running == {"vllm-qwen", "ergo", "acme", "vllm-tp4"}
    assert {w.kind for w in one.settings.workloads.values()} == {Kind.MINE, Kind.AI}
    assert {c.pci for c in one.cards} >= {"00000000:01:00.0", "00000000:0A:00.0", "00000000:41:00.0"}
    assert len({c.model.name for c in one.cards}) == 4


def test_processes_of_the_farm_cannot_exist() -> None:
    """Every pid lies above what any Linux kernel gives out (PID_MAX_LIMIT, 4,194,304)."""
    one = farm(64, scenario="stormy")
    one.sleep(200.0)
    pids = {client.pid for r in one.batch().readings for client in r.clients or ()}
    assert len(pids) >= 50
    assert min(pids) > 4_194_304
    assert min(pids - {FIRST_PID - 1000}) >= FIRST_PID


def test_a_gpu_that_is_off_draws_idle_watts_and_nobody_holds_it() -> None:
    """Slot 9 of sixteen begins off: idle power, idle clock, only the driver's own memory."""
    one = farm(16)
    reading = one.batch().readings[9]
    (held,) = one.occupancy((reading,))
    assert (held.holder, held.instance, reading.clients) == (Holder.NONE, None, ())
    assert reading.power_w == pytest.approx(21.0, abs=2.0)
    assert (reading.util_pct, reading.sm_mhz, reading.throttle) == (0.0, 210.0, ())
    assert reading.mem_used_mib < 64.0


def test_readings_move_as_readings_do() -> None:
    """Over two minutes power and use change from second to second, and no temperature jumps."""
    one, before, powers, uses = farm(), None, set(), set()
    for _ in range(120):
        one.sleep(1.0)
        reading = one.batch().readings[0]
        powers.add(reading.power_w)
        uses.add(reading.util_pct)
        assert before is None or abs(reading.temp_c - before) <= 2.0
        before = reading.temp_c
    assert len(powers) > 60
    assert len(uses) > 5


def test_the_past_joins_the_present() -> None:
    """Fifteen minutes in steps of 10 s, the last of them the present, with the flip of seven minutes ago in it."""
    one = farm()
    past, now = one.past(), one.batch().readings
    assert [len(p.moments) for p in past] == [90] * 8
    first = past[0].moments
    assert [m.at - START for m in first] == list(range(-890, 10, 10))
    assert (first[0].workload, first[-1].workload) == ("ergo", "vllm-qwen")
    assert (first[0].rate, first[0].input_rate) == (pytest.approx(270e6, rel=0.03), None)
    assert first[-1].input_rate > first[-1].rate > 1000.0
    for p, reading in zip(past, now, strict=True):
        assert p.moments[-1].power_w == pytest.approx(reading.power_w, abs=0.06)
        assert min(m.power_w for m in p.moments) > 15.0
    assert {len(p.moments) for p in one.past(minutes=2)} == {12}
    with pytest.raises(ValueError, match="15 minutes"):
        one.past(minutes=16)


def test_what_cards_are_known_to_do_is_what_they_then_do() -> None:
    """Figures from the last run of a workload lie within a tenth of what the card does now, and idle is idle."""
    one = farm(16)
    known = {(k.uuid, k.workload): k for k in one.known()}
    one.sleep(600.0)
    compared = 0
    for reading, held in zip(one.batch().readings, one.occupancy(one.batch().readings), strict=True):
        workload = held.instance.workload if held.instance else "off"
        if figure := known.get((reading.uuid, workload)):
            compared += 1
            assert figure.power_w == pytest.approx(reading.power_w, rel=0.12)
    assert compared >= 8
    assert all(figure.rate is None for (_, workload), figure in known.items() if workload == "off")


def test_a_running_source_delivers_each_second_and_ends() -> None:
    """At forty times real time batches arrive in order, on their seconds, and the thread ends on close."""
    one = Farm(8, speed=40.0, start=START)
    one.source.start()
    seen: list[Batch] = []
    while len(seen) < 5:
        batch = one.source.wait(seen[-1].seq if seen else 0, 10.0)
        assert batch is not None
        seen.append(batch)
    assert [b.at for b in seen] == [START + b.seq - 1 for b in seen]
    assert all(later.seq > earlier.seq for earlier, later in pairwise(seen))
    assert one.source.latest().seq >= seen[-1].seq
    one.close()
    assert "simulated-farm" not in {thread.name for thread in threading.enumerate()}
    assert one.source.wait(10**9, 5.0) is None


def test_a_source_before_its_first_batch() -> None:
    """Nothing yet is None, waiting ends at its limit, and closing what never started is harmless."""
    one = farm()
    assert one.source.latest() is None
    assert one.source.wait(0, 0.01) is None
    one.close()


def test_a_standing_clock_delivers_when_it_is_moved() -> None:
    """With a hand timer the source waits without working and follows every move."""
    one = farm()
    one.source.start()
    try:
        assert one.source.wait(0, 10.0).seq == 1
        assert one.source.wait(1, 0.05) is None
        one.sleep(90.0)
        assert one.source.wait(1, 10.0).seq == 91
    finally:
        one.close()


def test_speed_is_simulated_seconds_per_second() -> None:
    """A sleep of ten simulated seconds at a hundred times takes a tenth of a real one and moves the clock by ten."""
    one = Farm(1, speed=100.0, start=START)
    began, real = one.clock(), time.monotonic()
    one.sleep(10.0)
    passed_s, took_s = one.clock() - began, time.monotonic() - real
    assert passed_s >= 10.0
    assert passed_s == pytest.approx(100.0 * took_s, rel=0.05)
    assert one.now() - START == pytest.approx(one.clock(), abs=5.0)


def test_many_threads_see_one_farm() -> None:
    """Readers in four threads while a fifth flips and moves time: each second has one content, and nothing breaks."""
    one = farm(16, scenario="stormy")
    seen: dict[int, set[bytes]] = {}
    failures: list[BaseException] = []
    done = threading.Event()

    def guarded(body: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                body()
            except BaseException as error:
                failures.append(error)

        return run

    def look() -> None:
        while not done.is_set():
            batch = one.batch()
            one.occupancy(batch.readings)
            one.controller.observe(("ergo@1.service",))
            one.read_now((one.cards[3].uuid,))
            seen.setdefault(batch.seq, set()).add(bytes_of(batch))

    def act() -> None:
        for workload in ["ergo", "ravencoin"] * 15:
            one.controller.stop(f"{workload}@1.service", 30.0)
            time.sleep(0.002)  # the readers' turn
            one.controller.start("ergo@1.service" if workload == "ravencoin" else "ravencoin@1.service", 30.0)
            time.sleep(0.002)

    readers = [threading.Thread(target=guarded(look)) for _ in range(4)]
    for thread in readers:
        thread.start()
    guarded(act)()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert len(seen) > 5
    assert {len(contents) for contents in seen.values()} == {1}


@pytest.mark.parametrize(
    ("mine", "theirs"), [(FarmController, contract.Controller), (FarmMeter, contract.Meter), (Task, contract.Task)]
)
def test_the_farm_has_the_shape_that_workloads_ask_for(mine: type, theirs: type) -> None:
    """Same methods with the same parameters and defaults; same fields in a task."""
    if mine is Task:
        assert mine.__struct_fields__ == theirs.__struct_fields__
        assert mine.__struct_defaults__ == theirs.__struct_defaults__
        return
    asked = [name for name, _ in inspect.getmembers(theirs, inspect.isfunction) if not name.startswith("_")]
    assert asked
    for name in asked:
        assert inspect.signature(getattr(mine, name)) == inspect.signature(getattr(theirs, name)).replace(
            return_annotation=inspect.signature(getattr(mine, name)).return_annotation
        )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gpus": 0}, "1 to 256 GPUs, not 0"),
        ({"gpus": 257}, "1 to 256 GPUs, not 257"),
        ({"speed": 0.0}, "0.01 to 100 times"),
        ({"speed": float("nan")}, "not nan"),
        ({"scenario": "windy"}, "calm or stormy, not windy"),
    ],
)
def test_a_farm_that_cannot_be_says_why(wrong: dict[str, object], words: str) -> None:
    """What was found and what was expected."""
    with pytest.raises(ValueError, match=words):
        Farm(**wrong)


def test_unknown_gpus_are_refused_by_name() -> None:
    """A UUID that the farm does not have, and one that is still there and cannot be forgotten."""
    one = farm()
    with pytest.raises(ValueError, match="no GPU GPU-x"):
        one.read_now(("GPU-x",))
    with pytest.raises(ValueError, match="GPU 0 is there"):
        one.source.forget(one.cards[0].uuid)
