"""Renters' containers and strangers who have only just left."""

from pathlib import Path

import msgspec
import pytest

from console.config.settings import RENTERS, Settings
from console.model import Client, ClientKind, Holder, Instance, Kind, Occupancy, Reading, WorkState
from console.workloads.background import Background
from console.workloads.contract import Holding, Task
from console.workloads.detect import occupancy, pids_to_read
from console.workloads.expand import place
from console.workloads.proctable import ProcessTable
from console.workloads.tenants import Tenants
from console.workloads.vacancy import Vacancy
from tests.unit.detecting import ID, NOW, PLACED, ROWS, U, reading
from tests.unit.fakeproc import FakeProc


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


CONTAINER = f"0::/system.slice/docker-{ID}.scope"


def tenants(name: str, *, every: bool = False, unit: str = "") -> Tenants:
    """One container that was given GPU 0."""
    one = Holding(container=ID, name=name, uuids=(U[0],), every=every, unit=unit)
    return Tenants((one,), RENTERS)


@pytest.mark.parametrize(
    ("name", "rents"),
    [
        ("C.4711", True),
        ("C.", False),
        ("Cuda", False),
        ("clore-order-12", True),
        ("clore-default-12", False),
        ("runpod-x1", True),
        ("my-runpod-x1", True),
        ("vllm", False),
    ],
)
def test_renters_are_known_by_their_containers_name(name: str, rents: bool) -> None:
    """Vast.ai's, Clore.ai's and RunPod's names; what runs there while nobody rents has another."""
    found = tenants(name)
    assert found.rents(found.strangers(U[0])[0]) is rents


def test_a_container_that_was_given_a_gpu_holds_it_without_a_process() -> None:
    """Nothing of it computes yet, and nothing of ours is started beside it; its neighbour is free."""
    rows = [reading(0), reading(1)]
    first, second = occupancy(rows, PLACED, {}, ProcessTable({}, {}), Background(), tenants=tenants("C.4711"))
    assert (first.holder, second.holder) == (Holder.FOREIGN, Holder.NONE)
    assert first.who == "container C.4711, a renter's, which was given it"


def test_a_container_that_was_given_all_holds_all() -> None:
    """``--gpus all`` is every card of the host."""
    rows = [reading(0), reading(1)]
    found = occupancy(rows, PLACED, {}, ProcessTable({}, {}), Background(), tenants=tenants("jupyter", every=True))
    assert [one.who for one in found] == ["container jupyter, which was given it"] * 2


def test_a_container_of_ours_is_no_stranger() -> None:
    """One with a configured unit is told by its controller, not here."""
    (found,) = occupancy([reading(0)], PLACED, {}, ProcessTable({}, {}), Background(), tenants=tenants("ai", unit="ai"))
    assert found.holder is Holder.NONE


def test_a_process_in_it_is_named_with_it(proc: FakeProc) -> None:
    """Once, not as a process and again as a container."""
    proc.add(77, CONTAINER)
    rows = [reading(0, 77)]
    table = ProcessTable.read(pids_to_read(rows, {}), proc.root)
    (found,) = occupancy(rows, PLACED, {}, table, Background(), tenants=tenants("C.4711"))
    assert found.who.endswith("in container C.4711, a renter's") and "given" not in found.who


LET = {
    "controllers": {"vast": {"kind": "rental", "market": "vast", "key_file": "/key"}},
    "workloads": {
        "vast": {
            "kind": "ai",
            "controller": "vast",
            "unit": "31337",
            "gpus": [0, 1],
            "span": 2,
            "listing": {"price_per_h": 0.4},
        }
    },
}


def test_on_a_gpu_that_is_let_containers_are_the_markets(proc: FakeProc) -> None:
    """A renter there is no stranger: the GPU is that of the workload that lets it, with or without a process."""
    placed, _ = place(msgspec.convert(LET, Settings), ROWS)
    proc.add(77, CONTAINER)
    rows = [reading(0, 77), reading(1)]
    tasks = {("vast", "31337"): Task(unit="31337", state="running", since=NOW - 9000)}
    table = ProcessTable.read(pids_to_read(rows, tasks), proc.root)
    found = occupancy(rows, placed, tasks, table, Background(), tenants=tenants("C.4711", every=True))
    assert [one.holder for one in found] == [Holder.WORKLOAD] * 2
    assert found[0].instance == found[1].instance and found[0].instance
    assert (found[0].instance.pids, found[0].instance.state) == ((77,), WorkState.RUNNING)
    assert found[1].who == "31337 is listed, nobody is on it"


def test_a_process_outside_a_container_is_a_stranger_there_too(proc: FakeProc) -> None:
    """Renters live in containers: what does not is nobody's."""
    placed, _ = place(msgspec.convert(LET, Settings), ROWS)
    proc.add(77, "0::/user.slice")
    rows = [reading(0, 77)]
    tasks = {("vast", "31337"): Task(unit="31337", state="running")}
    table = ProcessTable.read(pids_to_read(rows, tasks), proc.root)
    assert occupancy(rows, placed, tasks, table, Background())[0].holder is Holder.FOREIGN


def look(at: float, *pids: int) -> Reading:
    """GPU 0 as its processes were listed ``at``."""
    clients = tuple(Client(pid=pid, kind=ClientKind.COMPUTE) for pid in pids)
    return msgspec.structs.replace(reading(0), clients=clients, clients_at=at)


