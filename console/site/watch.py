"""Asks slow things over and over, each in a thread of its own, so that a dead one costs nothing but its own answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

SECOND_AFTER_S = 1.0
ENOUGH = 1 << 30


class _Asker(threading.Thread, Generic[Answer]):
    """One question, asked every ``period_s`` after the last answer, so a slow one never piles up."""

    def __init__(self, name: str, ask: Callable[[], Answer], period_s: float) -> None:
        # Daemon threads: an endpoint that drips bytes must not keep the console from quitting.
        super().__init__(name=name, daemon=True)
        self._ask = ask
        self._period_s = period_s
        self._over = threading.Event()
        self.answer: Answer | None = None
        self.rounds = 0
        self.asked_at = 0.0
        self._wake = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            begun = time.time()
            try:
                self.answer = self._ask()
            except Exception:
                # A defect in one question must end neither the asking nor leave the last answer standing as if new.
                self.answer = None
            self.asked_at = begun
            self.rounds += 1
            # A rate needs two readings: the second comes soon, whatever the pace after it.
            self._wake.wait(min(self._period_s, SECOND_AFTER_S) if self.rounds == 1 else self._period_s)

    def hurry(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._over.set()
        self._wake.set()


class Watch(Generic[Key, Answer]):
    """Keeps the newest answer per key. What ``ask`` functions expect to fail they return as an answer; a key whose
    function raises has no answer until it is well again."""

    def __init__(self, name: str, period_s: float) -> None:
        self._name = name
        self._period_s = period_s
        self._askers: dict[Key, _Asker[Answer]] = {}

    def want(self, asks: Mapping[Key, Callable[[], Answer]]) -> None:
        """Ask exactly these from now on; answers of keys that stay are kept."""
        for key in [key for key in self._askers if key not in asks]:
            self._askers.pop(key).stop()
        for key, ask in asks.items():
            if key not in self._askers:
                asker = _Asker(f"{self._name} {key}", ask, self._period_s)
                self._askers[key] = asker
                asker.start()

    def answers(self) -> dict[Key, Answer]:
        """The newest answer of every key that has one."""
        return {key: asker.answer for key, asker in self._askers.items() if asker.answer is not None}

    def rounds(self) -> int:
        """How often the one that was answered least has been answered; a large number where nothing is asked."""
        return min((asker.rounds for asker in self._askers.values()), default=ENOUGH)

    def asked_since(self, at: float) -> bool:
        """True when every newest answer is to a question asked after ``at`` (Unix seconds); else asks again now."""
        late = [asker for asker in self._askers.values() if asker.asked_at < at]
        for asker in late:
            asker.hurry()
        return not late

    def close(self) -> None:
        """Ask no more; returns at once."""
        self.want({})
