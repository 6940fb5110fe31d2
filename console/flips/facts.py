"""What a transaction may know of the world and do to it, as protocols: the runner, the demo and the tests bring one.

The clock is in here as well, so that the same state machine runs on a host, in a simulated farm at any speed, and
against a fake clock.
"""

from __future__ import annotations

from typing import Protocol

from console.flips.records import Action, Plan
from console.model import Guard, Occupancy, Output, Reading, Record, Uuid


class Seen(Record):
    """One GPU as observed at one instant."""

    reading: Reading
    occupancy: Occupancy


class Facts(Protocol):
    """Eyes, clock and judgement. ``observe`` may block; nothing here changes the world."""

    def now(self) -> float:
        """Unix seconds, for the journal."""

    def clock(self) -> float:
        """Seconds on a clock that does not jump (CLOCK_BOOTTIME), for ages and time-outs."""

    def sleep(self, seconds: float) -> None:
        """Wait on that clock."""

    def observe(self, uuids: tuple[Uuid, ...], timeout_s: float) -> tuple[Seen, ...] | None:
        """Each GPU as read *after* this call began, in the order asked; None when no such reading came in time."""

    def output(self, action: Action, timeout_s: float) -> Output | None:
        """What the workload's meter says; where only its controller answers, an Output without a value, in state
        WARMING while the unit lives and STOPPED once it does not. None when neither can be asked."""

    def guards(self, plan: Plan, uuids: tuple[Uuid, ...]) -> tuple[Guard, ...]:
        """Guards that stand on these GPUs now, as last read, forced ones left out."""

    def abandoned(self) -> bool:
        """True once the console that asked is gone (end of file on stdin)."""


class Hands(Protocol):
    """Changes the world, through controllers only. Raises WorkloadError with a sentence."""

    def stop(self, action: Action) -> None:
        """Stop the unit; returns when its controller says so."""

    def start(self, action: Action) -> None:
        """Start the unit; returns when its controller says so."""

    def silent(self, action: Action) -> str:
        """Why the unit's controller cannot be asked now, ``""`` while it answers. Does not raise."""

    def faults(self, action: Action) -> tuple[str, ...]:
        """What keeps the unit out of every flip, as its controller finds now or found a minute ago. Does not raise."""

    def route(self, action: Action, *, let_in: bool) -> bool:
        """Let requests come to the workload (``let_in``), or stop them from coming, by the command that the config has
        for it; False where it has none."""

    def tune(self, profile: str, uuid: Uuid) -> None:
        """Have root's unit set one GPU's power limit and clocks as ``profile`` says, and read them back."""

    def untuned(self, profile: str, seen: Reading) -> str:
        """Why a reading is not as ``profile`` wants it, ``""`` when it is or cannot be told. Does not raise."""
