"""PCI addresses in one spelling, so that NVML's, sysfs' and a miner's name for a card compare as text."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"(?:(?:GPU|PCI)[-:])?(?:(?P<domain>[0-9a-f]{4,8}):)?(?P<bus>[0-9a-f]{1,2}):(?P<device>[0-9a-f]{1,2})"
    r"(?:\.(?P<function>[0-7]))?",
    re.IGNORECASE,
)


def normal_pci(text: str) -> str:
    """``41:00``, ``0000:41:00.0`` or ``PCI:0000:41:00.0`` as NVML spells it, ``00000000:41:00.0``, upper-case hex.

    Raises ValueError for anything else.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no PCI address; expected one like 0000:41:00.0")
    domain, bus, device = (int(found[part] or "0", 16) for part in ("domain", "bus", "device"))
    return f"{domain:08X}:{bus:02X}:{device:02X}.{found['function'] or 0}"


def address(text: str) -> str:
    """The normal spelling, or ``text`` as the driver wrote it: better an odd address than no row."""
    try:
        return normal_pci(text)
    except ValueError:
        return text
