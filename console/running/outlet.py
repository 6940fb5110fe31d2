"""Progress to whoever watches, on a pipe or terminal that may be slow, full or gone: a flip never waits for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from console.flips.records import Progress

MOST_WAITING = 10_000
FLUSH_S = 2.0
"""How long the last lines may take to reach a reader that has stalled."""
PAUSE_S = 0.05
"""Between two tries where a pipe that does not block is full."""


def json_line(progress: Progress) -> bytes:
    """One Progress as a line of JSON."""
    return msgspec.json.encode(progress) + b"\n"


def unbuffered(fd: int) -> BinaryIO:
    """A descriptor to write to, which stays open. Without a buffer: one that a stalled thread holds ends the process
    in an abort instead of an exit."""
    return open(fd, "wb", buffering=0, closefd=False)


class Outlet:
    """Writes what ``shape`` makes of each Progress from a thread of its own; drops them when nobody reads."""

    def __init__(self, pipe: BinaryIO, shape: Callable[[Progress], bytes] = json_line) -> None:
        self._pipe, self._shape = pipe, shape
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
                self._put(self._shape(progress))
            except (OSError, ValueError):
                return

    def _put(self, line: bytes) -> None:
        while line:
            # A file without a buffer may take a part, or None of it.
            taken = self._pipe.write(line) or 0
            line = line[taken:]
            if not taken:
                time.sleep(PAUSE_S)
        self._pipe.flush()
