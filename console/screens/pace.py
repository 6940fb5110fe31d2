"""How often the screen is painted by itself: each second, or less often for a link that does not take as much."""

from __future__ import annotations

import time
from collections import deque

PACES_S = (1.0, 2.0, 5.0)
DROPS, OF_S = 4, 30
"""Of so many seconds in so many frames were dropped: then a slower screen is offered, once in AGAIN_S."""
AGAIN_S = 600.0
EARLY = 0.95
"""Of a second the timers of two threads meet a little before or after: what comes that early is on time."""


class Pace:
    """The pace of one console, and whether a slower one is worth offering. Call ``offers`` once a second.

    It is the link's: another console of the same operator begins at each second, so it is kept in no file.
    """

    def __init__(self) -> None:
        self._place = 0
        self._dropped = 0
        self._seconds: deque[bool] = deque(maxlen=OF_S)
        self._offered_at = float("-inf")

    @property
    def every_s(self) -> float:
        """Seconds from one painting to the next."""
        return PACES_S[self._place]

    @property
    def following_s(self) -> float:
        """What the next step would make of that."""
        return PACES_S[(self._place + 1) % len(PACES_S)]

    def step(self) -> str:
        """The next pace, in words."""
        self._place = (self._place + 1) % len(PACES_S)
        self._seconds.clear()
        return "each second" if self.every_s == 1.0 else f"every {self.every_s:g} s"

    def due(self, painted_at: float) -> bool:
        """True when it is time to paint again what was painted at ``painted_at`` (monotonic seconds)."""
        return time.monotonic() - painted_at > self.every_s * EARLY

    def holds(self, painted_at: float) -> bool:
        """True for news that are not painted now; at the usual pace all are when they come."""
        return self._place > 0 and not self.due(painted_at)

    def offers(self, dropped: int) -> bool:
        """True when a slower pace should be offered. ``dropped`` are the frames dropped since the start."""
        self._seconds.append(dropped > self._dropped)
        self._dropped = dropped
        slow = sum(self._seconds) >= DROPS and self._place + 1 < len(PACES_S)
        if not slow or time.monotonic() - self._offered_at < AGAIN_S:
            return False
        self._offered_at = time.monotonic()
        return True
