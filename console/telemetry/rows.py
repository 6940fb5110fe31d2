"""One GPU over time: records of the sampler in, frozen readings out. A row outlives every trouble its GPU has."""

from __future__ import annotations

import msgspec

from console.model import Client, ClientKind, GpuState, Reading, Xid
from console.telemetry import layout, xid
from console.telemetry.energy import EnergyMeter
from console.telemetry.frames import Clients, GpuRecord
from console.telemetry.roster import Entry

MIB = 1024.0 * 1024.0
_PATIENCE = 2  # readings with an unexplained error that are waited out
_XIDS_KEPT = 16
_XID_EXPLAINS_S = 120.0  # how long before a loss an XID may have come to be its cause
_COUNTED_S = 10.0  # the sampler reads throttle counters this often

_REASON_BITS = (
    (0x40, "hw thermal"),
    (0x80, "power brake"),
    (0x20, "sw thermal"),
    (0x04, "power cap"),
)
_HW_SLOWDOWN = 0x08  # the umbrella of hw thermal and power brake
_COUNTERS = (
    (layout.HW_THERMAL, "hw_thermal_ns", "hw thermal"),
    (layout.BRAKE, "brake_ns", "power brake"),
    (layout.SW_THERMAL, "sw_thermal_ns", "sw thermal"),
)
_KINDS = (ClientKind.COMPUTE, ClientKind.GRAPHICS, ClientKind.MPS)
_STATES = {
    layout.NOT_SUPPORTED: GpuState.UNSUPPORTED,
    layout.NOT_FOUND: GpuState.GONE,
    layout.GPU_IS_LOST: GpuState.LOST,
    layout.RESET_REQUIRED: GpuState.RESET_REQUIRED,
}


class Row:
    """What is known of one GPU. Instants are Unix seconds."""

    def __init__(self, entry: Entry) -> None:
        self.reading = Reading(
            slot=entry.slot,
            uuid=entry.uuid,
            pci=entry.pci,
            name=entry.name,
            at=entry.seen_at,
            state=GpuState.GONE,
            since=entry.seen_at,
        )
        self._energy = EnergyMeter()
        self._strange = 0  # readings in a row with an unexplained error
        self._code = layout.NOT_FOUND
        self._counted: dict[str, int] = {}
        self._throttled_until: dict[str, float] = {}

    def named(self, entry: Entry, index: int | None) -> None:
        """Identity as the driver gives it now."""
        self._set(slot=entry.slot, pci=entry.pci, name=entry.name, index=index)

    def unlisted(self) -> None:
        """It has no place in NVML's list now."""
        if self.reading.index is not None:
            self._set(index=None)

    def read(self, record: GpuRecord, at: float) -> None:
        """A record of this GPU; ``at`` is when it came."""
        if record.status == layout.SUCCESS:
            self._good(record)
            return
        state = _STATES.get(record.status)
        if state is None:
            self._strange += 1
            if self._strange <= _PATIENCE and self.reading.state is GpuState.OK:
                return
            state = GpuState.LOST
        self.fail(state, at, code=record.status)

    def fail(self, state: GpuState, at: float, *, code: int = layout.SUCCESS, why: str = "") -> None:
        """The GPU left OK: values stay as they were last read. ``why`` replaces the usual sentence."""
        since = self.reading.since if self.reading.state is state else 0.0
        self._code = code
        self._set(state=state, since=since or at)
        self._set(reason=why or self._sentence())

    def clients(self, told: Clients) -> None:
        """The processes on this GPU."""
        entries = [
            Client(pid=pid, kind=_KINDS[kind], mem_mib=None if size is None else size / MIB)
            for pid, kind, size in told.entries or ()
        ]
        self._set(clients=None if told.entries is None else tuple(entries), clients_at=told.at)

    def xid(self, code: int, at: float) -> None:
        """An XID of this GPU. It explains a loss that came just before or comes soon."""
        self._set(xids=(*self.reading.xids, Xid(code=code, at=at))[-_XIDS_KEPT:])
        if self.reading.state not in (GpuState.OK, GpuState.UNSUPPORTED):
            self._set(reason=self._sentence())

    def _set(self, **changes: object) -> None:
        self.reading = msgspec.structs.replace(self.reading, **changes)

    def _good(self, record: GpuRecord) -> None:
        last = self.reading
        if last.state is not GpuState.OK:
            self._energy.clear()
            self._counted.clear()
        self._strange = 0
        self._code = layout.SUCCESS
        watts = self._energy.add(record.mono_s, record.energy_mj) if record.known & layout.ENERGY else None
        self.reading = _fresh(last, record, watts, self._throttle(record))

    def _throttle(self, record: GpuRecord) -> tuple[str, ...]:
        """What held the clocks back: now by the reason bits, or since the last look by the counters."""
        bits = record.reasons if record.known & layout.REASONS else 0
        words = [word for bit, word in _REASON_BITS if bits & bit]
        if bits & _HW_SLOWDOWN and not {"hw thermal", "power brake"} & {*words}:
            words.append("hw slowdown")
        for bit, name, word in _COUNTERS:
            counted = getattr(record, name)
            if record.known & bit and counted > self._counted.get(word, counted):
                self._throttled_until[word] = record.mono_s + _COUNTED_S
            self._counted[word] = counted
            if word not in words and record.mono_s < self._throttled_until.get(word, 0.0):
                words.append(word)
        return tuple(words)

    def _sentence(self) -> str:
        """Cause and next step; an XID says more than a return code."""
        state, last = self.reading.state, self.reading.xids[-1:]
        if last and last[0].at >= self.reading.since - _XID_EXPLAINS_S:
            return xid.words(last[0].code)
        if state is GpuState.GONE:
            return (
                "no longer in the driver's list; check power and riser, then reboot; "
                f"changeover forget {self.reading.slot} retires it"
            )
        if state is GpuState.RESET_REQUIRED:
            return f"needs a reset: stop what uses it, then nvidia-smi --gpu-reset -i {self.reading.pci}, or reboot"
        if state is GpuState.UNSUPPORTED:
            return "every reading is refused as not supported; check that this driver supports the card"
        if state is GpuState.HUNG:
            return (
                "the driver does not answer for this GPU; it is asked again apart from the others; reboot if it stays"
            )
        if self._code == layout.GPU_IS_LOST:
            return "NVML answers that the GPU is lost; reboot the host, check riser and power"
        name = "unknown error" if self._code == layout.UNKNOWN else "NVML error"
        return f"{name} ({self._code}) again and again; look for an Xid in the kernel log, reboot if it stays"


