"""Sorts what stands on one GPU: our own instances, strangers, what cannot be seen, and the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from console.model import ClientKind, Reading, Uuid
from console.workloads.background import Background, naming
from console.workloads.owners import Key, Owners
from console.workloads.proctable import Process, ProcessTable
from console.workloads.tenants import Tenants

_PID_REUSE_S = 2.0


class Held(NamedTuple):
    """The clients of one GPU, sorted by what they are. Strangers and the background are names for people."""

    owners: dict[Key, tuple[int, ...]]
    foreign: tuple[str, ...]
    hidden: tuple[int, ...]
    background: tuple[str, ...]
    background_mib: float


class Sorter(NamedTuple):
    """Tells what each client of a GPU is."""

    owners: Owners
    table: ProcessTable
    background: Background
    tenants: Tenants
    let: Mapping[Uuid, Key]  # GPUs that are offered on a market, by whose unit

    def clients(self, reading: Reading) -> Held:
        """The clients of one GPU, and the containers that were given it."""
        mine: dict[Key, tuple[int, ...]] = {}
        foreign, hidden, aside, aside_mib = dict[str, None](), dict[int, None](), dict[str, None](), 0.0
        there: set[str] = set()
        for client in reading.clients or ():
            process = self.table.get(client.pid)
            if process is None or _reused(process.started_at, reading):
                hidden[client.pid] = None
            elif (key := self._owner(process, reading.uuid)) is not None:
                mine[key] = tuple(sorted({*mine.get(key, ()), client.pid}))
            elif self.background.holds(process):
                aside[process.who()] = None
                aside_mib += client.mem_mib or 0.0
            else:
                foreign[self._stranger(process, client.kind)] = None
                there |= {holding.container for holding in (self.tenants.of(process),) if holding}
        if reading.uuid not in self.let:  # there whoever was given the GPU is the market's own
            given = (one for one in self.tenants.strangers(reading.uuid) if one.container not in there)
            foreign |= {self.tenants.claim(one): None for one in given}
        return Held(mine, tuple(foreign), tuple(hidden), tuple(aside), aside_mib)

    def _owner(self, process: Process, uuid: Uuid) -> Key | None:
        """The instance that a process belongs to. On a GPU that is let, whatever runs in a container is a renter's, or
        what the market runs while nobody rents."""
        return self.owners.of(process) or (self.let.get(uuid) if process.container else None)

    def _stranger(self, process: Process, kind: ClientKind) -> str:
        holding = self.tenants.of(process)
        inside = f" in {self.tenants.named(holding)}" if holding else ""
        draws = kind is ClientKind.GRAPHICS and not process.container
        return process.who() + inside + (naming(process) if draws else "")


def _reused(started_at: float, reading: Reading) -> bool:
    """True when the process is younger than the list that names its pid: it is another one."""
    return reading.clients_at > 0 and started_at > reading.clients_at + _PID_REUSE_S
