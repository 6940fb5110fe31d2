"""Figures as miners write them in JSON that no type describes, and what a rate says of how far a miner has come."""

from __future__ import annotations

import math
import re
import time

from console.model import WorkState
from console.pci import normal_pci
from console.workloads.meters._miner import MOST_H_PER_S, judged

_NUMBER = re.compile(r"\+?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
# The domain last: two parts are bus and device.
_DECIMAL = re.compile(r"(?:([0-9]{1,5}):)??([0-9]{1,3})(?::([0-9]{1,2})(?:\.([0-7]))?)?")
_LAST_DOMAIN, _LAST_BUS, _LAST_DEVICE = 0xFFFF, 0xFF, 0x1F


def number(found: object) -> float | None:
    """A finite number of at least 0, which may stand there as text; None for anything else."""
    if isinstance(found, str):
        text = found[:120].strip()
        found = float(text) if _NUMBER.fullmatch(text) else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        value = float(found)
    except OverflowError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def scaled(found: object, scale: float) -> float | None:
    """A rate, ``number`` times ``scale``; None for one that no card reaches."""
    value = number(found)
    return value * scale if value is not None and value * scale <= MOST_H_PER_S else None


def summed(rates: list[float]) -> float | None:
    """The sum of the rates that are known; None where none is."""
    return math.fsum(rates) if rates else None


def count(found: object) -> int | None:
    """A whole number of shares or the like; None for anything else."""
    value = number(found)
    return int(value) if value is not None and value < 2**53 else None


def pci_in_hex(found: object) -> str | None:
    """The normal PCI address of text in hexadecimal, ``0A``, ``0a:00`` or ``0000:0a:00.0``; None for anything else.

    A bus alone is of device 0. A JSON number has no base to be written in and is the bus itself.
    """
    if not isinstance(found, str):
        return pci_in_decimal(found)
    text = found[:40].strip()
    return _normal(f"{text}:00" if text and ":" not in text else text)


def pci_in_decimal(found: object) -> str | None:
    """As ``pci_in_hex``, of a number or of text in decimal: ``10``, ``10:0`` or ``0:10:0.0``.

    Bus 0, device 0 is a host bridge: where a miner says 0 it means no card, or knows none.
    """
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found) if 0 <= found <= _LAST_BUS else ""
    parts = _DECIMAL.fullmatch(found[:40].strip()) if isinstance(found, str) else None
    if parts is None:
        return None
    domain, bus, device = (int(part or 0) for part in parts.group(1, 2, 3))
    if domain > _LAST_DOMAIN or bus > _LAST_BUS or device > _LAST_DEVICE or domain == bus == device == 0:
        return None
    return _normal(f"{domain:04x}:{bus:02x}:{device:02x}.{parts[4] or 0}")


class Progress:
    """Judges a miner by what it makes; where it does not tell its uptime, by how long it has made nothing here."""

    def __init__(self) -> None:
        self._barren_since: float | None = None
        self._since = "it was first asked"

    def judged(self, value: float | None, uptime_s: float | None) -> tuple[WorkState, str]:
        """How far the miner has come, and in words what is wrong where it has been long enough and makes nothing."""
        now = time.monotonic()
        if value:
            self._since = "its last one"
        if value or self._barren_since is None:
            self._barren_since = now
        if uptime_s is not None:
            return judged(value, uptime_s)
        return judged(value, now - self._barren_since, after=self._since)


def _normal(text: str) -> str | None:
    try:
        return normal_pci(text)
    except ValueError:
        return None
