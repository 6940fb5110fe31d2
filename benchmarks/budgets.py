"""The figures that are reported, and what each may be at most."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.visit import Sample


class Figure(NamedTuple):
    """A row of a table: the key of a sample, what it says, its unit and the digits worth showing."""

    key: str
    title: str
    unit: str
    digits: int


FIGURES = (
    Figure("cpu_pct", "CPU at rest, all processes", "% of a core", 2),
    Figure("bytes_per_s", "to the terminal at rest", "B/s", 0),
    Figure("pss_mb", "memory (PSS), all processes", "MB", 1),
    Figure("first_byte_ms", "first byte", "ms", 0),
    Figure("first_paint_ms", "first paint", "ms", 0),
    Figure("first_paint_bytes", "first paint", "B", 0),
    Figure("start_cpu_ms", "CPU until then", "ms", 0),
    Figure("key_ms", "cursor key to paint, median", "ms", 1),
    Figure("key_p95_ms", "cursor key to paint, p95", "ms", 1),
    Figure("key_bytes", "the frame of such a key, median", "B", 0),
    Figure("key_cpu_pct", "CPU while such keys are pressed", "% of a core", 1),
    Figure("page_ms", "page key to paint, median", "ms", 1),
    Figure("page_p95_ms", "page key to paint, p95", "ms", 1),
    Figure("hung_key_ms", "cursor key while a GPU hangs, median", "ms", 1),
    Figure("hung_key_p95_ms", "cursor key while a GPU hangs, p95", "ms", 1),
    Figure("stall_bytes", "in 1.5 s to whoever reads again after a stall", "B", 0),
    Figure("stall_pss_mb", "memory (PSS) then", "MB", 1),
    Figure("stall_key_ms", "cursor key just after a stall, median", "ms", 1),
    Figure("stall_key_p95_ms", "cursor key just after a stall, p95", "ms", 1),
)


class Budget(NamedTuple):
    """At most ``limit``, or ``limit`` times nvitop's figure. An ``exact`` one is free of noise: it fails runs."""

    limit: float
    of_theirs: bool = False
    exact: bool = False

    def text(self) -> str:
        """As a table's cell."""
        times = "" if self.limit == 1 else f"{self.limit:g} x "
        return f"≤ {times}nvitop" if self.of_theirs else f"≤ {self.limit:g}"

    def met(self, ours: float | None, theirs: float | None) -> bool:
        """Whether our median keeps it; a figure that could not be had keeps nothing."""
        limit = self.limit * theirs if self.of_theirs and theirs is not None else self.limit
        return ours is not None and ours <= limit


_KEYS = {
    "key_ms": Budget(5),
    "key_p95_ms": Budget(10),
    "page_ms": Budget(12),
    "page_p95_ms": Budget(20),
    "hung_key_ms": Budget(5),
    "hung_key_p95_ms": Budget(10),
    "stall_key_ms": Budget(5),
    "stall_key_p95_ms": Budget(10),
}
PAGE_GROWTH = Budget(1.3)
"""A page among 40,000 rows over one among 1,000."""
BUDGETS: Mapping[int, Mapping[str, Budget]] = {
    8: {
        "cpu_pct": Budget(1, of_theirs=True),
        "bytes_per_s": Budget(1000, exact=True),
        "pss_mb": Budget(70),
        "first_paint_ms": Budget(500),
        **_KEYS,
    },
    64: {"cpu_pct": Budget(0.5, of_theirs=True), "bytes_per_s": Budget(6000, exact=True), **_KEYS},
}
"""By the number of GPUs on a host, whatever runs on it."""


class Spread(NamedTuple):
    """What several runs say of one figure."""

    median: float
    least: float
    most: float


def spread(samples: Sequence[Sample], key: str) -> Spread | None:
    """The median of the runs that have this figure, with the least and the most of them; None where none has it."""
    values = [value for sample in samples if (value := sample.get(key)) is not None]
    return Spread(statistics.median(values), min(values), max(values)) if values else None
