"""What becomes of an engine's answers: states, holdings, restart policies, and all that is no answer of Docker's."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from console.config.workload_settings import ControllerSettings
from console.workloads.contract import SeesContainers, UnknownUnitError, WorkloadError
from console.workloads.registry import connect_controller
from console.workloads.tenants import Tenants
from tests.contract.engine import Engine, id_of, refusing, running, said
from tests.contract.hostile import WAYS, Handler, answer, packed

STARTED_AT = 1772359200.123456
ONE = "GPU-0a1b2c3d-1111-2222-3333-444455556666"
TWO = "GPU-9f8e7d6c-aaaa-bbbb-cccc-ddddeeeeffff"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with running(tmp_path / "docker.sock") as made:
        yield made


def controller_of(engine: Engine) -> Any:
    settings = ControllerSettings(kind="docker", socket=str(engine.path), acknowledged=True)
    return connect_controller("docker", settings)


@pytest.mark.parametrize(
    ("status", "state", "told"),
    [
        ("running", {}, ("running", (4242,), "")),
        ("running", {"Health": {"Status": "starting"}}, ("starting", (4242,), "its health check has not passed yet")),
        ("running", {"Health": {"Status": "healthy"}}, ("running", (4242,), "")),
        ("running", {"Health": {"Status": "unhealthy"}}, ("running", (4242,), "its health check fails")),
        ("paused", {}, ("failed", (4242,), "is paused and keeps its GPU memory: docker unpause rig")),
        ("restarting", {}, ("failed", (), "ends again and again, and docker restarts it: see docker logs rig")),
        ("dead", {}, ("failed", (), "could not be removed: docker rm --force rig")),
        ("created", {"StartedAt": "0001-01-01T00:00:00Z"}, ("stopped", (), "")),
        ("created", {"Error": "no such runtime\x1b[2J", "ExitCode": 128}, ("failed", (), "no such runtime[2J")),
        ("exited", {"ExitCode": 143}, ("stopped", (), "")),
        ("exited", {"ExitCode": 1}, ("stopped", (), "ended with exit status 1")),
        (
            "exited",
            {"ExitCode": 137, "OOMKilled": True},
            ("stopped", (), "ran out of memory and was killed by the kernel"),
        ),
        ("removing", {}, ("stopping", (), "")),
        ("hexed\x07", {}, ("failed", (), "is in the state hexed")),
    ],
)
def test_states_are_translated(engine: Engine, status: str, state: dict[str, Any], told: tuple[object, ...]) -> None:
    """Each state of a container has its word, its process and, where something is amiss, a reason with what to do."""
    engine.add("rig", status, State=state)
    (task,) = controller_of(engine).observe(("rig",))
    assert (task.state, task.pids, task.reason) == told
    assert task.since == (pytest.approx(STARTED_AT) if task.state in ("running", "starting", "stopping") else None)


def test_own_label_wins_over_name_and_the_images_over_neither(engine: Engine) -> None:
    """A unit is the container that was given its label; what an image brings along is nobody's."""
    engine.add("miner-3", "exited")
    engine.add("anything", labels={"changeover.unit": "miner-3"})
    engine.add("renter", labels={"changeover.unit": "ai-1"}, Image="sha256:" + "cd" * 32)
    engine.image_labels["sha256:" + "cd" * 32] = {"changeover.unit": "ai-1"}
    engine.add("ai-1", "exited")
    assert [task.state for task in controller_of(engine).observe(("miner-3", "ai-1"))] == ["running", "stopped"]


def test_two_containers_of_one_label_are_neither(engine: Engine) -> None:
    """Where two say that they are a unit, nothing is started or stopped, and the plan is refused."""
    engine.add("a", "exited", labels={"changeover.unit": "miner"})
    engine.add("b", labels={"changeover.unit": "miner"})
    docker = controller_of(engine)
    (task,) = docker.observe(("miner",))
    assert (task.state, task.pids) == ("running", (4242,)) and "2 containers have the label" in task.reason
    for act in (docker.start, docker.stop):
        with pytest.raises(
            WorkloadError, match=r"2 containers have the label changeover.unit=miner \(a, b\): leave one"
        ):
            act("miner", 5.0)
    (fault,) = (fault for fault in docker.check(("miner",)) if "label" in fault.sentence)
    assert fault.refuses and not [line for line in engine.asked if line.startswith("POST")]


def test_links_of_others_are_no_names(engine: Engine) -> None:
    """What another container calls this one by a link does not make it that unit."""
    engine.add("db", Names=["/web/miner", "/db"])
    (task,) = controller_of(engine).observe(("web/miner",))
    assert task.reason == "docker knows no container web/miner"


