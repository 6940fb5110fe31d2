"""libnvidia-ml.so.1 through ctypes alone: the structures of nvml.h that the sampler uses, and its functions by name.

Runs in the sampler: standard library without typing, re or dataclasses, which would cost more than all readings.
"""

from __future__ import annotations

import ctypes

from console.telemetry import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Call = Callable[..., int]

_CTYPES: dict[str, Any] = {"d": ctypes.c_double, "Q": ctypes.c_uint64, "I": ctypes.c_uint32, "i": ctypes.c_int32}
_MEMORY_V2 = 0x2000000 | 40
_XID_EVENTS = 8


class Record(ctypes.Structure):
    """One GPU of a TICK frame, in the order of ``layout.RECORD_FIELDS``. NVML writes into it directly."""

    _fields_ = [(name, _CTYPES[code]) for name, code in layout.RECORD_FIELDS]
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


class Memory(ctypes.Structure):
    """nvmlMemory_t, for drivers without version 2; ``used`` includes what the driver reserves."""

    _fields_ = [("total", ctypes.c_uint64), ("free", ctypes.c_uint64), ("used", ctypes.c_uint64)]


class FieldValue(ctypes.Structure):
    """nvmlFieldValue_t; the value union as eight raw bytes."""

    _fields_ = [
        ("field", ctypes.c_uint32),
        ("scope", ctypes.c_uint32),
        ("timestamp_us", ctypes.c_int64),
        ("latency_us", ctypes.c_int64),
        ("type", ctypes.c_uint32),
        ("ret", ctypes.c_int32),
        ("value", ctypes.c_uint64),
    ]


class ProcessInfo(ctypes.Structure):
    """nvmlProcessInfo_v2_t, which the _v2 and _v3 process lists fill."""

    _fields_ = [
        ("pid", ctypes.c_uint32),
        ("used_bytes", ctypes.c_uint64),
        ("gpu_instance", ctypes.c_uint32),
        ("compute_instance", ctypes.c_uint32),
    ]


class PciInfo(ctypes.Structure):
    """nvmlPciInfo_t."""

    _fields_ = [
        ("legacy", ctypes.c_char * 16),
        ("numbers", ctypes.c_uint32 * 5),
        ("bus_id", ctypes.c_char * 32),
    ]


class EventData(ctypes.Structure):
    """nvmlEventData_t."""

    _fields_ = [
        ("device", ctypes.c_void_p),
        ("type", ctypes.c_uint64),
        ("data", ctypes.c_uint64),
        ("gpu_instance", ctypes.c_uint32),
        ("compute_instance", ctypes.c_uint32),
    ]


def _missing(*_: object) -> int:
    return layout.FUNCTION_NOT_FOUND


class Library:
    """The loaded library. Raises OSError when there is none."""

    def __init__(self) -> None:
        self._cdll = ctypes.CDLL("libnvidia-ml.so.1")
        self.driver_version = ""

    def find(self, *names: str) -> Call:
        """The first of ``names`` that this driver exports; else a function that answers FUNCTION_NOT_FOUND."""
        for name in names:
            found = getattr(self._cdll, "nvml" + name, None)
            if found is not None:
                return found  # type: ignore[no-any-return]
        return _missing

    def start(self) -> int:
        """Initialise NVML (slow where no persistence daemon runs); its return code."""
        ret = self.find("Init_v2", "Init")()
        if ret == layout.SUCCESS:
            text = ctypes.create_string_buffer(96)
            self.find("SystemGetDriverVersion")(text, 96)
            self.driver_version = text.value.decode("utf-8", "replace")
        return ret

    def count(self) -> tuple[int, int]:
        """Return code and number of GPUs that the driver lists."""
        number = ctypes.c_uint32()
        ret = self.find("DeviceGetCount_v2", "DeviceGetCount")(ctypes.byref(number))
        return ret, number.value

    def by_index(self, index: int) -> tuple[int, int]:
        """Return code and handle of the GPU at NVML's ``index``."""
        handle = ctypes.c_void_p()
        ret = self.find("DeviceGetHandleByIndex_v2", "DeviceGetHandleByIndex")(index, ctypes.byref(handle))
        return ret, handle.value or 0

    def by_pci(self, pci: str) -> tuple[int, int]:
        """Return code and handle of the GPU at a PCI address; asks no other GPU."""
        handle = ctypes.c_void_p()
        find = self.find("DeviceGetHandleByPciBusId_v2", "DeviceGetHandleByPciBusId")
        ret = find(pci.encode(), ctypes.byref(handle))
        return ret, handle.value or 0

    def text(self, name: str, handle: int) -> tuple[int, str]:
        """Return code and text of a query such as DeviceGetName."""
        text = ctypes.create_string_buffer(96)
        ret = self.find(name)(ctypes.c_void_p(handle), text, 96)
        return ret, text.value.decode("utf-8", "replace")

    def pci(self, handle: int) -> tuple[int, str]:
        """Return code and PCI address of a handle, as the driver spells it."""
        info = PciInfo()
        find = self.find("DeviceGetPciInfo_v3", "DeviceGetPciInfo_v2")
        ret = find(ctypes.c_void_p(handle), ctypes.byref(info))
        return ret, (info.bus_id or info.legacy).decode("ascii", "replace")

    def index(self, handle: int) -> int:
        """NVML's index of a handle, -1 when it has none."""
        number = ctypes.c_uint32()
        ret = self.find("DeviceGetIndex")(ctypes.c_void_p(handle), ctypes.byref(number))
        return number.value if ret == layout.SUCCESS else -1
