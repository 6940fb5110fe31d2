"""`changeover init` on a whole host: a config of what runs there, with which every other command works unedited."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from console.finding import sockets
from tests.e2e.host import CONSOLE, Host
from tests.rig.nvml import FakeGpus
from tests.rig.ports import free_port
from tests.rig.processes import workload_command
from tests.rig.supervisor import Program, Supervisord
from tests.rig.terminal import Terminal

pytestmark = pytest.mark.nvml

STARTER = Callable[..., Supervisord]
RUNS = {"miner-0": "miner", "miner-1": "miner", "ai-2": "ai-2", "tp4": "tp4"}


@pytest.fixture
def busy(host: Callable[..., Host]) -> Host:
    """Two miners, a server, and one server on four GPUs; slot 3 is idle."""
    here = host()
    for name in RUNS:
        here.start(name)
    pids = [here.supervisord.pid_of(name) for name in RUNS]
    here.until(lambda: all(sockets.of([pid], sockets.listening()) for pid in pids), "all listen, so they hold already")
    return here


def init(here: Host, *args: str, output: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`init` for this host's supervisord."""
    there = ("--output", str(output)) if output else ()
    return here.run("init", "--supervisor-socket", str(here.supervisord.socket), *there, *args)


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The object that it printed."""
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def test_the_config_works_unedited(busy: Host, tmp_path: Path) -> None:
    """Written, loaded, every GPU's workload and output seen; a miner is flipped to off and back; a second init refuses
    and changes nothing."""
    path = tmp_path / "new.toml"
    done = init(busy, "--yes", "--acknowledge", "--currency", "EUR", "--price-per-kwh", "0.21", output=path)
    assert done.returncode == 0, done.stderr
    assert f"next: changeover doctor --config {path}" in done.stderr
    busy.config = path
    status = busy.status()
    seen = {gpu["slot"]: (gpu["workload"]["name"], gpu["output"]["unit"]) for gpu in status["gpus"] if gpu["workload"]}
    mines, serves = ("miner", "H/s"), ("tp4", "tok/s")
    assert seen == {0: mines, 1: mines, 2: ("ai-2", "tok/s"), 4: serves, 5: serves, 6: serves, 7: serves}
    assert all(gpu["output"]["value"] for gpu in status["gpus"] if gpu["workload"])
    assert status["currency"] == "EUR" and status["totals"]["wall_w"] > 0
    for target, left in (("off", set(RUNS) - {"miner-0"}), ("miner", set(RUNS))):
        flipped = busy.run("flip", "0", target, "--yes", "--json", "--config", str(path))
        assert flipped.returncode == 0, flipped.stdout + flipped.stderr
        assert busy.running() == left
    before = path.read_bytes()
    again = init(busy, "--yes", "--acknowledge", output=path)
    assert (again.returncode, path.read_bytes()) == (3, before)
    assert f"{path} is there already and is never overwritten" in again.stderr
    assert sorted(one.name for one in tmp_path.glob("*new*")) == ["new.toml"]


def test_json_and_dry_run_say_the_same_and_write_nothing(busy: Host, tmp_path: Path) -> None:
    """What was found with its meters, the text that would be written, and no file; the roster learns nothing."""
    path = tmp_path / "new.toml"
    text = init(busy, "--yes", "--acknowledge", "--dry-run", output=path).stdout
    found = said(init(busy, "--yes", "--acknowledge", "--dry-run", "--json", output=path))
    assert found["config"] == text and text.startswith("# The site config of ")
    assert (found["written"], found["path"], found["exit"]) == (False, str(path), 0)
    assert {one["unit"]: one["slots"] for one in found["found"]["instances"]}["tp4"] == [4, 5, 6, 7]
    assert {one["name"] for one in found["found"]["idle"]} == {"miner-2", "miner-3", "ai-0", "ai-1", "ai-3"}
    assert not path.exists()
    assert not (Path(busy.env["CHANGEOVER_STATE"]) / "roster.json").exists()
    assert busy.running() == set(RUNS)


def test_without_acknowledgement_the_console_only_looks(busy: Host, tmp_path: Path) -> None:
    """supervisord and its workloads stand behind #, with the reason; the file loads, and every holder is foreign."""
    path = tmp_path / "new.toml"
    done = init(busy, "--yes", output=path)
    assert done.returncode == 0, done.stderr
    assert "# [controllers.supervisor]" in path.read_text() and "# [workloads.miner]" in path.read_text()
    busy.config = path
    assert {gpu["holder"] for gpu in busy.status()["gpus"] if gpu["slot"] != 3} == {"foreign"}


def test_a_person_is_asked_only_what_no_host_knows(busy: Host, tmp_path: Path) -> None:
    """On a terminal: the table of what was found, then currency, price, watts (refused once) and the socket."""
    path = tmp_path / "new.toml"
    command = [*CONSOLE, "init", "--supervisor-socket", str(busy.supervisord.socket), "--output", str(path)]
    with Terminal(command, (160, 50), busy.env) as terminal:
        for question, typed in (
            ("currency of all figures", "jpy"),
            ("price of one kWh in JPY", "31"),
            ("watts at the wall", "3"),
            ("expected at least the", "9kW"),
            ("Acknowledge? y/n", "y"),
        ):
            terminal.wait_for(question, 40)
            terminal.send(f"{typed}\r")
        terminal.wait_for("next: changeover doctor", 20)
        assert terminal.wait_exit(10) == 0
        assert "miner-0 (supervisor)" in terminal.text
    shown = busy.run("doctor", "--json", "--config", str(path))
    assert "Traceback" not in shown.stderr
    text = path.read_text()
    assert 'currency = "JPY"' in text and "price_per_kwh = 31" in text and "host_overhead_w = " in text
    assert stat.S_IMODE(path.stat().st_mode) == (0o644 if os.geteuid() == 0 else 0o600)


