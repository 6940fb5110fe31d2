"""The card models of the simulated farm, and the identity of each card in it.

Limits, memory and clocks are NVIDIA's published figures. Heat figures are fitted to be plausible: a 4090 at 300 W
settles near 60 °C with its fan near 55 %, an H100 at 640 W in the middle sixties.
"""

from __future__ import annotations

from typing import NamedTuple

from console.model import Record, Uuid
from console.telemetry.simulated.noise import chance, key

BUSES = ("01", "0A", "41", "61", "81", "A1", "C1", "E1")  # hexadecimal, as on a two-socket board


class Model(Record):
    """What all cards of one name have in common.

    ``heat_c_per_w`` is the rise over the inlet per watt, with the fan at 54 % where there is one; ``warm_c`` is where
    the driver begins to slow the card, ``slow_c`` where the hardware does.
    """

    name: str
    mem_mib: float
    reserved_mib: float
    idle_w: float
    limit_w: float
    boost_mhz: float
    idle_mhz: float
    mem_mhz: float
    heat_c_per_w: float
    heat_s: float
    warm_c: float
    slow_c: float
    fan: bool
    ecc: bool


RTX_4090 = Model(
    name="NVIDIA GeForce RTX 4090",
    mem_mib=24564.0,
    reserved_mib=397.0,
    idle_w=21.0,
    limit_w=450.0,
    boost_mhz=2745.0,
    idle_mhz=210.0,
    mem_mhz=10501.0,
    heat_c_per_w=0.112,
    heat_s=45.0,
    warm_c=83.0,
    slow_c=90.0,
    fan=True,
    ecc=False,
)
RTX_3090 = Model(
    name="NVIDIA GeForce RTX 3090",
    mem_mib=24576.0,
    reserved_mib=311.0,
    idle_w=24.0,
    limit_w=350.0,
    boost_mhz=1950.0,
    idle_mhz=210.0,
    mem_mhz=9751.0,
    heat_c_per_w=0.134,
    heat_s=50.0,
    warm_c=83.0,
    slow_c=93.0,
    fan=True,
    ecc=False,
)
H100 = Model(
    name="NVIDIA H100 80GB HBM3",
    mem_mib=81559.0,
    reserved_mib=551.0,
    idle_w=71.0,
    limit_w=700.0,
    boost_mhz=1980.0,
    idle_mhz=345.0,
    mem_mhz=2619.0,
    heat_c_per_w=0.061,
    heat_s=35.0,
    warm_c=86.0,
    slow_c=91.0,
    fan=False,
    ecc=True,
)
L40S = Model(
    name="NVIDIA L40S",
    mem_mib=46068.0,
    reserved_mib=613.0,
    idle_w=36.0,
    limit_w=350.0,
    boost_mhz=2520.0,
    idle_mhz=210.0,
    mem_mhz=9001.0,
    heat_c_per_w=0.118,
    heat_s=40.0,
    warm_c=85.0,
    slow_c=91.0,
    fan=False,
    ecc=True,
)


class Trait(NamedTuple):
    """How one card differs from its model: cooling, draw and rate, as factors near 1."""

    heat: float
    draw: float
    rate: float


class Card(Record):
    """One card: who it is and what it is."""

    slot: int
    uuid: Uuid
    pci: str
    model: Model
    trait: Trait


def card(seed: int, slot: int, model: Model) -> Card:
    """The card in ``slot``; the same seed gives the same UUID and the same luck in the silicon lottery."""
    return Card(slot=slot, uuid=_uuid(seed, slot), pci=_pci(slot), model=model, trait=_trait(seed, slot))


def _uuid(seed: int, slot: int) -> Uuid:
    digits = f"{key(seed, 'uuid', slot):016x}{key(seed, 'uuid', slot, 'low'):016x}"
    return Uuid(f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def _pci(slot: int) -> str:
    domain, place = divmod(slot, len(BUSES))
    return f"{domain:08X}:{BUSES[place]}:00.0"


def _trait(seed: int, slot: int) -> Trait:
    luck = key(seed, "trait", slot)
    return Trait(
        heat=0.95 + 0.10 * chance(luck, 0), draw=0.97 + 0.06 * chance(luck, 1), rate=0.985 + 0.03 * chance(luck, 2)
    )
