"""A journal, claims and a world together: what a transaction needs, and what it left behind."""

from pathlib import Path

from console.flips import reading, recovery
from console.flips.chain import Line
from console.flips.journal import Journal
from console.flips.locks import Claims
from console.flips.records import Ending, Plan, Progress
from console.flips.transaction import Transaction
from console.flips.turns import Turns
from console.paths import Places
from tests.unit.flipworld import WHO, World


class Stage:
    """One host's state on disk and the world beside it."""

    def __init__(self, folder: Path, world: World) -> None:
        (folder / "run").mkdir(exist_ok=True)
        self.places = Places(state=folder, run=folder / "run", shared=True)
        self.world = world
        self.journal = Journal(self.places, now=world.now, boot_id="boot-1")
        self.claims = Claims(self.places)
        self.told: list[Progress] = []

    def flip(self, plan: Plan, order: Turns | None = None) -> Ending:
        """Carry out the one move of a plan."""
        (move,) = plan.moves
        world = self.world
        return Transaction(move, plan, world, world, self.journal, self.claims, self.told.append, order).run()

    def settle(self) -> tuple[recovery.Settled, ...]:
        """Settle whatever is open."""
        return recovery.settle(self.journal, self.world, self.claims, WHO, hands=self.world)

    def lines(self, *kinds: str) -> tuple[Line, ...]:
        """The journal, oldest first."""
        return tuple(reversed(reading.lines(self.journal.path, 1000, kinds=kinds)))

    def steps(self) -> list[str]:
        """The steps that were journalled, in order."""
        return [str(line.body["step"]) for line in self.lines("step")]

    def results(self) -> list[str]:
        """The results of every outcome, in order."""
        return [str(line.body["result"]) for line in self.lines("outcome")]
