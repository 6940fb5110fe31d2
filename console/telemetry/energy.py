"""Watts from an energy counter: what was used between two instants, not what a sensor happened to see in one."""

from __future__ import annotations

from collections import deque

WINDOW_S = 10.0
_SHORTEST_S = 0.9  # the counter itself moves in steps of up to 0.1 s


class EnergyMeter:
    """Differentiates one GPU's counter over the last ten seconds."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, mono_s: float, energy_mj: int) -> float | None:
        """Watts over the window once it spans a second; None before, and when the counter stands still.

        A counter that went back belongs to a new session of the driver: the window begins anew.
        """
        seen = self._seen
        if seen and energy_mj < seen[-1][1]:
            seen.clear()
        if not seen or mono_s > seen[-1][0]:
            seen.append((mono_s, energy_mj))
        while len(seen) > 2 and mono_s - seen[1][0] >= self._window_s:
            seen.popleft()
        span_s = seen[-1][0] - seen[0][0]
        used_mj = seen[-1][1] - seen[0][1]
        return used_mj / 1000.0 / span_s if span_s >= _SHORTEST_S and used_mj > 0 else None

    def clear(self) -> None:
        """Forget: there was a gap."""
        self._seen.clear()
