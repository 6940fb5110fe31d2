"""Fixtures that every kind of test shares: fake GPUs, real processes and controllers, directories of the test's own.

The fake NVML library is never loaded into this process by a fixture: give `fake_gpus.env` to child processes, or call
`fake_gpus.activate(monkeypatch)` so that everything the code under test starts from now on sees the GPUs.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.rig import systemd
from tests.rig.nvml import FakeGpus, build
from tests.rig.processes import Running, start_workload, stop, workload_command
from tests.rig.supervisor import Program, Supervisord

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
OURS = ("CHANGEOVER_", "FAKE_NVML_")

# Under nohup, or in a shell's background, everything started from here would ignore a hang-up or an interrupt.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The developer's config, state, proxies, colour wishes and time zone stay out of every test."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.lower() in PROXIES or name in COLOURS or name.startswith(OURS):
                patch.delenv(name)
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh state directory (CHANGEOVER_STATE), with its sibling `run` for locks (CHANGEOVER_RUN)."""
    for name in ("state", "run"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(f"CHANGEOVER_{name.upper()}", str(tmp_path / name))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def nvml() -> Path:
    """The folder that holds the fake libnvidia-ml.so.1; skips where gcc is missing."""
    try:
        return build()
    except FileNotFoundError as error:
        pytest.skip(f"NOT TESTED: {error}")


@pytest.fixture(autouse=True)
def _needs_nvml(request: pytest.FixtureRequest) -> None:
    """A test marked nvml gets the library built, or is skipped, whatever other fixtures it asks for."""
    if request.node.get_closest_marker("nvml"):
        request.getfixturevalue("nvml")


@pytest.fixture
def gpus(nvml: Path, tmp_path: Path) -> Callable[..., FakeGpus]:
    """Makes fake hosts: `gpus(n=8, model="mixed", settle="1.0", …)`, see tests.rig.nvml.FakeGpus."""
    made: list[FakeGpus] = []

    def make(n: int = 8, model: str = "mixed", **settings: str) -> FakeGpus:
        made.append(FakeGpus(nvml, tmp_path / f"gpus{len(made)}", n, model, **settings))
        return made[-1]

    return make


@pytest.fixture
def fake_gpus(gpus: Callable[..., FakeGpus]) -> FakeGpus:
    """Eight idle GPUs of six models that settle twenty times faster than real ones; processes hold them."""
    return gpus()


@pytest.fixture
def workload() -> Iterator[Callable[..., Running]]:
    """Starts miners and inference servers: `workload("mine", "3,4", fake_gpus.hold_dir, token="t")`.

    They are stopped at the end. Options are the flags of tests/rig/workload.py. Returns when its API listens.
    """
    started: list[Running] = []

    def start(kind: str, gpus: str, hold: Path, env: Mapping[str, str] | None = None, **options: object) -> Running:
        started.append(start_workload(workload_command(kind, gpus, hold, **options), env))
        return started[-1]

    yield start
    for running in started:
        stop(running.process)


@pytest.fixture
def supervisord() -> Iterator[Callable[..., Supervisord]]:
    """Starts real supervisords: `supervisord([Program("miner-3", command)], env)`; no child of theirs may remain."""
    started: list[Supervisord] = []

    def start(programs: Sequence[Program], env: Mapping[str, str] | None = None) -> Supervisord:
        started.append(Supervisord(programs, env or {}))
        return started[-1]

    yield start
    left = [pid for one in started for pid in one.stop()]
    assert not left, f"processes outlived their supervisord: {left}"


@pytest.fixture
def systemd_user() -> systemd.Runner:
    """Runs commands inside a fresh `systemd --user`; skips where this machine cannot have one."""
    if missing := systemd.missing():
        pytest.skip(f"NOT TESTED: systemd --user in a sandbox needs {', '.join(missing)}")
    return systemd.run
