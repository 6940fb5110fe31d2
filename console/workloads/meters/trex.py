"""T-Rex 0.26 (NVIDIA, no longer developed): ``GET /summary``, at ``--api-bind-http 127.0.0.1:4067``.

``gpus[].hashrate`` is H/s; ``pci_bus`` and ``pci_domain`` are decimal numbers. The sum over the cards is used: the
miner's own ``hashrate`` lags behind it. Of dual mining only the first algorithm is in these fields, and it is the one
that counts: hashes of two algorithms are never summed. A miner behind an API password is not read.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import PAUSED, JsonMiner, Said, Table, tables

NAME = "T-Rex"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/summary", said)


def said(answer: Table) -> Said:
    """What one answer says. Raises WorkloadError where it is not T-Rex's."""
    total = _miner.needed(answer, "hashrate", NAME)
    return Said(
        total=_miner.rate(total),
        cards=tuple(
            (
                _miner.decimal_pci(card.get("pci_bus"), 0, card.get("pci_domain", 0)),
                _miner.rate(card.get("hashrate")),
            )
            for card in tables(_miner.needed(answer, "gpus", NAME))
        ),
        accepted=_miner.count(answer.get("accepted_count")),
        rejected=_miner.count(answer.get("rejected_count")),
        algorithm=_miner.algorithm(answer.get("algorithm")),
        uptime_s=_miner.uptime(answer.get("uptime")),
        stopped=PAUSED if answer.get("paused") is True else "",
    )
