"""Which GPU a person means: a slot, a UUID or its beginning, a PCI address. NVML's index is never accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from console.paths import Places
from console.pci import normal_pci
from console.telemetry.roster import Entry, Roster
from console.text import clean

MIN_PREFIX = 4


class Card(Protocol):
    """Anything that is one GPU: an entry of the roster, a reading."""

    @property
    def slot(self) -> int:
        """Its number on this host."""

    @property
    def uuid(self) -> str:
        """As NVML spells it."""

    @property
    def pci(self) -> str:
        """Its PCI address."""


Found = TypeVar("Found", bound=Card)


class UnknownGpuError(ValueError):
    """No GPU, or more than one, is meant; ``str`` is a sentence with what there is."""


def known(where: Places) -> tuple[Entry, ...]:
    """Every GPU that this host has given a slot."""
    return Roster(where.roster).entries() if where.roster.exists() else ()


def find(cards: Iterable[Found], text: str) -> Found:
    """The one GPU that ``text`` names. Raises UnknownGpuError."""
    there = tuple(cards)
    found = [card for card in there if _is(card, text.strip())]
    if len(found) == 1:
        return found[0]
    said = f"'{clean(text, 60)}' names {'no GPU' if not found else f'{len(found)} GPUs'}"
    slots = ", ".join(str(card.slot) for card in (found or there)) or "none yet"
    raise UnknownGpuError(f"{said}; expected a slot ({slots}), the beginning of a UUID or a PCI address")


def _is(card: Card, text: str) -> bool:
    if text.isdecimal():
        return card.slot == int(text)
    if ":" in text:
        try:
            return normal_pci(text) == normal_pci(card.pci)
        except ValueError:
            return False
    bare, uuid = text.lower().removeprefix("gpu-"), card.uuid.lower().removeprefix("gpu-")
    return len(bare) >= MIN_PREFIX and uuid.startswith(bare)
