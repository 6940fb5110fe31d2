"""Flips that can be stopped anywhere, killed and taken up again, one running at a time: deterministic threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from console.flips.records import Move, Who
from tests.unit.flipworld import WHO, Crash


class World(Protocol):
    """What a flight tells the world of itself."""

    flight: Flight | None  # that runs now
    time_s: float
    resumed_s: float  # when it began to run


class Broken(BaseException):
    """A promise of the flip was broken; ``str`` says which. No Exception, so that no flip takes it for trouble."""


@dataclass
class Flight:
    """One flip in a thread of its own, of which at any time at most one runs: it is driven from trap to trap."""

    world: World
    run: Callable[[], object]
    move: Move | None = None  # None: it settles
    who: Who = WHO
    trap: tuple[str, int] | None = None  # the beginning of a call's name, and how many of them are let pass
    sprung: Callable[[], None] | None = None  # what happens there; None: the flip is held
    lost: bool = False  # its console is gone
    result: object = None
    error: BaseException | None = None
    told_to_die: bool = False
    over: bool = False
    acts: list[str] = field(default_factory=list)
    seen_free: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._go, self._paused = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._fly, daemon=True)
        self._thread.start()

    def advance(self, trap: tuple[str, int] | None = None, sprung: Callable[[], None] | None = None) -> None:
        """Run on until it is held at a trap or over; raises what broke it, but for its death."""
        self.trap, self.sprung = trap, sprung
        before, self.world.flight = self.world.flight, self
        self.world.resumed_s = self.world.time_s
        self._go.release()
        assert self._paused.acquire(timeout=60), "the flip hangs"
        self.world.flight = before
        if isinstance(self.error, Broken):
            raise AssertionError(str(self.error)) from self.error  # noqa: TRY004 - hypothesis shrinks no BaseException
        if self.error is not None and not isinstance(self.error, Crash):
            raise self.error

    def die(self) -> None:
        """Killed where it stands, as by kill -9: nothing of it runs on, and its claims say so only by being free."""
        self.told_to_die = True
        self.advance()

    def at(self, call: str) -> None:
        """Called in its own thread by whatever it asks of the world."""
        if call.startswith(("start ", "stop ")):
            self.acts.append(call)
        if self.trap is None or not call.startswith(self.trap[0]):
            return
        kind, left = self.trap
        self.trap = (kind, left - 1) if left else None
        if left:
            return
        if self.sprung is not None:
            self.sprung()
            return
        self._paused.release()
        self._go.acquire()
        if self.told_to_die:
            raise Crash(call)

    def _fly(self) -> None:
        self._go.acquire()
        try:
            self.result = self.run()
        except BaseException as error:
            self.error = error
        self.over = True
        self._paused.release()
