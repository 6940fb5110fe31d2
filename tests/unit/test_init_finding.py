"""What is found of sockets, processes and supervisords: real ones, and answers that nothing vouches for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.finding import clock, programs, sockets
from console.finding.holders import Holders, Sorted
from console.finding.sockets import Address
from console.finding.units import host_unit, unit_of
from console.model import Client, ClientKind, Reading, Uuid
from console.workloads.background import Background
from console.workloads.contract import Holding
from console.workloads.proctable import Process, ProcessTable
from tests.rig.supervisor import Program, Supervisord
from tests.unit.fakeproc import FakeProc
from tests.unit.rpcserver import rpc_server

ME = os.geteuid()
STARTER = Callable[..., Supervisord]
CONTAINER = "3f2a9c1b4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"


def process(*cgroups: str) -> Process:
    """A process in these cgroups."""
    return Process(7, 1, 1000, "alice", "python3", cgroups, "", 0.0)


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        ("/system.slice/miner@0.service", ("system", "miner@0.service")),
        ("/system.slice/system-miner.slice/miner@0.service/sub", ("system", "miner@0.service")),
        (f"/user.slice/user-{ME}.slice/user@{ME}.service/app.slice/ai@1.service", ("user", "ai@1.service")),
        ("/user.slice/user-54321.slice/user@54321.service/app.slice/ai@1.service", None),
        ("/user.slice/user-1000.slice/session-3.scope", None),
        ("/user.slice/user-1000.slice/session-3.scope/miner@0.service", None),
        (f"/system.slice/docker-{CONTAINER}.scope/miner@0.service", None),
        ("/system.slice/cron.service", None),
        ("/system.slice/docker.service", None),
        ("/system.slice/ssh@3-10.0.0.1:22-10.0.0.2:5.service", None),
        ("/system.slice/bad name.service", None),
        ("/", None),
    ],
)
def test_a_unit_is_known_by_its_cgroup(cgroup: str, expected: tuple[str, str] | None) -> None:
    """Only below slices and this user's own manager, and never a service that runs what others ask of it."""
    assert unit_of(process(cgroup)) == expected


def test_who_started_a_stranger_is_told() -> None:
    """A miner of a crontab is cron's, which nobody should stop for it."""
    assert host_unit(process("/system.slice/cron.service")) == "cron.service"
    assert host_unit(process("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope")) == ""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process whose own child listens, on 127.0.0.1 and on all addresses of IPv6; it says both ports."""
    listens = (
        "import socket,time; a=socket.create_server(('127.0.0.1',0)); "
        "b=socket.create_server(('::',0),family=socket.AF_INET6) if socket.has_ipv6 else a; "
        "print(a.getsockname()[1], b.getsockname()[1], flush=True); time.sleep(100)"
    )
    starts = f"import subprocess,sys; subprocess.run([sys.executable,'-c',{listens!r}])"
    made = subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True, start_new_session=True)
    yield made
    os.killpg(made.pid, 9)
    made.wait()
    assert made.stdout is not None
    made.stdout.close()


def test_what_a_process_and_its_children_listen_on(child: subprocess.Popen[str]) -> None:
    """Both sockets of the grandchild are found from its parent, each at the address where it can be reached."""
    assert child.stdout is not None
    ports = {int(port) for port in child.stdout.readline().split()}
    family = sockets.below([child.pid], sockets.children())
    assert len(family) == 2
    assert {*sockets.of(family, sockets.listening())} == {Address("127.0.0.1", port) for port in ports}
    assert sockets.of([child.pid], sockets.listening()) == ()  # the parent itself has none


def test_a_socket_that_only_connects_is_none() -> None:
    """The two ends of a connection are open sockets of this process, and not among those that listen."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as end:
        known = sockets.of([os.getpid()], sockets.listening())
        assert Address("127.0.0.1", server.getsockname()[1]) in known
        assert Address("127.0.0.1", end.getsockname()[1]) not in known


def test_the_kernels_table_is_read_as_it_writes_it(tmp_path: Path) -> None:
    """IPv4, IPv6, an IPv4 address mapped into IPv6, all addresses; lines that make no sense cost only themselves."""
    order = (lambda text: text) if sys.byteorder == "little" else _turned
    (tmp_path / "net").mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = "   0: {}:46A0 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1 0 100\n"
    (tmp_path / "net" / "tcp").write_text(
        head + row.format(order("0100007F"), "0A", 1) + row.format(order("0100007F"), "01", 2) + "nonsense\n\n"
    )
    tail = order("01000000")
    (tmp_path / "net" / "tcp6").write_text(
        head
        + row.format("0" * 24 + tail, "0A", 3)
        + row.format("0" * 16 + order("FFFF0000") + order("0500000A"), "0A", 4)
        + row.format("0" * 32, "0A", 5)
        + row.format("012", "0A", 6)
    )
    assert sockets.listening(tmp_path) == {
        1: Address("127.0.0.1", 18080),
        3: Address("::1", 18080),
        4: Address("10.0.0.5", 18080),
        5: Address("127.0.0.1", 18080),
    }
    assert Address("::1", 18080).url() == "http://[::1]:18080"


