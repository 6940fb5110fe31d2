"""SRBMiner-Multi 3: ``GET /``, started with ``--api-enable --api-port 21550``.

``algorithms[].hashrate.now`` and, by ``gpu0``, ``gpu1``, … in ``algorithms[].hashrate.gpu`` those of the cards are H/s
whatever the algorithm; ``gpu_devices[].bus_id`` is a decimal number. It reports 0 until ``mining_time`` reaches 20 s:
until then 0 is unknown. What its processor threads do is in ``now`` and not in the cards. Of dual mining the figures
are those of the first algorithm, because hashes of two algorithms are never summed: they earn different coins.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, table, tables

NAME = "SRBMiner"
FIRST_RATE_S = 20.0


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not SRBMiner's."""
    works = tables(_miner.needed(answer, "algorithms", NAME))
    work = works[0] if works else {}
    hashrate, shares = table(work.get("hashrate")), table(work.get("shares"))
    cards = table(hashrate.get("gpu"))
    mining_s = _miner.uptime(answer.get("mining_time"))
    early = mining_s is not None and mining_s < FIRST_RATE_S
    rate = _miner.rate(hashrate.get("now"))
    return Said(
        total=_known(rate, early),
        cards=tuple(
            (_miner.decimal_pci(card.get("bus_id")), _known(_miner.rate(cards.get(_name(card))), early))
            for card in tables(answer.get("gpu_devices"))
        ),
        accepted=_miner.count(shares.get("accepted")),
        rejected=_miner.count(shares.get("rejected")),
        algorithm=_miner.algorithm(*(one.get("name") for one in works)),
        uptime_s=mining_s,
        beside=any(_miner.rate(table(one.get("hashrate")).get("now")) for one in works[1:]),
        lost=_lost(table(work.get("pool"))) if not rate else "",
    )


def _known(rate: float | None, early: bool) -> float | None:
    return None if early and not rate else rate


def _name(card: Table) -> str:
    """The key of a card's rate: ``gpu2``."""
    device = card.get("device")
    return device if isinstance(device, str) else f"gpu{card.get('id')}"


def _lost(pool: Table) -> str:
    """That it has no pool. The seconds connected are taken for that only while nothing is hashed: what they are just
    after a reconnection no document says."""
    name = _miner.text(pool.get("pool")) or "its pool"
    return f"not connected to {name}" if _miner.uptime(pool.get("uptime")) == 0 else ""
