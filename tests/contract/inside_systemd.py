"""The controller contract against a real `systemd --user`; test_controllers.py runs this file inside the sandbox."""

import os
import pwd
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads.contract import Controller, Fault, WorkloadError
from console.workloads.controllers.systemd import Systemd
from console.workloads.registry import connect_controller
from tests.contract.controller_contract import (
    SLOW_STOP,
    STUBBORN,
    STUBBORN_S,
    Bench,
    ControllerContract,
    alive,
    heeding,
)


def unit(command: list[str], *more: str, heading: str = "StartLimitIntervalSec=0") -> str:
    # A shell's own $ and % belong to systemd unless doubled.
    line = shlex.join(command).replace("%", "%%").replace("$", "$$")
    return "\n".join(["[Unit]", heading, "[Service]", *more, f"ExecStart={line}", ""])


def rival(other: str, *lines: str) -> str:
    """A service that takes 0.6 s to stop, beside another one on the same GPU."""
    return unit(SLOW_STOP, heading="\n".join(["StartLimitIntervalSec=0", *(line.format(other) for line in lines)]))


SLEEP = ["/bin/sleep", "1000"]
UNITS = {
    "steady@.service": unit(SLEEP),
    "slow@.service": unit(SLOW_STOP),
    "stubborn@.service": unit(STUBBORN, f"TimeoutStopSec={STUBBORN_S}"),
    "broken.service": unit(["/nonexistent/miner"], "Type=exec"),
    "lazy.service": unit(["/bin/sleep", "100"], "Type=notify", "TimeoutStartSec=1"),
    "needy.service": unit(
        SLEEP, heading="StartLimitIntervalSec=0\nRequires=broken-too.service\nAfter=broken-too.service"
    ),
    "broken-too.service": unit(["/bin/false"], "Type=oneshot"),
    "picky.service": unit(SLEEP, heading="ConditionPathExists=/proc/nonexistent"),
    "miner@.service": rival("ai@%i.service", "Conflicts={}", "After={}"),
    "ai@.service": rival("miner@%i.service", "Conflicts={}", "After={}"),
    "loose@.service": rival("miner@%i.service", "Conflicts={}"),
    "stray@.service": unit(SLEEP, "Restart=always", heading="Description=limits as shipped"),
    "sticky.service": unit(["/bin/sh", "-c", "sleep 1000 & exec sleep 1001"], "KillMode=process"),
    "clock.service": unit(SLEEP),
    "clock.timer": "[Timer]\nOnActiveSec=1h\n",
    "asleep.service": unit(SLEEP, heading="StartLimitIntervalSec=0\nAfter=asleep.timer"),
    "asleep.timer": "[Timer]\nOnActiveSec=1h\n",
    "upheld.service": unit(SLEEP),
    "holder.service": unit(SLEEP, heading="StartLimitIntervalSec=0\nUpholds=upheld.service"),
    "spare.service": unit(SLEEP),
    "main.service": unit(SLEEP, heading="StartLimitIntervalSec=0\nOnFailure=spare.service"),
    "once.service": unit(["/bin/true"], "Type=oneshot", "RemainAfterExit=yes"),
    "reborn.service": unit(SLEEP, "Restart=always", "RestartSec=0"),
}


def systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


def busctl(*words: str) -> str:
    return subprocess.run(["busctl", "--user", *words], capture_output=True, text=True, check=True).stdout


def connected() -> Controller:
    return connect_controller("systemd", ControllerSettings(bus="user"))


@pytest.fixture
def systemd() -> Iterator[Controller]:
    made = connected()
    yield made
    made.close()
    systemctl("stop", "*@3.service", "lazy.service", "needy.service")
    systemctl("reset-failed")


class TestSystemd(ControllerContract):
    @pytest.fixture
    def bench(self) -> Bench:
        names = ("steady@3.service", "slow@3.service", "stubborn@3.service", "broken.service", "nothing@3.service")
        return Bench(connected, *names)


def state(controller: Controller, name: str) -> str:
    return controller.observe((name,))[0].state


