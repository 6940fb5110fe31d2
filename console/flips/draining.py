"""Drains what will stop: no new requests, then none running or waiting, within a limit; all of it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from console.flips.facts import Facts, Hands
from console.flips.records import Action, Move, Plan
from console.flips.telling import Teller
from console.flips.waiting import ASK_S, Trouble
from console.model import Kind, Output
from console.workloads.contract import WorkloadError

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

    def reopen(self) -> str:
        """Let requests come again to what was drained and goes on; a sentence on those where that failed."""
        closed, self._closed = self._closed, []
        return "; ".join(self._opened(closed))

    def open(self, actions: Iterable[Action]) -> str:
        """Let requests come to what was started; a sentence on those where that failed."""
        return "; ".join(self._opened(action for action in actions if action.kind == Kind.AI))

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
        while busy := _requests(self._facts.output(action, ASK_S * 4)):
            self.hinder()
            now = self._facts.clock()
            if now - begun >= action.drain_timeout_s:
                return self._at_limit(action, busy)
            if busy != last and (last is None or now - told >= TOLD_EVERY_S):
                last, told = busy, now
                self._tell.goes_on(
                    "drain", f"{_left(busy, action)}, {now - begun:.0f} of {action.drain_timeout_s:.0f} s"
                )
            self._facts.sleep(ASK_S)
        found = f"no requests in {action.workload}" if busy == 0 else f"requests of {action.workload} cannot be seen"
        return f"{found}, none come any more" if closed else found

    def _close(self, action: Action) -> bool:
        """Stop requests from coming; False where the config has no command for that. A command that fails drains
        nothing, so the move is cancelled."""
        try:
            closed = self._hands.route(action, let_in=False)
        except WorkloadError as error:
            self._closed.append(action)  # it may have done half
            raise Trouble(f"requests still come to {action.workload}: {error}") from error
        if closed:
            self._closed.append(action)
        return closed

    def _at_limit(self, action: Action, busy: int) -> str:
        if self._plan.abort_requests:
            return f"{busy} requests of {action.workload} are cut off, as was asked"
        raise Trouble(f"{busy} requests still ran in {action.workload} after {action.drain_timeout_s:.0f} s")

    def _opened(self, actions: Iterable[Action]) -> Iterator[str]:
        for action in actions:
            try:
                self._hands.route(action, let_in=True)
            except WorkloadError as error:
                yield f"no requests come to {action.workload} yet: {error}"


def _left(busy: int, action: Action) -> str:
    return f"{busy} request{'' if busy == 1 else 's'} left in {action.workload}"


def _requests(output: Output | None) -> int | None:
    """Requests running and waiting, None where the meter does not tell."""
    if output is None or (output.running is None and output.waiting is None):
        return None
    return (output.running or 0) + (output.waiting or 0)
