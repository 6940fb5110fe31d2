"""Everything a flip on this host needs, opened together: config, roster, readings, units, journal and claims."""

from __future__ import annotations

import threading
import time

from console.config.loading import find, load
from console.config.settings import Config
from console.flips.batch import carry_out
from console.flips.journal import Journal
from console.flips.locks import Claims
from console.flips.records import Ending, Plan
from console.flips.technician import Locks
from console.flips.telling import Report
from console.model import GpuState, Uuid
from console.paths import Places, places
from console.running.host import HostFacts
from console.running.units import Units
from console.site.presence import Presence
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster
from console.workloads.expand import place

FIRST_S = 30.0
"""How long a driver may take to its first answer: without the persistence daemon it initialises every card."""
LISTEN_S = 0.5
MARKET_S = 8.0
"""How long a market of rented machines may take to its first answer: whoever has asked it a moment before, such as the
console behind this flip, keeps the next request waiting for three seconds."""
STOPS_AT_ONCE = 16
"""Moves under way together where nothing is started: standing down has no inrush."""
PERIOD_S = 0.04
"""25 readings a second of the flip's GPUs, their process lists included: between go and stop one reading is waited
for, and all that a flip adds of its own is to stay under 50 ms."""


class Stage:
    """An open stage. Make and close it in the main thread: the sampler dies with the thread that began it.

    ``lost`` is set once the console that asked is gone. Raises ConfigError for a config that cannot be used and
    ValueError for a GPU that the roster does not know, JournalError for a journal that cannot be used.
    """

    def __init__(
        self, config_path: str | None, where: Places | None, uuids: tuple[Uuid, ...], lost: threading.Event
    ) -> None:
        self.config: Config = load(find(config_path))
        self.uuids = uuids
        self._lost = lost
        own = where or places()
        fixed = {name: gpu.slot for name, gpu in self.config.settings.gpus.items() if gpu.slot is not None}
        self.roster = Roster(own.roster, fixed)
        rows = [(entry.slot, entry.uuid, entry.pci) for entry in self.roster.entries()]
        placed, _ = place(self.config.settings, rows)
        self.placed = placed
        self.journal = Journal(own)
        self.journal.mend()
        self.claims = Claims(own)
        self._source = NvmlSource(self.roster, period_s=PERIOD_S, clients_period_s=PERIOD_S, only=uuids)
        self.hands = Units(self.config.settings, placed)
        self.facts = HostFacts(self.config, placed, self._source, self.hands, self.journal, own, lost)
        self.locks = Locks(own)
        self._presence = Presence(own.run, self.config.hash)
        self._source.start()
        threading.Thread(target=self._look_over, name="units", daemon=True).start()
        self.hands.tasks()  # what the controllers' libraries cost at first is paid now, not between go and stop

    @property
    def disagreement(self) -> str:
        """Why nothing may be done here at all, such as another config that runs beside this one; "" for nothing."""
        return self._presence.reason

    def objection(self, plan: Plan) -> str:
        """Why this plan may not be carried out here; ``""`` when it may. Waits for the first readings."""
        if self._presence.reason:
            return self._presence.reason
        if plan.config_hash != self.config.hash:
            return "the config has changed since this was planned: reload and plan again"
        if missing := {uuid for move in plan.moves for uuid in move.uuids} - set(self.uuids):
            return f"{', '.join(sorted(missing))} is not being read"
        if not self.read(FIRST_S):
            return f"NVML did not answer within {FIRST_S:.0f} s"
        self._hear_markets(plan)
        return ""

    def carry_out(self, plan: Plan, told: Report, stop: threading.Event) -> tuple[Ending, ...]:
        """Run every move of ``plan`` as the config has it; see console.flips.batch.carry_out."""
        how = self.config.settings.flips
        return carry_out(
            plan,
            self.facts,
            self.hands,
            self.journal,
            self.claims,
            told,
            at_once=how.at_once if any(move.starts for move in plan.moves) else STOPS_AT_ONCE,
            stagger_s=how.stagger_s,
            stop=stop,
        )

    def read(self, timeout_s: float) -> bool:
        """Wait until there are readings at all, which takes as long as the driver needs to wake up."""
        end, seq = time.monotonic() + timeout_s, -1
        while (left_s := end - time.monotonic()) > 0 and not self._lost.is_set():
            batch = self._source.wait(seq, min(left_s, LISTEN_S))
            if batch is None:
                continue
            seq = batch.seq
            if all(one.at > 0 or one.state is not GpuState.OK for one in batch.readings):
                return True
        return False

    def _look_over(self) -> None:
        """Have the units that share these GPUs looked over while the dialog is still open, so that no flip waits."""
        for one in self.placed:
            if set(one.uuids) & set(self.uuids):
                self.hands.looked_over(one)

    def _hear_markets(self, plan: Plan) -> None:
        """Wait for the first answer of the markets that may hold this plan's GPUs; one that stays silent refuses it
        later."""
        let = {uuid for one in self.placed if one.let for uuid in one.uuids}
        uuids = let & {uuid for move in plan.moves for uuid in move.uuids}
        end = time.monotonic() + MARKET_S
        while uuids and any(map(self._doubted, uuids)) and time.monotonic() < end:
            if self._lost.wait(LISTEN_S):
                return

    def _doubted(self, uuid: Uuid) -> bool:
        self.hands.tasks()
        return bool(self.hands.doubts().of(uuid))

    def close(self) -> None:
        """Let go of everything; changes nothing outside."""
        self._source.close()
        self.hands.close()
        self._presence.close()