def test_conflicting_unit_starts_after_the_other_has_gone(systemd: Controller) -> None:
    """Starting the AI server stops the miner in the same job, and waits until its process has gone."""
    systemd.start("miner@3.service", 5.0)
    pid = heeding(systemd.observe(("miner@3.service",))[0])
    begun = time.monotonic()
    systemd.start("ai@3.service", 5.0)
    assert time.monotonic() - begun > 0.5 and not alive(pid)
    assert (state(systemd, "miner@3.service"), state(systemd, "ai@3.service")) == ("stopped", "running")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken.service", "the start of broken.service failed: see journalctl --user -u broken.service"),
        ("lazy.service", "the start of lazy.service (failed|ran into its own time-out)"),
        ("needy.service", "needy.service was not tried, because a unit that it requires failed"),
        ("no unit name", "systemd refused to start no unit name"),
    ],
)
def test_result_of_the_job_becomes_a_sentence(systemd: Controller, name: str, said: str) -> None:
    """What JobRemoved says is told in words, with the command that shows more."""
    with pytest.raises(WorkloadError, match=said):
        systemd.start(name, 10.0)


def test_unmet_condition_is_not_taken_for_running(systemd: Controller) -> None:
    """A unit that systemd skips, because a condition does not hold, is seen to be stopped whatever the job said."""
    try:
        systemd.start("picky.service", 5.0)
    except WorkloadError as error:
        assert "picky.service" in str(error)  # noqa: PT017 - either way is right, what counts is the next line
    assert state(systemd, "picky.service") == "stopped"


def test_someone_else_may_replace_the_job(systemd: Controller) -> None:
    """A stop that another operator's start overtakes is told as cancelled, not as done."""
    systemd.start("stubborn@3.service", 5.0)
    heeding(systemd.observe(("stubborn@3.service",))[0])
    other = subprocess.Popen(["/bin/sh", "-c", "sleep 0.2; systemctl --user start stubborn@3.service"])
    with pytest.raises(WorkloadError, match="cancelled: someone else"):
        systemd.stop("stubborn@3.service", 10.0)
    assert other.wait(10) == 0


def test_crashed_unit_is_failed_with_the_reason(systemd: Controller) -> None:
    """A service that died is failed, with systemd's word for how."""
    systemd.start("steady@3.service", 5.0)
    (task,) = systemd.observe(("steady@3.service",))
    os.kill(task.pids[0], 11)
    end = time.monotonic() + 5
    while state(systemd, "steady@3.service") != "failed" and time.monotonic() < end:
        time.sleep(0.02)
    (task,) = systemd.observe(("steady@3.service",))
    assert (task.state, task.pids) == ("failed", ()) and task.reason in ("signal", "core-dump")


def test_connection_is_made_anew_when_the_bus_restarts(systemd: Controller) -> None:
    """After the bus has gone and come back, the same controller goes on."""
    assert state(systemd, "steady@3.service") == "stopped"
    systemctl("restart", "dbus.service")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            assert state(systemd, "steady@3.service") == "stopped"
            break
        except WorkloadError:
            time.sleep(0.05)
    systemd.start("steady@3.service", 5.0)
    assert state(systemd, "steady@3.service") == "running"


def test_absent_bus_is_a_sentence() -> None:
    """A bus that is not there is told with its address."""
    made = connect_controller("systemd", ControllerSettings(bus="user", socket="/nonexistent/bus"))
    with pytest.raises(WorkloadError, match="systemd cannot be reached at unix:path=/nonexistent/bus"):
        made.observe(("a.service",))
    made.close()


def test_forged_end_of_a_job_is_not_believed(systemd: Controller) -> None:
    """JobRemoved that another peer sends us, for the very job that comes next, ends no wait."""
    systemd.start("slow@3.service", 5.0)
    heeding(systemd.observe(("slow@3.service",))[0])
    queued = busctl("call", *MANAGER, "StartUnit", "ss", "steady@3.service", "replace")
    last = int(queued.strip().strip('"').rpartition("/")[2])
    us = [line.split()[0] for line in busctl("list", "--no-legend").splitlines() if f" {os.getpid()} " in line]
    for number in range(last + 1, last + 20):
        end = (str(number), f"/org/freedesktop/systemd1/job/{number}", "slow@3.service", "done")
        for name in us:
            busctl("emit", f"--destination={name}", *MANAGER[1:], "JobRemoved", "uoss", *end)
    begun = time.monotonic()
    systemd.stop("slow@3.service", 5.0)
    assert time.monotonic() - begun > 0.5 and state(systemd, "slow@3.service") == "stopped"


