"""lolMiner: ``GET /summary``, started with ``--apiport 8020 --apihost 127.0.0.1``; both forms of its answer.

The new form (1.5 and later, known by ``Num_Workers``) has lists by algorithm: H/s are a performance times
``Performance_Factor``, and where that is absent times what the text in ``Performance_Unit`` says. The old form (1.4 and
earlier) has ``Session.Performance_Summary`` and ``GPUs[].Performance`` in ``Session.Performance_Unit``: Mh/s for
Ethash, sol/s for others. A unit that is neither known is refused, not guessed. ``PCIE_Address`` is decimal,
``65:0``, as HiveOS reads it. Of dual mining (two entries in ``Algorithms``) the figures are those of the first, because
hashes of two algorithms are never summed: they earn different coins.
"""

from __future__ import annotations

from collections.abc import Iterable

from console.config.workload_settings import MeterSettings
from console.workloads.contract import Meter
from console.workloads.meters import _miner
from console.workloads.meters._miner import JsonMiner, Said, Table, at, items, table, tables

NAME = "lolMiner"


def connect(settings: MeterSettings) -> Meter:
    """The meter of one miner; does no I/O."""
    return JsonMiner(settings, NAME, "/summary", said)


def said(answer: Table) -> Said:
    """What one answer says, in either form. Raises WorkloadError where it is not lolMiner's or its unit is unknown."""
    session = table(_miner.needed(answer, "Session", NAME))
    return _new(answer, session) if "Num_Workers" in answer else _old(answer, session)


def _new(answer: Table, session: Table) -> Said:
    works = tables(_miner.needed(answer, "Algorithms", NAME))
    work = works[0] if works else {}
    cards, rates = tables(answer.get("Workers")), items(work.get("Worker_Performance"))
    total = work.get("Total_Performance")
    factor = _factor(work.get("Performance_Factor"), work.get("Performance_Unit"), [total, *rates])
    return Said(
        total=_miner.rate(total, factor),
        cards=tuple(
            (_miner.decimal_pair_pci(card.get("PCIE_Address")), _miner.rate(at(rates, index), factor))
            for index, card in enumerate(cards)
        ),
        accepted=_miner.count(work.get("Total_Accepted")),
        rejected=_miner.count(work.get("Total_Rejected")),
        algorithm=_miner.algorithm(*(one.get("Algorithm") for one in works)),
        uptime_s=_miner.uptime(session.get("Uptime")),
        beside=any(_miner.rate(one.get("Total_Performance")) for one in works[1:]),
    )


def _old(answer: Table, session: Table) -> Said:
    cards = tables(_miner.needed(answer, "GPUs", NAME))
    total = session.get("Performance_Summary")
    factor = _factor(None, session.get("Performance_Unit"), [total, *(card.get("Performance") for card in cards)])
    return Said(
        total=_miner.rate(total, factor),
        cards=tuple(
            (_miner.decimal_pair_pci(card.get("PCIE_Address")), _miner.rate(card.get("Performance"), factor))
            for card in cards
        ),
        accepted=_miner.count(session.get("Accepted")),
        rejected=_miner.without(session.get("Submitted"), session.get("Accepted")),
        algorithm=_miner.algorithm(table(answer.get("Mining")).get("Algorithm")),
        uptime_s=_miner.uptime(session.get("Uptime")),
    )


def _factor(told: object, unit: object, performances: Iterable[object]) -> float:
    """H/s in one of these performances. No unit is needed, and an empty one refused, while all of them are 0."""
    factor = _miner.figure(told, _miner.MOST_H_PER_S)
    if factor:
        return factor
    return _miner.h_per_s_of(unit, NAME) if any(_miner.rate(one) for one in performances) else 1.0
