"""Facts about driver and cards that hardly change, for ``doctor``: asked in a process that may hang, never here."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TypeVar

import msgspec

from console.model import Record
from console.pci import address
from console.text import clean

_ASKER = Path(__file__).with_name("static_child.py")
_TIMEOUT_S = 10.0


class GpuFacts(Record):
    """One GPU in NVML's list; None where the card or driver does not tell. PCIe link now, and at most."""

    index: int
    uuid: str | None = None
    pci: str | None = None
    name: str | None = None
    vbios: str | None = None
    power_limit_w: float | None = None
    power_limit_default_w: float | None = None
    power_limit_min_w: float | None = None
    power_limit_max_w: float | None = None
    pcie_gen: int | None = None
    pcie_gen_max: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    persistence: bool | None = None


class HostFacts(Record):
    """Driver and GPUs. ``error`` is one sentence when there is nothing to tell, else ``""``."""

    driver: str | None = None
    cuda: str | None = None
    nvml: str | None = None
    gpus: tuple[GpuFacts, ...] = ()
    error: str = ""


Told = TypeVar("Told", GpuFacts, HostFacts)


def facts(timeout_s: float = _TIMEOUT_S, python: str = sys.executable) -> HostFacts:
    """What NVML says of this host, within ``timeout_s`` whatever the driver does. Never raises for a bad driver."""
    said = _ask(timeout_s, python)
    if said is None:
        return HostFacts(error=f"NVML did not answer in {timeout_s:g} s; a GPU may hang: see dmesg for NVRM and Xid")
    try:
        return _cleaned(msgspec.json.decode(said, type=HostFacts))
    except msgspec.DecodeError:
        return HostFacts(error="NVML could not be asked; is nvidia-ml-py installed for this Python?")


def driver_version(timeout_s: float = _TIMEOUT_S) -> str | None:
    """The version of the NVIDIA driver, None when there is none or it does not answer."""
    return facts(timeout_s).driver


def _ask(timeout_s: float, python: str) -> bytes | None:
    import subprocess

    process = subprocess.Popen(
        [python, "-P", str(_ASKER)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        return process.communicate(timeout=timeout_s)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()
        # A process stuck in the driver dies when the driver lets it: only a thread may wait for that.
        threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
        return None


def _cleaned(raw: HostFacts) -> HostFacts:
    gpus = [_texts_cleaned(one) for one in raw.gpus]
    placed = [msgspec.structs.replace(one, pci=address(one.pci)) if one.pci else one for one in gpus]
    return msgspec.structs.replace(_texts_cleaned(raw), gpus=tuple(placed))


def _texts_cleaned(raw: Told) -> Told:
    texts = {name: clean(value) for name, value in msgspec.structs.asdict(raw).items() if isinstance(value, str)}
    return msgspec.structs.replace(raw, **texts)
