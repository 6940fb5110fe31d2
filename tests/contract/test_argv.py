"""The contract of all controllers on commands of one's own, and what a program may do to whoever runs it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads import command
from console.workloads.contract import Controller, WorkloadError
from console.workloads.registry import connect_controller
from tests.contract.controller_contract import SLOW_STOP, STUBBORN, STUBBORN_S, Bench, ControllerContract, alive

RIG = f"""#!/bin/bash
# usage: rig start|stop|status UNIT: what an operator might write, with a file per unit and one for its process
cd "$(dirname "$0")" || exit 9
[ "$2" = broken ] || [ -x "$2.run" ] || {{ echo "rig knows no unit $2"; exit 4; }}
up() {{ pid=$(cat "$1.pid" 2>/dev/null) && [ -e /proc/$pid ] && ! grep -q '^State:.Z' /proc/$pid/status; }}
case $1 in
    start) [ -x "$2.run" ] || {{ echo "no miner for $2"; exit 1; }}
           "./$2.run" & echo $! >"$2.pid" ;;
    stop) up "$2" && kill -TERM $pid
          [ "$2" = stubborn ] && (sleep {STUBBORN_S}; kill -KILL $pid) >/dev/null 2>&1 & exit 0 ;;
    status) up "$2" || exit 3
            echo "running $pid" ;;
esac
"""

Scripts = Callable[..., Path]


@pytest.fixture
def script(tmp_path: Path) -> Scripts:
    """Writes a program: `script("name", "bash text")`."""

    def write(name: str, text: str, mode: int = 0o755) -> Path:
        path = tmp_path / name
        path.write_text(text if text.startswith("#!") else f"#!/bin/bash\n{text}\n")
        path.chmod(mode)
        return path

    return write


def controller_of(program: Path | str, **settings: object) -> Controller:
    words = {verb: (str(program), verb, "{unit}") for verb in ("start", "stop", "status")}
    return connect_controller("rig", ControllerSettings(**{"kind": "argv", **words, **settings}))  # type: ignore[arg-type]


class TestArgv(ControllerContract):
    @pytest.fixture
    def bench(self, script: Scripts) -> Iterator[Bench]:
        rig = script("rig", RIG)
        for name, text in (("steady", "exec sleep 1000"), ("slow", SLOW_STOP[2]), ("stubborn", STUBBORN[2])):
            script(f"{name}.run", text)
        names = ("steady", "slow", "stubborn", "broken", "nothing")
        yield Bench(lambda: controller_of(rig), *names, unknown_is="failed", refusing_is="running")
        for file in rig.parent.glob("*.pid"):
            assert not alive(int(file.read_text()))

    @pytest.mark.parametrize("verb", ["start", "stop"])
    def test_unknown_unit_is_an_error_of_its_own(self, bench: Bench, controller: Controller, verb: str) -> None:
        """Exit codes do not tell what is unknown from what failed: the command's own words do."""
        with pytest.raises(
            WorkloadError, match=f"the {verb} of nothing failed: rig knows no unit nothing .exit status 4"
        ):
            getattr(controller, verb)(bench.unknown, 5.0)

    def test_check_names_units_that_do_not_exist(self, bench: Bench, controller: Controller) -> None:
        """A check runs nothing, so that it has nothing to say of units."""
        assert controller.check((bench.steady, bench.unknown)) == ()


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        ("exit 0", "running", ""),
        ("exit 1", "stopped", ""),
        ("echo; echo 'GPU 3: no such card'; echo; exit 7", "failed", "GPU 3: no such card (exit status 7)"),
        ("exit 5", "failed", "exit status 5"),
        ("kill -KILL $$", "failed", "signal 9"),
        (r"printf 'a\033[31mred\u202e\n'; exit 2", "failed", "a[31mred (exit status 2)"),
    ],
)
def test_exit_codes_are_states(script: Scripts, body: str, state: str, reason: str) -> None:
    """Codes of either list are what it says, and every other is a failure with its cleaned last line."""
    (task,) = controller_of(script("rig", body)).observe(("a",))
    assert (task.state, task.reason) == (state, reason)


def test_codes_are_the_configs(script: Scripts) -> None:
    """What means running and what means stopped can be turned round."""
    rig = controller_of(script("rig", 'exit "${2#c}"'), running_codes=(8,), stopped_codes=(0,))
    assert [task.state for task in rig.observe(("c8", "c0", "c1"))] == ["running", "stopped", "failed"]


def test_only_processes_that_exist_are_pids(script: Scripts) -> None:
    """Numbers of live processes on the first line count: not other numbers, nor the kernel's, nor a later line."""
    mine = os.getpid()
    body = f"echo 'running {mine} 999999999999 4194999 x{os.getppid()} 2'; echo {os.getppid()}"
    (task,) = controller_of(script("rig", body)).observe(("a",))
    assert task.pids == (mine,)
    assert task.since is not None and 0 < task.since <= time.time() + 1


