"""The farm's clock: the wall clock times a speed, or one that only moves when it is told."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Timer(Protocol):
    """Simulated seconds since the farm began. ``changed`` is notified when waiting threads should look again."""

    changed: threading.Condition

    def elapsed(self) -> float:
        """Simulated seconds since the beginning; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Let simulated ``seconds`` pass."""

    def pause_s(self, until: float) -> float | None:
        """Real seconds to wait on ``changed`` until simulated ``until``; None when only ``changed`` can tell."""


class WallTimer:
    """Runs by itself, ``speed`` simulated seconds per second."""

    def __init__(self, speed: float) -> None:
        self.changed = threading.Condition()
        self._speed = speed
        self._origin = time.monotonic()
        self._rushing = threading.Event()
        self._ahead_s = 0.0

    def elapsed(self) -> float:
        """Simulated seconds since this timer was made."""
        return (time.monotonic() - self._origin) * self._speed + self._ahead_s

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds`` / speed; no longer at all once it rushes."""
        due = self.elapsed() + max(0.0, seconds)
        if self._rushing.wait(max(0.0, seconds) / self._speed):
            with self.changed:
                self._ahead_s += max(0.0, due - self.elapsed())
                self.changed.notify_all()

    def rush(self) -> None:
        """From now on every sleep is over at once: what is under way comes to its end while the demo is being left."""
        self._rushing.set()

    def pause_s(self, until: float) -> float:
        """Real seconds from now to simulated ``until``, 0 when that has passed."""
        return max(0.0, until - self.elapsed()) / self._speed


class HandTimer:
    """Stands still until somebody sleeps on it, which takes no real time: a flip of 40 s passes at once, and two runs
    that do the same see the same instants to the last bit."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._t = 0.0

    def elapsed(self) -> float:
        """Simulated seconds slept so far."""
        return self._t

    def sleep(self, seconds: float) -> None:
        """Move the clock on by ``seconds`` and wake whoever waits for it."""
        with self.changed:
            self._t += max(0.0, seconds)
            self.changed.notify_all()

    def pause_s(self, until: float) -> float | None:
        """0 once ``until`` has come, else None."""
        return 0.0 if self._t >= until else None
