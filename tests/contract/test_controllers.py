"""All controllers keep one contract: supervisord here, systemd inside a sandboxed manager of its own."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads.contract import WorkloadError
from console.workloads.registry import connect_controller, controller_kinds
from tests.contract.controller_contract import SLOW_STOP, STUBBORN, STUBBORN_S, Bench, ControllerContract
from tests.rig.supervisor import Program, Supervisord
from tests.rig.systemd import Runner

ROOT = Path(__file__).parents[2]
STARTER = Callable[..., Supervisord]


def supervisor_at(path: Path | str):
    return connect_controller("farm", ControllerSettings(kind="supervisor", socket=str(path), acknowledged=True))


def test_every_controller_is_under_the_contract() -> None:
    """A new file in the registry fails here until it has a class below, in a file of its own or in inside_systemd."""
    assert controller_kinds() == ("argv", "docker", "rental", "supervisor", "systemd")


class TestSupervisor(ControllerContract):
    @pytest.fixture
    def bench(self, supervisord: STARTER) -> Bench:
        running = supervisord(
            [
                Program("steady", ["/bin/sleep", "1000"]),
                Program("slow", SLOW_STOP),
                Program("stubborn", STUBBORN, stopwaitsecs=STUBBORN_S, settings={"stopasgroup": "false"}),
                Program("broken", ["/nonexistent/miner"]),
            ]
        )
        make = lambda: supervisor_at(running.socket)  # noqa: E731
        return Bench(make, "steady", "slow", "stubborn", "broken", "nothing")

    def test_program_that_ends_at_once_did_not_start(self, supervisord: STARTER) -> None:
        """A program that ends within its startsecs raises, with where its words are."""
        running = supervisord([Program("brief", ["/bin/false"], startsecs=1, settings={"startretries": "0"})])
        with pytest.raises(WorkloadError, match="brief did not start: it is FATAL; see supervisorctl tail brief"):
            supervisor_at(running.socket).start("brief", 10.0)

    def test_group_and_name_are_one_unit(self, supervisord: STARTER) -> None:
        """Programs of a group are named ``group:name``, and lone ones either way."""
        members = {"numprocs": "2", "process_name": "%(process_num)d"}
        running = supervisord([Program("miner", ["/bin/sleep", "1000"], settings=members)])
        controller = supervisor_at(running.socket)
        controller.start("miner:1", 5.0)
        states = [task.state for task in controller.observe(("miner:0", "miner:1", "miner"))]
        assert states == ["stopped", "running", "stopped"]

    def test_start_waits_for_startsecs(self, supervisord: STARTER) -> None:
        """A start returns when supervisord itself calls the program RUNNING."""
        running = supervisord([Program("late", ["/bin/sleep", "1000"], startsecs=1)])
        supervisor_at(running.socket).start("late", 10.0)
        assert running.state("late") == "RUNNING"

    def test_check_warns_of_open_sockets_and_two_autostarts(self, supervisord: STARTER) -> None:
        """A socket that everybody may open and two units that start together are told, with what to write."""
        sleep = ["/bin/sleep", "1000"]
        running = supervisord([Program("a", sleep, autostart=True), Program("b", sleep, autostart=True)])
        running.socket.chmod(0o777)
        found = supervisor_at(running.socket).check(("a", "b"))
        assert [fault.refuses for fault in found] == [False, True]
        assert tuple(fault.sentence for fault in found) == (
            f"everybody can write to {running.socket} and so run anything: set chmod=0770 for it",
            "a and b all start with supervisord: write autostart=false for all but one",
        )

    def test_a_program_that_is_none_says_where_the_names_are(self, supervisord: STARTER) -> None:
        """Before a flip as in it: whoever mistyped a unit reads of it in the doctor's list."""
        running = supervisord([Program("a", ["sleep", "60"])])
        [fault] = supervisor_at(running.socket).check(("b",))
        assert fault.sentence == "supervisord knows no program b: check its name with supervisorctl status"

    def test_killed_supervisord_is_a_sentence(self, supervisord: STARTER) -> None:
        """A supervisord that has gone raises WorkloadError that names its socket."""
        running = supervisord([Program("a", ["/bin/sleep", "1000"])])
        running.process.terminate()
        running.process.wait(20)
        with pytest.raises(WorkloadError, match=str(running.socket)):
            supervisor_at(running.socket).observe(("a",))