def held(holder: Holder, who: str = "") -> Occupancy:
    return Occupancy(uuid=U[0], holder=holder, who=who)


def test_who_has_left_is_waited_for() -> None:
    """Three looks two seconds apart; more looks in between confirm nothing."""
    vacancy = Vacancy(3)
    assert vacancy.judged([held(Holder.FOREIGN, "python3 (pid 7)")], [look(10.0, 7)])[0].holder is Holder.FOREIGN
    assert vacancy.waiting() == (U[0],)
    seen = []
    for at in (10.5, 11.0, 12.5, 13.0, 14.5):
        (found,) = vacancy.judged([held(Holder.NONE)], [look(at)])
        seen.append(found.who or found.holder)
    said = "python3 (pid 7) has only just left: seen free {} of 3 times"
    assert seen == [said.format(1), said.format(1), said.format(2), said.format(2), Holder.NONE]
    assert vacancy.waiting() == ()


def test_who_comes_back_is_counted_anew() -> None:
    """A renter who restarts his container keeps the card."""
    vacancy = Vacancy(2)
    vacancy.judged([held(Holder.FOREIGN, "a")], [look(10.0, 7)])
    vacancy.judged([held(Holder.NONE)], [look(11.0)])
    vacancy.judged([held(Holder.FOREIGN, "b")], [look(12.0, 8)])
    (found,) = vacancy.judged([held(Holder.NONE)], [look(14.0)])
    assert found.who == "b has only just left: seen free 1 of 2 times" and not found.settled


def test_who_could_not_be_told_is_waited_for_too() -> None:
    """A hidden process or a VM is a stranger whose name is not known."""
    vacancy = Vacancy(2)
    vacancy.judged([held(Holder.UNKNOWN, "pid 4 cannot be seen")], [look(10.0, 4)])
    (found,) = vacancy.judged([held(Holder.NONE)], [look(12.0)])
    assert found.who == "who could not be told (pid 4 cannot be seen) has only just left: seen free 1 of 2 times"
    assert vacancy.judged([held(Holder.NONE)], [look(14.0)])[0].holder is Holder.NONE


def test_what_only_cannot_be_told_just_now_is_not_waited_for() -> None:
    """A controller that was silent for a moment has brought nobody."""
    vacancy = Vacancy(3)
    unsettled = msgspec.structs.replace(held(Holder.UNKNOWN, "docker is silent"), settled=False)
    vacancy.judged([unsettled], [look(10.0)])
    assert vacancy.judged([held(Holder.NONE)], [look(12.0)])[0].holder is Holder.NONE


@pytest.mark.parametrize("settled", [True, False])
def test_looks_that_are_not_free_begin_the_count_anew(settled: bool) -> None:
    """Three free looks with doubts between them are no three free looks."""
    vacancy = Vacancy(3)
    vacancy.judged([held(Holder.FOREIGN, "x")], [look(10.0, 7)])
    seen = []
    for at in (12.0, 16.0, 20.0):
        seen.append(vacancy.judged([held(Holder.NONE)], [look(at)])[0].holder)
        doubtful = msgspec.structs.replace(held(Holder.UNKNOWN, "?"), settled=settled)
        vacancy.judged([doubtful], [look(at + 2)])
    assert seen == [Holder.UNKNOWN] * 3


def test_what_ends_of_ours_is_not_waited_for() -> None:
    """Memory that is given back, or a pid that is gone and still listed, just after our own unit has stopped."""
    vacancy = Vacancy(3)
    ours = Instance(workload="ergo", kind=Kind.MINE, uuids=(U[0],), pids=(7,), unit="miner@0.service")
    vacancy.judged([msgspec.structs.replace(held(Holder.WORKLOAD), instance=ours)], [look(10.0, 7)])
    vacancy.judged([held(Holder.UNKNOWN, "pid 9 cannot be seen")], [look(11.0, 9)])
    assert vacancy.judged([held(Holder.NONE)], [look(11.5)])[0].holder is Holder.NONE
    vacancy.judged([held(Holder.UNKNOWN, "pid 9 cannot be seen")], [look(14.0, 9)])
    assert vacancy.judged([held(Holder.NONE)], [look(16.0)])[0].holder is Holder.UNKNOWN, "a stranger by then"


def test_what_ran_here_of_ours_leaves_at_once() -> None:
    """A unit that is down and whose processes still end is no stranger, though for a moment nobody owns them."""
    vacancy = Vacancy(3)
    ours = Instance(workload="ergo", kind=Kind.MINE, uuids=(U[0],), pids=(7, 8), unit="miner@0.service")
    running = msgspec.structs.replace(held(Holder.WORKLOAD), instance=ours)
    vacancy.judged([running], [look(10.0, 7, 8)])
    vacancy.judged([held(Holder.FOREIGN, "miner (pid 8)")], [look(11.0, 8)])
    assert vacancy.judged([held(Holder.NONE)], [look(11.5)])[0].holder is Holder.NONE


def test_our_own_start_ends_the_wait() -> None:
    """A workload that stands there has been let in by somebody who may: nothing is left to wait for."""
    vacancy = Vacancy(3)
    vacancy.judged([held(Holder.FOREIGN, "a")], [look(10.0, 7)])
    vacancy.judged([held(Holder.WORKLOAD)], [look(11.0, 9)])
    assert vacancy.judged([held(Holder.NONE)], [look(11.5)])[0].holder is Holder.NONE
