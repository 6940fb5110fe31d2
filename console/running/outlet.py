"""Progress to whoever watches, on a pipe that may be slow, full or broken: a flip never waits for it."""

from __future__ import annotations

import queue
import threading
from typing import BinaryIO

import msgspec

from console.flips.records import Progress

MOST_WAITING = 10_000
FLUSH_S = 2.0
"""How long the last lines may take to reach a reader that has stalled."""


class Outlet:
    """Writes one JSON line per Progress from a thread of its own; drops them when nobody reads."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._waiting: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
        # A daemon: a reader that has stalled for good must not keep the runner from ending.
        self._thread = threading.Thread(target=self._write, name="outlet", daemon=True)
        self._thread.start()

    def tell(self, progress: Progress) -> None:
        """Hand one over; returns at once."""
        if self._waiting.qsize() < MOST_WAITING:  # the journal has the others
            self._waiting.put(progress)

    def close(self) -> None:
        """Give the last lines a moment to get out."""
        self._waiting.put(None)
        self._thread.join(FLUSH_S)

    def _write(self) -> None:
        while (progress := self._waiting.get()) is not None:
            try:
                self._pipe.write(msgspec.json.encode(progress) + b"\n")
                self._pipe.flush()
            except (OSError, ValueError):
                return
