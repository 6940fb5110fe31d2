"""The contract of all controllers on a real podman, and what only a real engine shows."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads.contract import Controller, WorkloadError
from console.workloads.registry import connect_controller
from tests.contract.controller_contract import SLOW_STOP, STUBBORN, Bench, ControllerContract
from tests.rig import podman as rig

FOR_EVER = ["/bin/bash", "-c", "while :; do sleep 0.05; done"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rig.Podman]:
    """One engine for all tests here; skips where this machine cannot have one."""
    if missing := rig.missing():
        pytest.skip(f"NOT TESTED: podman in a sandbox needs {', '.join(missing)}")
    made = rig.Podman(tmp_path_factory.mktemp("podman"))
    yield made
    made.close()


@pytest.fixture
def controller(podman: rig.Podman) -> Iterator[Controller]:
    made = controller_of(podman)
    yield made
    made.close()


def controller_of(podman: rig.Podman) -> Controller:
    settings = ControllerSettings(kind="docker", socket=str(podman.socket), acknowledged=True)
    return connect_controller("docker", settings)


class TestPodman(ControllerContract):
    @pytest.fixture
    def bench(self, podman: rig.Podman) -> Iterator[Bench]:
        # A first process without a handler never sees SIGTERM, so this one is told by a signal that it cannot miss.
        podman.create("farm-7", FOR_EVER, {"changeover.unit": "steady"}, stop_signal="SIGKILL")
        podman.create("slow", SLOW_STOP)
        podman.create("stubborn", STUBBORN)
        podman.create("broken", ["/nonexistent/miner"])
        yield Bench(lambda: controller_of(podman), "steady", "slow", "stubborn", "broken", "nothing")
        podman.remove("farm-7", "slow", "stubborn", "broken")


def test_image_that_claims_a_unit_is_not_that_unit(podman: rig.Podman, controller: Controller) -> None:
    """A label that a container has from its image, such as a renter's, is nobody's unit."""
    podman.create("renter", FOR_EVER, image=rig.CLAIMS)
    (task,) = controller.observe(("steady",))
    assert (task.state, task.reason) == ("stopped", "podman knows no container steady")
    with pytest.raises(WorkloadError, match="knows no container steady"):
        controller.start("steady", 5.0)
    podman.remove("renter")


def test_restart_policies_are_told(podman: rig.Podman, controller: Controller) -> None:
    """A policy that brings a container back keeps it out of plans, in podman's own words for the cure."""
    podman.create("a", FOR_EVER, restart="always")
    podman.create("b", FOR_EVER, restart="on-failure")
    faults = controller.check(("a", "b"))
    assert [(fault.units, fault.refuses) for fault in faults] == [(("a",), True), (("b",), False)]
    assert "podman update --restart=no a (Podman 5.1" in faults[0].sentence
    podman.remove("a", "b")


def test_container_that_ended_says_with_what(podman: rig.Podman, controller: Controller) -> None:
    """What ends by itself is stopped, with its exit status for the reason."""
    podman.create("brief", ["/bin/bash", "-c", "exit 3"])
    with contextlib.suppress(WorkloadError):  # it may be seen before its end
        controller.start("brief", 5.0)
    end = time.monotonic() + 20
    (task,) = controller.observe(("brief",))
    while task.state == "running" and time.monotonic() < end:
        (task,) = controller.observe(("brief",))
    assert (task.state, task.reason, task.pids) == ("stopped", "ended with exit status 3", ())
    podman.remove("brief")


def test_no_gpu_was_given_to_containers_of_a_host_without(podman: rig.Podman, controller: Controller) -> None:
    """Running containers that were given no GPU are no holdings."""
    podman.create("plain", FOR_EVER, stop_signal="SIGKILL")
    controller.start("plain", 10.0)
    assert controller.holdings(("plain",)) == ()
    controller.stop("plain", 10.0)
    podman.remove("plain")
