"""A profile asked of a real `systemd --user`, with the shipped unit file and the fake NVML library."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.nvml import FakeGpus
from tests.rig.systemd import Runner

pytestmark = [pytest.mark.nvml, pytest.mark.slow]
UNIT = "changeover-profile@.service"
SHIPPED = Path(__file__).parents[2] / "packaging/systemd" / UNIT
ASK = """
import json, sys
from console.profiles.asking import apply
from console.workloads.contract import WorkloadError
said = []
for name, uuid in json.loads(sys.argv[1]):
    try:
        apply(name, uuid, 30.0, bus="user")
    except WorkloadError as error:
        said.append(str(error))
    else:
        said.append("")
print(json.dumps(said))
"""
LIMITS = """
import pynvml
pynvml.nvmlInit()
for index in range(2):
    print(pynvml.nvmlDeviceGetPowerManagementLimit(pynvml.nvmlDeviceGetHandleByIndex(index)) // 1000)
"""
UNTRIED = ("PrivateTmp", "ProtectSystem", "ProtectHome", "ProtectKernelTunables", "ProtectKernelLogs")
"""The lines that mount over directories: they would hide the test's own, and a sandbox may not let systemd mount."""


def shipped(profiles: Path) -> str:
    """The unit file as it is, with the Python and the folder of this test."""
    lines = [line for line in SHIPPED.read_text().splitlines() if line.partition("=")[0] not in UNTRIED]
    text = "\n".join(lines)
    program = "/opt/changeover/bin/python -I -m console.profiles.unit %i"
    assert program in text
    return text.replace(program, f"{sys.executable} -I -m console.profiles.unit %i {profiles}") + "\n"


def test_a_profile_is_set_by_the_shipped_unit(
    systemd_user: Runner, gpus: Callable[..., FakeGpus], tmp_path: Path
) -> None:
    """Its own sentence comes back where it fails; the card is as was asked, and the other card as it was."""
    host = gpus(2, "4090")
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "mine.conf").write_text("POWER_LIMIT_W=250\n")
    (profiles / "greedy.conf").write_text("POWER_LIMIT_W=600\n")
    (profiles / "default.conf").write_text("POWER_LIMIT_W=DEFAULT\n")
    asks = [("mine", host.uuid(0)), ("greedy", host.uuid(0)), ("none", host.uuid(0)), ("mine", host.uuid(7))]
    asks += [("mine", host.uuid(0))] * 8
    code = [sys.executable, "-c", ASK, json.dumps(asks)]
    done = systemd_user(code, {UNIT: shipped(profiles)}, tmp_path / "a", host.env)
    assert done.returncode == 0, done.stderr
    fine, greedy, absent, elsewhere, *again = json.loads(done.stdout)
    assert (fine, again) == ("", [""] * 8), "no limit on starts"
    assert greedy == ("profile greedy not applied: the power limit is to be 600 W, and this card takes 150 to 450 W")
    assert absent.startswith(f"profile none not applied: {profiles}/none.conf: cannot be read: No such file")
    assert elsewhere.startswith(f"profile mine not applied: {host.uuid(7)} cannot be reached: NVML says Not Found")
    seen = systemd_user([sys.executable, "-c", LIMITS], {}, tmp_path / "b", host.env)
    assert seen.stdout.split() == ["250", "450"]


def test_a_unit_that_is_not_installed_is_told_with_its_file(systemd_user: Runner, tmp_path: Path) -> None:
    """What to do is part of the sentence."""
    code = [sys.executable, "-c", ASK, json.dumps([("mine", FakeGpus.uuid(0))])]
    done = systemd_user(code, {}, tmp_path)
    assert json.loads(done.stdout) == ["profile not applied: install packaging/systemd/changeover-profile@.service"], (
        done.stderr
    )
