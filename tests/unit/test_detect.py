"""Who holds each GPU, from process lists, cgroups and units; only what is certain may be flipped."""

import os
import sys
import time
from pathlib import Path

import msgspec
import pytest

from console.config.settings import Settings
from console.model import GpuState, Holder, Kind, WorkState
from console.workloads.background import Background
from console.workloads.contract import Task
from console.workloads.detect import occupancy, pids_to_read
from console.workloads.expand import place
from console.workloads.proctable import ProcessTable
from console.workloads.registry import connect_controller
from tests.rig.processes import workload_command
from tests.rig.supervisor import Program
from tests.unit.detecting import ID, MINER, NOW, ROWS, Host, U, reading, up


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_process_in_the_units_cgroup_is_the_workload(host: Host) -> None:
    """A process below a unit's cgroup holds its GPU for that workload, with unit, pids and since when."""
    host.proc.add(50, MINER.format(3), ppid=40, comm="xmrig")
    (found,) = host.look(reading(3, 50), tasks=up("miner@3.service", 40))
    assert (found.holder, found.who, found.settled) == (Holder.WORKLOAD, "", True)
    assert found.instance is not None
    assert (found.instance.workload, found.instance.kind, found.instance.unit) == ("ergo", Kind.MINE, "miner@3.service")
    assert (found.instance.uuids, found.instance.pids) == ((U[3],), (50,))
    assert (found.instance.state, found.instance.since) == (WorkState.RUNNING, NOW - 600)


def test_one_unit_on_two_gpus_is_one_instance_in_uuid_order(host: Host) -> None:
    """Both cards of a tensor-parallel server show the same instance with both cards and all its processes."""
    for pid in (51, 52):
        host.proc.add(pid, "0::/system.slice/ai@1.service/worker")
    first, second = host.look(reading(0, 52), reading(1, 51), tasks=up("ai@1.service"))
    assert first.instance == second.instance and first.instance is not None
    assert (first.instance.uuids, first.instance.pids) == ((U[0], U[1]), (51, 52))


def test_set_is_whole_even_where_one_card_shows_nothing_yet(host: Host) -> None:
    """A card that a running unit is meant for belongs to its set before a process of it is seen there."""
    host.proc.add(51, "0::/system.slice/ai@1.service")
    first, second = host.look(reading(0), reading(1, 51), tasks=up("ai@1.service"))
    assert first.instance is not None and first.instance.uuids == (U[0], U[1]) and first.holder is Holder.WORKLOAD
    assert first.who == "ai@1.service is up, with no process on this GPU yet" and second.who == ""


def test_process_on_an_unplanned_card_widens_the_set(host: Host) -> None:
    """A miner that took a card it was not meant for is moved with that card as well."""
    host.proc.add(50, MINER.format(2))
    found = host.look(reading(2, 50), reading(3, 50), tasks=up("miner@2.service"))
    assert [one.instance.uuids for one in found if one.instance] == [(U[2], U[3])] * 2


@pytest.mark.parametrize(
    ("state", "since", "pid", "expected"),
    [
        ("running", NOW - 5, None, WorkState.WARMING),
        ("starting", NOW - 5, None, WorkState.WARMING),
        ("starting", NOW - 5, 50, WorkState.WARMING),
        ("running", NOW - 181, None, WorkState.FAILING),
        ("stopping", NOW - 500, 50, WorkState.DRAINING),
        ("stopping", NOW - 500, None, WorkState.DRAINING),
        ("stopped", NOW - 500, 50, WorkState.FAILING),
        ("failed", NOW - 500, 50, WorkState.FAILING),
    ],
)
def test_state_is_of_the_unit_and_of_what_the_gpu_shows(
    host: Host, state: str, since: float, pid: int | None, expected: WorkState
) -> None:
    """Up without a process warms, and fails after its time-out; down with a process left fails."""
    if pid:
        host.proc.add(pid, MINER.format(3))
    clients = (pid,) if pid else ()
    (found,) = host.look(reading(3, *clients), tasks=up("miner@3.service", state=state, since=since))
    assert found.holder is Holder.WORKLOAD and found.instance is not None and found.instance.state is expected


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_stopped_unit_leaves_the_gpu_free(host: Host, state: str) -> None:
    """No process, memory at its base and every unit down: nobody holds it."""
    (found,) = host.look(reading(3), tasks=up("miner@3.service", state=state))
    assert (found.holder, found.instance, found.who) == (Holder.NONE, None, "")


def test_stranger_is_named(host: Host) -> None:
    """A process of no workload makes the GPU foreign, with name, pid, user and container."""
    host.proc.add(60, f"0::/system.slice/docker-{ID}.scope", uid=0)
    (found,) = host.look(reading(3, 60))
    assert (found.holder, found.instance) == (Holder.FOREIGN, None)
    assert found.who == f"python3 (pid 60, user root, in docker {ID[:12]})"


