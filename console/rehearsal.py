"""Flips on a simulated farm: the transaction, journal and claims of a host, in a thread, at the farm's speed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from console.flips.batch import carry_out
from console.flips.cases import marks, still_standing
from console.flips.facts import Seen
from console.flips.journal import Journal
from console.flips.locks import Claims
from console.flips.records import Action, Plan, Progress
from console.flips.standing import Standing
from console.flips.technician import Locks
from console.model import Guard, Output, Reading, Uuid, WorkState
from console.paths import Places
from console.telemetry.simulated.controller import FarmController, SimulatedError
from console.telemetry.simulated.farm import Farm
from console.workloads.contract import WorkloadError
from console.workloads.expand import Placed

BOOT_ID = "simulated"
"""A farm boots when it is made; the kernel's boot is none of its business."""
STOPS_AT_ONCE = 16
"""As on a host (console.running.stage): standing down has no inrush."""


class FarmFacts:
    """What a transaction may know of a simulated farm. Implements console.flips.facts.Facts."""

    def __init__(self, farm: Farm, journal: Journal, places: Places) -> None:
        self._farm = farm
        self._journal, self._locks, self._standing = journal, Locks(places), Standing(places)
        self._gone = threading.Event()

    def now(self) -> float:
        """Unix seconds on the farm's clock."""
        return self._farm.now()

    def clock(self) -> float:
        """Seconds since the farm began."""
        return self._farm.clock()

    def sleep(self, seconds: float) -> None:
        """Wait so long on the farm's clock."""
        self._farm.sleep(seconds)

    def observe(self, uuids: tuple[Uuid, ...], timeout_s: float) -> tuple[Seen, ...] | None:  # noqa: ARG002
        """These GPUs at this instant."""
        readings = self._farm.read_now(uuids)
        return tuple(
            Seen(reading=r, occupancy=o) for r, o in zip(readings, self._farm.occupancy(readings), strict=True)
        )

    def output(self, action: Action, timeout_s: float) -> Output | None:  # noqa: ARG002
        """What the unit's meter says; without one, whether its unit lives."""
        try:
            return self._farm.meter(action.unit).read()
        except SimulatedError:
            alive = self._farm.controller.observe((action.unit,))[0].state in ("running", "starting")
            state = WorkState.WARMING if alive else WorkState.STOPPED
            return Output(at=self.now(), unit="", value=None, state=state)

    def guards(self, plan: Plan, uuids: tuple[Uuid, ...]) -> tuple[Guard, ...]:
        """Guards that stand on these GPUs now, forced ones left out."""
        stuck = marks(self._journal)
        return tuple(
            guard
            for one in self.observe(uuids, 0.0) or ()
            for guard in still_standing(
                plan,
                one,
                self._farm.settings,
                stuck=stuck.get(one.reading.uuid, ""),
                fresh=True,  # observed at this very instant
                over=self._standing.over(self.now()),
                others=self._locks.guards(one.reading.uuid, self.now()),
            )
        )

    def abandoned(self) -> bool:
        """True once the console is being closed."""
        return self._gone.is_set()

    def abandon(self) -> None:
        """The console closes."""
        self._gone.set()


class FarmHands:
    """Starts and stops the farm's units. Implements console.flips.facts.Hands."""

    def __init__(self, controller: FarmController) -> None:
        self._controller = controller

    def stop(self, action: Action) -> None:
        """Stop the unit."""
        try:
            self._controller.stop(action.unit, action.timeout_s)
        except SimulatedError as error:
            raise WorkloadError(str(error)) from error

    def start(self, action: Action) -> None:
        """Start the unit."""
        try:
            self._controller.start(action.unit, action.timeout_s)
        except SimulatedError as error:
            raise WorkloadError(str(error)) from error

    def silent(self, action: Action) -> str:  # noqa: ARG002
        """Nothing: a simulated controller always answers."""
        return ""

    def faults(self, action: Action) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: simulated units are as they should be."""
        return ()

    def route(self, action: Action, *, let_in: bool) -> bool:  # noqa: ARG002
        """A simulated farm has no front."""
        return False

    def tune(self, profile: str, uuid: Uuid) -> None:
        """Its cards have the limits that their workloads want."""

    def untuned(self, profile: str, seen: Reading) -> str:  # noqa: ARG002
        """Nothing to tell."""
        return ""


class FarmFlipper:
    """Carries plans out in threads. Implements console.site.ground.Flipper."""

    def __init__(self, farm: Farm, places: Places) -> None:
        self.placed: tuple[Placed, ...] = ()
        self._farm = farm
        self._journal = Journal(places, now=farm.now, boot_id=BOOT_ID)
        self._facts = FarmFacts(farm, self._journal, places)
        self._hands = FarmHands(farm.controller)
        self._claims = Claims(places)
        self._stop = threading.Event()

    @property
    def boot_id(self) -> str:
        """The boot that its journal's lines name; what is learnt from them must be asked for under the same one."""
        return self._journal.boot_id

    def prepare(self, uuids: tuple[Uuid, ...]) -> None:
        """Nothing to warm up."""

    def dismiss(self) -> None:
        """Nothing was warmed up."""

    def run(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Begin the plan in a thread of its own."""
        stop, how = self._stop, self._farm.settings.flips
        at_once = how.at_once if any(move.starts for move in plan.moves) else STOPS_AT_ONCE

        def act() -> None:
            carry_out(
                plan,
                self._facts,
                self._hands,
                self._journal,
                self._claims,
                heard,
                at_once=at_once,
                stagger_s=how.stagger_s,
                stop=stop,
            )

        threading.Thread(target=act, name=f"flip {plan.plan_id}", daemon=True).start()

    def stop(self) -> None:
        """Begin no further moves of what runs now; what is begun afterwards is not concerned."""
        self._stop.set()
        self._stop = threading.Event()

    def close(self) -> None:
        """The console closes: what has not stopped anything yet is cancelled, the rest goes on as long as it may."""
        self.stop()
        self._facts.abandon()
