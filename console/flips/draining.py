"""Drains what will stop: no new requests, then none running or waiting, within a limit; all of it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from console.flips.facts import Facts, Hands
from console.flips.records import Action, Move, Plan
from console.flips.telling import Teller
from console.flips.waiting import ASK_S, Trouble
from console.model import Kind, Output, WorkState
from console.workloads.contract import WorkloadError

QUIET_LOOKS = 2
"""How often in a row a server behind a closed front must be seen without requests: one may still be on its way."""
CUTS = "`changeover flip --abort-requests` cuts them off"
"""The way on for whoever cannot wait longer, told where the wait has ended for nothing."""
TOLD_EVERY_S = 2.0
"""How often a drain says how far it is, at most."""


class Drain:
    """The drain of one move. What it closed it knows, and opens again when the move comes to nothing."""

    def __init__(
        self, move: Move, plan: Plan, facts: Facts, hands: Hands, tell: Teller, cancelled: Callable[[], bool]
    ) -> None:
        self._move, self._plan, self._facts, self._hands = move, plan, facts, hands
        self._tell, self._cancelled = tell, cancelled
        self._closed: list[Action] = []

    def run(self) -> str:
        """Drain every server that the move stops; what was found, in words. Raises Trouble at the limit, or when the
        operator or his console ends it."""
        waited = [action for action in self._move.stops if action.kind == Kind.AI and action.drain_timeout_s]
        return "; ".join(filter(None, map(self._drain, waited)))

    def reopen(self, goes_on: Callable[[Action], bool] = lambda _: True) -> str:
        """Let requests come again to what was drained and ``goes_on``; a sentence on those where that failed."""
        return "; ".join(self._opened(action for action in self._closed if goes_on(action)))

    def open(self, actions: Iterable[Action]) -> str:
        """Let requests come to what was started; a sentence on those where that failed."""
        return "; ".join(self._opened(action for action in actions if action.routed))

    def hinder(self) -> None:
        """Trouble once the operator, or his console, wants no more of what has not begun to stop."""
        if self._facts.abandoned():
            raise Trouble("the console that asked for it is gone")
        if self._cancelled():
            raise Trouble("you ended it before anything was stopped")

    def _drain(self, action: Action) -> str:
        closed = self._close(action)
        begun = told = self._facts.clock()
        last: int | None = None
        quiet = 0
        while True:
            looked = _looked(action, self._facts.output(action, ASK_S * 4))
            if looked is Unseen.EVER:
                return self._said(action, "requests of {} cannot be seen", closed=closed)
            quiet = quiet + 1 if looked == 0 else 0
            if quiet >= (QUIET_LOOKS if closed else 1):
                return self._said(action, "no requests in {}", closed=closed)
            self.hinder()
            now = self._facts.clock()
            if now - begun >= action.drain_timeout_s:
                return self._at_limit(action, looked)
            busy = looked if isinstance(looked, int) else None
            if busy and busy != last and (last is None or now - told >= TOLD_EVERY_S):
                last, told = busy, now
                ran = f"{now - begun:.0f} of {action.drain_timeout_s:.0f} s"
                self._tell.goes_on("drain", f"{_left(busy, action)}, {ran}")
            self._facts.sleep(ASK_S)

    def _said(self, action: Action, words: str, *, closed: bool) -> str:
        return words.format(action.workload) + (", none come any more" if closed else "")

    def _close(self, action: Action) -> bool:
        """Stop requests from coming; False where the config has no command for that. A command that fails drains
        nothing, so the move is cancelled. Journalled first: who settles a drain that was cut off opens what it closed.
        """
        if not action.routed:
            return False
        self._tell.closes(action)
        self._closed.append(action)  # a command that fails may have done half
        try:
            return self._hands.route(action, let_in=False)
        except WorkloadError as error:
            raise Trouble(f"requests still come to {action.workload}: {error}") from error

    def _at_limit(self, action: Action, looked: int | Unseen) -> str:
        if self._plan.abort_requests:
            what = f"{looked} requests" if isinstance(looked, int) else "whatever requests"
            return f"{what} of {action.workload} are cut off, as was asked"
        waited = f"{action.drain_timeout_s:.0f} s"
        if isinstance(looked, int):
            raise Trouble(f"{looked} requests still ran in {action.workload} after {waited}; {CUTS}")
        raise Trouble(f"whether requests run in {action.workload} could not be told for {waited}")

    def _opened(self, actions: Iterable[Action]) -> Iterator[str]:
        for action in actions:
            try:
                self._hands.route(action, let_in=True)
            except WorkloadError as error:
                yield f"no requests come to {action.workload} yet: {error}"


def _left(busy: int, action: Action) -> str:
    return f"{busy} request{'' if busy == 1 else 's'} left in {action.workload}"


class Unseen(Enum):
    """Why it is not known how many requests run."""

    NOW = "now"  # its meter did not answer as it does: it is asked again
    EVER = "ever"  # it has no meter, or one that does not tell, or it has ended


def _looked(action: Action, output: Output | None) -> int | Unseen:
    """Requests running and waiting. One answer that does not come is no quiet moment: a scrape may be slow."""
    if not action.metered or (output is not None and output.state is WorkState.STOPPED):
        return Unseen.EVER
    if output is None:
        return Unseen.NOW
    if output.running is None and output.waiting is None:
        return Unseen.EVER if output.state is WorkState.RUNNING else Unseen.NOW
    return (output.running or 0) + (output.waiting or 0)
