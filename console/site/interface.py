"""What a screen, a pipe or a script may ask of a site: a host in process, a simulated farm, later a fleet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from console.flips.history import Flip
from console.flips.records import Plan, Progress
from console.model import Record, Snapshot, Uuid
from console.site.detail import Detail


class JournalLine(Record):
    """One line of the journal as people and scripts read it. ``body`` is the line's JSON object, already cleaned."""

    seq: int
    at: float
    flip_id: str
    kind: str
    slots: tuple[int, ...]
    who: str
    text: str
    body: dict[str, object]


class Told(Record):
    """The flips that the journal has. ``flips`` is None until it has been read, ``trouble`` why it cannot be."""

    flips: tuple[Flip, ...] | None = None
    trouble: str = ""


class Check(Record):
    """What was found by looking over controllers and units, in sentences: faults stop flips, warnings may spoil one."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Site(Protocol):
    """Live state and the right to plan and flip. Every method but ``check`` returns at once; ``listen`` brings news."""

    def now(self) -> float:
        """Unix seconds on the site's own clock, which a simulated farm may run faster than the wall's."""

    def ready(self) -> bool:
        """True once everything that runs was asked as often as rates need: what is unknown then is unknown."""

    def priced(self) -> bool:
        """True once every feed was asked, or has a fresh answer from before: a slow one may take its whole time-out."""

    def snapshot(self) -> Snapshot:
        """The newest snapshot; before the first reading one with no rows and the reason."""

    def listen(self, heard: Callable[[Snapshot], None]) -> None:
        """Call ``heard`` from a thread of the site with each new snapshot."""

    def plan(self, slots: tuple[int, ...], target: str, *, whole: bool, force: tuple[str, ...] = ()) -> Plan:
        """What flipping ``slots`` to ``target`` (a workload, mine, ai, off, best) would do. Pure and fast.

        ``whole`` takes in the other GPUs of an instance (the cursor stands on one of them); without it a part of a
        set is refused by name. ``force`` waives forceable guards of ``host:slot``.
        """

    def undo(self, slots: tuple[int, ...], *, force: tuple[str, ...] = ()) -> Plan:
        """The plan that takes back the latest flip of these GPUs, or one with refusals and no moves.

        ``force`` as in ``plan``.
        """

    def stand_down(self) -> Plan:
        """The plan that switches off every GPU which nothing guards, at once."""

    def halt(self) -> None:
        """Stop everything automatic until it is resumed. Returns at once; what failed stands in the log."""

    def prepare(self) -> None:
        """A dialog opened: get a runner ready. Harmless when nothing follows."""

    def dismiss(self) -> None:
        """The dialog closed without a word: let the runner go."""

    def flip(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Carry out a confirmed plan. ``heard`` gets every journal line of it, from a thread, outcome last."""

    def stop_batch(self) -> None:
        """Finish the moves under way and begin no more."""

    def history(self, limit: int = 50) -> tuple[JournalLine, ...]:
        """The latest journal lines, newest first."""

    def flips(self) -> Told:
        """The latest flips of this host as last read, newest first. Asking has them read again while the journal
        changes, for as long as somebody asks."""

    def detail(self, uuid: Uuid, span_s: float) -> Detail | None:
        """All about one GPU, its figures over ``span_s`` seconds (900, 7200 or 86400); None where it is not there."""

    def unpin(self, slots: tuple[int, ...]) -> None:
        """Lift the pins that flips by hand have put on these GPUs. Returns at once; what failed stands in the log."""

    def acknowledge(self, keys: tuple[str, ...]) -> None:
        """Say that these alarms are known. Returns at once; the next snapshot and the journal tell of it.

        Raises PermissionError where this console may only look, as ``shelve`` and ``release`` do.
        """

    def shelve(self, keys: tuple[str, ...], until: float, reason: str = "") -> None:
        """Want to hear nothing of these alarms until then (Unix seconds), a week at most."""

    def release(self, keys: tuple[str, ...]) -> None:
        """Take back what was said to these alarms: they call again."""

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is gone. Raises ValueError for one that is still there."""

    def check(self) -> Check:
        """Which controllers do not answer, and what the others find wrong with their units; blocks for seconds."""

    def close(self) -> None:
        """Stop reading. Changes nothing outside: no workload is touched, running flips end by their own rules."""