@pytest.fixture
def lingering(tmp_path: Path) -> Iterator[Controller]:
    """The same manager, for a user whom logind lets linger."""
    (tmp_path / pwd.getpwuid(os.geteuid()).pw_name).touch()
    made = Systemd("user", linger=tmp_path)
    yield made
    made.close()


def found(systemd: Controller, *units: str) -> list[tuple[str, bool]]:
    return [(fault.sentence, fault.refuses) for fault in systemd.check(units)]


def refused(systemd: Controller, *units: str) -> list[str]:
    return [sentence for sentence, refuses in found(systemd, *units) if refuses]


def test_a_manager_that_ends_with_the_login_refuses(systemd: Controller, lingering: Controller) -> None:
    """Two units that conflict, are ordered and have no start limit are well, but for a user who does not linger."""
    units = ("miner@3.service", "ai@3.service")
    text = "the user manager ends with the last login of root: loginctl enable-linger root"
    assert systemd.check(units) == (Fault(units=units, sentence=text, refuses=True),)
    assert lingering.check(units) == ()


def test_check_gives_the_lines_that_are_missing(lingering: Controller) -> None:
    """Missing order, conflict and limits are told as the lines to write, for template units with %i."""
    said = found(lingering, "loose@3.service", "miner@3.service", "stray@3.service")
    after = "write After=miner@%i.service into [Unit] of loose@.service"
    both = "write Conflicts=stray@%i.service and After=stray@%i.service into [Unit] of"
    (limit, *_), (restart, *_) = said[:2]
    assert limit.startswith("stray@3.service refuses to start after a few quick flips: write StartLimitIntervalSec=0")
    assert restart.startswith("stray@3.service has Restart=always: what systemctl --user stop ends stays stopped")
    assert said[2:] == [
        (f"loose@3.service and miner@3.service can start before the other has gone: {after}", True),
        (f"loose@3.service and stray@3.service can run at the same time: {both} loose@.service", True),
        (f"miner@3.service and stray@3.service can run at the same time: {both} miner@.service", True),
    ]
    assert [refuses for _, refuses in said[:2]] == [False, False]


def test_what_a_conflict_alone_lets_happen(systemd: Controller) -> None:
    """Without the order the other starts while the first still stops: that is why it refuses."""
    systemd.start("miner@3.service", 5.0)
    heeding(systemd.observe(("miner@3.service",))[0])
    systemd.start("loose@3.service", 5.0)
    assert until("stopped", systemd, "miner@3.service") and state(systemd, "loose@3.service") == "running"
    assert moment("loose@3.service", "ActiveEnter") < moment("miner@3.service", "InactiveEnter")


def moment(name: str, what: str) -> int:
    """When systemd has seen this of a unit, in microseconds of its own clock."""
    member = f"{what}TimestampMonotonic"
    return int(busctl("get-property", MANAGER[0], unit_path(name), f"{MANAGER[0]}.Unit", member).split()[1])


def test_an_awake_timer_refuses_and_one_that_sleeps_warns(lingering: Controller) -> None:
    """What would start a stopped unit again is looked at as it is now."""
    systemctl("start", "clock.timer")
    (fault,) = lingering.check(("clock.service",))
    systemctl("stop", "clock.timer")
    text = "clock.service is started again by clock.timer: systemctl --user disable --now clock.timer"
    assert (fault.sentence, fault.refuses) == (text, True)
    ((said, refuses),) = found(lingering, "asleep.service")
    assert said.startswith("asleep.service would be started again by asleep.timer") and not refuses


def until(done: object, systemd: Controller, name: str) -> bool:
    end = time.monotonic() + 10
    while state(systemd, name) != done and time.monotonic() < end:
        time.sleep(0.02)
    return state(systemd, name) == done


