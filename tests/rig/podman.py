"""A real podman behind its API socket in a sandbox of its own: what it needs here, and containers to control."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker

SCRIPT = Path(__file__).parent / "podman_service.sh"
CGROUPS = Path("/sys/fs/cgroup")
UP_S = 30.0
FARM, CLAIMS = "localhost/farm:1", "localhost/claims:1"
"""Images with bash and sleep; the second has the label changeover.unit=steady."""


def missing() -> list[str]:
    """What this machine lacks for it, in words; empty when it can be had."""
    lacks = []
    if os.getuid() != 0:
        lacks.append("root")
    lacks += [f"{name} (Debian package {name})" for name in ("podman", "crun") if shutil.which(name) is None]
    if shutil.which("unshare") is None or shutil.which("prlimit") is None:
        lacks.append("unshare and prlimit (Debian package util-linux)")
    elif subprocess.run(["unshare", "-m", "-C", "true"], check=False).returncode:
        lacks.append("the right to make mount and cgroup namespaces")
    if not any(os.access(place / "cgroup.procs", os.W_OK) for place in (CGROUPS / "unified", CGROUPS)):
        lacks.append("a writable cgroup v2 tree")
    return lacks


class Podman:
    """A running engine at ``socket``; ``create`` makes containers, ``close`` ends them and it."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "podman.sock"
        self._log = folder / "log"
        self._process = subprocess.Popen(["bash", str(SCRIPT), str(folder)])
        self._client: Any = None
        end = time.monotonic() + UP_S
        while not _listens(self.socket):
            if time.monotonic() > end or self._process.poll() is not None:
                log = self._log.read_text() if self._log.exists() else ""
                self.close()
                raise TimeoutError(f"podman did not come up: {log[-2000:]}")
            time.sleep(0.05)
        self._client = docker.APIClient(base_url=f"unix://{self.socket}", version="auto", timeout=20)

    def create(
        self,
        name: str,
        command: Sequence[str],
        labels: Mapping[str, str] | None = None,
        image: str = FARM,
        restart: str = "no",
        stop_signal: str = "SIGTERM",
    ) -> str:
        """A container that is not started; its id."""
        host = self._client.create_host_config(network_mode="none", restart_policy={"Name": restart})
        made = self._client.create_container(
            image, list(command), name=name, labels=dict(labels or {}), host_config=host, stop_signal=stop_signal
        )
        return str(made["Id"])

    def remove(self, *names: str) -> None:
        """End containers, and forget them."""
        for name in names:
            self._client.remove_container(name, force=True)

    def close(self) -> None:
        """End everything."""
        if self._client is not None:
            self._client.close()
        self._process.terminate()  # not killed: the script takes its cgroup down
        self._process.wait(20)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
