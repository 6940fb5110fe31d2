"""WildRig Multi: ``GET /``, started with ``--api-port 4000``; XMRig's old summary in short.

``hashrate.total`` has H/s of three windows. Which card is which no field says (``threads`` are in the order of ``-d``),
so the cards are not told apart: run one WildRig per GPU to know each. ``results.shares_total`` has the rejected shares
as well. A ``connection.uptime`` of 0 is taken for no pool, as it is XMRig's.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, table

NAME = "WildRig"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not WildRig's."""
    hashrate = table(_miner.needed(answer, "hashrate", NAME))
    results, connection = table(answer.get("results")), table(answer.get("connection"))
    pool = _miner.text(connection.get("pool")) or "its pool"
    return Said(
        total=_miner.latest(hashrate.get("total")),
        accepted=_miner.count(results.get("shares_good")),
        rejected=_miner.without(results.get("shares_total"), results.get("shares_good")),
        algorithm=_miner.algorithm(answer.get("algo")),
        uptime_s=_miner.uptime(answer.get("uptime")),
        lost=f"not connected to {pool}" if _miner.uptime(connection.get("uptime")) == 0 else "",
    )
