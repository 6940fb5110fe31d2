"""NBMiner 42 (no longer developed): ``GET /api/v1/status``, started with ``--api 127.0.0.1:22333``.

``miner.devices[].hashrate_raw`` is H/s and ``pci_bus_id`` a decimal number; -1 stands for what it does not know. It
says when it started and not for how long it has run. Of dual mining the figures are those of the first algorithm
(``hashrate_raw`` and not ``hashrate2_raw``), because hashes of two algorithms are never summed: they earn different
coins.
"""

from __future__ import annotations

import time

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, table, tables

NAME = "NBMiner"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/api/v1/status", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not NBMiner's."""
    miner, stratum = table(_miner.needed(answer, "miner", NAME)), table(answer.get("stratum"))
    return Said(
        total=_miner.rate(miner.get("total_hashrate_raw")),
        cards=tuple(
            (_miner.decimal_pci(card.get("pci_bus_id")), _miner.rate(card.get("hashrate_raw")))
            for card in tables(miner.get("devices"))
        ),
        accepted=_miner.count(stratum.get("accepted_shares")),
        rejected=_miner.count(stratum.get("rejected_shares")),
        algorithm=_miner.algorithm(stratum.get("algorithm")),
        uptime_s=_uptime_s(answer.get("start_time")),
        beside=bool(_miner.rate(miner.get("total_hashrate2_raw"))),
    )


def _uptime_s(start_time: object) -> float | None:
    """Seconds since a Unix time; unknown where that is none or lies ahead."""
    start = _miner.figure(start_time, time.time())
    return _miner.uptime(time.time() - start) if start else None
