"""Starting and stopping on the simulated farm: it takes time, and everything measurable changes with it."""

import pytest

from console.model import Holder, Reading, WorkState
from console.telemetry.simulated import Farm, HandTimer, SimulatedError

START = 1_770_000_000.0


def farm(gpus: int = 8) -> Farm:
    """A calm farm that stands still until it is told."""
    return Farm(gpus, start=START, timer=HandTimer())


def look(one: Farm, slot: int) -> Reading:
    """One GPU at this instant."""
    (reading,) = one.read_now((one.cards[slot].uuid,))
    return reading


def state_of(one: Farm, unit: str) -> str:
    """The controller's word."""
    (task,) = one.controller.observe((unit,))
    return task.state


def test_stopping_takes_seconds_and_frees_the_gpu() -> None:
    """1 to 6 s; until then the process and its memory stay; then both are gone, and power falls to idle."""
    one = farm()
    before, began = look(one, 1), one.clock()
    assert before.mem_used_mib > 6000.0
    one.controller.stop("ergo@1.service", 30.0)
    took_s, after = one.clock() - began, look(one, 1)
    assert 1.0 <= took_s <= 6.0
    assert (after.clients, after.mem_used_mib) == ((), 14.0)
    assert state_of(one, "ergo@1.service") == "stopped"
    one.sleep(8.0)
    assert look(one, 1).power_w < 30.0 < before.power_w
    (held,) = one.occupancy((look(one, 1),))
    assert held.holder is Holder.NONE


def test_a_process_stays_until_its_unit_has_stopped() -> None:
    """A stop that is given too little time raises with the unit and the limit, and the GPU is still held."""
    one = farm()
    with pytest.raises(SimulatedError, match=r"ergo@1.service did not stop within 0.5 s"):
        one.controller.stop("ergo@1.service", 0.5)
    reading = look(one, 1)
    (held,) = one.occupancy((reading,))
    assert len(reading.clients) == 1
    assert held.instance.state is WorkState.DRAINING
    assert state_of(one, "ergo@1.service") == "stopping"


def test_starting_warms_up_before_it_earns() -> None:
    """The controller says running first; memory and power climb; output comes last, 3 to 40 s after the start."""
    one = farm()
    one.controller.stop("ergo@1.service", 30.0)
    meter, began = one.meter("vllm-qwen@1.service"), one.clock()
    one.controller.start("vllm-qwen@1.service", 60.0)
    active_s, early = one.clock() - began, look(one, 1)
    assert 3.0 <= active_s <= 40.0
    first = meter.read()
    assert (first.value, first.state, first.reason) == (None, WorkState.WARMING, "loading weights")
    assert early.mem_used_mib < 15_000.0
    while meter.read().value is None:
        one.sleep(0.25)
    assert active_s < one.clock() - began <= 40.0
    one.sleep(5.0)
    late = look(one, 1)
    assert late.mem_used_mib == pytest.approx(21_654.0)
    assert late.power_w > early.power_w + 100.0
    assert meter.read().value == pytest.approx(1900.0, rel=0.15)
    assert meter.read().input_value > meter.read().value


@pytest.mark.parametrize("unit", ["ergo@4.service", "ravencoin@4.service", "vllm-tp4@4.service"])
def test_every_start_and_stop_lies_in_its_range(unit: str) -> None:
    """Ten rounds of each unit: stops of 1 to 6 s, starts of 3 to 40 s until output, not all alike."""
    one = farm()
    one.controller.stop("vllm-tp4@4.service", 30.0)
    starts, stops = set(), set()
    for _ in range(10):
        began = one.clock()
        one.controller.start(unit, 60.0)
        while one.meter(unit).read().value is None:
            one.sleep(0.05)
        starts.add(one.clock() - began)
        began = one.clock()
        one.controller.stop(unit, 30.0)
        stops.add(one.clock() - began)
    assert all(3.0 <= took_s <= 40.06 for took_s in starts)
    assert all(1.0 <= took_s <= 6.0 for took_s in stops)
    assert min(len(starts), len(stops)) > 5


