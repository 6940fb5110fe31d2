"""Processes the tests start: commands for the workload, one that already listens, and proof that none is left."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

WORKLOAD = Path(__file__).parent / "workload.py"
MARK = "CHANGEOVER_RIG"  # in the environment of everything a fixture starts, inherited by what that starts


class Running(NamedTuple):
    """A workload that listens: its process and its port on 127.0.0.1."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def workload_command(kind: str, gpus: str, hold: Path, **options: object) -> list[str]:
    """The command line of tests/rig/workload.py: `port=4048, warm_s=0.1, ignore_term=True` become its flags.

    A True becomes a bare flag, False and None nothing.
    """
    command = [sys.executable, str(WORKLOAD), "--kind", kind, "--gpus", gpus, "--hold", str(hold)]
    for name, value in options.items():
        if value is None or value is False:
            continue
        command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return command


def start_workload(command: list[str], env: Mapping[str, str] | None = None) -> Running:
    """Start a workload and wait until it listens; RuntimeError with its words if it ends instead."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(env or {})}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"listening on (\d+)\n", line)
    if found is None:
        raise RuntimeError(f"the workload ended: {line}{process.communicate(timeout=5)[0]}")
    return Running(process, int(found[1]))


def stop(process: "subprocess.Popen[str]", patience_s: float = 3.0) -> None:
    """SIGTERM, then SIGKILL, and its pipes closed."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stdin, process.stderr):
        if pipe is not None:
            pipe.close()


def runs(pid: int) -> bool:
    """Whether a process exists and is no zombie (PID 1 of a container may reap late or never)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def marked(mark: str) -> list[int]:
    """Pids of all processes that were started, by whomever, with CHANGEOVER_RIG=mark, zombies left out."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # another user's, or gone meanwhile
            continue
    return found


def leftovers(mark: str, patience_s: float = 3.0) -> list[int]:
    """Processes with this mark that outlive `patience_s`; they are killed, so that a test that fails leaves none."""
    end = time.monotonic() + patience_s
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left
