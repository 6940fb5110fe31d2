"""The stormy farm: each trouble comes at its time, to its GPU, and with its words; a calm farm has none of them."""

import pytest

from console.model import GpuState, Holder
from console.telemetry.simulated import Farm, HandTimer, SimulatedError

START = 1_770_000_000.0
LOST = "xid 79: fell off the bus; reboot the host, check riser and power"


def storm(gpus: int = 8, scenario: str = "stormy") -> Farm:
    """A farm that stands still until it is told."""
    return Farm(gpus, scenario=scenario, start=START, timer=HandTimer())


def test_a_gpu_is_lost_after_a_minute_and_keeps_its_row() -> None:
    """Slot 2 is there at 59 s; at 60 s it is lost with cause and time, showing the last that it said."""
    one = storm()
    one.sleep(59.0)
    last = one.batch().readings[2]
    assert (last.state, last.xids) == (GpuState.OK, ())
    one.sleep(1.0)
    lost = one.batch().readings[2]
    assert (lost.state, lost.reason, lost.since) == (GpuState.LOST, LOST, START + 60.0)
    assert [(xid.code, xid.at) for xid in lost.xids] == [(79, START + 60.0)]
    assert (lost.at, lost.power_w, lost.temp_c, lost.clients) == (last.at, last.power_w, last.temp_c, last.clients)
    one.sleep(300.0)
    assert one.batch().readings[2] == lost
    (held,) = one.occupancy((lost,))
    assert (held.holder, held.instance, held.who) == (Holder.UNKNOWN, None, LOST)


def test_what_ran_on_a_lost_gpu_has_failed_and_cannot_start() -> None:
    """Its unit failed at that time, its meter is silent, and a new start names the missing device."""
    one = storm()
    one.sleep(70.0)
    (task,) = one.controller.observe(("ergo@2.service",))
    assert (task.state, task.since) == ("failed", START + 60.0)
    with pytest.raises(SimulatedError, match="nothing answers"):
        one.meter("ergo@2.service").read()
    with pytest.raises(SimulatedError, match=r"ravencoin@2.service failed: no CUDA device at 00000000:41:00.0"):
        one.controller.start("ravencoin@2.service", 60.0)
    assert one.batch().readings[2].clients == one.read_now((one.cards[2].uuid,))[0].clients


def test_a_lost_gpu_can_be_forgotten() -> None:
    """Its row leaves the batches; the other slots keep their numbers."""
    one = storm()
    one.sleep(61.0)
    one.source.forget(one.cards[2].uuid)
    assert [r.slot for r in one.batch().readings] == [0, 1, 3, 4, 5, 6, 7]


def test_a_hot_gpu_throttles_and_holds_its_whole_server_back() -> None:
    """Slot 7 loses its fan: it is hot and slow, and the server over four GPUs makes as much less as its clock says."""
    calm, stormy = storm(scenario="calm"), storm()
    for one in (calm, stormy):
        one.sleep(400.0)
    cool, hot = calm.batch().readings[7], stormy.batch().readings[7]
    assert hot.throttle == ("sw thermal",)
    assert (cool.throttle, hot.temp_c > cool.temp_c + 15.0) == ((), True)
    assert hot.power_w < cool.power_w - 10.0
    slower = hot.sm_mhz / min(r.sm_mhz for r in calm.batch().readings[4:])
    made, usual = (one.meter("vllm-tp4@4.service").read().value for one in (stormy, calm))
    assert slower < 0.97
    assert made / usual == pytest.approx(slower**0.5, abs=0.01)


def test_a_stranger_comes_and_goes() -> None:
    """From 150 to 900 s a process that no workload accounts for is on slot 0, beside the server that runs there."""
    one = storm()
    holders = {}
    for until in (149.0, 152.0, 890.0, 905.0):
        one.sleep(until - one.clock())
        reading = one.batch().readings[0]
        (held,) = one.occupancy((reading,))
        holders[until] = (held.holder, len(reading.clients), held.instance.workload if held.instance else None)
    assert holders == {
        149.0: (Holder.WORKLOAD, 1, "vllm-qwen"),
        152.0: (Holder.FOREIGN, 2, None),
        890.0: (Holder.FOREIGN, 2, None),
        905.0: (Holder.WORKLOAD, 1, "vllm-qwen"),
    }
    one = storm()
    one.sleep(200.0)
    (held,) = one.occupancy((one.batch().readings[0],))
    assert held.who == "python3 (pid 4199000, user mika)"


def test_one_gpu_fails_every_server_and_still_mines() -> None:
    """On slot 1 a server fails after some seconds with a reason and leaves nothing behind; the miner starts again."""
    one = storm()
    one.controller.stop("ergo@1.service", 30.0)
    began = one.clock()
    with pytest.raises(SimulatedError, match=r"vllm-qwen@1.service failed: port 8001 is already in use"):
        one.controller.start("vllm-qwen@1.service", 60.0)
    assert one.clock() - began > 2.0
    (reading,) = one.read_now((one.cards[1].uuid,))
    assert reading.clients == ()
    (task,) = one.controller.observe(("vllm-qwen@1.service",))
    assert task.state == "failed"
    one.controller.start("ergo@1.service", 60.0)
    one.sleep(15.0)
    assert one.meter("ergo@1.service").read().value > 2e8


def test_one_price_goes_stale_and_no_other() -> None:
    """RVN's price stops so that its age passes the limit after 90 s; every other quote stays fresh for ten minutes."""
    one = storm()
    for second in range(0, 600, 10):
        now = START + second
        stale = {(q.name, q.kind) for q in one.quotes(now) if q.stale(now)}
        assert stale == ({("RVN", "coin_price")} if second > 90 else set()) or 45 <= second <= 90


def test_a_calm_farm_stays_calm() -> None:
    """Twenty minutes: nothing lost, nobody strange, nothing throttled, nothing stale."""
    one = storm(16, "calm")
    for _ in range(20):
        one.sleep(60.0)
        batch = one.batch()
        assert {(r.state, r.throttle, r.xids) for r in batch.readings} == {(GpuState.OK, (), ())}
        assert {o.holder for o in one.occupancy(batch.readings)} == {Holder.WORKLOAD, Holder.NONE}
        assert not any(q.stale(one.now()) for q in one.quotes(one.now()))


@pytest.mark.parametrize("gpus", [1, 2, 4, 16, 64])
def test_troubles_of_a_small_storm_do_not_meet_on_one_gpu(gpus: int) -> None:
    """However few GPUs there are, the lost one is not the hot one, and the stranger sits on neither."""
    one = storm(gpus)
    one.sleep(400.0)
    readings = one.batch().readings
    held = one.occupancy(readings)
    lost = {r.slot for r in readings if r.state is GpuState.LOST}
    hot = {r.slot for r in readings if "sw thermal" in r.throttle and r.state is GpuState.OK}
    foreign = {r.slot for r, h in zip(readings, held, strict=True) if h.holder is Holder.FOREIGN}
    assert len(hot) == 1
    assert len(lost) == (gpus >= 3)
    assert not (lost & hot or lost & foreign or hot & foreign)