NVIDIA = {"Driver": "nvidia", "Count": 0, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}


def asking(**request: Any) -> dict[str, Any]:
    return {"HostConfig": {"DeviceRequests": [{**NVIDIA, **request}]}}


def by_runtime(*env: str, runtime: str = "nvidia") -> dict[str, Any]:
    return {"HostConfig": {"Runtime": runtime}, "Config": {"Env": ["PATH=/bin", *env]}}


def devices(*paths: str) -> dict[str, Any]:
    return {"HostConfig": {"Devices": [{"PathOnHost": path, "PathInContainer": path} for path in paths]}}


@pytest.mark.parametrize(
    ("details", "uuids", "every"),
    [
        ({}, (), False),
        (asking(DeviceIDs=[TWO, ONE]), (ONE, TWO), False),
        (asking(DeviceIDs=["GPU-" + ONE[4:].upper()]), (ONE,), False),
        (asking(DeviceIDs=["0"]), (), True),
        (asking(DeviceIDs=[ONE, "MIG-1"]), (ONE,), True),
        (asking(DeviceIDs=["GPU-0a1b"]), (), True),
        (asking(Count=-1), (), True),
        (asking(Count=2), (), True),
        (asking(Driver="", Count=-1), (), True),
        (asking(Driver="", Count=-1, Capabilities=[["tpu"]]), (), False),
        (asking(Driver="cdi", DeviceIDs=[f"nvidia.com/gpu={ONE}"], Capabilities=None), (ONE,), False),
        (asking(Driver="cdi", DeviceIDs=["nvidia.com/gpu=all"]), (), True),
        (asking(Driver="cdi", DeviceIDs=["amd.com/gpu=all"]), (), False),
        (devices("nvidia.com/gpu=all"), (), True),
        (devices(f"nvidia.com/gpu={TWO}"), (TWO,), False),
        (devices("/dev/nvidiactl", "/dev/nvidia-uvm"), (), False),
        (devices("/dev/nvidiactl", "/dev/nvidia3"), (), True),
        (by_runtime(f"NVIDIA_VISIBLE_DEVICES={ONE},{TWO}"), (ONE, TWO), False),
        (by_runtime("NVIDIA_VISIBLE_DEVICES=all"), (), True),
        (by_runtime("NVIDIA_VISIBLE_DEVICES=1"), (), True),
        (by_runtime("NVIDIA_VISIBLE_DEVICES=none"), (), False),
        (by_runtime("NVIDIA_VISIBLE_DEVICES=void"), (), False),
        (by_runtime("NVIDIA_VISIBLE_DEVICES="), (), False),
        (by_runtime(), (), False),
        (by_runtime("CUDA_VERSION=9.0"), (), True),
        (by_runtime("CUDA_VERSION=12.4", "NVIDIA_REQUIRE_CUDA=cuda>=12"), (), False),
        (by_runtime("NVIDIA_VISIBLE_DEVICES=all", runtime="runc"), (), False),
    ],
)
def test_given_gpus_are_held(engine: Engine, details: dict[str, Any], uuids: tuple[str, ...], every: bool) -> None:
    """Each way of giving GPUs is read; only whole UUIDs name cards, and what names none may be on any."""
    engine.add("work", **details)
    engine.add("idle", "exited", **asking(Count=-1))
    held = controller_of(engine).holdings(("work",))
    expected = [(id_of("work"), "work", uuids, every, "work")] if uuids or every else []
    assert [(one.container, one.name, one.uuids, one.every, one.unit) for one in held] == expected


def test_strangers_holdings_are_told_without_their_escapes(engine: Engine) -> None:
    """A renter's container has no unit here, and its name and image only what may reach a screen."""
    name = "C.7\x1b[31m\u202e[bold]"
    engine.add(name, **asking(DeviceIDs=[ONE]), Config={"Env": [], "Labels": None, "Image": "x\x1b]0;t\x07/y"})
    docker = controller_of(engine)
    (held,) = docker.holdings(("miner",))
    assert isinstance(docker, SeesContainers)
    assert (held.name, held.image, held.unit, held.uuids) == ("C.7[31m[bold]", "x]0;t/y", "", (ONE,))


def test_paused_containers_hold_what_they_were_given(engine: Engine) -> None:
    """A frozen renter still has his GPU."""
    engine.add("renter", "paused", **asking(Count=-1))
    assert [held.every for held in controller_of(engine).holdings(())] == [True]


BROKEN: dict[str, Callable[[Handler], None]] = {
    "wrong": lambda handler: said(handler, {"Id": 3}),
    "too long": answer(b"[" + b" " * (5 << 20) + b"]"),
    "no JSON": answer(b"{"),
    "refused": refusing(500, "its config is damaged"),
}


