"""The controller contract against a real `systemd --user`; test_controllers.py runs this file inside the sandbox."""

import os
import shlex
import subprocess
import time
from collections.abc import Iterator

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads.contract import Controller, WorkloadError
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


def sentences(systemd: Controller, *units: str) -> tuple[str, ...]:
    return tuple(fault.sentence for fault in systemd.check(units))


def test_check_is_silent_about_good_units(systemd: Controller) -> None:
    """Two units that conflict, are ordered and have no start limit are well (but for the user manager's linger)."""
    said = sentences(systemd, "miner@3.service", "ai@3.service")
    assert said == ("the user manager ends with the last login of root: loginctl enable-linger root",)


def test_check_gives_the_lines_that_are_missing(systemd: Controller) -> None:
    """Missing order, conflict and limits are told as the lines to write, for template units with %i."""
    said = sentences(systemd, "loose@3.service", "miner@3.service", "stray@3.service")
    after = "write After=miner@%i.service into [Unit] of loose@.service"
    both = "write Conflicts=stray@%i.service and After=stray@%i.service into [Unit] of"
    ended = "when its process is ended by anything but systemd"
    assert said[:-1] == (
        "stray@3.service refuses to start after a few quick flips: write StartLimitIntervalSec=0 into its [Unit]",
        f"stray@3.service has Restart=always, so it comes back {ended}: write Restart=on-failure into its [Service]",
        f"loose@3.service and miner@3.service can start before the other has gone: {after}",
        f"loose@3.service and stray@3.service can run at the same time: {both} loose@.service",
        f"miner@3.service and stray@3.service can run at the same time: {both} miner@.service",
    )
