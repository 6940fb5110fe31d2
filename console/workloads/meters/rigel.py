"""Rigel 1.2x (NVIDIA): ``GET /stat``, started with ``--api-bind 127.0.0.1:5000``.

``hashrate``, ``solution_stat`` and the same of each device are maps by algorithm, in H/s and shares. Of dual mining
(``kawpow+zil``) the figures are those of the first algorithm, because hashes of two algorithms are never summed: they
earn different coins. ``devices[].pci_address`` is text that is **assumed** to be hex, as in ``0000:41:00.0``; no
document says so.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, table, tables

NAME = "Rigel"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/stat", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not Rigel's."""
    rates = table(_miner.needed(answer, "hashrate", NAME))
    named = answer.get("algorithm")
    name = named if isinstance(named, str) and named else "+".join(rates)
    first = name.partition("+")[0]
    shares = table(table(answer.get("solution_stat")).get(first))
    return Said(
        total=_miner.rate(rates.get(first)),
        cards=tuple(
            (_miner.hex_pci(card.get("pci_address")), _miner.rate(table(card.get("hashrate")).get(first)))
            for card in tables(answer.get("devices"))
        ),
        accepted=_miner.count(shares.get("accepted")),
        rejected=_miner.count(shares.get("rejected")),
        algorithm=_miner.algorithm(name),
        uptime_s=_miner.uptime(answer.get("uptime")),
        beside=any(_miner.rate(value) for key, value in rates.items() if key != first),
    )