@pytest.mark.parametrize("way", BROKEN.values(), ids=BROKEN)
def test_one_unreadable_container_holds_every_gpu_and_hides_no_other(
    engine: Engine, way: Callable[[Handler], None]
) -> None:
    """What a renter's container can be made to answer must not blind us to all others."""
    engine.add("C.7")
    engine.add("miner", **asking(DeviceIDs=[ONE]))
    engine.instead[f"/containers/{id_of('C.7')}"] = way
    docker = controller_of(engine)
    held = {one.name: one for one in docker.holdings(("miner",))}
    assert (held["miner"].uuids, held["miner"].fault) == ((ONE,), "")
    assert (held["C.7"].every, held["C.7"].unit) == (True, "") and held["C.7"].fault
    assert "record cannot be read" in Tenants().claim(held["C.7"])
    assert docker.observe(("miner",))[0].state == "running"
    (task,) = docker.observe(("C.7",))
    assert task.state == "running" and task.reason.startswith("its record cannot be read: ")
    assert [fault.refuses for fault in docker.check(("C.7",))] == [True]


def test_a_row_that_cannot_be_read_is_a_container_too(engine: Engine) -> None:
    """Labels of the wrong kind in the list itself; one that is not running holds nothing."""
    engine.add("miner")
    rows = [{"Id": "ab" * 32, "Names": ["/odd"], "State": state, "Labels": {"a": 3}} for state in ("running", "exited")]
    engine.instead["/containers/json"] = lambda handler: said(handler, rows)
    (held,) = controller_of(engine).holdings(("miner",))
    assert (held.name, held.every) == ("odd", True)


def test_boots_are_told_with_what_ends_them(engine: Engine) -> None:
    """Containers that the daemon starts, for whoever compares them with units of other controllers."""
    for name, policy in (("a", "always"), ("b", "unless-stopped"), ("c", "on-failure"), ("d", "no")):
        engine.add(name, HostConfig={"RestartPolicy": {"Name": policy}})
    said_of = controller_of(engine).boots(("a", "b", "c", "d", "none"))
    assert said_of == {"a": "docker update --restart=no a", "b": "docker update --restart=no b"}


def test_check_tells_who_else_would_start_a_unit(engine: Engine) -> None:
    """Restart policies that revive, or race, are told with the command that ends it; a plan refuses the worst."""
    for name, policy in (("a", "always"), ("b", "unless-stopped"), ("c", "on-failure"), ("d", "no"), ("e", "")):
        engine.add(name, HostConfig={"RestartPolicy": {"Name": policy}})
    engine.path.chmod(0o666)
    faults = controller_of(engine).check(("a", "b", "c", "d", "e", "nothing"))
    assert [(fault.units, fault.refuses) for fault in faults] == [
        (("a", "b", "c", "d", "e", "nothing"), False),
        (("nothing",), False),
        (("a",), True),
        (("b",), False),
        (("c",), False),
        (("a", "b"), True),
    ]
    assert faults[0].sentence.endswith(f"so become root: chmod o-w {engine.path}")
    assert faults[2].sentence.endswith("after a flip has stopped it: docker update --restart=no a")
    assert faults[5].sentence == "a and b all start with docker: give all but one --restart=no"


def test_start_waits_for_the_health_check(engine: Engine) -> None:
    """A start returns once the engine says that the container is healthy, not before."""
    made = engine.add("vllm", "exited", State={"Health": {"Status": "starting"}})
    docker = controller_of(engine)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(docker.start, "vllm", 20.0)
        while docker.observe(("vllm",))[0].state != "starting":
            time.sleep(0.01)
        assert not starting.done()
        made["State"]["Health"]["Status"] = "healthy"
        starting.result(20)
    assert docker.observe(("vllm",))[0].state == "running"


def test_stop_gives_the_unit_its_time(engine: Engine) -> None:
    """The unit's time-out, less two seconds to kill it in, is the grace that the engine gives it."""
    engine.add("miner")
    docker = controller_of(engine)
    docker.stop("miner", 30.0)
    assert [line for line in engine.asked if "stop" in line] == [f"POST /v1.47/containers/{id_of('miner')}/stop?t=28"]
    docker.stop("miner", 30.0)
    assert docker.observe(("miner",))[0].state == "stopped"


