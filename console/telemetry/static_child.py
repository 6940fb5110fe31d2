"""Asks NVML once for what hardly changes and prints it as JSON. Run as a file by console.telemetry.static.

nvidia-ml-py does it: nothing here happens per tick, and it knows the structures of every driver.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pynvml

Facts = dict[str, Any]


def ask(query: Callable[..., Any], *args: Any) -> Any:
    """The answer of one query, or None when this card or driver has none."""
    try:
        answer = query(*args)
    except pynvml.NVMLError:
        return None
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def watts(milliwatts: int | None) -> float | None:
    """NVML counts in mW."""
    return None if milliwatts is None else milliwatts / 1000.0


def gpu(index: int) -> Facts:
    """What there is to know of one GPU."""
    handle = ask(pynvml.nvmlDeviceGetHandleByIndex, index)
    if handle is None:
        return {"index": index}
    low, high = ask(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, handle) or (None, None)
    pci = ask(pynvml.nvmlDeviceGetPciInfo, handle)
    return {
        "index": index,
        "uuid": ask(pynvml.nvmlDeviceGetUUID, handle),
        "pci": pci and (pci.busId.decode() if isinstance(pci.busId, bytes) else pci.busId),
        "name": ask(pynvml.nvmlDeviceGetName, handle),
        "vbios": ask(pynvml.nvmlDeviceGetVbiosVersion, handle),
        "power_limit_w": watts(ask(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)),
        "power_limit_default_w": watts(ask(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)),
        "power_limit_min_w": watts(low),
        "power_limit_max_w": watts(high),
        "pcie_gen": ask(pynvml.nvmlDeviceGetCurrPcieLinkGeneration, handle),
        "pcie_gen_max": ask(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, handle),
        "pcie_width": ask(pynvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
        "pcie_width_max": ask(pynvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
        "persistence": _on(ask(pynvml.nvmlDeviceGetPersistenceMode, handle)),
    }


def host() -> Facts:
    """Versions and every GPU in NVML's list; ``error`` when there is no NVML."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return {"error": str(error)}
    cuda = ask(pynvml.nvmlSystemGetCudaDriverVersion)
    return {
        "driver": ask(pynvml.nvmlSystemGetDriverVersion),
        "cuda": cuda and f"{cuda // 1000}.{cuda % 1000 // 10}",
        "nvml": ask(pynvml.nvmlSystemGetNVMLVersion),
        "gpus": [gpu(index) for index in range(ask(pynvml.nvmlDeviceGetCount) or 0)],
    }


def _on(mode: int | None) -> bool | None:
    return None if mode is None else mode != 0


if __name__ == "__main__":
    json.dump(host(), sys.stdout)
