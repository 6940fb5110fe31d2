"""What expands in a unit's name and a meter's address: ``{slot}``, ``{slot+18080}``, ``{uuid}`` and ``{pci}``.

``{slot}`` puts the digits of the slot there, ``{slot+18080}`` the sum: a port that is made of digits is out of range
from some slot on, a sum is not.
"""

from __future__ import annotations

import re

EXPECTED = "expected {slot}, {uuid} or {pci}, or {slot+18080} for a sum"

_SLOT = re.compile(r"\{slot(?:\+([0-9]{1,6}))?\}")
_PLACE = re.compile(r"\{(?:uuid|pci|slot(?:\+[0-9]{1,6})?)\}")
_WRONG = re.compile(r"\{[^{}]*\}?|\}")


def has_place(text: str) -> bool:
    """True where ``text`` differs from one GPU to the next."""
    return _PLACE.search(text) is not None


def wrong_place(text: str) -> str:
    """The first thing in braces that does not expand, ``""`` when all does."""
    found = _WRONG.search(_PLACE.sub("", text))
    return found[0] if found else ""


def at_slot(text: str, slot: int) -> str:
    """``text`` with a slot in it; UUID and PCI address stay open."""
    return _SLOT.sub(lambda place: str(slot + int(place[1] or 0)), text)


def expanded(text: str, slot: int, uuid: str, pci: str) -> str:
    """``text`` for one GPU. Plain replacement: nothing in a config is a format string."""
    return at_slot(text, slot).replace("{uuid}", uuid).replace("{pci}", pci)