def test_engine_that_calls_running_what_it_stops_is_known_better(engine: Engine) -> None:
    """Docker has no word for stopping: what was told to stop is stopping until its grace is over."""
    engine.add("miner")
    over = threading.Event()

    def waiting(handler: Handler) -> None:
        over.wait(20)
        answer(b"", 204)(handler)

    engine.instead["/stop"] = waiting
    docker = controller_of(engine)
    with pytest.raises(WorkloadError, match=r"miner has not stopped within 1 s; see docker logs miner"):
        docker.stop("miner", 1.0)
    assert docker.observe(("miner",))[0].state == "stopping"
    over.set()
    engine.containers["miner"]["State"] |= {"StartedAt": "2026-03-01T11:00:00Z"}
    assert docker.observe(("miner",))[0].state == "running"


@pytest.mark.parametrize("status", [409, 500])
def test_refusals_are_sentences(engine: Engine, status: int) -> None:
    """What an engine refuses, Docker with 409 and Podman with 500, names the unit and says why."""
    engine.add("miner", "exited")
    engine.instead["/start"] = refusing(status, "the container name is already\nin use\x1b[1m")
    said = f"the start of miner failed: .* HTTP {status}: the container name is already in use.1m$"
    with pytest.raises(WorkloadError, match=said):
        controller_of(engine).start("miner", 5.0)


def test_container_that_vanishes_is_unknown(engine: Engine) -> None:
    """One that is removed between being listed and being asked for is no crash."""
    engine.add("miner", "exited", **asking(Count=-1))
    engine.instead[f"/containers/{id_of('miner')}"] = refusing(404, "No such container")
    docker = controller_of(engine)
    assert docker.observe(("miner",))[0].reason == "was removed just now"
    assert docker.holdings(("miner",)) == ()
    with pytest.raises(UnknownUnitError, match="miner was removed meanwhile"):
        docker.start("miner", 5.0)


def test_nothing_around_us_has_a_say(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither DOCKER_HOST nor a proxy is asked, no password of a netrc is sent, and nothing packed is asked for."""
    (tmp_path / "netrc").write_text("machine localhost login me password hunter2\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("DOCKER_HOST", "HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    engine.add("miner")
    assert controller_of(engine).observe(("miner",))[0].state == "running"
    assert {headers["Accept-Encoding"] for _, headers in engine.seen} == {"identity"}
    assert not [headers for _, headers in engine.seen if "Authorization" in headers]


HOSTILE: dict[str, Callable[[Handler], None]] = {
    **WAYS,
    "packed": packed(b"[]"),
    "too long": answer(b"[" + b" " * (5 << 20) + b"]"),
    "no list": answer(b'{"message": 3}'),
    "wrong members": answer(b'[{"Id": 3}]'),
    "wrong id": answer(b'[{"Id": "../../version"}]'),
    "deep": answer(b"[" * 100_000),
    "no UTF-8": answer(b'[{"Id": "\xff\xfe"}]'),
    "message of another kind": answer(b'{"message": {"a": "\\u001b[2J"}}', 500),
    "no message": answer(b"[1]", 500),
    "redirect to itself": answer(b"", 302, Location="/v1.47/containers/json"),
}


@pytest.mark.parametrize("way", HOSTILE.values(), ids=HOSTILE)
def test_whatever_answers_is_a_sentence_in_time(engine: Engine, way: Callable[[Handler], None]) -> None:
    """Answers that are slow, endless, packed, cut, huge or of the wrong kind raise WorkloadError, and soon."""
    engine.instead["/containers/json"] = way
    docker = controller_of(engine)
    begun = time.monotonic()
    for ask in (docker.observe, docker.holdings):
        with pytest.raises(WorkloadError, match=r"the engine at .*docker.sock") as caught:
            ask(("miner",), 1.0)
        assert "\x1b" not in str(caught.value)
    assert time.monotonic() - begun < 8 and len(engine.asked) <= 3


@pytest.mark.parametrize("version", ["1.41/../..", "2", 1.41, None, "\x1b[2J"])
def test_versions_that_are_none_are_not_believed(engine: Engine, version: object) -> None:
    """An API version goes into every path, so one that is no version ends the conversation."""
    engine.instead["/version"] = lambda handler: said(handler, {"ApiVersion": version})
    with pytest.raises(WorkloadError, match=r"the engine at .*docker.sock") as caught:
        controller_of(engine).observe(("miner",))
    assert "\x1b" not in str(caught.value) and len(engine.asked) == 1


def test_socket_that_is_not_ours_is_not_opened(tmp_path: Path) -> None:
    """A path that is missing or no socket is refused before anything is sent."""
    (tmp_path / "file").touch()
    for name, told in (("file", "is not a socket"), ("none", "cannot be reached: No such file")):
        settings = ControllerSettings(kind="docker", socket=str(tmp_path / name), acknowledged=True)
        with pytest.raises(WorkloadError, match=f"{name} {told}"):
            connect_controller("docker", settings).observe(("a",))
