"""A whole host for end-to-end tests: fake GPUs, a real supervisord with real miners and servers, and a site config."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.rig.nvml import FakeGpus
from tests.rig.processes import workload_command
from tests.rig.supervisor import Program, Supervisord

CONSOLE = [sys.executable, "-m", "console.cli"]
CONFIG = """
[site]
name = "Test hall"
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
gpus = [0, 1, 2, 3]
controller = "supervisor"
unit = "miner-{{slot}}"
coin = "ERG"
pool_fee = 0.01
settle_s = 0.2
stop_timeout_s = 8
start_timeout_s = {start_timeout_s}
meter = {{ kind = "xmrig", url = "http://127.0.0.1:{mine_port}{{slot}}" }}

[workloads.qwen]
kind = "ai"
gpus = [0, 1, 2, 3]
controller = "supervisor"
unit = "ai-{{slot}}"
settle_s = 0.2
stop_timeout_s = 8
drain_timeout_s = 0
start_timeout_s = {start_timeout_s}
revenue = {{ form = "tokens", price_in_per_mtok = 0.05, price_out_per_mtok = 0.4, billed_share = 1.0 }}
meter = {{ kind = "vllm", url = "http://127.0.0.1:{ai_port}{{slot}}/metrics" }}

[workloads.tp4]
kind = "ai"
gpus = [4, 5, 6, 7]
span = 4
controller = "supervisor"
unit = "tp4"
settle_s = 0.2
drain_timeout_s = 0
revenue = {{ form = "tokens", price_in_per_mtok = 0.05, price_out_per_mtok = 0.4, billed_share = 1.0 }}
"""


class Host:
    """One host: `env` for consoles on it, `config` the path of its site config."""

    def __init__(
        self,
        gpus: FakeGpus,
        folder: Path,
        supervisord: Callable[..., Supervisord],
        options: Mapping[str, Mapping[str, object]],
        start_timeout_s: float,
    ) -> None:
        self.gpus = gpus
        mine_port, ai_port = _prefix(), _prefix()
        programs = [
            Program(f"{name}-{slot}", self._command(kind, slot, f"{port}{slot}", options.get(f"{name}-{slot}", {})))
            for slot in range(4)
            for name, kind, port in (("miner", "mine", mine_port), ("ai", "ai", ai_port))
        ]
        programs.append(Program("tp4", self._command("ai", "4,5,6,7", "0", options.get("tp4", {}))))
        self.supervisord = supervisord(programs, gpus.env)
        self.config = folder / "config.toml"
        self.config.write_text(
            CONFIG.format(
                socket=self.supervisord.socket,
                mine_port=mine_port,
                ai_port=ai_port,
                start_timeout_s=start_timeout_s,
            )
        )
        self.config.chmod(0o600)
        for name in ("state", "run"):
            (folder / name).mkdir(exist_ok=True)
        # What the test runner says of its own terminal's size is none of the console's business.
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.env = {
            **own,
            **gpus.env,
            "CHANGEOVER_STATE": str(folder / "state"),
            "CHANGEOVER_RUN": str(folder / "run"),
        }

    def run(self, *args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return subprocess.run(
            [*CONSOLE, *args],
            check=False,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        done = self.run("status", "--json", "--config", str(self.config))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def journal(self) -> list[dict[str, Any]]:
        """What `journal --json` prints, newest first."""
        done = self.run("journal", "--json", "--limit", "500")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, name: str) -> None:
        """Start a program and wait until it runs."""
        self.supervisord.call("startProcess", name)
        self.supervisord.wait_for(name, "RUNNING")

    def running(self) -> set[str]:
        """The programs that run now."""
        return {
            str(info["name"])
            for info in self.supervisord.call("getAllProcessInfo")
            if info["statename"] in ("RUNNING", "STARTING")
        }

    def until(self, true: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
        """Wait for something that others bring about."""
        end = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < end, f"not within {timeout_s:g} s: {what}; running: {self.running()}"
            time.sleep(0.05)

    def runners(self) -> list[int]:
        """Pids of runner processes of this host's consoles."""
        mark = f"CHANGEOVER_STATE={self.env['CHANGEOVER_STATE']}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (folder / "environ").read_bytes().split(b"\0")
                if ours and b"console.runner" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    @staticmethod
    def kill(pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to a process this test started."""
        os.kill(pid, number)

    def _command(self, kind: str, gpus: object, port: str, options: Mapping[str, object]) -> list[str]:
        values = {"warm_s": 0.3, **options}
        return workload_command(kind, str(gpus), self.gpus.hold_dir, port=port, **values)


def _prefix() -> int:
    """Four digits that make a free port with each slot behind them."""
    while True:
        prefix = random.randint(1100, 3200)
        if all(_free(int(f"{prefix}{slot}")) for slot in range(8)):
            return prefix


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
