"""OneZeroMiner 1: ``GET /``, started with ``--api-port 3001``.

Lists run in parallel: ``algos[].hashrates[i]``, in H/s, belongs to ``devices[i]``, whose ``bus_id`` is a decimal
number. Of dual mining the figures are those of the first of ``algos``, because hashes of two algorithms are never
summed: they earn different coins.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, at, items, tables

NAME = "OneZeroMiner"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not OneZeroMiner's."""
    works = tables(_miner.needed(answer, "algos", NAME))
    work = works[0] if works else {}
    rates = items(work.get("hashrates"))
    return Said(
        total=_miner.rate(work.get("total_hashrate")),
        cards=tuple(
            (_miner.decimal_pci(card.get("bus_id")), _miner.rate(at(rates, index)))
            for index, card in enumerate(tables(answer.get("devices")))
        ),
        accepted=_miner.count(work.get("total_accepted_shares")),
        rejected=_miner.count(work.get("total_rejected_shares")),
        algorithm=_miner.algorithm(*(one.get("name") for one in works)),
        uptime_s=_miner.uptime(answer.get("uptime_seconds")),
        beside=any(_miner.rate(one.get("total_hashrate")) for one in works[1:]),
        lost=_lost(work),
    )


def _lost(work: Table) -> str:
    status = _miner.text(work.get("pool_status"), 40)
    pool = _miner.text(work.get("pool")) or "its pool"
    return f"not connected to {pool} ({status})" if status and status.lower() != "connected" else ""
