"""All GPUs of one sampler: found by PCI address or by index, read one after the other, found again after a loss.

Runs in the sampler. Before every question to a GPU its place goes down the pipe (BEAT), so that the console knows
which one does not answer. One thread, serial: the driver holds one lock for all of them anyway.
"""

from __future__ import annotations

import time

from console.telemetry import layout
from console.telemetry.device import Device
from console.telemetry.processes import ProcessLists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from console.telemetry.nvml_abi import Library
    from console.telemetry.outbox import Outbox

_ABSENT = (layout.NOT_FOUND, layout.GPU_NOT_FOUND)


def text(value: str) -> bytes:
    """A text as it stands in a frame."""
    raw = value.encode("utf-8", "replace")[: layout.MAX_TEXT]
    return layout.TEXT.pack(len(raw)) + raw


class Table:
    """The GPUs. ``expected`` are (uuid, pci) pairs that keep a row even when they do not answer."""

    def __init__(self, library: Library, outbox: Outbox, expected: list[tuple[str, str]], clients_s: float) -> None:
        self.library = library
        self.outbox = outbox
        self.clients_s = clients_s
        self.opened: Callable[[int], None] = lambda _: None  # called with each new handle
        self.devices = [Device(library, uuid, pci, clients_s) for uuid, pci in expected]
        self.unnamed: list[tuple[int, int]] = []
        self.count = -1
        self.ticks = 0
        self.look_due = 0.0  # monotonic seconds
        self._said: list[bytes] = []
        self._processes = ProcessLists(library)

    def beat(self, phase: int, place: int = 0) -> None:
        """Say what is about to be asked."""
        self.outbox.put(layout.BEAT, layout.BEAT_BODY.pack(phase, place))

    def open_expected(self) -> None:
        """Find the GPUs that were named, by PCI address, touching no other."""
        for place in range(len(self.devices)):
            self.reopen(place)

    def reopen(self, place: int) -> None:
        """Ask for a GPU anew at its PCI address. Its status says what came of it."""
        device = self.devices[place]
        self.beat(layout.OPENING, place)
        ret, handle = self.library.by_pci(device.pci)
        if ret == layout.SUCCESS:
            ret, uuid = self.library.text("DeviceGetUUID", handle)
            if ret == layout.SUCCESS and uuid != device.uuid:
                ret = layout.NOT_FOUND  # another card sits there now
        if ret in (layout.SUCCESS, layout.NOT_SUPPORTED):
            self._take(device, handle)
        else:
            device.record.status = layout.NOT_FOUND if ret in _ABSENT else ret
            device.index = -1 if ret in _ABSENT else device.index

    def look(self, skip: frozenset[int]) -> None:
        """Go through NVML's list: newcomers join the table, indices are brought up to date."""
        self.beat(layout.COUNTING)
        ret, count = self.library.count()
        if ret != layout.SUCCESS or (count == self.count and not self.unnamed):
            return
        self.count = count
        self.unnamed = []
        listed = {}
        for index in range(min(count, layout.MAX_GPUS)):
            if index not in skip:
                self.beat(layout.LISTING, index)
                device = self._at_index(index)
                if device is not None:
                    listed[device] = index
        for device in self.devices:
            device.index = listed.get(device, -1)

    def _at_index(self, index: int) -> Device | None:
        ret, handle = self.library.by_index(index)
        for device in self.devices:
            if handle and device.handle == handle:
                return device
        uuid = pci = ""
        if ret == layout.SUCCESS:
            ret, uuid = self.library.text("DeviceGetUUID", handle)
        if ret == layout.SUCCESS:
            ret, pci = self.library.pci(handle)
        if ret != layout.SUCCESS:
            self.unnamed.append((index, ret))
            return None
        device = self._named(uuid, pci)
        device.pci = pci
        self._take(device, handle)
        return device

    def _named(self, uuid: str, pci: str) -> Device:
        for device in self.devices:
            if device.uuid == uuid:
                return device
        self.devices.append(Device(self.library, uuid, pci, self.clients_s))
        return self.devices[-1]

    def _take(self, device: Device, handle: int) -> None:
        device.arm(handle)
        device.name = self.library.text("DeviceGetName", handle)[1] or device.name
        device.index = self.library.index(handle)
        self.opened(handle)

    def sweep(self, mono_s: float, period_s: float, longest_s: float) -> None:
        """Read every GPU that is due, say who they are if that changed, then what was read."""
        for place, device in enumerate(self.devices):
            if device.record.status == layout.SUCCESS or mono_s >= device.retry_at:
                self._read(place, mono_s)
                self._judge(device, mono_s, period_s, longest_s)
        self.hello()
        self.ticks += 1
        head = layout.TICK_HEAD.pack(self.ticks & 0xFFFFFFFF, len(self.devices))
        self.outbox.put(layout.TICK, head, *[bytes(device.record) for device in self.devices])

    def _read(self, place: int, mono_s: float) -> None:
        device = self.devices[place]
        if device.record.status != layout.SUCCESS:
            self.reopen(place)
        if device.record.status == layout.SUCCESS:
            self.beat(layout.READING, place)
            stagger = place / len(self.devices)
            device.read(stagger)
            if mono_s >= device.clients_due and device.record.status == layout.SUCCESS:
                self._clients(place)
                device.clients_due = mono_s + device.clients_s * (1.0 if device.clients_due else 0.5 + stagger / 2)

    def _clients(self, place: int) -> None:
        at = time.time()
        readable, number, packed = self._processes.read(self.devices[place].handle)
        head = layout.CLIENTS_HEAD.pack(place, readable, number, at)
        self.outbox.put(layout.CLIENTS, head, packed)

    def _judge(self, device: Device, mono_s: float, period_s: float, longest_s: float) -> None:
        if device.record.status == layout.SUCCESS:
            device.wait_s = 0.0
            return
        if device.wait_s == 0.0:
            self.look_due = 0.0  # perhaps it left the list, and all indices after it moved
        device.failed(mono_s, period_s, longest_s)

    def hello(self) -> None:
        """Say who the GPUs are, once and whenever that changed."""
        parts = [
            layout.HELLO_HEAD.pack(max(self.count, 0), len(self.devices), len(self.unnamed)),
            text(self.library.driver_version),
        ]
        for device in self.devices:
            parts += layout.IDENTITY_HEAD.pack(device.index), text(device.uuid), text(device.pci), text(device.name)
        parts += [layout.UNNAMED.pack(index, ret) for index, ret in self.unnamed]
        if parts != self._said:
            self._said = parts
            self.outbox.put(layout.HELLO, *parts)

    def hurry(self, clients_s: float, uuids: list[str]) -> None:
        """Read the process lists of these GPUs every ``clients_s`` from now on, and at once."""
        for device in self.devices:
            if device.uuid in uuids:
                device.clients_s, device.clients_due = clients_s, 0.0
