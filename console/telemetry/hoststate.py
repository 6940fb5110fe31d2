"""Why NVML does not work on this host, in a sentence with the next step."""

from __future__ import annotations

import re
from pathlib import Path

from console.model import HostState
from console.telemetry import layout
from console.text import clean

KERNEL_MODULE = (Path("/sys/module/nvidia/version"), Path("/proc/driver/nvidia/version"))
CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files by which docker and podman mark what they run."""
_VERSION = re.compile(r"\b(\d{3}\.\d+(?:\.\d+)?)\b")


def explain(
    code: int, words: str, kernel: tuple[Path, ...] = KERNEL_MODULE, container: tuple[Path, ...] = CONTAINER
) -> tuple[HostState, str]:
    """The state of the host, what is wrong and, behind the first semicolon, what to do, from a sampler's FAILURE.

    ``words`` is the path of the library, or an error text where there is no library. ``kernel`` are files that hold
    the version of the loaded kernel module, one of ``container`` is there inside of one.
    """
    if code == layout.MISMATCH:
        return HostState.MISMATCH, _mismatch(words, kernel)
    if code == layout.LIBRARY_NOT_FOUND:
        return HostState.NO_DRIVER, _missing(clean(words, 80), container)
    if code == layout.DRIVER_NOT_LOADED:
        return (
            HostState.NO_DRIVER,
            "the nvidia kernel module is not loaded; `sudo modprobe nvidia` loads it, or `sudo dmesg` says why not",
        )
    if code == layout.NO_PERMISSION:
        return (
            HostState.NO_DRIVER,
            "no permission for /dev/nvidiactl; have yourself added to its group, which `ls -l /dev/nvidiactl` shows",
        )
    if code == layout.CRASHED:
        return HostState.HUNG, f"nothing reads the GPUs: {clean(words, 120)}; it is tried again"
    return HostState.NO_DRIVER, f"NVML does not start (error {code}); see dmesg for NVRM, then reboot"


def in_container(marks: tuple[Path, ...] = CONTAINER) -> bool:
    """True inside of docker and podman."""
    return any(path.exists() for path in marks)


def _missing(words: str, container: tuple[Path, ...]) -> str:
    """Docker's and podman's flags are those of the NVIDIA Container Toolkit's manual."""
    if in_container(container):
        step = "start the container with `--gpus all` (podman: `--device nvidia.com/gpu=all`)"
        return f"no NVIDIA driver in this container ({words}); {step}"
    return f"no NVIDIA driver here ({words}); install it (`apt install nvidia-driver` on Debian), then reboot"


def _mismatch(library: str, kernel: tuple[Path, ...]) -> str:
    loaded = next((version for path in kernel if (version := _version_in(path))), None)
    installed = _VERSION.search(library.rpartition(".so.")[2])
    versions = f" (module {loaded or 'unknown'}, library {installed[1] if installed else 'unknown'})"
    return (
        f"kernel module and driver library differ{versions}, as after an update; reboot, or reload the nvidia modules"
    )


def _version_in(path: Path) -> str | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            found = _VERSION.search(file.read(4096))
    except OSError:
        return None
    return found[1] if found else None