def _turned(text: str) -> str:
    return bytes.fromhex(text)[::-1].hex().upper()


def test_ports_that_the_kernel_hands_out_are_told_apart(tmp_path: Path) -> None:
    """By the range that it says; where it says none, none is."""
    (tmp_path / "sys/net/ipv4").mkdir(parents=True)
    (tmp_path / "sys/net/ipv4/ip_local_port_range").write_text("32768\t60999\n")
    assert [sockets.passing(port, tmp_path) for port in (18080, 32768, 60999, 61000)] == [False, True, True, False]
    assert not sockets.passing(40000, tmp_path / "nowhere")


def test_programs_of_a_real_supervisord(supervisord: STARTER) -> None:
    """Names with their groups, pids of those that run, and whether they start by themselves."""
    sleep = ["/bin/sleep", "1000"]
    numbered = {"numprocs": "2", "process_name": "%(process_num)d"}
    running = supervisord(
        [Program("a", sleep, autostart=True), Program("b", sleep), Program("m", sleep, settings=numbered)]
    )
    running.wait_for("a", "RUNNING")
    controls, units, notes = programs.listed(programs.sockets(str(running.socket)))
    mine = [one for one in controls if one.socket == str(running.socket)]
    assert [one.kind for one in mine] == ["supervisor"]
    found = {unit.name: (unit.pids, unit.autostart) for unit in units if unit.controller == mine[0].name}
    assert found == {
        "a": ((running.pid_of("a"),), True),
        "b": ((), False),
        "m:0": ((), False),
        "m:1": ((), False),
    }
    assert not [note for note in notes if str(running.socket) in note]
    assert running.state("b") == "STOPPED"  # nothing was started by looking


def test_one_socket_under_two_names_is_one_supervisord(supervisord: STARTER, tmp_path: Path) -> None:
    """/var/run and /run are one folder on most hosts."""
    running = supervisord([Program("a", ["/bin/sleep", "1000"])])
    (tmp_path / "link").symlink_to(running.folder)
    first = programs.sockets(str(tmp_path / "link" / "s"))
    assert first[0] == str(tmp_path / "link" / "s")
    assert len({Path(path).stat().st_ino for path in first}) == len(first)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("<int>7</int>", "did not answer with a list of processes"),
        ("<string>x</string>", "did not answer with a list of processes"),
        (None, "did not answer"),
    ],
)
def test_a_supervisord_that_is_none_is_a_sentence(reply: str | None, words: str, tmp_path: Path) -> None:
    """Whatever listens there, it costs its own line and at most the time for one question."""
    with rpc_server(tmp_path / "s", reply) as path:
        before = time.monotonic()
        controls, units, notes = programs.listed([str(path)])
        assert time.monotonic() - before < 4 * programs.ASK_S
    assert (controls, units) == ((), ())
    assert len(notes) == 1 and words in notes[0] and str(path) in notes[0]


def test_names_that_no_config_can_hold_are_left_out(tmp_path: Path) -> None:
    """Control characters, braces and things that are no names: never taken for another program's name."""
    names = ["ok", "b{slot}", "tab&#9;x", " blank", "", "rtl&#8238;x"]
    rows = "".join(_info(name, "RUNNING", 4711) for name in names) + "<value><int>1</int></value>"
    rows += _info("odd", "RUNNING", -5) + _info("text", "RUNNING", "nan")
    with rpc_server(tmp_path / "s", f"<array><data>{rows}</data></array>") as path:
        _, units, notes = programs.listed([str(path)])
    assert [(unit.name, unit.pids) for unit in units] == [("ok", (4711,)), ("odd", ()), ("text", ())]
    assert len(notes) == 6


def _info(name: str, state: str, pid: object) -> str:
    value = f"<int>{pid}</int>" if isinstance(pid, int) else f"<string>{pid}</string>"
    fields = {"name": f"<string>{name}</string>", "group": f"<string>{name}</string>"}
    fields |= {"statename": f"<string>{state}</string>", "pid": value}
    members = "".join(f"<member><name>{key}</name><value>{one}</value></member>" for key, one in fields.items())
    return f"<value><struct>{members}</struct></value>"


