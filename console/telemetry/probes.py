"""Questions to one GPU, each asked into memory that is made once: single calls, and field values many at a time.

Runs in the sampler. A question that a GPU does not have (NOT_SUPPORTED and its kin) is learned once: the probe is
dropped, what stands in for it is asked instead, and ``absent`` says which field went without.
"""

from __future__ import annotations

import ctypes
from struct import Struct

from console.telemetry import layout
from console.telemetry.nvml_abi import FieldValue, Memory, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from console.telemetry.nvml_abi import Call

# Answers that will not change while the driver stays: not asked again. INVALID_ARGUMENT is how older drivers refuse a
# field or sensor that they do not know.
NEVER = frozenset(
    (
        layout.INVALID_ARGUMENT,
        layout.NOT_SUPPORTED,
        layout.NO_PERMISSION,
        layout.FUNCTION_NOT_FOUND,
        layout.VERSION_MISMATCH,
    )
)
# Answers that concern the whole GPU: the rest of its reading is skipped.
BROKEN = frozenset(
    (
        layout.UNINITIALIZED,
        layout.DRIVER_NOT_LOADED,
        layout.GPU_IS_LOST,
        layout.RESET_REQUIRED,
        layout.OPERATING_SYSTEM,
        layout.GPU_NOT_FOUND,
        layout.UNKNOWN,
    )
)
_UNSIGNED_INT = 1  # nvmlValueType_t: the upper half of the union is not written


class Probe:
    """One call whose last arguments point into a Record."""

    __slots__ = ("absent", "args", "bits", "call", "known", "refused", "spare")

    def __init__(self, bits: int, call: Call, *args: object, spare: Probe | None = None) -> None:
        self.bits = bits  # of the record, filled by this call
        self.call = call
        self.args = args
        self.spare = spare
        self.known = self.absent = 0
        self.refused = False

    def ask(self) -> int:
        """Call; its return code. ``known`` and ``refused`` are up to date afterwards."""
        ret = self.call(*self.args)
        self.known = self.bits if ret == layout.SUCCESS else 0
        self.refused = ret in NEVER
        return ret

    def successors(self) -> list[Probe]:
        """What to ask from now on in place of this refused probe."""
        if self.spare is None:
            self.absent = self.bits
            return []
        return [self.spare]


class MemoryV1(Probe):
    """Memory for drivers older than R510: no ``reserved``, which counts as used."""

    __slots__ = ("memory", "record")

    def __init__(self, call: Call, handle: ctypes.c_void_p, record: Record) -> None:
        self.memory = Memory()
        self.record = record
        super().__init__(layout.MEMORY, call, handle, ctypes.byref(self.memory))

    def ask(self) -> int:
        """Call and copy, because the two versions of the structure differ."""
        ret = super().ask()
        self.record.mem_total, self.record.mem_used = self.memory.total, self.memory.used
        return ret


class Field:
    """A field value: its number in nvml.h, where it goes, and the single call for cards without it."""

    __slots__ = ("bit", "name", "number", "spare")

    def __init__(self, number: int, name: str, bit: int, spare: Probe | None = None) -> None:
        self.number = number
        self.name = name
        self.bit = bit
        self.spare = spare


class FieldBatch(Probe):
    """nvmlDeviceGetFieldValues: one driver round trip for many fields, each with a return code of its own."""

    __slots__ = ("array", "fields", "handle", "record", "refusals", "shape")

    def __init__(self, call: Call, handle: ctypes.c_void_p, record: Record, fields: list[Field]) -> None:
        self.fields = fields
        self.handle = handle
        self.record = record
        self.refusals: list[Field] = []
        self.array = (FieldValue * len(fields))(*[FieldValue(field=field.number) for field in fields])
        # unpack_from makes one tuple; reading ctypes attributes one by one took four times as long
        self.shape = Struct("<" + "24xIiQ" * len(fields))
        bits = 0
        for field in fields:
            bits |= field.bit
        super().__init__(bits, call, handle, len(fields), ctypes.byref(self.array))

    def ask(self) -> int:
        """Call and spread the values; a code of BROKEN in any of them is the answer for all."""
        ret = super().ask()
        if ret != layout.SUCCESS:
            self.refusals = self.fields if self.refused else []
            return ret
        known, record = 0, self.record
        values = self.shape.unpack_from(self.array)
        for place, field in enumerate(self.fields):
            kind, code, value = values[3 * place : 3 * place + 3]
            if code == layout.SUCCESS:
                setattr(record, field.name, value & 0xFFFFFFFF if kind == _UNSIGNED_INT else value)
                known |= field.bit
            elif code in NEVER:
                self.refusals.append(field)
            elif code in BROKEN:
                self.known = known
                return int(code)
        self.known = known
        self.refused = bool(self.refusals)
        return layout.SUCCESS

    def successors(self) -> list[Probe]:
        """The same batch without the refused fields, and their single calls."""
        found: list[Probe] = []
        for field in self.refusals:
            if field.spare is None:
                self.absent |= field.bit
            else:
                found.append(field.spare)
        kept = [field for field in self.fields if field not in self.refusals]
        if kept:
            found.insert(0, FieldBatch(self.call, self.handle, self.record, kept))
        return found


class Tier:
    """Probes of one GPU that are asked at the same rate."""

    __slots__ = ("due", "probes")

    def __init__(self, probes: list[Probe]) -> None:
        self.probes = probes
        self.due = 0.0  # monotonic seconds

    def ask(self, record: Record) -> int:
        """Ask everything, stand-ins included; the first BROKEN code, else SUCCESS."""
        asking = self.probes
        while asking:
            known, refused = record.known, False
            for probe in asking:
                ret = probe.ask()
                known = known & ~probe.bits | probe.known
                if ret in BROKEN:
                    return ret
                refused = refused or probe.refused
            record.known = known
            if not refused:
                break
            asking = self._replace(record)
        return layout.SUCCESS

    def _replace(self, record: Record) -> list[Probe]:
        """Put successors in the place of refused probes; those that have not been asked yet."""
        kept: list[Probe] = []
        fresh: list[Probe] = []
        for probe in self.probes:
            successors = probe.successors() if probe.refused else [probe]
            record.absent |= probe.absent
            for successor in successors:
                known_answer = successor is probe or isinstance(successor, FieldBatch)
                place = kept if known_answer else fresh
                if successor not in place:  # one call may stand in for two fields
                    place.append(successor)
        self.probes = kept + fresh
        return fresh
