"""The workload and the controllers: real processes that hold fake GPUs and answer real HTTP."""

import json
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.rig.nvml import FakeGpus
from tests.rig.ports import free_port
from tests.rig.processes import MARK, Running, leftovers, runs, start_workload, workload_command
from tests.rig.supervisor import Program, Supervisord
from tests.rig.systemd import Runner

Start = Callable[..., Running]
Supervise = Callable[..., Supervisord]


def get(url: str, token: str | None = None) -> str:
    """The body of a GET."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=5) as answer:
        return str(answer.read(), "utf-8")


def until(true: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "did not come true"
        time.sleep(0.02)


def held(folder: Path) -> set[str]:
    """The names of the hold files; one that is still being written begins with a dot."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_miner_answers_as_xmrig(tmp_path: Path, workload: Start) -> None:
    """Before it is warm its hashrate is 0, then the rate per GPU on the GPUs' own bus numbers."""
    miner = workload("mine", "3,15", tmp_path, warm_s=0.4, rate=5e7)
    assert json.loads(get(f"{miner.url}/2/summary"))["hashrate"] == {"total": [0.0, 0.0, 0.0], "highest": None}
    until(lambda: json.loads(get(f"{miner.url}/2/summary"))["hashrate"]["total"][0])
    assert json.loads(get(f"{miner.url}/2/summary"))["hashrate"] == {"total": [1e8, None, None], "highest": 1e8}
    cpu, cuda = json.loads(get(f"{miner.url}/2/backends"))
    assert (cpu["type"], cuda["type"], cuda["hashrate"]) == ("cpu", "cuda", [1e8, None, None])
    threads = [(thread["bus_id"], thread["hashrate"][0]) for thread in cuda["threads"]]
    assert threads == [("04:00.0", 5e7), ("10:00.0", 5e7)]


def test_a_miner_with_a_token_refuses_without_it(tmp_path: Path, workload: Start) -> None:
    """401 without the bearer token, the page with it, 404 for a page that XMRig lacks."""
    miner = workload("mine", "0", tmp_path, token="sesame")
    for path, token, status in (("/2/summary", None, 401), ("/2/summary", "wrong", 401), ("/1/threads", "sesame", 404)):
        with pytest.raises(HTTPError) as refused:
            get(miner.url + path, token)
        refused.value.close()
        assert refused.value.code == status
    assert json.loads(get(f"{miner.url}/2/summary", "sesame"))["algo"] == "kawpow"


def tokens(server: Running) -> float:
    """Generated tokens so far, by the server's metrics."""
    samples = dict(line.rsplit(" ", 1) for line in get(f"{server.url}/metrics").splitlines() if line[0] != "#")
    return float(samples['vllm:generation_tokens_total{engine="0",model_name="qwen"}'])


def test_an_inference_server_counts_tokens_while_requests_run(tmp_path: Path, workload: Start) -> None:
    """The counter is 0 until warm, then grows at the rate, and stands still once no request runs."""
    requests = tmp_path / "requests"
    requests.write_text("3")
    (tmp_path / "hold").mkdir()
    server = workload("ai", "1", tmp_path / "hold", warm_s=0.3, rate=1000, requests_file=requests)
    assert tokens(server) == 0
    until(lambda: tokens(server))
    first, began = tokens(server), time.monotonic()
    time.sleep(0.4)
    assert (tokens(server) - first) / (time.monotonic() - began) == pytest.approx(1000, rel=0.1)
    requests.write_text("0")
    tokens(server)
    assert tokens(server) == tokens(server) > 0


def test_a_workload_lets_go_when_told_to_stop(tmp_path: Path, workload: Start) -> None:
    """It holds from its start, stops after its stopping time with status 0, and no hold file remains."""
    running = workload("ai", "2,3", tmp_path, stop_s=0.3)
    assert held(tmp_path) == {f"2-{running.pid}", f"3-{running.pid}"}
    asked = time.monotonic()
    running.process.terminate()
    assert running.process.wait(5) == 0 and time.monotonic() - asked > 0.3
    assert held(tmp_path) == set()


def test_a_workload_can_misbehave(tmp_path: Path, workload: Start) -> None:
    """It crashes, ignores SIGTERM, or refuses to start when asked to."""
    assert workload("mine", "0", tmp_path, crash_after_s=0.1).process.wait(5) == 3
    deaf = workload("mine", "1", tmp_path, ignore_term=True)
    deaf.process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        deaf.process.wait(0.2)
    deaf.process.kill()
    with pytest.raises(RuntimeError, match="the workload ended"):
        start_workload(workload_command("mine", "0", tmp_path, refuse_start=True))


