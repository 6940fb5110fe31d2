"""Why NVML does not work on this host, in a sentence with the next step."""

from __future__ import annotations

import re
from pathlib import Path

from console.model import HostState
from console.telemetry import layout
from console.text import clean

KERNEL_MODULE = (Path("/sys/module/nvidia/version"), Path("/proc/driver/nvidia/version"))
_VERSION = re.compile(r"\b(\d{3}\.\d+(?:\.\d+)?)\b")


def explain(code: int, words: str, kernel: tuple[Path, ...] = KERNEL_MODULE) -> tuple[HostState, str]:
    """The state of the host and what to do, from a sampler's FAILURE.

    ``words`` is the path of the library, or an error text where there is no library. ``kernel`` are files that hold
    the version of the loaded kernel module.
    """
    if code == layout.MISMATCH:
        return HostState.MISMATCH, _mismatch(words, kernel)
    if code == layout.LIBRARY_NOT_FOUND:
        return HostState.NO_DRIVER, f"no NVIDIA driver here ({clean(words, 80)}); install it, then reboot"
    if code == layout.DRIVER_NOT_LOADED:
        return HostState.NO_DRIVER, "the nvidia kernel module is not loaded; modprobe nvidia, then see dmesg"
    if code == layout.NO_PERMISSION:
        return HostState.NO_DRIVER, "no permission for /dev/nvidiactl; check its mode and your groups"
    if code == layout.CRASHED:
        return HostState.HUNG, f"nothing reads the GPUs: {clean(words, 120)}; it is tried again"
    return HostState.NO_DRIVER, f"NVML does not start (error {code}); see dmesg for NVRM, then reboot"


def _mismatch(library: str, kernel: tuple[Path, ...]) -> str:
    loaded = next((version for path in kernel if (version := _version_in(path))), None)
    installed = _VERSION.search(library.rpartition(".so.")[2])
    versions = f" (module {loaded or 'unknown'}, library {installed[1] if installed else 'unknown'})"
    return f"kernel module and driver library differ{versions}; reboot, or reload the nvidia modules"


def _version_in(path: Path) -> str | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            found = _VERSION.search(file.read(4096))
    except OSError:
        return None
    return found[1] if found else None
