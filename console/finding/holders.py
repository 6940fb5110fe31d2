"""Whose process is on each GPU: a program's of supervisord, a container's, a systemd unit's, or nobody's that we know.

The nearest goes first: a program may run inside a container, and both inside a unit of systemd.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.finding import containers
from console.finding.found import Stranger, Unit
from console.finding.units import control, host_unit, unit_of
from console.model import Reading, Record
from console.text import clean
from console.workloads.background import Background
from console.workloads.contract import Holding
from console.workloads.proctable import Process, ProcessTable


class Held(Record):
    """A unit with the GPUs it holds, its processes on them, and the first of these that it has started itself."""

    controller: str
    unit: str
    slots: tuple[int, ...]
    pids: tuple[int, ...]
    roots: tuple[int, ...]
    who: tuple[str, ...]
    autostart: bool | None = None
    unsure: bool = False


class Sorted(Record):
    """All holders of a host: units, and those that are none."""

    units: tuple[Held, ...]
    strangers: tuple[Stranger, ...]


class Holders:
    """Sorts the clients of GPUs by what started them."""

    def __init__(
        self, table: ProcessTable, units: Iterable[Unit], holdings: Sequence[Holding], background: Background
    ) -> None:
        self._table = table
        self._programs = {pid: unit for unit in units for pid in unit.pids}
        self._holdings = holdings
        self._background = background
        self._held: dict[tuple[str, str], Held] = {}
        self._strangers: dict[str, Stranger] = {}

    def sorted_out(self, readings: Sequence[Reading]) -> Sorted:
        """Every holder of these GPUs; a container that was given GPUs holds them without a process on them."""
        for reading in readings:
            for client in reading.clients or ():
                self._put(client.pid, reading.slot)
        for holding in self._holdings:
            self._given(holding, readings)
        return Sorted(units=tuple(self._held.values()), strangers=tuple(self._strangers.values()))

    def _put(self, pid: int, slot: int) -> None:
        process = self._table.get(pid)
        if process is None:
            return self._strange(f"pid {pid} cannot be seen: hidden, in another namespace, or just gone", slot)
        program = next((self._programs[one] for one in self._table.lineage(pid) if one in self._programs), None)
        if program is not None:
            return self._hold(program.controller, program.name, process, slot, program.pids, program.autostart)
        if self._background.holds(process):
            return None
        if process.container:
            return self._in_container(process, slot)
        unit = unit_of(process)
        if unit is not None:
            return self._hold(control(unit[0]).name, unit[1], process, slot, (self._topmost(process),), None)
        host = host_unit(process)
        inside = f", started by {host}" if host else ""
        return self._strange(f"{process.who()}{inside} belongs to no unit that could be started and stopped", slot)

    def _hold(
        self,
        controller: str,
        unit: str,
        process: Process | None,
        slot: int,
        roots: tuple[int, ...],
        autostart: bool | None,
        *,
        unsure: bool = False,
    ) -> None:
        key = (controller, unit)
        before = self._held.get(key)
        pids = (process.pid,) if process else ()
        who = (process.comm,) if process else ()
        self._held[key] = Held(
            controller=controller,
            unit=unit,
            slots=tuple(sorted({*(before.slots if before else ()), slot})),
            pids=tuple(dict.fromkeys((*(before.pids if before else ()), *pids))),
            roots=tuple(dict.fromkeys((*(before.roots if before else ()), *roots))),
            who=tuple(dict.fromkeys((*(before.who if before else ()), *who))),
            autostart=autostart,
            unsure=unsure,
        )

    def _strange(self, sentence: str, slot: int, *, contained: bool = False) -> None:
        before = self._strangers.get(sentence)
        slots = tuple(sorted({*(before.slots if before else ()), slot}))
        self._strangers[sentence] = Stranger(slots=slots, sentence=sentence, contained=contained)

    def _in_container(self, process: Process, slot: int) -> None:
        short = process.container.rpartition(" ")[2]
        holding = next((one for one in self._holdings if one.container[:12] == short), None)
        if holding is None or not self._ours(holding, slot):
            said = f"{process.who()} runs in a container that nothing here was asked about"
            return self._strange(said, slot, contained=True)
        return self._contain(holding, process, slot)

    def _given(self, holding: Holding, readings: Sequence[Reading]) -> None:
        for reading in readings:
            if (holding.every or reading.uuid in holding.uuids) and self._ours(holding, reading.slot):
                self._contain(holding, None, reading.slot)

    def _contain(self, holding: Holding, process: Process | None, slot: int) -> None:
        roots = (process.pid,) if process else ()
        unit, unsure = containers.unit(holding), not holding.unit
        self._hold(containers.NAME, unit, process, slot, roots, None, unsure=unsure)

    def _ours(self, holding: Holding, slot: int) -> bool:
        """False, and told as a stranger, for a renter's container and one whose name no config can hold."""
        if containers.rented(holding):
            said = f"container {clean(holding.name, 60)} is named as a renter's: it is never touched"
        elif not containers.usable(holding):
            said = f"container {clean(containers.unit(holding), 60) or '?'} has a name that no config can hold"
        else:
            return True
        self._strange(said, slot, contained=True)
        return False

    def _topmost(self, process: Process) -> int:
        """The first process of the unit of ``process``, as far up as its ancestors stand in the same cgroup."""
        top = process.pid
        parents = ProcessTable.read(self._table.lineage(process.pid))
        for pid in self._table.lineage(process.pid):
            parent = parents.get(pid)
            if parent is None or parent.cgroups != process.cgroups:
                break
            top = pid
        return top