def _value(record: GpuRecord, bit: int, value: int, scale: float = 1.0) -> float | None:
    return value / scale if record.known & bit else None


def _fresh(last: Reading, record: GpuRecord, watts: float | None, throttle: tuple[str, ...]) -> Reading:
    known = record.known
    # A GeForce answers the remap query although it has no such rows, so it is believed only beside ECC counters.
    ecc = known & layout.ECC_UNCORRECTED
    return Reading(
        slot=last.slot,
        uuid=last.uuid,
        pci=last.pci,
        name=last.name,
        at=record.at,
        since=last.since if last.state is GpuState.OK else record.at,
        index=last.index,
        util_pct=_value(record, layout.UTIL, record.util_pct),
        mem_used_mib=_value(record, layout.MEMORY, record.mem_used, MIB),
        mem_total_mib=_value(record, layout.MEMORY, record.mem_total, MIB),
        mem_reserved_mib=_value(record, layout.RESERVED, record.mem_reserved, MIB),
        temp_c=_value(record, layout.TEMP, record.temp_c),
        fan_pct=_value(record, layout.FAN, record.fan_pct),
        power_w=watts if watts is not None else _value(record, layout.POWER, record.power_mw, 1000.0),
        power_from_energy=watts is not None,
        power_limit_w=_value(record, layout.LIMIT, record.limit_mw, 1000.0),
        sm_mhz=_value(record, layout.SM_CLOCK, record.sm_mhz),
        mem_mhz=_value(record, layout.MEM_CLOCK, record.mem_mhz),
        throttle=throttle,
        ecc_corrected=record.ecc_corrected if known & layout.ECC_CORRECTED else None,
        ecc_uncorrected=record.ecc_uncorrected if ecc else None,
        remap_pending=bool(record.remap_pending) if ecc and known & layout.REMAP_PENDING else None,
        remap_failed=bool(record.remap_failed) if ecc and known & layout.REMAP_FAILED else None,
        xids=last.xids,
        # A card that has no MIG is known not to be in MIG mode.
        mig=bool(record.mig) if known & layout.MIG else (False if record.absent & layout.MIG else None),
        clients=last.clients,
        clients_at=last.clients_at,
    )
