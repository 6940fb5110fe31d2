"""When a feed is asked next: its own interval while it answers, longer and longer while it does not."""

from __future__ import annotations

import random

FIRST_RETRY_S = 15.0
LONGEST_S = 900.0
_JITTER_ANSWERED = 0.05
_JITTER_FAILED = 0.25


def next_in_s(interval_s: float, failures: int, retry_after_s: float | None, chance: random.Random) -> float:
    """Seconds until the next reading after ``failures`` in a row, 0 after an answer.

    Failures double the wait from a quarter minute to a quarter hour, or to the interval where that is longer. Jitter
    keeps many consoles from asking one source at the same instant. What a source asks for itself (``Retry-After``) is
    never undercut.
    """
    if failures == 0:
        return interval_s * (1 + chance.uniform(-_JITTER_ANSWERED, _JITTER_ANSWERED))
    first, longest = min(interval_s, FIRST_RETRY_S), max(interval_s, LONGEST_S)
    wait_s = min(longest, first * 2.0 ** min(failures - 1, 16))
    return max(wait_s * (1 + chance.uniform(0.0, _JITTER_FAILED)), retry_after_s or 0.0)
