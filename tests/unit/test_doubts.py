"""What a silent controller leaves open, and what two of them would start together: told alike by site and runner."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console import store
from console.config.settings import Settings
from console.flips.records import Action
from console.flips.standing import Standing
from console.flips.technician import Locks
from console.model import Holder, Uuid
from console.paths import Places
from console.running.units import Units
from console.site.controllers import Controllers
from console.workloads.background import Background
from console.workloads.contract import Fault, Task
from console.workloads.detect import occupancy
from console.workloads.doubts import Doubts, doubts
from console.workloads.expand import Placed, place
from console.workloads.lastword import still_there
from console.workloads.lookover import Looked, neighbours, refusals
from console.workloads.proctable import ProcessTable
from tests.contract.engine import Engine, running
from tests.unit.detecting import ROWS, U, reading


def config(tmp_path: Path, **controllers: Any) -> Settings:
    """A miner under a controller that answers, on GPU 0 of two; further controllers as told."""
    side = {"kind": "argv", "start": ["/bin/true"], "stop": ["/bin/true"], "status": ["/bin/false"]}
    tree = {
        "controllers": {"side": side, **controllers},
        "workloads": {"ergo": {"kind": "mine", "gpus": [0], "controller": "side", "unit": "ergo"}},
    }
    return msgspec.convert(tree, Settings)


def docker(tmp_path: Path) -> dict[str, Any]:
    return {"docker": {"socket": str(tmp_path / "docker.sock"), "acknowledged": True}}


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def placed(settings: Settings) -> tuple[Placed, ...]:
    return place(settings, ROWS)[0]


@pytest.fixture
def site() -> Iterator[Callable[[Settings], Controllers]]:
    """A site's controllers, asked."""
    made: list[Controllers] = []

    def make(settings: Settings) -> Controllers:
        made.append(Controllers(settings.controllers))
        made[-1].want(placed(settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_docker_that_only_watches_is_missed_when_it_is_silent(
    tmp_path: Path, site: Callable[[Settings], Controllers]
) -> None:
    """No workload of ours is its own: even so who was given a GPU is known by its word alone."""
    settings = config(tmp_path, **docker(tmp_path))
    here = site(settings)
    until(lambda: "docker" in here.silent() and "not answered yet" not in here.doubts().of(U[0]))
    assert here.unasked()["docker"].startswith("controllers.docker: the socket ")
    assert here.doubts().of(U[0]).startswith("controllers.docker cannot be asked: the socket ")
    assert here.doubts().of(U[1]) == here.doubts().of(U[0])
    assert here.doubts().of(U[0]) in here.faults()["side", "ergo"]


def test_the_runner_doubts_as_the_site_does_and_no_longer_than_it_must(tmp_path: Path) -> None:
    """Until the engine answers; then what nobody holds is free."""
    settings = config(tmp_path, **docker(tmp_path))
    units = Units(settings, placed(settings))
    try:
        units.tasks()
        assert units.doubts().of(U[1]).startswith("controllers.docker cannot be asked: ")
        with running(tmp_path / "docker.sock") as engine:
            assert isinstance(engine, Engine)
            until(lambda: units.tasks() is not None and not units.doubts().of(U[1]))
    finally:
        units.close()


def test_nobody_to_be_seen_is_unknown_where_somebody_may_be() -> None:
    """Only there, and only what would else be free."""
    why = Doubts(at={U[0]: "controllers.vast cannot be asked: x"})
    found = occupancy([reading(0), reading(1)], (), {}, ProcessTable({}, {}), Background(), doubts=why)
    assert [one.holder for one in found] == [Holder.UNKNOWN, Holder.NONE]
    assert (found[0].who, found[0].settled) == ("controllers.vast cannot be asked: x", False)


def test_one_that_sees_no_containers_leaves_only_its_own_gpus_open(tmp_path: Path) -> None:
    """The others are no business of its."""
    said = doubts({"side": "x"}, placed(config(tmp_path)), ())
    assert (said.of(U[0]), said.of(U[1])) == ("controllers.side cannot be asked: x", "")


def test_a_listing_is_not_ended_by_silence() -> None:
    """It has no process to look for: unknown is not stopped. What was stopped is not kept."""
    listed = Task(unit="31337", state="running")
    assert still_there((listed, Task(unit="2", state="stopped"))) == (listed,)


PAIR = {
    "controllers": {"systemd": {}, "side": {"kind": "supervisor", "socket": "/run/x", "acknowledged": True}},
    "workloads": {
        "ergo": {"kind": "mine", "gpus": [0, 1], "controller": "side", "unit": "ergo-{slot}"},
        "qwen": {"kind": "ai", "gpus": [0], "controller": "systemd", "unit": "qwen.service"},
    },
}
LOOKED = {
    "side": Looked(boots={"ergo-0": "write autostart=false", "ergo-1": "write autostart=false"}),
    "systemd": Looked(boots={"qwen.service": "systemctl disable qwen.service"}),
}


def test_two_controllers_may_not_both_start_something_on_one_gpu() -> None:
    """Both units are refused with one sentence that names both and the fix; the neighbour on GPU 1 is not."""
    settings = msgspec.convert(PAIR, Settings)
    said = (
        "ergo-0 (controllers.side) and qwen.service (controllers.systemd) both start at boot, on one GPU: "
        "write autostart=false, or systemctl disable qwen.service"
    )
    found = refusals(placed(settings), LOOKED)
    assert found == {("side", "ergo-0"): (said,), ("systemd", "qwen.service"): (said,)}
    assert neighbours(placed(settings)) == {"side": (("ergo-0",), ("ergo-1",)), "systemd": (("qwen.service",),)}


def test_one_side_that_starts_at_boot_is_nobodys_fault() -> None:
    """And faults of one controller stay its units'."""
    settings = msgspec.convert(PAIR, Settings)
    looked = {"side": LOOKED["side"], "systemd": Looked((Fault(("qwen.service",), "bad", refuses=True),))}
    assert refusals(placed(settings), looked) == {("systemd", "qwen.service"): ("bad",)}


def test_units_that_could_not_be_looked_over_are_refused(
    tmp_path: Path, site: Callable[[Settings], Controllers]
) -> None:
    """By the site until the first answer, and by the runner whenever it asks."""
    tree = {
        "controllers": {"side": {"kind": "supervisor", "socket": str(tmp_path / "s"), "acknowledged": True}},
        "workloads": {"ergo": {"kind": "mine", "gpus": [0], "controller": "side", "unit": "ergo"}},
    }
    settings = msgspec.convert(tree, Settings)
    here = site(settings)
    until(here.ready)
    assert here.faults()["side", "ergo"][0].startswith("controllers.side: its units have not been looked over yet")
    units = Units(settings, placed(settings))
    action = Action(workload="ergo", kind="mine", controller="side", unit="ergo", uuids=(Uuid(U[0]),), timeout_s=5.0)
    assert units.faults(action)[0].startswith("controllers.side: its units could not be looked over: ")
    units.close()


def test_files_that_are_none_are_not_waited_for(tmp_path: Path) -> None:
    """A pipe, a link and too much: each is a sentence, at once."""
    where = Places(state=tmp_path, run=tmp_path, shared=True)
    os.mkfifo(tmp_path / "event.json")
    os.mkfifo(tmp_path / "locks.json")
    (tmp_path / "halt.json").symlink_to("/dev/null")
    said: list[object] = []
    standing, locks = Standing(where), Locks(where)
    asked = (lambda: standing.event(0.0), standing.halted, lambda: locks.guards("x", 0.0)[0].sentence)
    thread = threading.Thread(target=lambda: said.extend(ask() for ask in asked), daemon=True)
    thread.start()
    thread.join(10)
    assert len(said) == 3 and "no regular file" in str(said[0]) and "cannot be told" in str(said[1])
    (tmp_path / "big").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="larger than 10 bytes"):
        store.read_plain(tmp_path / "big", 10)


def test_what_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    """A mark is remembered while its file looks the same, and no longer."""
    standing = Standing(Places(state=tmp_path, run=tmp_path, shared=True))
    path = tmp_path / "event.json"
    path.write_text('{"name": "one"}')
    time.sleep(0.2)
    assert "one" in standing.event(0.0) and "one" in standing.event(0.0)
    path.write_text('{"name": "two"}')
    assert "two" in standing.event(0.0)
    path.unlink()
    assert standing.event(0.0) == ""
