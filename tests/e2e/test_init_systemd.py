"""`changeover init` on a host whose miners are units of systemd: a real `systemd --user`, real processes."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.host import CONSOLE
from tests.rig.nvml import FakeGpus
from tests.rig.ports import free_port
from tests.rig.processes import workload_command
from tests.rig.systemd import Runner

pytestmark = [pytest.mark.nvml, pytest.mark.slow]

INSIDE = """
import json, subprocess, sys, time, urllib.request
config, port, console = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
for slot in (0, 1):
    subprocess.run(["systemctl", "--user", "start", f"miner@{slot}.service"], check=True)
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{slot}/2/summary", timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
for words in (["init", "--yes", "--output", config], ["status", "--json", "--config", config]):
    done = subprocess.run([*console, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(json.dumps([words[0], done.returncode, done.stdout, done.stderr]), flush=True)
"""


def _unit(command: list[str], rival: str) -> str:
    line = shlex.join(command).replace("SLOT", "%i")
    return (
        f"[Unit]\nStartLimitIntervalSec=0\nConflicts={rival}@%i.service\nAfter={rival}@%i.service\n"
        f"[Service]\nExecStart={line}\n"
    )


def test_units_of_the_users_manager(systemd_user: Runner, gpus: Callable[..., FakeGpus], tmp_path: Path) -> None:
    """Two of the shipped template's kind become miner@{slot}.service; their rival, which does not run, is only told;
    `status` shows both with their output, unedited and without anything to acknowledge."""
    fake = gpus(n=2)
    port = free_port() // 10
    units = {
        f"{name}@.service": _unit(workload_command(kind, "SLOT", fake.hold_dir, port=f"{port}SLOT", warm_s=0), rival)
        for name, kind, rival in (("miner", "mine", "ai"), ("ai", "ai", "miner"))
    }
    folders = {f"CHANGEOVER_{name.upper()}": str(tmp_path / name) for name in ("state", "run")}
    for folder in folders.values():
        Path(folder).mkdir()
    config = tmp_path / "new.toml"
    root = str(Path(__file__).parents[2])
    env = {**fake.env, **folders, "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])}
    command = [sys.executable, "-c", INSIDE, str(config), str(port), json.dumps(CONSOLE)]
    done = systemd_user(command, units, tmp_path, env, timeout_s=150)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    ran = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [(name, code) for name, code, _, _ in ran] == [("init", 0), ("status", 0)], ran
    text = config.read_text()
    assert 'unit = "miner@{slot}.service"' in text and '[controllers.systemd-user]\nkind = "systemd"' in text
    assert 'bus = "user"' in text and "acknowledged" not in text
    assert "ai@0.service of systemd-user" in text and "ai@1.service of systemd-user" in text
    seen = json.loads(ran[1][2])["gpus"]
    assert [(gpu["workload"]["name"], gpu["output"]["unit"]) for gpu in seen] == [("miner", "H/s")] * 2
