"""In which order the moves of one plan go on, and the operator's word that no more of them shall begin."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Turns:
    """What the moves of one plan share. Threads may."""

    def __init__(self, stagger_s: float = 0.0, ended: Callable[[], bool] = lambda: False) -> None:
        self.ended = ended
        self._stagger_s = stagger_s
        self._next_at = float("-inf")
        self._lock = threading.Lock()

    def wait_s(self, clock_s: float) -> float:
        """How long a move has to wait yet before it may stop anything; 0 gives it the turn, and to nobody else
        within the stagger."""
        with self._lock:
            if clock_s < self._next_at:
                return self._next_at - clock_s
            self._next_at = clock_s + self._stagger_s
            return 0.0