def test_stranger_beside_the_workload_makes_it_foreign(host: Host) -> None:
    """One stranger is enough, whoever else is there."""
    host.proc.add(50, MINER.format(3))
    host.proc.add(60)
    (found,) = host.look(reading(3, 50, 60), tasks=up("miner@3.service"))
    assert (found.holder, found.who) == (Holder.FOREIGN, "python3 (pid 60, user 54321)")


@pytest.mark.parametrize(
    "path",
    [
        f"/docker/{ID}/miner@3.service",
        f"/system.slice/docker-{ID}.scope/system.slice/miner@3.service",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/miner@3.service",
        "/user.slice/user-1000.slice/session-2.scope/miner@3.service",
        "/user.slice/miner@3.service",
        "/system.slice/miner@30.service",
        "/system.slice/xminer@3.service",
        f"/kubepods.slice/pod1.slice/{ID}/miner@3.service",
    ],
)
def test_cgroup_named_like_our_unit_is_not_our_unit(host: Host, path: str) -> None:
    """A renter or user may name a cgroup of his own like our unit: only slices of the manager count."""
    host.proc.add(60, f"0::{path}")
    (found,) = host.look(reading(3, 60))
    assert found.holder is Holder.FOREIGN


def test_users_own_manager_is_the_callers_only(host: Host) -> None:
    """A unit of the user bus is looked for below the caller's manager, and not below another user's."""
    for pid, uid in ((50, os.geteuid()), (60, os.geteuid() + 1)):
        host.proc.add(pid, f"0::/user.slice/user-{uid}.slice/user@{uid}.service/app.slice/own@0.service")
    mine, other = host.look(reading(0, 50)) + host.look(reading(0, 60))
    assert mine.instance is not None and mine.instance.workload == "own"
    assert other.holder is Holder.FOREIGN


def test_main_process_says_where_the_unit_lives(host: Host) -> None:
    """Where the manager's tree does not begin at the root, the unit is where its main process stands."""
    prefix = "0::/sandbox/manager/app.slice/own@0.service"
    host.proc.add(40, prefix)
    host.proc.add(50, f"{prefix}/libpod-payload-{ID}", uid=100_000)
    host.proc.add(60, "0::/elsewhere/app.slice/own@0.service")
    tasks = up("own@0.service", 40, controller="mine")
    mine, other = host.look(reading(0, 50), tasks=tasks) + host.look(reading(0, 60), tasks=tasks)
    assert mine.instance is not None and (mine.instance.workload, mine.instance.pids) == ("own", (50,))
    assert other.holder is Holder.FOREIGN


def test_units_that_systemd_escapes_are_found(host: Host) -> None:
    """A unit named like a file of the kernel's has an underscore before it in the tree."""
    host.proc.add(50, "0::/system.slice/_cpu.service")
    (found,) = host.look(reading(3, 50), tasks=up("cpu.service"))
    assert found.instance is not None and found.instance.workload == "cpu"


def test_descent_from_a_program_is_the_workload(host: Host) -> None:
    """Without a cgroup of its own, a program is known by its main process and whatever descends from it."""
    host.proc.add(30, comm="supervisord")
    host.proc.add(40, ppid=30, comm="sh")
    host.proc.add(50, ppid=40)
    host.proc.add(60, ppid=30)
    tasks = up("llama-2", 40, controller="side")
    mine, other = host.look(reading(2, 50), tasks=tasks) + host.look(reading(2, 60), tasks=tasks)
    assert mine.instance is not None and mine.instance.workload == "llama"
    assert (other.holder, other.who) == (Holder.FOREIGN, "python3 (pid 60, user 54321)")


def test_hidden_process_makes_it_unknown(host: Host) -> None:
    """A pid without an entry in /proc may be anyone's."""
    host.proc.add(50, MINER.format(3))
    (found,) = host.look(reading(3, 50, 99), tasks=up("miner@3.service"))
    assert (found.holder, found.instance) == (Holder.UNKNOWN, None)
    assert found.who == "pid 99 cannot be seen: hidden, in another namespace, or just gone"


def test_younger_process_with_the_pid_is_another_one(host: Host) -> None:
    """A process that started after NVML made its list is not the one that the list names."""
    host.proc.add(50, MINER.format(3), age_s=3700)
    (found,) = host.look(reading(3, 50), tasks=up("miner@3.service"))
    assert found.holder is Holder.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"clients": None}, "its process list could not be read"),
        ({"mig": True}, "MIG is on: shown, never flipped"),
        ({"mem_used_mib": None}, "its memory could not be read"),
        ({"mem_used_mib": 8192.0}, "8.0 GiB in use and no process to be seen: a container, VM or hidden pid"),
    ],
)
@pytest.mark.parametrize("tasks", [{}, up("miner@3.service")])
def test_what_cannot_be_told_is_unknown(
    host: Host, changes: dict[str, object], who: str, tasks: dict[tuple[str, str], Task]
) -> None:
    """No list, MIG, unreadable memory, or memory without a process: unknown, whatever a unit claims."""
    (found,) = host.look(reading(3, **changes), tasks=tasks)
    assert (found.holder, found.instance, found.who) == (Holder.UNKNOWN, None, who)


