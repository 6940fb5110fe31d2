"""Batches of the simulated farm, one per simulated second, in the slot of one that a real host's sampler fills."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import ceil, floor

from console.model import Batch, Uuid
from console.telemetry.simulated.timer import Timer

MOST_PER_S = 20.0  # batches per real second: a fast farm skips seconds rather than flood its readers


class FarmSource:
    """Delivers the newest batch; a slow reader skips. Its one thread sleeps between batches and ends on ``close``."""

    def __init__(self, read: Callable[[], Batch], retire: Callable[[Uuid], None], timer: Timer, speed: float) -> None:
        self._read, self._retire, self._timer = read, retire, timer
        self._stride = max(1, ceil(speed / MOST_PER_S))
        self._fresh = threading.Condition()
        self._latest: Batch | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="simulated-farm", daemon=True)

    def start(self) -> None:
        """Begin. Starting twice is an error of the caller (RuntimeError)."""
        self._thread.start()

    def latest(self) -> Batch | None:
        """The newest batch, or None before the first. Never blocks."""
        return self._latest

    def wait(self, after_seq: int, timeout_s: float) -> Batch | None:
        """The newest batch once its ``seq`` exceeds ``after_seq``; None after ``timeout_s`` real seconds or when
        closed."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._closed or self._newer(after_seq), timeout_s)
            return self._latest if self._newer(after_seq) else None

    def forget(self, uuid: Uuid) -> None:
        """Retire a lost GPU. Raises ValueError for one that is still there or was never known."""
        self._retire(uuid)

    def close(self) -> None:
        """End the thread, and wait for it: it never waits on anything that ``close`` does not wake."""
        with self._timer.changed:
            self._closed = True
            self._timer.changed.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        with self._fresh:
            self._fresh.notify_all()

    def _newer(self, seq: int) -> bool:
        return self._latest is not None and self._latest.seq > seq

    def _run(self) -> None:
        due = 0
        while self._until(due):
            batch = self._read()
            with self._fresh:
                self._latest = batch
                self._fresh.notify_all()
            due = floor((batch.seq - 1) / self._stride + 1) * self._stride

    def _until(self, due: float) -> bool:
        with self._timer.changed:
            while not self._closed:
                pause = self._timer.pause_s(due)
                if pause == 0.0:
                    return True
                self._timer.changed.wait(pause)
        return False
