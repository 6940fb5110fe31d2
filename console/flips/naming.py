"""Which GPU a person means while nothing is read: a slot, a UUID or its beginning, a PCI address; by the roster."""

from __future__ import annotations

from collections.abc import Iterable

from console.paths import Places
from console.pci import normal_pci
from console.telemetry.roster import Entry, Roster
from console.text import clean

MIN_PREFIX = 4


class UnknownGpuError(ValueError):
    """No GPU, or more than one, is meant; ``str`` is a sentence with what there is."""


def known(where: Places) -> tuple[Entry, ...]:
    """Every GPU that this host has given a slot."""
    return Roster(where.roster).entries() if where.roster.exists() else ()


def find(entries: Iterable[Entry], text: str) -> Entry:
    """The one GPU that ``text`` names. Raises UnknownGpuError."""
    there = tuple(entries)
    found = [entry for entry in there if _is(entry, text.strip())]
    if len(found) == 1:
        return found[0]
    said = f"'{clean(text, 60)}' names {'no GPU' if not found else f'{len(found)} GPUs'}"
    slots = ", ".join(str(entry.slot) for entry in (found or there)) or "none yet"
    raise UnknownGpuError(f"{said}; expected a slot ({slots}), the beginning of a UUID or a PCI address")


def _is(entry: Entry, text: str) -> bool:
    if text.isdecimal():
        return entry.slot == int(text)
    if ":" in text:
        try:
            return normal_pci(text) == normal_pci(entry.pci)
        except ValueError:
            return False
    bare, uuid = text.lower().removeprefix("gpu-"), entry.uuid.lower().removeprefix("gpu-")
    return len(bare) >= MIN_PREFIX and uuid.startswith(bare)
