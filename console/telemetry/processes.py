"""Which processes NVML lists on a GPU, packed for the pipe. Runs in the sampler.

On a real driver one of these calls takes milliseconds (MangoHud #2104: 4.5 ms), so each GPU has a rate of its own.
"""

from __future__ import annotations

import ctypes

from console.telemetry import layout
from console.telemetry.nvml_abi import ProcessInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from console.telemetry.nvml_abi import Call, Library

_LISTS = ("Compute", "Graphics", "MPSCompute")  # in the order of layout.CLIENT's kinds
_ABSENT = (layout.NOT_SUPPORTED, layout.FUNCTION_NOT_FOUND)


class ProcessLists:
    """The three lists of any GPU, read into one buffer that grows when a driver asks for more."""

    def __init__(self, library: Library) -> None:
        names = [f"DeviceGet{kind}RunningProcesses" for kind in _LISTS]
        self._calls = [library.find(name + "_v3", name + "_v2") for name in names]
        self._room = 64
        self._buffer = (ProcessInfo * self._room)()

    def read(self, handle: int) -> tuple[bool, int, bytes]:
        """Whether the lists could be read, how many processes, and their packed entries.

        A list that is longer than MAX_CLIENTS counts as unreadable: a cut one would hide who holds the GPU.
        """
        packed = b""
        entries = 0
        for kind, call in enumerate(self._calls):
            ret, found = self._list(call, ctypes.c_void_p(handle))
            if ret in _ABSENT and kind > 0:  # no graphics or MPS on this card is no process; no compute list is unknown
                continue
            if ret != layout.SUCCESS or entries + found > layout.MAX_CLIENTS:
                return False, 0, b""
            entries += found
            packed += b"".join(layout.CLIENT.pack(entry.pid, kind, entry.used_bytes) for entry in self._buffer[:found])
        return True, entries, packed

    def _list(self, call: Call, handle: ctypes.c_void_p) -> tuple[int, int]:
        number = ctypes.c_uint32(self._room)
        ret = call(handle, ctypes.byref(number), ctypes.byref(self._buffer))
        if ret == layout.INSUFFICIENT_SIZE and self._room < number.value <= layout.MAX_CLIENTS:
            self._room = min(number.value + 16, layout.MAX_CLIENTS)
            self._buffer = (ProcessInfo * self._room)()
            number.value = self._room
            ret = call(handle, ctypes.byref(number), ctypes.byref(self._buffer))
        return ret, number.value if ret == layout.SUCCESS else 0
