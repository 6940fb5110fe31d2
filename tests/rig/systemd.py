"""A real `systemd --user` in a sandbox of its own: what it needs here, and running a command in it."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

SCRIPT = Path(__file__).parent / "systemd_user.sh"
SYSTEMD = Path("/lib/systemd/systemd")
CGROUPS = Path("/sys/fs/cgroup")


class Runner(Protocol):
    """What the `systemd_user` fixture gives; see `run`."""

    def __call__(
        self,
        command: Sequence[str | Path],
        units: Mapping[str, str],
        folder: Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
    ) -> "subprocess.CompletedProcess[str]": ...


def missing() -> list[str]:
    """What this machine lacks for it, in words; empty when it can be had."""
    lacks = []
    if os.getuid() != 0:
        lacks.append("root")
    if not SYSTEMD.exists():
        lacks.append(f"{SYSTEMD} (Debian package systemd)")
    if shutil.which("dbus-daemon") is None or not Path("/usr/lib/systemd/user/dbus.socket").exists():
        lacks.append("a user bus (Debian package dbus-user-session)")
    if shutil.which("unshare") is None:
        lacks.append("unshare (Debian package util-linux)")
    elif subprocess.run(["unshare", "-m", "-C", "true"], check=False).returncode:
        lacks.append("the right to make mount and cgroup namespaces")
    if not any(os.access(place / "cgroup.procs", os.W_OK) for place in (CGROUPS / "unified", CGROUPS)):
        lacks.append("a writable cgroup v2 tree")
    return lacks


def run(
    command: Sequence[str | Path],
    units: Mapping[str, str],
    folder: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> "subprocess.CompletedProcess[str]":
    """Run a command beside a fresh `systemd --user` that knows these units, and end every unit afterwards.

    units: file name to text, as {"miner@.service": "[Service]\\n…"}. folder: where they are written. Inside,
    DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR are set, /run is empty and private, and /proc/PID/cgroup agrees with a
    unit's ControlGroup. Raises TimeoutExpired; the exit status is the command's own, 125 if systemd did not come up.
    """
    place = folder / "units"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in units.items():
        (place / name).write_text(text)
    words = ["bash", str(SCRIPT), str(place), *map(str, command)]
    pipe, merged = subprocess.PIPE, {**os.environ, **(env or {})}
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=merged) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.terminate()  # not killed: the script takes its cgroup down
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)