def test_a_server_over_four_gpus_moves_as_one() -> None:
    """Four processes under one unit; stopping it frees all four, and none of their neighbours notices."""
    one = farm()
    held = one.occupancy(one.batch().readings)[4:]
    assert {h.instance.unit for h in held} == {"vllm-tp4@4.service"}
    assert held[0].instance.uuids == tuple(sorted(card.uuid for card in one.cards[4:8]))
    assert len(set(held[0].instance.pids)) == 4
    one.controller.stop("vllm-tp4@4.service", 30.0)
    one.sleep(2.0)
    assert [bool(r.clients) for r in one.batch().readings] == [True] * 4 + [False] * 4


def test_starting_what_runs_and_stopping_what_does_not_is_done_at_once() -> None:
    """No time passes and no second process appears."""
    one = farm()
    one.controller.start("ergo@1.service", 60.0)
    one.controller.stop("ravencoin@1.service", 30.0)
    assert one.clock() == 0.0
    assert len(look(one, 1).clients) == 1


def test_two_models_do_not_fit_one_card() -> None:
    """A server beside another runs out of memory, fails by itself, and leaves the first as it was."""
    one = farm(16)
    with pytest.raises(SimulatedError, match=r"CUDA out of memory on 00000001:61:00.0"):
        one.controller.start("vast@11.service", 60.0)
    assert state_of(one, "vast@11.service") == "failed"
    assert state_of(one, "vllm-qwen@11.service") == "running"
    assert len(look(one, 11).clients) == 1


def test_a_start_that_is_given_too_little_time_says_so() -> None:
    """The unit goes on starting; only the caller stops waiting."""
    one = farm()
    one.controller.stop("ergo@1.service", 30.0)
    with pytest.raises(SimulatedError, match=r"vllm-qwen@1.service did not start within 2 s"):
        one.controller.start("vllm-qwen@1.service", 2.0)
    assert state_of(one, "vllm-qwen@1.service") == "starting"


def test_unknown_units_are_named() -> None:
    """Start and stop raise, observe and check answer with the sentence, a meter has nothing to say."""
    one = farm()
    words = r"no unit ergo@99.service on this simulated host"
    with pytest.raises(SimulatedError, match=words):
        one.controller.start("ergo@99.service", 10.0)
    with pytest.raises(SimulatedError, match=words):
        one.controller.stop("ergo@99.service", 10.0)
    assert one.controller.check(("ergo@1.service", "ergo@99.service")) == (words,)
    (task,) = one.controller.observe(("ergo@99.service",))
    assert (task.state, task.reason) == ("stopped", words)
    with pytest.raises(SimulatedError, match=r"nothing answers for vllm-qwen@1.service"):
        one.meter("vllm-qwen@1.service").read()


def test_a_miner_tells_its_cards_apart_and_counts_shares() -> None:
    """Rate per PCI address adds up, shares grow with time, and a few are rejected."""
    one = farm()
    meter = one.meter("ergo@1.service")
    first = meter.read()
    assert (first.unit, first.algorithm, first.state) == ("H/s", "autolykos2", WorkState.RUNNING)
    assert first.per_gpu == ((one.cards[1].pci, first.value),)
    one.sleep(3600.0)
    later = meter.read()
    assert later.accepted - first.accepted == pytest.approx(150, abs=8)
    assert 0 < later.rejected < 0.01 * later.accepted
    assert later.uptime_s - first.uptime_s == pytest.approx(3600.0)


def test_output_is_what_is_read_and_measured_together() -> None:
    """When users ask more of a server, tokens, power and use rise with it."""
    one = farm()
    seen = []
    for _ in range(60):
        one.sleep(10.0)
        output, reading = one.meter("acme@3.service").read(), look(one, 3)
        seen.append((output.value, reading.power_w, reading.util_pct, output.running))
    seen.sort()
    quiet, busy = seen[:10], seen[-10:]
    for column in range(1, 4):
        assert sum(row[column] for row in quiet) < sum(row[column] for row in busy)
