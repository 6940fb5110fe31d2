"""All about one GPU from a simulated farm whose clock only moves when told, and what is remembered of it."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from console.demo import FarmGround, open_farm
from console.history.gpuday import NOTHING, SPANS_S
from console.model import GpuState, Snapshot, Uuid, Xid
from console.site.detail import Detail
from console.site.detailview import DetailView, sample
from console.site.facts import Facts
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer
from console.telemetry.static import GpuFacts, HostFacts
from tests.unit.test_site import ground, ticked

WAIT_S = 10.0


def asked(state: State, snapshot: Snapshot, slot: int, span_s: float = 900.0) -> Detail:
    """All about the GPU in a slot."""
    found = state.details.detail(snapshot, snapshot.rows[slot].reading.uuid, span_s)
    assert found is not None
    return found


def test_a_gpu_is_told_whole(tmp_path: Path) -> None:
    """Its row, its processes by name, its figures in steps, and what ran in them."""
    place = ground(tmp_path)
    state = State(place, "")
    snapshot = ticked(place, state, 25)
    for row in snapshot.rows:
        found = asked(state, snapshot, row.reading.slot)
        assert found.row is row
        assert found.processes is not None and len(found.processes) == len(row.reading.clients or ())
        assert all(one.name for one in found.processes)
        power = found.past.of("power_w")
        assert power.means[-1] == pytest.approx(row.reading.power_w, rel=0.3)
        priced = {one.workload for one in row.money.options if one.net_per_h is not None}
        assert priced and priced == {one.name for one in found.past.options}
        work = found.past.work[-1]
        assert work is not None and row.occupancy.instance is not None
        assert work.workload == row.occupancy.instance.workload


def test_the_demo_begins_with_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Power, temperature and net of before it was opened, and of longer spans as much as that."""
    place = ground(tmp_path)
    state = State(place, "")
    state.begin_with(place.figures(), place.past())
    snapshot = ticked(place, state)
    for name in ("power_w", "temp_c", "net_per_h"):
        means = asked(state, snapshot, 1).past.of(name).means
        assert sum(value is not None for value in means) >= 85
    hours = asked(state, snapshot, 1, SPANS_S[1]).past.of("power_w").means
    assert 12 <= sum(value is not None for value in hours) <= 17


def test_what_is_not_there_is_none_and_asking_twice_makes_it_once(tmp_path: Path) -> None:
    """A new snapshot or another span is made anew."""
    place = ground(tmp_path)
    state = State(place, "")
    snapshot = ticked(place, state)
    assert state.details.detail(snapshot, Uuid("GPU-none"), 900.0) is None
    first = asked(state, snapshot, 0)
    assert asked(state, snapshot, 0) is first
    assert asked(state, snapshot, 0, SPANS_S[2]).past.span_s == SPANS_S[2]
    assert asked(state, ticked(place, state), 0) is not first


def test_the_output_of_an_instance_is_shared_by_its_gpus(tmp_path: Path) -> None:
    """One server on four cards: each has its part, so that the four sum to the whole."""
    place = ground(tmp_path)
    snapshot = ticked(place, State(place, ""), 3)
    rows = [r for r in snapshot.rows if r.occupancy.instance and len(r.occupancy.instance.uuids) == 4]
    assert len(rows) == 4 and rows[0].output is not None
    assert sum(sample(row).output or 0.0 for row in rows) == pytest.approx(rows[0].output.value, rel=0.01)


def test_a_card_that_is_lost_reports_nothing_and_what_happened_is_told_once(tmp_path: Path) -> None:
    """Its last watts are no history of now; XIDs and losses stand among its changes, newest first."""
    place = ground(tmp_path)
    view = DetailView(place)
    row = ticked(place, State(place, "")).rows[0]
    at = row.reading.at
    view.watch(row, at)
    event = Xid(code=43, at=at + 1)
    ailing = msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, xids=(event,)))
    view.watch(ailing, at + 1)
    lost = msgspec.structs.replace(
        ailing, reading=msgspec.structs.replace(ailing.reading, state=GpuState.LOST, reason="fell off the bus")
    )
    view.watch(lost, at + 5)
    view.watch(lost, at + 6)
    told = [line.text for line in view.days.changes(row.reading.uuid)]
    assert len(told) == 2 and told[0] == "lost: fell off the bus" and told[1].startswith("xid 43")
    assert sample(lost)[:4] == (None, None, None, None) and sample(lost).work == NOTHING


