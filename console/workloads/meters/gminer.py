"""GMiner 3: ``GET /stat``, started with ``--api 10050``.

``devices[].speed`` is in ``speed_unit``, H/s or sol/s; a version that names none means these. ``bus_id`` is hex text,
``0000:41:00.0``; where it is a number it is taken for decimal. Of dual mining the figures are those of the first
algorithm (``speed`` and not ``speed2``), because hashes of two algorithms are never summed: they earn different coins.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, tables

NAME = "GMiner"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/stat", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not GMiner's or its unit is unknown."""
    cards = tables(_miner.needed(answer, "devices", NAME))
    hashing = any(_miner.rate(card.get("speed")) for card in cards)
    factor = _miner.h_per_s_of(answer["speed_unit"], NAME) if hashing and "speed_unit" in answer else 1.0
    return Said(
        cards=tuple((_address(card.get("bus_id")), _miner.rate(card.get("speed"), factor)) for card in cards),
        accepted=_shares(answer, cards, "accepted_shares"),
        rejected=_shares(answer, cards, "rejected_shares"),
        algorithm=_miner.algorithm(answer.get("algorithm")),
        uptime_s=_miner.uptime(answer.get("uptime")),
        beside=any(_miner.rate(card.get("speed2")) for card in cards),
    )


def _address(bus: object) -> str | None:
    return _miner.decimal_pci(bus) if isinstance(bus, int) else _miner.hex_pci(bus)


def _shares(answer: Table, cards: Sequence[Table], key: str) -> int | None:
    """The miner's total, else the sum over its cards: old versions have only these."""
    total = _miner.count(answer.get(f"total_{key}"))
    return total if total is not None else _miner.counts(card.get(key) for card in cards)
