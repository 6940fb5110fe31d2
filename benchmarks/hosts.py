"""The hosts that both programs watch: fake GPUs, with nobody's or with real workloads on them."""

from __future__ import annotations

import os
import random
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.rig.nvml import FakeGpus, build
from tests.rig.processes import workload_command
from tests.rig.supervisor import Program, Supervisord

INSTANCES = 8
"""Workloads on a working host: half of them mine, half of them serve; each holds its share of the GPUs."""

_FOREIGN = ("CHANGEOVER_", "FAKE_NVML_", "NVITOP_", "SSH_", "XDG_", "PYTHON")
_OTHERS = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CUDA_VISIBLE_DEVICES"}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
_START_S = 15.0

_CONFIG = """
[site]
name = "Bench hall"
host_overhead_w = 80
psu_efficiency = 0.92

[power]
price_per_kwh = 0.07

[coins.ERG]
algorithm = "autolykos2"
reward = 12
difficulty = 3.3e15

[quotes.ERG]
kind = "coin_price"
value = 0.84
unit = "USD/ERG"

[controllers.supervisor]
socket = "{socket}"
acknowledged = true

[workloads.ergo]
kind = "mine"
span = {span}
controller = "supervisor"
unit = "miner-{{slot}}"
coin = "ERG"
pool_fee = 0.01
meter = {{ kind = "xmrig", url = "http://127.0.0.1:{miner_port}{{slot}}" }}

[workloads.qwen]
kind = "ai"
span = {span}
controller = "supervisor"
unit = "ai-{{slot}}"
drain_timeout_s = 0
revenue = {{ form = "tokens", price_in_per_mtok = 0.05, price_out_per_mtok = 0.4, billed_share = 1.0 }}
meter = {{ kind = "vllm", url = "http://127.0.0.1:{ai_port}{{slot}}/metrics" }}
"""


class Host(NamedTuple):
    """One host to watch. ``env`` is the whole environment of a program on it, ``config`` its site config if any."""

    title: str
    gpus: FakeGpus
    env: Mapping[str, str]
    config: Path | None = None


@contextmanager
def bare(n: int) -> Iterator[Host]:
    """``n`` GPUs that serve, train, mine and idle in turn, and no site config: what a first look shows."""
    with _folder() as folder:
        gpus = FakeGpus(build(), folder / "gpus", n, hold="")
        yield Host(f"{n} GPUs, no config", gpus, _env(gpus, folder))


@contextmanager
def working(n: int) -> Iterator[Host]:
    """``n`` GPUs under a real supervisord with eight real workloads, metered and priced."""
    with _folder() as folder:
        gpus = FakeGpus(build(), folder / "gpus", n)
        span, ports = n // INSTANCES, {kind: _prefix(n) for kind in ("miner", "ai")}
        programs = [one for place in range(INSTANCES) for one in _programs(place, span, ports, gpus)]
        supervisord = Supervisord(programs, gpus.env)
        try:
            config = folder / "config.toml"
            config.write_text(
                _CONFIG.format(socket=supervisord.socket, span=span, miner_port=ports["miner"], ai_port=ports["ai"])
            )
            config.chmod(0o600)
            _wait_until_held(gpus)
            yield Host(f"{n} GPUs, {INSTANCES} workloads", gpus, _env(gpus, folder), config)
        finally:
            supervisord.stop()


def _programs(place: int, span: int, ports: Mapping[str, int], gpus: FakeGpus) -> Iterator[Program]:
    """The miner and the server of one place; they take turns in running, and the other stands by."""
    slot = place * span
    held = ",".join(map(str, range(slot, slot + span)))
    for name, kind, running in (("miner", "mine", place % 2 == 1), ("ai", "ai", place % 2 == 0)):
        command = workload_command(kind, held, gpus.hold_dir, port=f"{ports[name]}{slot}")
        yield Program(f"{name}-{slot}", command, autostart=running)


def _wait_until_held(gpus: FakeGpus) -> None:
    end = time.monotonic() + _START_S
    while len([*gpus.hold_dir.glob("[0-9]*")]) < gpus.n:
        if time.monotonic() > end:
            raise TimeoutError(f"the workloads did not take all {gpus.n} GPUs within {_START_S:g} s")
        time.sleep(0.1)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="changeover-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _env(gpus: FakeGpus, folder: Path) -> dict[str, str]:
    """This process's environment without what would make one machine's figures differ from another's."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _OTHERS and name.lower() not in _PROXIES
    }
    for name in ("state", "run"):
        own[f"CHANGEOVER_{name.upper()}"] = str(folder / name)
        (folder / name).mkdir(mode=0o700)
    own |= {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    return {**own, **gpus.env, "TZ": "UTC", "LANG": "C.UTF-8", "PATH": f"{Path(sys.executable).parent}:{own['PATH']}"}


def _prefix(n: int) -> int:
    """Three digits that make a free port with the slot of each instance behind them."""
    while True:
        prefix = random.randint(110, 640)
        if all(_free(int(f"{prefix}{slot}")) for slot in range(0, n, n // INSTANCES)):
            return prefix


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