@pytest.mark.nvml
def test_a_child_left_behind_keeps_the_gpu(fake_gpus: FakeGpus, workload: Start) -> None:
    """After the workload's exit the GPU still has a process, until its hold file is taken away."""
    running = workload("ai", "2", fake_gpus.hold_dir, env={MARK: "left-child"}, leave_child=True)
    running.process.terminate()
    assert running.process.wait(5) == 0
    (left,) = held(fake_gpus.hold_dir)
    script = "from pynvml import *; nvmlInit(); gpu = nvmlDeviceGetHandleByIndex(2)\n"
    script += "print(*[it.pid for it in nvmlDeviceGetComputeRunningProcesses(gpu)])"
    env = {**os.environ, **fake_gpus.env}
    ask = subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True)
    assert left == f"2-{ask.stdout.strip()}" and int(ask.stdout) != running.pid
    (fake_gpus.hold_dir / left).unlink()
    assert leftovers("left-child") == []


def test_free_ports_differ_and_can_be_bound(tmp_path: Path, workload: Start) -> None:
    """A workload listens on the port it was given."""
    first, second = free_port(), free_port()
    assert first != second and workload("ai", "0", tmp_path, port=first).port == first


def test_supervisord_starts_and_stops_a_workload(tmp_path: Path, supervisord: Supervise) -> None:
    """A real supervisord, asked over its socket, starts a process that holds a GPU, and stops it."""
    command = workload_command("mine", "3", tmp_path)
    daemon = supervisord([Program("miner-3", command), Program("ai-3", [*command, "--refuse-start"])])
    assert daemon.state("miner-3") == "STOPPED" and daemon.socket.is_socket() and len(str(daemon.socket)) < 100
    daemon.call("startProcess", "miner-3")
    daemon.wait_for("miner-3", "RUNNING")
    until(lambda: held(tmp_path) == {f"3-{daemon.pid_of('miner-3')}"})
    daemon.call("stopProcess", "miner-3")
    daemon.wait_for("miner-3", "STOPPED")
    assert held(tmp_path) == set()
    daemon.call("startProcess", "ai-3")
    daemon.wait_for("ai-3", "EXITED")
    with pytest.raises(xmlrpc.client.Fault, match="BAD_NAME"):
        daemon.call("startProcess", "no-such")
    with pytest.raises(TimeoutError, match="ai-3 is EXITED, not RUNNING"):
        daemon.wait_for("ai-3", "RUNNING", 0.05)


def test_what_outlives_supervisord_is_found_and_ended(tmp_path: Path) -> None:
    """A child that left its program's process group and ignores SIGTERM is named at the end, and killed."""
    command = workload_command("mine", "3", tmp_path, leave_child=True)
    daemon = Supervisord([Program("miner-3", command, autostart=True)], {})
    until(lambda: len(held(tmp_path)) == 2)
    (stray,) = {int(name[2:]) for name in held(tmp_path)} - {daemon.pid_of("miner-3")}
    assert daemon.stop(patience_s=0.2) == [stray]
    until(lambda: not runs(stray))
    assert not daemon.folder.exists()


SCENE = """
systemctl --user start ai@4
until [ -n "$(ls {hold})" ]; do sleep 0.02; done
systemctl --user show -P MainPID ai@4
busctl --user list --no-legend | wc -l
exit 9
"""


@pytest.mark.slow
def test_systemd_runs_units_and_leaves_nothing(tmp_path: Path, fake_gpus: FakeGpus, systemd_user: Runner) -> None:
    """A command beside a real user manager starts a unit; afterwards even one that ignores SIGTERM is gone."""
    command = " ".join(workload_command("ai", "4", fake_gpus.hold_dir, ignore_term=True))
    units = {"ai@.service": f"[Service]\nExecStart={command}\nTimeoutStopSec=300\n"}
    done = systemd_user(["bash", "-c", SCENE.format(hold=fake_gpus.hold_dir)], units, tmp_path, timeout_s=30)
    pid, names = map(int, done.stdout.split())
    assert (done.returncode, done.stderr) == (9, "") and names > 2
    assert not runs(pid)


def test_the_state_directories_are_the_tests_own(state_dir: Path) -> None:
    """State and locks go to fresh private directories, user files to the session's, and the clock shows UTC."""
    assert os.environ["CHANGEOVER_STATE"] == str(state_dir) and state_dir.stat().st_mode & 0o777 == 0o700
    assert Path(os.environ["CHANGEOVER_RUN"]).is_dir() and os.environ["CHANGEOVER_RUN"] != str(state_dir)
    assert "home" in os.environ["XDG_CONFIG_HOME"] and time.tzname[0] == "UTC"
    assert not {"NO_COLOR", "https_proxy", "HTTPS_PROXY", "CHANGEOVER_CONFIG"} & os.environ.keys()
