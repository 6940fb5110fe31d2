"""XIDs as NVML tells them: once each, from a thread that waits. Runs in the sampler."""

from __future__ import annotations

import _thread
import ctypes
import time

from console.telemetry import layout
from console.telemetry.nvml_abi import EventData
from console.telemetry.table import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from console.telemetry.device import Device
    from console.telemetry.nvml_abi import Library
    from console.telemetry.outbox import Outbox

_XID_CRITICAL = 8  # nvmlEventTypeXidCriticalError
_WAIT_MS = 1000


class Events:
    """The event set of one sampler. ``devices`` is the table's own list: it grows while the thread waits."""

    def __init__(self, library: Library, outbox: Outbox, devices: list[Device]) -> None:
        self._outbox = outbox
        self._devices = devices
        self._set = ctypes.c_void_p()
        self._register = library.find("DeviceRegisterEvents")
        self._wait = library.find("EventSetWait_v2")
        self._watching = library.find("EventSetCreate")(ctypes.byref(self._set)) == layout.SUCCESS

    def register(self, handle: int) -> None:
        """Hear of this GPU's XIDs; silently nothing where a card or driver has no events."""
        if self._watching:
            self._register(ctypes.c_void_p(handle), ctypes.c_uint64(_XID_CRITICAL), self._set)

    def watch(self) -> None:
        """Wait for events in a thread of its own, so that an XID arrives even while a reading hangs."""
        if self._watching:
            _thread.start_new_thread(self._loop, ())

    def _loop(self) -> None:
        event = EventData()
        while True:
            ret = self._wait(self._set, ctypes.byref(event), _WAIT_MS)
            if ret == layout.SUCCESS and event.type & _XID_CRITICAL:
                self._say(event)
            elif ret not in (layout.SUCCESS, layout.TIMEOUT):
                time.sleep(1.0)  # a lost GPU makes the wait return at once, again and again

    def _say(self, event: EventData) -> None:
        for device in self._devices:
            if device.handle == event.device:
                head = layout.XID_HEAD.pack(time.time(), event.data)
                self._outbox.put(layout.XID, head, text(device.uuid))