def test_a_card_on_the_edge_and_a_console_that_begins_again_say_nothing_twice(tmp_path: Path) -> None:
    """Slowed and well again each second is one line in a quarter of an hour; a loss that was told stays told."""
    place = ground(tmp_path)
    view = DetailView(place)
    well = ticked(place, State(place, "")).rows[0]
    uuid, at = well.reading.uuid, well.reading.at
    slow = msgspec.structs.replace(well, reading=msgspec.structs.replace(well.reading, throttle=("sw thermal",)))
    for second in range(0, 100, 2):
        view.watch(well, at + second)
        view.watch(slow, at + second + 1)
    assert [line.text for line in view.days.changes(uuid)] == ["is held back: sw thermal"]
    view.watch(well, at + 1000)
    view.watch(slow, at + 1001)
    assert len(view.days.changes(uuid)) == 2
    lost = msgspec.structs.replace(
        well, reading=msgspec.structs.replace(well.reading, state=GpuState.LOST, reason="fell off the bus")
    )
    view.watch(lost, at + 1002)
    view._before.clear()  # as a console that has begun again knows the file and no row
    view.watch(lost, at + 2000)
    assert [line.text for line in view.days.changes(uuid)].count("lost: fell off the bus") == 1


class RealGround(FarmGround):
    """The farm, as if it were a host: what is seen there is kept."""

    simulated = False


def real(folder: Path) -> RealGround:
    """A farm that stands still and calls itself real."""
    return RealGround(Farm(gpus=2, scenario="calm", start=1_795_435_200.0, timer=HandTimer()), folder)


def test_a_host_keeps_its_day_a_farm_and_a_looker_do_not(tmp_path: Path) -> None:
    """And a console that begins again has it, without telling anything a second time."""
    for name, keeps in (("host", True), ("looker", False)):
        (tmp_path / name).mkdir()
        place = real(tmp_path / name)
        state = State(place, "", keeps=keeps)
        snapshot = ticked(place, state, 25)
        uuid = snapshot.rows[0].reading.uuid
        before = state.details.days.past(uuid, 900.0)
        state.close()
        assert (tmp_path / name / "day.json").exists() is keeps
        if keeps:
            again = DetailView(place)
            assert again.days.past(uuid, 900.0) == before
            again.watch(snapshot.rows[0], snapshot.at)
            assert again.days.changes(uuid) == ()
    (tmp_path / "farm").mkdir()
    place = ground(tmp_path / "farm")
    state = State(place, "")
    ticked(place, state, 25)
    state.close()
    assert not (tmp_path / "farm" / "day.json").exists()


def test_facts_are_asked_once_and_only_when_somebody_looks() -> None:
    """By a thread: a driver that hangs keeps nobody waiting."""
    calls, go = [], threading.Event()

    def ask() -> HostFacts:
        calls.append(1)
        go.wait(WAIT_S)
        return HostFacts(driver="570.1", gpus=(GpuFacts(index=0, uuid="GPU-a", vbios="95.02"),))

    facts = Facts(ask)
    assert not calls and facts.driver is None
    assert facts.of(Uuid("GPU-a")) is None
    go.set()
    assert facts._thread is not None
    facts._thread.join(WAIT_S)
    card = facts.of(Uuid("GPU-a"))
    assert card is not None and (card.vbios, facts.driver, len(calls)) == ("95.02", "570.1", 1)
    assert facts.of(Uuid("GPU-b")) is None


def test_a_running_site_answers_from_any_thread() -> None:
    """The farm runs twenty times as fast as the wall; each answer is of the newest snapshot's rows."""
    site = open_farm(4, 7, 20.0, "calm")
    try:
        heard = threading.Event()
        site.listen(lambda _: heard.set())
        assert heard.wait(WAIT_S)
        for _ in range(50):
            for row in site.snapshot().rows:
                found = site.detail(row.reading.uuid, 900.0)
                assert found is not None and found.row.reading.uuid == row.reading.uuid
    finally:
        site.close()