def test_environment_is_built_from_nothing(script: Scripts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours reaches a program, but the four that every one may expect, and those of the config."""
    monkeypatch.setenv("CHANGEOVER_SECRET", "hunter2hunter2")
    rig = controller_of(script("rig", f"env >{tmp_path}/seen; pwd >>{tmp_path}/seen"), env={"RIG": "seven"})
    rig.observe(("a",))
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "seen").read_text().splitlines())
    assert {"PWD", "SHLVL", "_", "/"} | set(seen) == {"PWD", "SHLVL", "_", "/", "PATH", "LANG", "HOME", "RIG"}
    assert (seen["RIG"], seen["PATH"], seen["LANG"]) == ("seven", "/usr/sbin:/usr/bin:/sbin:/bin", "C.UTF-8")


def test_program_has_a_session_and_no_descriptors_of_ours(script: Scripts, tmp_path: Path) -> None:
    """It leads a session, its input is empty, and it inherits nothing that is open here."""
    with (tmp_path / "leaked").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        body = f"cat; ls -l /proc/$$/fd >{tmp_path}/fds; ps -o sid= -p $$ >{tmp_path}/sid; echo $$ >>{tmp_path}/sid"
        controller_of(script("rig", body), directory=str(tmp_path)).observe(("a",))
    assert "leaked" not in (tmp_path / "fds").read_text()
    session, pid = (tmp_path / "sid").read_text().split()
    assert session == pid


def test_daemon_that_keeps_our_pipe_is_not_waited_for(script: Scripts, tmp_path: Path) -> None:
    """A start returns with its program, though what that leaves behind holds its output open, and lives on."""
    body = f"""case $1 in
        start) sleep 1000 & echo $! >{tmp_path}/pid ;;
        status) [ -e {tmp_path}/pid ] || exit 3; echo "running $(cat {tmp_path}/pid)" ;;
    esac"""
    begun = time.monotonic()
    rig = controller_of(script("rig", body))
    rig.start("a", 30.0)
    assert time.monotonic() - begun < 20
    pid = int((tmp_path / "pid").read_text())
    assert rig.observe(("a",))[0].pids == (pid,)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "], ids=["heeds TERM", "ignores TERM"])
def test_hanging_program_is_ended_with_its_group(script: Scripts, tmp_path: Path, trap: str) -> None:
    """At the time-out the program and its children are ended, whatever they do about SIGTERM, and it is said so."""
    rig = controller_of(script("rig", f"{trap}sleep 1000 & echo $! $$ >{tmp_path}/pids; wait; sleep 1000"))
    with pytest.raises(WorkloadError, match="the status command of a did not end in time and was ended"):
        rig.observe(("a",), 2.0)
    child, own = map(int, (tmp_path / "pids").read_text().split())
    assert not alive(own)
    end = time.monotonic() + 10
    while alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(child)


def test_endless_output_is_drained_and_bounded(script: Scripts) -> None:
    """A program that says more than a pipe holds is not blocked by us; of it all the beginning and the end are kept."""
    text = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last"
    program = script("loud", text)
    ended = command.run([str(program)], 30.0, {"PATH": command.PATH})
    assert (ended.code, ended.first_line(), ended.last_line()) == (0, "first", "last")
    assert len(ended.output) == command.KEPT
    with pytest.raises(TimeoutError):
        command.run([str(script("endless", "while :; do echo x; done"))], 0.5, {"PATH": command.PATH})


def test_what_the_config_gave_is_in_no_sentence(script: Scripts) -> None:
    """Values of the environment and arguments are taken out of a program's last words."""
    words = ("--pass=swordfish9", "--wallet", "0xabcdef", "{unit}")
    body = 'echo "$RIG_ID refused with $2 ($3 $4) for $5 or ${2#--pass=} ' + "y" * 300 + '"; exit 9'
    rig = controller_of("/", env={"RIG_ID": "quitesecret"}, status=(str(script("rig", body)), "status", *words))
    (task,) = rig.observe(("gpu-3",))
    assert task.state == "failed" and "gpu-3" in task.reason
    assert not [word for word in ("quitesecret", "swordfish9", "0xabcdef", "--wallet") if word in task.reason]


