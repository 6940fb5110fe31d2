"""The past of a farm that begins with one, priced at the quotes of its own time, so that trends do not begin empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from console.config.settings import Settings
from console.economics.margins import option
from console.economics.terms import OffTerms, Work
from console.economics.totals import known_sum
from console.history.trend import Trend
from console.market.quotes import Board
from console.market.terms import site_terms, terms_of
from console.model import Basis, Quote, Record, Uuid


class Moment(Record):
    """What one GPU did at one instant of the past."""

    at: float
    workload: str
    power_w: float | None
    rate: float | None
    input_rate: float | None = None
    temp_c: float | None = None


Past = Mapping[Uuid, Sequence[Moment]]
Quotes = Callable[[float], Iterable[Quote]]
Seen = Callable[[Uuid, Moment, float | None], None]
"""Told of each GPU's moments, oldest first, with what it netted per hour."""


def _nobody(uuid: Uuid, moment: Moment, net_per_h: float | None) -> None:
    """Nobody else wants to know."""


def backfill(
    past: Past, settings: Settings, quotes: Quotes, net: dict[str, Trend], power: dict[str, Trend], seen: Seen = _nobody
) -> None:
    """Fill the trends of every GPU and, under ``""``, of the host, and tell ``seen``. What is unknown is in no sum."""
    nets: dict[float, list[float | None]] = {}
    walls: dict[float, list[float | None]] = {}
    boards: dict[float, Board] = {}
    for uuid, moments in past.items():
        own_net, own_power = net.setdefault(uuid, Trend()), power.setdefault(uuid, Trend())
        for moment in moments:
            board = boards.setdefault(moment.at, Board().put(quotes(moment.at)))
            wall_w, net_per_h = _priced(moment, settings, board, len(past))
            own_net.add(moment.at, net_per_h)
            own_power.add(moment.at, moment.power_w)
            seen(uuid, moment, net_per_h)
            nets.setdefault(moment.at, []).append(net_per_h)
            walls.setdefault(moment.at, []).append(wall_w)
    for at in sorted(nets):
        net.setdefault("", Trend()).add(at, known_sum(nets[at]))
        power.setdefault("", Trend()).add(at, known_sum(walls[at]))


def _priced(moment: Moment, settings: Settings, board: Board, gpus: int) -> tuple[float | None, float | None]:
    site = site_terms(settings, board, moment.at, gpus)
    workload = settings.workloads.get(moment.workload)
    terms = terms_of(moment.workload, workload, settings, board, moment.at) if workload else OffTerms()
    work = Work(
        workload=moment.workload,
        basis=Basis.MEASURED,
        rate=moment.rate,
        input_rate=moment.input_rate,
        power_w=moment.power_w,
        idle_power_w=moment.power_w,
    )
    made = option(terms, work, site)
    return made.wall_w, made.net_per_h
