"""BzMiner: ``GET /status``, at ``--http_address 127.0.0.1 --http_port 4014``.

``devices[].hashrate[i]`` is H/s on pool ``devices[].pool[i]``. Of several algorithms the figures are those of the first
pool's, because hashes of two algorithms are never summed: they earn different coins. Pools of one algorithm are summed.

Where a card's bus stands is not documented. ``pci_bus_id``, a decimal number, and ``uid`` or ``pci_address`` as its
``--enable 65:0`` takes them are looked for, and without any the cards are not told apart. ``vendor`` 4 is taken for the
processor, which is no card. Sources: adapters of third parties, none of the miner's own.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, at, items, tables

NAME = "BzMiner"
PROCESSOR = 4
_BUS_NUMBERS = ("pci_bus_id", "pci_bus", "bus_id")
_BUS_TEXTS = ("uid", "pci_address", "pci", "bus_id", "id")


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/status", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not BzMiner's."""
    pools = tables(answer.get("pools"))
    cards = [card for card in tables(_miner.needed(answer, "devices", NAME)) if card.get("vendor") != PROCESSOR]
    first = pools[0].get("algorithm") if pools else None
    ours = [pool for pool in pools if pool.get("algorithm") == first]
    ids = [pool.get("id", index) for index, pool in enumerate(pools) if pool.get("algorithm") == first]
    return Said(
        cards=tuple((_address(card), _rate(card, ids)) for card in cards),
        accepted=_miner.counts(pool.get("valid_solutions") for pool in ours),
        rejected=_miner.counts(pool.get("rejected_solutions") for pool in ours),
        algorithm=_miner.algorithm(*dict.fromkeys(_miner.text(pool.get("algorithm"), 40) for pool in pools)),
        uptime_s=_miner.uptime(answer.get("uptime_s")),
        beside=any(_rate_beside(card, ids) for card in cards),
    )


def _address(card: Table) -> str | None:
    numbers = (_miner.decimal_pci(card.get(key)) for key in _BUS_NUMBERS)
    texts = (_of_text(card.get(key)) for key in _BUS_TEXTS)
    return next((pci for pci in (*numbers, *texts) if pci is not None), None)


def _of_text(value: object) -> str | None:
    """``65:0`` is decimal; a whole address with its domain, ``0000:41:00.0``, is as the system spells it, in hex."""
    whole = isinstance(value, str) and value.count(":") == 2
    return _miner.hex_pci(value) if whole else _miner.decimal_pair_pci(value)


def _rate(card: Table, ids: list[object]) -> float | None:
    rates = [_miner.rate(one) for one in _split(card, ids)[0]]
    known = [h_per_s for h_per_s in rates if h_per_s is not None]
    return _miner.rate(sum(known)) if known else None


def _rate_beside(card: Table, ids: list[object]) -> bool:
    return any(_miner.rate(one) for one in _split(card, ids)[1])


def _split(card: Table, ids: list[object]) -> tuple[list[object], list[object]]:
    """A card's figures on the pools ``ids`` and on others. A card that names no pools has the first one in front."""
    rates, pools = items(card.get("hashrate")), items(card.get("pool"))
    if not pools:
        return rates[:1], rates[1:]
    ours = [rate for index, rate in enumerate(rates) if at(pools, index) in ids]
    others = [rate for index, rate in enumerate(rates) if at(pools, index) not in ids]
    return ours, others
