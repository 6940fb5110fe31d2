"""Which GPU a person means: a slot, the beginning of a UUID, or a PCI address. NVML's index is never accepted."""

from __future__ import annotations

from collections.abc import Iterable

from console.model import GpuRow
from console.pci import normal_pci
from console.text import clean

MIN_PREFIX = 4


class GpuNameError(ValueError):
    """No GPU, or more than one, is meant; ``str`` is a sentence with what there is."""


def find_gpu(rows: Iterable[GpuRow], text: str) -> GpuRow:
    """The one row that ``text`` names. Raises GpuNameError."""
    known = tuple(rows)
    found = [row for row in known if _is(row, text.strip())]
    if len(found) == 1:
        return found[0]
    said = f"'{clean(text, 60)}' names {'no GPU' if not found else f'{len(found)} GPUs'}"
    slots = ", ".join(str(row.reading.slot) for row in (found or known)) or "none"
    raise GpuNameError(f"{said}; expected a slot ({slots}), the beginning of a UUID or a PCI address")


def _is(row: GpuRow, text: str) -> bool:
    if text.isdecimal():
        return row.reading.slot == int(text)
    if ":" in text:
        try:
            return normal_pci(text) == row.reading.pci
        except ValueError:
            return False
    bare, uuid = text.lower().removeprefix("gpu-"), row.reading.uuid.lower().removeprefix("gpu-")
    return len(bare) >= MIN_PREFIX and uuid.startswith(bare)
