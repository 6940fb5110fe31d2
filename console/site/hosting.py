"""What a site knows of its AI income beside prices: who serves under which contract, and which machines are rented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from console import units
from console.config.settings import Settings
from console.economics.contract import Contract, bond, clauses, leaving_clause
from console.economics.terms import ContractTerms, MarketplaceTerms, Price, Terms
from console.history.accrued import MAX_GAP_S
from console.history.occupancy import Rentals
from console.history.uptime import Place, Serving, Uptime
from console.market.contracts import contract_of
from console.market.quotes import Board
from console.model import Bond, GpuRow, GpuState, Holder, Option, Quote, WorkState

UNSEEN = (GpuState.HUNG, GpuState.UNSUPPORTED)
"""States of a GPU that does not answer, which is no proof that nothing serves on it."""

DOWN = (WorkState.FAILING, WorkState.STUCK, WorkState.STOPPED)
"""States of an instance that is not about to serve."""


class Positions(NamedTuple):
    """The positions of a contract after a tick: how many are ``free``, who ``holds`` one, and whose turn the free are.

    ``turns`` are no more than ``free``, slot and UUID of each.
    """

    free: int
    holds: frozenset[str]
    turns: tuple[tuple[int, str], ...]


class Hosting:
    """The uptime of contracts and the occupancy of machines, watched each tick and said with each option."""

    def __init__(self, settings: Settings, state: Path | None, *, keeps: bool = True) -> None:
        """Files in ``state``, where there is one, are read; without ``keeps`` they are never written."""
        site = settings.site
        self._settings = settings
        self._contracts = {name: contract_of(name, one, site.timezone) for name, one in settings.contracts.items()}
        self._of = dict(_contracts_of(settings, self._contracts))
        self._machine_of = dict(_machines_of(settings))
        self._machines = frozenset(self._machine_of.values())
        self._positions: dict[str, Positions] = {}
        self._asked: dict[str, set[str]] = {}  # since the last tick, by contract: the GPUs that could serve it
        self._uptime = Uptime(
            state / "uptime.json" if state else None, self._contracts.values(), site.timezone, keeps=keeps
        )
        self._rentals = Rentals(state / "occupancy.json" if state else None, self._machines, keeps=keeps)

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """Occupancies learned here."""
        return self._rentals.quotes

    def watch(self, rows: Iterable[GpuRow], board: Board, now: float) -> None:
        """Look at what this tick saw."""
        if self._contracts:
            rows = tuple(rows)
            serving: Serving = {row.reading.uuid: self._serves(row, now) for row in rows}
            self._uptime.watch(now, serving)
            self._positions = dict(self._counted(rows, serving, now))
            self._asked.clear()
        if self._machines:
            found = ((machine, board.latest("rented", machine, now)) for machine in self._machines)
            self._rentals.watch(now, {name: one.value for name, one in found if one and not one.stale(now)})

    def close(self) -> None:
        """Keep what was seen."""
        self._uptime.save()
        self._rentals.save()

    def why_not(self, workload: str, uuid: str, now: float) -> str:
        """Why a contract would not pay one more GPU; empty where it would.

        Free positions go, one each, to those GPUs that were asked about in the tick before, in the order of ``_turn``.
        """
        contract = self._of.get(workload)
        if contract is None:
            return ""
        self._asked.setdefault(contract.name, set()).add(uuid)
        known = self._positions.get(contract.name)
        if known is None or not contract.in_force(now) or uuid in known.holds:
            return ""
        if known.free <= 0:
            more = "" if self._place(contract, uuid, now).full else " or are about to"
            return f"contract {contract.name} commits {contract.gpus}, and as many serve{more}"
        first = {one for _, one in known.turns}
        if uuid in first or len(first) < known.free:
            return ""
        before = units.gpus(slot for slot, _ in known.turns)
        return f"contract {contract.name} commits {contract.gpus}, and what is free of it is counted for {before}"

    def unpaid(self, workload: str, uuid: str, now: float) -> bool:
        """Whether a GPU on which that workload is serves its contract, or will, beyond what that commits.

        Nothing ties it then.
        """
        place = self._place(self._of.get(workload), uuid, now)
        return place.spare or (place.full and not place.months)

    def terms(self, terms: Terms, uuid: str, now: float) -> Terms:
        """``terms`` as they are for one GPU: one that serves, or is about to, beyond what is committed is paid nothing.

        Whether a machine that the config names is rented is to be known: not told, that is a figure that is lacking.
        """
        machine, contract = self._machine_of.get(terms.workload), self._of.get(terms.workload)
        if machine is not None and isinstance(terms, MarketplaceTerms) and terms.rented is None:
            terms = msgspec.structs.replace(terms, rented=_untold(machine))
        known = self._positions.get(contract.name) if contract else None
        if known is None or uuid not in known.holds or not self.unpaid(terms.workload, uuid, now):
            return terms
        if not isinstance(terms, ContractTerms | MarketplaceTerms):
            return terms
        return msgspec.structs.replace(terms, rate=Price(name=terms.rate.name, value=0.0, inputs=terms.rate.inputs))

    def bound(self, made: Option, uuid: str, now: float, *, runs: bool) -> Option:
        """An option with what ties this GPU to its contract, and where that stands as sentences."""
        contract = self._of.get(made.workload)
        if contract is None:
            return made
        currency, horizon_s = self._settings.site.currency, self._settings.advice.horizon_s
        place = self._place(contract, uuid, now)
        held = bond(contract, place.months, now, horizon_s)
        said = list(clauses(contract, place.months[0], now, currency)) if place.months else []
        if place.spare or (runs and self.unpaid(made.workload, uuid, now)):
            text = f"commits {contract.gpus} and as many serve without this GPU, which is paid nothing"
            said.append(f"contract {contract.name}: {text}")
            held = Bond(contract=contract.name, unpaid=True)
        if runs and (leaving := leaving_clause(contract, held, horizon_s, currency)):
            said.append(leaving)
        return msgspec.structs.replace(made, bond=held, clauses=tuple(said))

    def _place(self, contract: Contract | None, uuid: str, now: float) -> Place:
        return self._uptime.place(contract.name, uuid, now) if contract else Place()

    def _counted(self, rows: Sequence[GpuRow], serving: Serving, now: float) -> Iterable[tuple[str, Positions]]:
        """The positions of each contract in force that commits a number of GPUs."""
        for name, contract in self._contracts.items():
            if contract.gpus is None or not contract.in_force(now):
                continue
            holds = frozenset(row.reading.uuid for row in rows if self._holds(row, serving, contract, now))
            free = max(0, contract.gpus - len(holds))
            asked = self._asked.get(name, set()) - holds
            turns = sorted(
                _turn(row, seated=bool(self._place(contract, row.reading.uuid, now).months))
                for row in rows
                if row.reading.uuid in asked and _ours(row)
            )
            yield name, Positions(free, holds, tuple((slot, uuid) for *_, slot, uuid in turns[:free]))

    def _holds(self, row: GpuRow, serving: Serving, contract: Contract, now: float) -> bool:
        """Whether a GPU takes up a position: it serves, is about to, or cannot be told while it has one."""
        uuid, held, flip = row.reading.uuid, row.occupancy.instance, row.flipping
        serves = serving[uuid]
        if serves == contract.name or (serves is None and self._place(contract, uuid, now).months):
            return True
        if row.reading.state is not GpuState.OK:
            return False
        comes = [held.workload] if held and held.state not in DOWN else []
        comes += [flip.to] if flip else []
        return any(self._of.get(name) is contract for name in comes)

    def _serves(self, row: GpuRow, now: float) -> str | None:
        """The contract that a GPU serves, ``""`` for none, None where it cannot be told.

        It serves while its instance runs and, where it has a meter, that answers.
        """
        reading, held = row.reading, row.occupancy
        if reading.state in UNSEEN or now - reading.at > MAX_GAP_S:
            return None
        if reading.state is not GpuState.OK:
            return ""
        if held.holder is Holder.UNKNOWN:
            return None
        contract = self._of.get(held.instance.workload) if held.instance else None
        if held.instance is None or contract is None:
            return ""
        metered = self._settings.workloads[held.instance.workload].meter is not None
        if metered and (row.output is None or now - row.output.at > MAX_GAP_S):
            return None
        return contract.name if held.instance.state is WorkState.RUNNING else ""


def _turn(row: GpuRow, *, seated: bool) -> tuple[bool, bool, int, str]:
    """The order in which free positions are counted: GPUs that nothing holds up, then who has a seat, then slots."""
    held_up = bool(row.guards or row.stuck or row.flipping)
    return held_up, not seated, row.reading.slot, row.reading.uuid


def _ours(row: GpuRow) -> bool:
    """Whether there is anything to choose for a GPU."""
    return row.reading.state is GpuState.OK and row.occupancy.holder in (Holder.NONE, Holder.WORKLOAD)


def _contracts_of(settings: Settings, contracts: dict[str, Contract]) -> Iterable[tuple[str, Contract]]:
    for name, workload in settings.workloads.items():
        if workload.revenue is not None and workload.revenue.contract in contracts:
            yield name, contracts[workload.revenue.contract]


def _machines_of(settings: Settings) -> Iterable[tuple[str, str]]:
    for name, workload in settings.workloads.items():
        if workload.revenue is not None and workload.revenue.machine is not None:
            yield name, workload.revenue.machine


def _untold(machine: str) -> Price:
    name = f"rented fraction of {machine}"
    return Price(name=name, value=None, stale=True, old=(f"{name}: nothing tells it",))
