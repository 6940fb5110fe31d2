"""What of a config does not fit the GPUs that are here is told wherever somebody looks, not in one log alone."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from console.config.loading import load
from console.model import Uuid
from console.workloads.expand import place
from tests.e2e.host import CONSOLE
from tests.rig.nvml import FakeGpus
from tests.rig.supervisor import Supervisord
from tests.rig.terminal import Terminal

README = Path(__file__).parents[2] / "README.md"
CONFIG = """
[controllers.supervisor]
socket = "{socket}"
acknowledged = true

[workloads.ergo]
kind = "mine"
controller = "supervisor"
unit = "miner-{{slot}}"
meter = {{ kind = "xmrig", url = "http://127.0.0.1:{port}" }}
"""


@pytest.fixture
def told(
    gpus: Callable[..., FakeGpus],
    supervisord: Callable[..., Supervisord],
    tmp_path: Path,
    state_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], list[str]]:
    """Makes the command line of a host with twelve GPUs whose meters stand at ``port``."""

    def make(port: str) -> list[str]:
        gpus(12).activate(monkeypatch)
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(socket=supervisord([]).socket, port=port))
        path.chmod(0o600)
        return ["--config", str(path)]

    return make


def run(*args: str) -> str:
    """What a command prints; it succeeds."""
    done = subprocess.run([*CONSOLE, *args], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.nvml
def test_ports_that_run_out_of_range_are_told_everywhere(told: Callable[[str], list[str]]) -> None:
    """From slot 10 on ``1808{slot}`` is no port: a banner on the screen and in status, a finding of doctor."""
    config = told("1808{slot}")
    sentence = "workloads.ergo: no meter for GPUs 10, 11: its address would be http://127.0.0.1:180810 and so on"
    assert f"! {sentence}" in run("status", *config)
    findings = json.loads(run("doctor", "--json", *config))["findings"]
    assert [one["level"] for one in findings if one["what"].startswith(sentence)] == ["warn"]
    with Terminal([*CONSOLE, *config], (160, 45)) as terminal:
        terminal.wait_for(f"! {sentence}"[:120], 15)


@pytest.mark.nvml
def test_a_sum_fits_every_gpu(told: Callable[[str], list[str]]) -> None:
    """And nothing is told."""
    config = told("{slot+18080}")
    for command in ("status", "doctor"):
        assert "no meter for" not in run(command, *config)


def test_the_config_of_the_readme_fits_a_full_rack(tmp_path: Path) -> None:
    """It loads, and on twenty GPUs every instance has a unit and a meter of its own."""
    block = re.search(r"```toml\n(.*?)```", README.read_text(), re.S)
    assert block is not None
    path = tmp_path / "config.toml"
    path.write_text(block[1])
    path.chmod(0o600)
    rows = [(slot, Uuid(f"GPU-{slot}"), f"00000000:{slot:02x}:00.0") for slot in range(20)]
    placed, warnings = place(load(path).settings, rows)
    assert warnings == ()
    assert len({one.unit for one in placed}) == len({one.meter_url for one in placed}) == 40