@pytest.mark.parametrize(
    ("used", "base", "holder"),
    [
        (762.0, None, Holder.NONE),  # reserved 250 + 512
        (763.0, None, Holder.UNKNOWN),
        (464.0, 400.0, Holder.NONE),  # the least seen + 64
        (465.0, 400.0, Holder.UNKNOWN),
        (900.0, 850.0, Holder.NONE),
    ],
)
def test_memory_of_an_empty_card_has_a_limit(host: Host, used: float, base: float | None, holder: Holder) -> None:
    """The limit is the least ever seen while free plus 64 MiB, else what the driver reserves plus 512 MiB."""
    assert host.look(reading(3, mem_used_mib=used), base=base)[0].holder is holder


@pytest.mark.parametrize("with_process", [True, False])
def test_two_workloads_on_one_card_are_unknown(host: Host, with_process: bool) -> None:
    """Two units for one card, seen there or only up, are told by name and left alone."""
    host.proc.add(50, MINER.format(0))
    host.proc.add(51, "0::/system.slice/ai@1.service")
    tasks = up("miner@0.service") | up("ai@1.service")
    clients = (50, 51) if with_process else (50,)
    (found,) = host.look(reading(0, *clients), tasks=tasks)
    assert (found.holder, found.who) == (Holder.UNKNOWN, "two workloads hold it: ergo and qwen")


@pytest.mark.parametrize("state", [state for state in GpuState if state is not GpuState.OK])
def test_gpu_that_stopped_answering_keeps_what_was_known(host: Host, state: GpuState) -> None:
    """Lost, gone, hung and the like keep the last holder, marked as not settled; never seen is unknown."""
    host.proc.add(50, MINER.format(3))
    (before,) = host.look(reading(3, 50), tasks=up("miner@3.service"))
    lost = reading(3, state=state, reason="fell off the bus")
    (after,) = host.look(lost, previous={U[3]: before})
    assert after == msgspec.structs.replace(before, settled=False) and not after.settled
    (never,) = host.look(lost)
    assert (never.holder, never.who, never.settled) == (Holder.UNKNOWN, "fell off the bus", False)


def test_real_programs_under_supervisord_are_told_apart(supervisord, workload, tmp_path: Path) -> None:
    """Two real programs and a real stranger, read from the real /proc: two workloads and a foreign card."""
    hold = tmp_path / "hold"
    hold.mkdir()
    shell = ["/bin/sh", "-c", "sleep 100 & echo $! > $0; wait", str(tmp_path / "child")]
    miner = workload_command("mine", "3", hold)
    running = supervisord([Program("ergo-3", miner), Program("llama-2", shell, settings={"stopasgroup": "true"})])
    tree = {
        "controllers": {"side": {"kind": "supervisor", "socket": str(running.socket), "acknowledged": True}},
        "workloads": {
            "ergo": {"kind": "mine", "controller": "side", "unit": "ergo-{slot}", "gpus": [3]},
            "llama": {"kind": "ai", "controller": "side", "unit": "llama-{slot}", "gpus": [2]},
        },
    }
    settings = msgspec.convert(tree, Settings)
    placed, _ = place(settings, ROWS)
    controller = connect_controller("side", settings.controllers["side"])
    for one in placed:
        controller.start(one.unit, 10.0)
    stranger = workload("mine", "1", hold)
    while not (tmp_path / "child").exists() or not (child := (tmp_path / "child").read_text()):
        time.sleep(0.01)
    tasks = {("side", task.unit): task for task in controller.observe(tuple(one.unit for one in placed))}
    pids = (stranger.pid, int(child), running.pid_of("ergo-3"))
    now = (tmp_path / "child").stat().st_mtime + 5
    readings = [reading(slot, pid, clients_at=now, at=now) for slot, pid in zip((1, 2, 3), pids, strict=True)]
    table = ProcessTable.read(pids_to_read(readings, tasks))
    foreign, llama, ergo = occupancy(readings, placed, tasks, table, Background())
    assert foreign.holder is Holder.FOREIGN and f"(pid {stranger.pid}, user " in foreign.who
    assert [one.instance.workload for one in (llama, ergo) if one.instance] == ["llama", "ergo"]
    assert ergo.instance is not None and ergo.instance.state is WorkState.RUNNING
    assert Path(sys.executable).name.startswith(foreign.who.split(" ")[0][:6])
