"""Signals told to a thread of their own: in a handler nothing may take a lock that the code it interrupts may hold."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

OVER = 0  # no signal has this number


@contextmanager
def told(numbers: Sequence[signal.Signals], act: Callable[[int], None]) -> Iterator[None]:
    """Call ``act``, in a thread, for each of these signals that comes inside the block. Enter it in the main thread.

    An Event that a handler sets is one that the main thread may be waiting for just then, with the Event's lock in its
    hand: it then waits for itself, and a flip could not be ended any more. SimpleQueue.put may interrupt itself.
    """
    came: SimpleQueue[int] = SimpleQueue()

    def listen() -> None:
        while (number := came.get()) != OVER:
            act(number)

    threading.Thread(target=listen, name="signals", daemon=True).start()
    before = {number: signal.signal(number, lambda number, _: came.put(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        came.put(OVER)