def test_an_upheld_unit_comes_back_after_a_stop_and_is_refused(lingering: Controller) -> None:
    """It really does: systemd starts it again within a moment of the stop."""
    systemctl("start", "holder.service")
    assert until("running", lingering, "upheld.service")
    (sentence,) = refused(lingering, "upheld.service")
    assert sentence.startswith("upheld.service is started again by holder.service")
    (before,) = lingering.observe(("upheld.service",))
    systemctl("stop", "upheld.service")
    assert until("running", lingering, "upheld.service")
    assert lingering.observe(("upheld.service",))[0].pids != before.pids
    systemctl("stop", "holder.service", "upheld.service")


def test_a_unit_that_takes_over_for_another_is_refused(lingering: Controller) -> None:
    """OnFailure= is systemd's own roll-back, beside ours."""
    sentence, _ = refused(lingering, "spare.service", "main.service")
    assert sentence.endswith("started by systemd when main.service fails: take it out of OnFailure= of main.service")


def test_restart_always_stays_stopped_after_a_stop_and_comes_back_after_a_kill(lingering: Controller) -> None:
    """What the sentence says of it is what systemd does; so it warns, and does not refuse."""
    lingering.start("reborn.service", 5.0)
    (first,) = lingering.observe(("reborn.service",))
    os.kill(first.pids[0], 9)
    end = time.monotonic() + 10
    while lingering.observe(("reborn.service",))[0].pids in ((), first.pids) and time.monotonic() < end:
        time.sleep(0.02)
    (second,) = lingering.observe(("reborn.service",))
    assert second.state == "running" and second.pids != first.pids
    lingering.stop("reborn.service", 5.0)
    time.sleep(0.5)
    assert state(lingering, "reborn.service") == "stopped" and refused(lingering, "reborn.service") == []
    assert [sentence.partition(":")[0] for sentence, _ in found(lingering, "reborn.service")] == [
        "reborn.service has Restart=always"
    ]


def test_a_stop_that_leaves_processes_is_refused(lingering: Controller) -> None:
    """KillMode=process really leaves the child where it was."""
    (sentence,) = refused(lingering, "sticky.service")
    assert "sticky.service has KillMode=process" in sentence and "KillMode=control-group" in sentence
    lingering.start("sticky.service", 5.0)
    group = busctl("get-property", MANAGER[0], unit_path("sticky.service"), f"{MANAGER[0]}.Service", "ControlGroup")
    place = Path("/sys/fs/cgroup") / group.split('"')[1].lstrip("/")
    end = time.monotonic() + 5
    while len((place / "cgroup.procs").read_text().split()) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    lingering.stop("sticky.service", 5.0)
    left = [int(pid) for pid in (place / "cgroup.procs").read_text().split()]
    assert left and all(alive(pid) for pid in left)
    for pid in left:
        os.kill(pid, 9)


def unit_path(name: str) -> str:
    return busctl("call", *MANAGER, "LoadUnit", "s", name).split('"')[1]


def test_a_process_of_a_login_session_is_refused(lingering: Controller) -> None:
    """The kernel says where the unit's main process lives, whatever systemd believes."""
    lingering.start("steady@3.service", 5.0)
    (task,) = lingering.observe(("steady@3.service",))
    assert refused(lingering, "steady@3.service") == []
    session = Path("/sys/fs/cgroup/user.slice/user-0.slice/session-7.scope")
    session.mkdir(parents=True)
    (session / "cgroup.procs").write_text(str(task.pids[0]))
    (sentence,) = refused(lingering, "steady@3.service")
    assert sentence.startswith(f"process {task.pids[0]} of steady@3.service lives in a login session (session-7.scope)")


def test_a_unit_that_has_started_when_it_has_ended_is_told(lingering: Controller) -> None:
    """Two warnings, both about the one thing that a flip believes systemd in."""
    said = found(lingering, "once.service")
    assert [refuses for _, refuses in said] == [False, False]
    assert "Type=oneshot, which has started once its program has ended" in said[0][0]
    assert "once.service counts as running after its process has ended" in said[1][0]