def held(root: Path, cgroup: str, *holdings: Holding, comm: str = "python3") -> Sorted:
    """Who holds GPU 3, on which one process in this cgroup runs."""
    pid = FakeProc(root).add(100, f"0::{cgroup}", comm=comm)
    client = Client(pid=pid, kind=ClientKind.COMPUTE)
    reading = Reading(slot=3, uuid=Uuid("GPU-3"), pci="", name="", at=1.0, clients=(client,))
    return Holders(ProcessTable.read([pid], root), (), holdings, Background()).sorted_out([reading])


def holding(name: str, *uuids: str, container: str = CONTAINER) -> Holding:
    """A container that was given these GPUs."""
    return Holding(container=container, name=name, uuids=tuple(Uuid(uuid) for uuid in uuids))


def test_a_container_is_a_unit_by_its_name(tmp_path: Path) -> None:
    """The process says which container, the docker controller what it is called."""
    found = held(tmp_path, f"/system.slice/docker-{CONTAINER}.scope", holding("vllm-3"))
    assert [(one.controller, one.unit, one.slots) for one in found.units] == [("docker", "vllm-3", (3,))]
    assert found.strangers == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("C.12345", "is named as a renter's: it is never touched"),
        ("clore-order-7", "is named as a renter's: it is never touched"),
        ("x{slot}", "has a name that no config can hold"),
        ("\x1b[31mred", "has a name that no config can hold"),
    ],
)
def test_a_renters_container_is_never_a_workload(name: str, words: str, tmp_path: Path) -> None:
    """Nor one whose name would be read as something else; both are told, whether they compute yet or not."""
    found = held(tmp_path, f"/system.slice/docker-{CONTAINER}.scope", holding(name))
    idle = Holders(ProcessTable({}, {}), (), [holding(name, "GPU-3")], Background()).sorted_out(
        [Reading(slot=3, uuid=Uuid("GPU-3"), pci="", name="", at=1.0)]
    )
    for one in (found, idle):
        assert one.units == ()
        assert words in one.strangers[0].sentence and "\x1b" not in one.strangers[0].sentence


def test_strangers_are_told_and_the_systems_own_are_not(tmp_path: Path) -> None:
    """A process of a session, of cron and of an unknown container, and a pid that cannot be seen; not DCGM."""
    for number, (cgroup, words) in enumerate(
        [
            ("/user.slice/user-1000.slice/session-3.scope", "user 54321) belongs to no unit"),
            ("/system.slice/cron.service", "started by cron.service belongs to no unit"),
            (f"/system.slice/docker-{CONTAINER}.scope", "runs in a container that nothing here was asked about"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = held(folder, cgroup)
        assert found.units == () and words in found.strangers[0].sentence
    folder = tmp_path / "dcgm"
    folder.mkdir()
    assert held(folder, "/system.slice/nvidia-dcgm.service") == Sorted(units=(), strangers=())
    client = Client(pid=4_000_000, kind=ClientKind.COMPUTE)
    reading = Reading(slot=3, uuid=Uuid("GPU-3"), pci="", name="", at=1.0, clients=(client,))
    hidden = Holders(ProcessTable({}, {}), (), (), Background()).sorted_out([reading])
    assert "pid 4000000 cannot be seen" in hidden.strangers[0].sentence


@pytest.mark.parametrize(
    ("env", "target", "named", "expected"),
    [
        ("Asia/Tokyo", "", "", "Asia/Tokyo"),
        (":Europe/Berlin", "", "", "Europe/Berlin"),
        ("", "/usr/share/zoneinfo/Asia/Tokyo", "", "Asia/Tokyo"),
        ("", "../usr/share/zoneinfo/Europe/Oslo", "UTC\n", "Europe/Oslo"),
        ("JST-9", "/somewhere/else", "Europe/Paris\n", "Europe/Paris"),
        ("", "", "No/Such\x1b", ""),
        ("/etc/passwd", "", "../../etc", ""),
    ],
)
def test_the_hosts_time_zone(
    env: str, target: str, named: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TZ first, then where /etc/localtime leads, then Debian's file; nothing that the config would refuse."""
    monkeypatch.setenv("TZ", env)
    link, name = tmp_path / "localtime", tmp_path / "timezone"
    if target:
        link.symlink_to(target)
    name.write_text(named)
    assert clock.timezone(link, name) == expected
