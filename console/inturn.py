"""Things that may wait for a disk, done one after the other in a thread: what was asked for last comes out last.

No ThreadPoolExecutor of one thread: that waits for its thread when the interpreter ends, however long a disk hangs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

CLOSE_S = 2.0
"""How long a close waits for what is still to be done: a disk that hangs must not keep the console from quitting."""


class InTurn:
    """Does what it is given, each when the one before is done. What raises ends nothing but itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._due: deque[Callable[[], object]] = deque()
        self._news = threading.Condition()
        self._over = False
        self._thread: threading.Thread | None = None

    def take(self, job: Callable[[], object]) -> bool:
        """Do this in its turn; False, and nothing, once closed. Returns at once. No thread before the first."""
        with self._news:
            if self._over:
                return False
            self._due.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._news.notify()
        return True

    def close(self, within_s: float = CLOSE_S) -> bool:
        """Take no more and do what is due; False where that is not done ``within_s``."""
        with self._news:
            self._over = True
            self._news.notify()
        if self._thread is None:
            return True
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._due or self._over)
                if not self._due:
                    return
                job = self._due.popleft()
            try:
                job()
            except Exception as error:  # as Python tells of a thread that ends so, but this one goes on
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, self._thread)))
