"""One source asked over and over in a thread of its own: never two requests at once, and never too soon."""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable


def age_s(answered_at: float, now: float) -> float:
    """Seconds since ``answered_at``; endless where it lies ahead, for a clock that was set back tells no age."""
    return now - answered_at if answered_at <= now else float("inf")


class Asker(threading.Thread, ABC):
    """The loop. Who derives from it says how the source is asked, and what is known of it from elsewhere."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        # A daemon: a source that drips bytes must not keep the console from quitting.
        super().__init__(name=name, daemon=True)
        self._now = now
        self._over = threading.Event()
        self._chance = random.Random()
        self.delay_s = 0.0
        self.settled = False

    @abstractmethod
    def recall(self) -> None:
        """Take in what is kept on disk, where it is younger than what is known."""

    @abstractmethod
    def young_for_s(self) -> float:
        """Seconds until the newest answer, whoever had it, is as old as the interval; 0 where there is none."""

    @property
    @abstractmethod
    def failing(self) -> bool:
        """True while its last reading failed."""

    @abstractmethod
    def read(self) -> float:
        """One reading, judged and kept; seconds until the next."""

    @abstractmethod
    def failed_by(self, defect: str) -> float:
        """Count a failure by a ``defect``, the name of an exception; seconds until the next reading."""

    def ask(self) -> float:
        """One reading; seconds until the next.

        A defect of a reader, or of what judges and keeps what it read, costs its source its figures for a while,
        never its thread, and nobody else anything. Only the exception's name is told: its text may hold anything.
        """
        try:
            return self.read()
        except Exception as error:
            return self.failed_by(type(error).__name__)

    def look(self) -> None:
        """Recall; a defect on the way is a failure like those of ``ask``."""
        try:
            self.recall()
        except Exception as error:
            self.failed_by(type(error).__name__)

    def waits_until(self, next_at: float) -> None:
        """Told when it asks next."""

    def run(self) -> None:
        """Ask, wait, and look whether another console has asked, until stopped."""
        self._over.wait(self.delay_s)
        while not self._over.is_set():
            wait_s = self.young_for_s()
            if wait_s <= 0:
                wait_s = self.ask()
            self.waits_until(self._now() + wait_s)
            self.settled = True
            self._over.wait(wait_s)
            if not self.failing:
                self.look()  # another console may have asked meanwhile

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()