def test_ctrl_c_writes_nothing(busy: Host, tmp_path: Path) -> None:
    """130 at the first question, and no file, whole or in part."""
    path = tmp_path / "new.toml"
    command = [*CONSOLE, "init", "--supervisor-socket", str(busy.supervisord.socket), "--output", str(path)]
    with Terminal(command, (160, 50), busy.env) as terminal:
        terminal.wait_for("currency of all figures", 40)
        os.kill(terminal.pid, signal.SIGINT)
        assert terminal.wait_exit(10) == 130
    assert list(tmp_path.glob("*new*")) == []


def test_wrong_use_is_a_sentence(busy: Host, tmp_path: Path) -> None:
    """Nobody to ask, flags that cannot be, a folder that is not there, --read-only: one sentence, nothing written."""
    path = tmp_path / "new.toml"
    for args, code, words in (
        ((), 2, "nobody can be asked, for stdin is no terminal: add --yes"),
        (("--yes", "--currency", "euros!"), 2, "expected a code such as USD"),
        (("--yes", "--price-per-kwh", "cheap"), 2, "expected a price such as 0.071"),
        (("--yes", "--wall-w", "-5"), 2, "expected a power such as"),
        (("--yes", "--wall-w", "3"), 2, "expected at least the"),
        (("--yes", "--read-only"), 3, "refused, --read-only; --dry-run prints"),
    ):
        done = init(busy, *args, output=path)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert words in done.stderr and "Traceback" not in done.stderr
    missing = init(busy, "--yes", output=tmp_path / "no" / "new.toml")
    assert missing.returncode == 3 and "does not exist: make it with install -d" in missing.stderr
    assert list(tmp_path.glob("*new*")) == []


@pytest.mark.parametrize("fault", ["driver", "count:0"])
def test_a_host_without_driver_or_gpu_gets_no_config(
    host: Callable[..., Host], gpus: Callable[..., FakeGpus], fault: str, tmp_path: Path
) -> None:
    """Exit 1 with the reason and what to do, as an object too; nothing is written."""
    here = host()
    path = tmp_path / "new.toml"
    if fault == "driver":
        here.gpus.fault("driver")
    else:
        here.env |= gpus(n=0).env
    done = init(here, "--yes", "--json", output=path)
    found = said(done)
    assert (done.returncode, found["exit"], found["written"], found["config"]) == (1, 1, False, None)
    assert found["error"].startswith("no config was written: ")
    assert ("modprobe nvidia" if fault == "driver" else "lists no GPU") in found["error"]
    assert not path.exists()


def test_hostile_names_reach_neither_the_screen_nor_the_file(
    gpus: Callable[..., FakeGpus], supervisord: STARTER, tmp_path: Path
) -> None:
    """Programs and a process called with quotes, brackets and escapes: the config loads, their GPUs are seen, what no
    config can name is left out, and no control character is printed."""
    fake = gpus(n=4)
    names = ['rig"0"#', "a\\b='c", "x{slot}"]
    running = supervisord(
        [Program(name, _mines(fake, slot), autostart=True) for slot, name in enumerate(names)], fake.env
    )
    python = tmp_path / 'x"]\n[\x1b[31m'
    python.symlink_to(Path(sys.executable).resolve())
    stranger = subprocess.Popen([python, "-c", "import time; time.sleep(60)"])
    try:
        fake.hold(3, stranger.pid)
        _until_held(fake, 4)
        env = {**os.environ, **fake.env, **_state(tmp_path)}
        path = tmp_path / "new.toml"
        flags = ["--supervisor-socket", str(running.socket), "--output", str(path), "--yes", "--acknowledge"]
        done = _run(env, "init", *flags)
        assert done.returncode == 0, done.stderr
        text = path.read_text()
        assert "\x1b" not in done.stderr + text
        assert f'x"] [[31m (pid {stranger.pid}' in " ".join(text.replace("\n# ", " ").split())
        seen = json.loads(_run(env, "status", "--json", "--config", str(path)).stdout)["gpus"]
        assert [gpu["holder"] for gpu in seen] == ["workload", "workload", "foreign", "foreign"]
        assert "a name that no config can hold" in text
    finally:
        stranger.kill()
        stranger.wait()


def _mines(fake: FakeGpus, slot: int) -> Sequence[str]:
    return workload_command("mine", str(slot), fake.hold_dir, port=free_port(), warm_s=0)


def _state(folder: Path) -> dict[str, str]:
    for name in ("state", "run"):
        (folder / name).mkdir(exist_ok=True)
    return {f"CHANGEOVER_{name.upper()}": str(folder / name) for name in ("state", "run")}


def _run(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CONSOLE, *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False
    )


def _until_held(fake: FakeGpus, count: int) -> None:
    """Wait until so many GPUs are held."""
    end = time.monotonic() + 20
    while len([path for path in fake.hold_dir.iterdir() if path.name[0] != "."]) < count:
        assert time.monotonic() < end, "the workloads did not come up"
        time.sleep(0.05)