def test_an_order_repeats_none_of_its_arguments(script: Scripts) -> None:
    """What a program says of the route that it could not close is told without what the config has given it."""
    body = 'echo "cannot reach $1 (token ${2#--token=}, also $3, all of $4) with -v"; exit 7'
    words = [str(script("route", body)), "/no/SECRET-TOKEN-1", "--token=swordfish9", "two\twords", "line\nsecond", "-v"]
    with pytest.raises(WorkloadError) as caught:
        command.order(words, 30.0)
    said = str(caught.value)
    assert said.startswith(f"{words[0]} ended with 7: ") and said.endswith(") with -v")
    assert not [word for word in ("SECRET", "swordfish9", "two", "second") if word in said], said


def test_secrets_are_what_was_given_and_not_too_short() -> None:
    """Longest first, so that no part of one is left by another; a word of three letters would be in every sentence."""
    found = command.secrets(("--pass=swordfish", "abc", "swordfish9"), {"KEY": "value", "N": "1"})
    assert found == ("--pass=swordfish", "swordfish9", "swordfish", "value")
    assert command.without("swordfish9 and swordfish of abc", found) == f"{command.HIDDEN} and {command.HIDDEN} of abc"


def test_stop_waits_for_processes_that_status_has_named(script: Scripts, tmp_path: Path) -> None:
    """A status that says stopped too early is not believed while a process that it named before is alive."""
    body = f"""case $1 in
        start) sleep 1000 >/dev/null 2>&1 & echo $! >{tmp_path}/pid ;;
        stop) touch {tmp_path}/stopped ;;
        status) [ -e {tmp_path}/pid ] && ! [ -e {tmp_path}/stopped ] || exit 1; cat {tmp_path}/pid ;;
    esac"""
    rig = controller_of(script("rig", body))
    rig.start("a", 10.0)
    (pid,) = rig.observe(("a",))[0].pids
    with pytest.raises(WorkloadError, match=f"a is not stopped at its time-out: process {pid} is left"):
        rig.stop("a", 3.0)
    os.kill(pid, signal.SIGKILL)
    rig.stop("a", 10.0)


def test_start_that_never_runs_is_told(script: Scripts) -> None:
    """A start whose status keeps saying otherwise ends at the time-out, with what it says."""
    rig = controller_of(script("rig", '[ "$1" = start ] || { echo "cooling down"; exit 6; }'))
    with pytest.raises(WorkloadError, match=r"a is not running at its time-out: cooling down .exit status 6"):
        rig.start("a", 0.7)


def test_many_units_are_asked_at_once(script: Scripts) -> None:
    """Units that each take their time are asked together, and answered in the order asked."""
    rig = controller_of(script("rig", 'sleep 1; [ "${2#u}" -lt 4 ]'))
    units = tuple(f"u{number}" for number in range(8))
    begun = time.monotonic()
    tasks = rig.observe(units, 20.0)
    assert time.monotonic() - begun < 7
    assert [(task.unit, task.state) for task in tasks] == [
        (unit, "running" if position < 4 else "stopped") for position, unit in enumerate(units)
    ]


def test_check_tells_what_is_wrong_with_a_program(script: Scripts, tmp_path: Path) -> None:
    """Programs that are missing, open to others, in open folders or not absolute are told, and not run either."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "rig").write_text("#!/bin/sh\n")
    (tmp_path / "open" / "rig").chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "open" / "rig")
    cases = {
        str(script("writable", "exit 0", 0o775)): "can be written by others: chmod go-w",
        str(script("plain", "exit 0", 0o644)): "is no program that you may execute",
        str(tmp_path / "none"): "cannot be run: No such file or directory",
        str(tmp_path / "open" / "rig"): f"the directory {tmp_path}/open can be written by others: chmod go-w",
        str(tmp_path / "link"): f"the directory {tmp_path}/open can be written by others: chmod go-w",
        "miner": "miner is no absolute path",
    }
    for program, said in cases.items():
        rig = controller_of(program)
        (fault,) = rig.check(("a", "b"))
        assert said in fault.sentence and fault.units == ("a", "b")
        with pytest.raises(WorkloadError, match="the status of a cannot be run"):
            rig.observe(("a",))


def test_check_tells_of_what_is_not_configured(script: Scripts, tmp_path: Path) -> None:
    """A missing command and a missing directory are told with what to write."""
    rig = controller_of(script("rig", "exit 0"), status=(), directory=str(tmp_path / "none"))
    assert [fault.sentence for fault in rig.check(("a",))] == [
        "no status command is configured: write status = […]",
        f"{tmp_path}/none is no directory: make it, or write another one",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving a file away needs root")
def test_strangers_program_is_refused(script: Scripts) -> None:
    """A program that a third user owns is not run, whatever its mode."""
    program = script("rig", "exit 0")
    os.chown(program, 12345, 12345)
    (fault,) = controller_of(program).check(("a",))
    assert "belongs to uid 12345, expected root or you" in fault.sentence
