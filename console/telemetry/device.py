"""One GPU as the sampler knows it: its handle, its record, and what it is asked how often.

Runs in the sampler. Real drivers serialise these calls against the work of the GPU, so the rates are the budget:
every tick use, memory, energy and power; every 5 s temperature, clocks, fan and throttle reasons (a condition of
seconds, not worth a call a second); every 10 s limits, MIG, error and throttle counters, which miss nothing because
they count.
"""

from __future__ import annotations

import ctypes
import time

from console.telemetry import layout
from console.telemetry.nvml_abi import Record
from console.telemetry.probes import Field, FieldBatch, MemoryV1, Probe, Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from console.telemetry.nvml_abi import Library

_MEMORY_V2 = 0x2000000 | 40  # version and size of nvmlMemory_v2_t
_MID_S, _SLOW_S = 5.0, 10.0
_SM, _MEM = 1, 2  # nvmlClockType_t
_VOLATILE = 0


class Device:
    """A GPU that was found, or is expected. ``handle`` is 0 while there is none."""

    __slots__ = (
        "clients_due",
        "clients_s",
        "handle",
        "index",
        "library",
        "mig",
        "name",
        "pci",
        "record",
        "retry_at",
        "tiers",
        "uuid",
        "wait_s",
    )

    def __init__(self, library: Library, uuid: str, pci: str, clients_s: float) -> None:
        self.library = library
        self.uuid = uuid
        self.pci = pci
        self.name = ""
        self.index = -1
        self.handle = 0
        self.record = Record(status=layout.NOT_FOUND)
        self.mig: int | None = None
        self.tiers: list[tuple[Tier, float]] = []
        self.retry_at = self.wait_s = 0.0
        self.clients_s = clients_s
        self.clients_due = 0.0

    def arm(self, handle: int) -> None:
        """Ask everything anew of this handle; what was learned of an earlier one is forgotten."""
        self.handle = handle
        self.mig = None
        self.clients_due = 0.0
        ctypes.memset(ctypes.byref(self.record), 0, ctypes.sizeof(self.record))
        self.record.mem_version = _MEMORY_V2
        asked = self.library, ctypes.c_void_p(handle), self.record
        self.tiers = [(Tier(_fast(*asked)), 0.0), (Tier(_mid(*asked)), _MID_S), (Tier(_slow(*asked)), _SLOW_S)]

    def read(self, stagger: float) -> None:
        """Read what is due into the record. ``stagger`` (0..1) spreads the slower tiers of many GPUs over time."""
        record = self.record
        at, mono_s = time.time(), time.monotonic()  # before the questions: nothing shown is older than it says
        fast, _ = self.tiers[0]
        had_fast = bool(fast.probes)  # when all of it is refused at once, the rest is asked at once as well
        for tier, every_s in self.tiers:
            if mono_s < tier.due and had_fast == bool(fast.probes):
                continue
            ret = tier.ask(record)
            if ret != layout.SUCCESS:
                record.status = ret
                return
            tier.due = mono_s + every_s * (1.0 if tier.due else 0.5 + stagger / 2)
        record.at, record.mono_s = at, mono_s
        record.status = layout.SUCCESS if record.known else layout.NOT_SUPPORTED
        if self.mig is not None and self.mig != record.mig:  # MIG changes what the driver answers, without a reset
            self.arm(self.handle)
            self.read(stagger)
        self.mig = record.mig

    def failed(self, mono_s: float, period_s: float, longest_s: float) -> None:
        """Space out the attempts: every tick twice, then ever less often."""
        self.retry_at = mono_s + max(self.wait_s - period_s, 0.0)
        self.wait_s = min(max(self.wait_s * 2, period_s), longest_s)


def _target(record: Record, name: str) -> object:
    return ctypes.byref(record, getattr(Record, name).offset)


def _fast(library: Library, handle: ctypes.c_void_p, record: Record) -> list[Probe]:
    old_memory = MemoryV1(library.find("DeviceGetMemoryInfo"), handle, record)
    energy = Probe(layout.ENERGY, library.find("DeviceGetTotalEnergyConsumption"), handle, _target(record, "energy_mj"))
    power = Probe(layout.POWER, library.find("DeviceGetPowerUsage"), handle, _target(record, "power_mw"))
    fields = [Field(83, "energy_mj", layout.ENERGY, energy), Field(185, "power_mw", layout.POWER, power)]
    return [
        Probe(layout.UTIL, library.find("DeviceGetUtilizationRates"), handle, _target(record, "util_pct")),
        Probe(
            layout.MEMORY | layout.RESERVED,
            library.find("DeviceGetMemoryInfo_v2"),
            handle,
            _target(record, "mem_version"),
            spare=old_memory,
        ),
        FieldBatch(library.find("DeviceGetFieldValues"), handle, record, fields),
    ]


def _mid(library: Library, handle: ctypes.c_void_p, record: Record) -> list[Probe]:
    clock = library.find("DeviceGetClockInfo")
    reasons = library.find("DeviceGetCurrentClocksEventReasons", "DeviceGetCurrentClocksThrottleReasons")
    return [
        Probe(layout.TEMP, library.find("DeviceGetTemperature"), handle, 0, _target(record, "temp_c")),
        Probe(layout.SM_CLOCK, clock, handle, _SM, _target(record, "sm_mhz")),
        Probe(layout.MEM_CLOCK, clock, handle, _MEM, _target(record, "mem_mhz")),
        Probe(layout.FAN, library.find("DeviceGetFanSpeed"), handle, _target(record, "fan_pct")),
        Probe(layout.REASONS, reasons, handle, _target(record, "reasons")),
    ]


def _slow(library: Library, handle: ctypes.c_void_p, record: Record) -> list[Probe]:
    ecc = library.find("DeviceGetTotalEccErrors")
    scratch = ctypes.c_uint32()
    corrected = Probe(layout.ECC_CORRECTED, ecc, handle, 0, _VOLATILE, _target(record, "ecc_corrected"))
    uncorrected = Probe(layout.ECC_UNCORRECTED, ecc, handle, 1, _VOLATILE, _target(record, "ecc_uncorrected"))
    remaps = Probe(
        layout.REMAP_PENDING | layout.REMAP_FAILED,
        library.find("DeviceGetRemappedRows"),
        handle,
        ctypes.byref(scratch),
        ctypes.byref(scratch),
        _target(record, "remap_pending"),
        _target(record, "remap_failed"),
    )
    fields = [
        Field(3, "ecc_corrected", layout.ECC_CORRECTED, corrected),  # volatile: since the driver was loaded
        Field(4, "ecc_uncorrected", layout.ECC_UNCORRECTED, uncorrected),
        Field(144, "remap_pending", layout.REMAP_PENDING, remaps),
        Field(145, "remap_failed", layout.REMAP_FAILED, remaps),
        Field(269, "sw_thermal_ns", layout.SW_THERMAL),
        Field(270, "hw_thermal_ns", layout.HW_THERMAL),
        Field(271, "brake_ns", layout.BRAKE),
    ]
    limit = library.find("DeviceGetEnforcedPowerLimit")
    mig = library.find("DeviceGetMigMode")
    return [
        Probe(layout.LIMIT, limit, handle, _target(record, "limit_mw")),
        Probe(layout.MIG, mig, handle, _target(record, "mig"), ctypes.byref(scratch)),
        FieldBatch(library.find("DeviceGetFieldValues"), handle, record, fields),
    ]
