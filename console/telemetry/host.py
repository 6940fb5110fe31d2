"""The host beside its GPUs: processor, memory, load, uptime."""

from __future__ import annotations

import time

from console.model import HostReading

EVERY_S = 5.0
_MIB = 1024.0 * 1024.0


class HostMeter:
    """Reads the host at most every five seconds, and returns what it last read in between."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._due = 0.0
        self._last = HostReading()

    def read(self) -> HostReading:
        """The newest reading. ``cpu_pct`` covers the time since the one before, so the first has none."""
        now = time.monotonic()
        if now >= self._due:
            first = self._due == 0.0
            self._due = now + self._every_s
            self._last = _read(first)
        return self._last


def _read(first: bool) -> HostReading:
    import psutil  # 15 ms, and nobody waits for it here

    cpu_pct = psutil.cpu_percent(None)
    memory = psutil.virtual_memory()
    return HostReading(
        cpu_pct=None if first else cpu_pct,
        mem_used_mib=(memory.total - memory.available) / _MIB,
        mem_total_mib=memory.total / _MIB,
        load_1m=psutil.getloadavg()[0],
        uptime_s=time.time() - psutil.boot_time(),
    )