def test_only_a_socket_of_ours_is_opened(tmp_path: Path) -> None:
    """A path that is missing or no socket is refused before anything is sent."""
    (tmp_path / "file").touch()
    with pytest.raises(WorkloadError, match="file is not a socket"):
        supervisor_at(tmp_path / "file").observe(("a",))
    with pytest.raises(WorkloadError, match="none cannot be reached: No such file"):
        supervisor_at(tmp_path / "none").observe(("a",))


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving a socket away needs root")
def test_strangers_socket_is_refused(tmp_path: Path) -> None:
    """A socket that belongs to a third user is not ours to trust."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        os.chown(tmp_path / "s", 12345, 12345)
        with pytest.raises(WorkloadError, match="belongs to uid 12345, expected root or you"):
            supervisor_at(tmp_path / "s").observe(("a",))


def http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def value(inner: str) -> bytes:
    text = (
        f"<?xml version='1.0'?><methodResponse><params><param><value>{inner}</value></param></params></methodResponse>"
    )
    return http(text.encode())


HOSTILE = {
    "silence": b"",
    "no http": b"hello\r\n\r\n",
    "error 500": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "no xml": http(b"{}"),
    "no reply": value("<string>x</string>"),
    "wrong members": value("<array><data><value><int>3</int></value></data></array>"),
    "huge": http(b" " * (5 << 20)),
    "cut": http(b"x" * 1000)[:-900],
    "evil fault": http(
        b"<?xml version='1.0'?><methodResponse><fault><value><struct>"
        b"<member><name>faultCode</name><value><int>70</int></value></member>"
        b"<member><name>faultString</name><value><string>=1+&#x9b;31m&#x202e;[red]&#x200b;</string></value></member>"
        b"</struct></value></fault></methodResponse>"
    ),
    "laughs": http(
        b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "' + b"h" * 1000 + b'">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 50) for i in range(6))
        + b"]><methodResponse><params><param><value>&g;</value></param></params></methodResponse>"
    ),
}  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Callable[[bytes, float], Path]]:
    """A UNIX socket that answers each connection with given bytes, one by one with a pause if asked to."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    threads: list[threading.Thread] = []

    def answer(reply: bytes, pause_s: float) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.recv(65536)
                for at in range(0, len(reply), 1 if pause_s else len(reply) or 1):
                    connection.sendall(reply[at : at + 1] if pause_s else reply)
                    time.sleep(pause_s)
            except OSError:
                return

    def serve(reply: bytes, pause_s: float = 0.0) -> Path:
        threads.append(threading.Thread(target=answer, args=(reply, pause_s)))
        threads[-1].start()
        return tmp_path / "s"

    yield serve
    for thread in threads:
        thread.join()
    listener.close()


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE)
def test_whatever_answers_is_a_sentence(hostile: Callable[..., Path], reply: bytes) -> None:
    """Replies that are empty, broken, huge, cut or of the wrong kind raise WorkloadError and nothing else."""
    with pytest.raises(WorkloadError, match="supervisord") as caught:
        supervisor_at(hostile(reply)).observe(("a",), timeout_s=3.0)
    assert str(caught.value).isprintable()


def test_trickling_reply_is_cut_off(hostile: Callable[..., Path]) -> None:
    """A reply of one byte every 50 ms does not outlast the time-out, though each byte comes in time."""
    begun = time.monotonic()
    with pytest.raises(WorkloadError, match="did not answer in time"):
        supervisor_at(hostile(http(b" " * 1000), 0.05)).observe(("a",), timeout_s=0.5)
    assert time.monotonic() - begun < 1.5


def test_two_units_that_start_at_boot_are_told() -> None:
    """Both enabled, and what starts a unit again behind our back, are named; a masked unit is said to be unusable."""
    from console.workloads.controllers._systemd_checks import UnitFile, unit_faults

    loaded = {"LoadState": "loaded", "UnitFileState": "enabled"}
    miner = UnitFile("miner.service", {**loaded, "Conflicts": ["ai.service"], "Before": ["ai.service"]}, {})
    order = {"ConflictedBy": ["miner.service"], "After": ["miner.service"]}
    ai = UnitFile("ai.service", {**loaded, **order, "TriggeredBy": ["ai.timer"], "NeedDaemonReload": True}, {})
    masked = UnitFile("old.service", {"LoadState": "masked"}, {})
    assert [fault.sentence for fault in unit_faults([miner, ai, masked], "systemctl")] == [
        "ai.service has changed on disk since systemd read it: systemctl daemon-reload",
        "ai.service is started again by ai.timer: systemctl disable --now ai.timer",
        "old.service is not usable (masked): see systemctl status old.service",
        "ai.service and miner.service all start at boot: systemctl disable all but one",
    ]
    assert not [said for said in unit_faults([ai, miner], "systemctl") if "write" in said.sentence]


def test_work_that_ran_out_of_time_is_cancelled() -> None:
    """The loop's thread lets go of what took too long, goes on, and is gone after ``close``."""
    from console.workloads.controllers._loop import LoopThread

    loop, ended = LoopThread("test"), threading.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    async def quick() -> int:
        return 7

    with pytest.raises(TimeoutError):
        loop.run(slow, 0.05)
    assert ended.wait(5) and loop.run(quick, 5) == 7
    ended.clear()
    threading.Timer(0.1, loop.close).start()
    for work in (slow, quick):
        with pytest.raises(RuntimeError, match="test is closed"):
            loop.run(work, 10)
    assert ended.is_set()


@pytest.mark.slow
def test_systemd_keeps_the_contract(systemd_user: Runner, tmp_path: Path) -> None:
    """The same contract, and systemd's own traps, against a real user manager with a real bus."""
    from tests.contract.inside_systemd import UNITS

    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", str(ROOT / "tests/contract/inside_systemd.py")]
    done = systemd_user(command, UNITS, tmp_path, timeout_s=120)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout
