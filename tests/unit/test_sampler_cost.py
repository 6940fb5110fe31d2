"""What the sampler costs. Bytes and memory are tested; ``python -m tests.unit.test_sampler_cost`` prints times."""

import os
import select
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from console.telemetry import frames, layout
from console.telemetry.child import Child, Order
from tests.rig.nvml import FakeGpus, build

RSS_LIMIT_MB = 12.0


class Cost(NamedTuple):
    """One run. Memory as ``VmRSS`` and ``Pss`` of the sampler, CPU of user and system together."""

    gpus: int
    start_ms: float
    cpu_ms_per_tick: float
    reader_cpu_ms_per_tick: float
    rss_mb: float
    pss_mb: float
    tick_bytes: int


def measure(gpus: int, period_s: float, ticks: int) -> Cost:
    """Run a sampler for ``ticks`` ticks in the environment as it is, and listen as the console does."""
    began, reader = time.monotonic(), time.thread_time()
    child = Child(Order(period_s=period_s, clients_s=5.0, longest_s=10.0))
    try:
        start_s = _listen(child, 1) - began
        cpu_s, reader = _cpu_s(child.pid), time.thread_time()
        _listen(child, ticks)
        cpu_s, reader = _cpu_s(child.pid) - cpu_s, time.thread_time() - reader
        rss_mb = _kib(child.pid, "status", "VmRSS:") / 1024
        pss_mb = _kib(child.pid, "smaps_rollup", "Pss:") / 1024
    finally:
        child.abandon()
        while not child.reaped():
            time.sleep(0.002)
    size = layout.PREFIX.size + layout.TICK_HEAD.size + gpus * layout.RECORD.size
    return Cost(gpus, start_s * 1e3, cpu_s / ticks * 1e3, reader / ticks * 1e3, rss_mb, pss_mb, size)


def _listen(child: Child, ticks: int) -> float:
    left = ticks
    while left > 0:
        assert select.select([child], [], [], 10.0)[0], "the sampler fell silent"
        left -= sum(isinstance(frame, frames.Tick) for frame in child.receive())
    return time.monotonic()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kib(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


@pytest.mark.nvml
def test_sixty_four_gpus_fit_in_little_memory_and_few_bytes(
    gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame is 168 bytes per GPU; the process stays small, because it imports next to nothing."""
    gpus(64).activate(monkeypatch)
    cost = measure(64, 0.05, 10)
    assert cost.tick_bytes == 14 + 64 * 168
    assert cost.rss_mb < RSS_LIMIT_MB


def main() -> None:
    """Print the medians of five runs for 8 and 64 GPUs."""
    os.environ |= {"LD_LIBRARY_PATH": str(build()), "FAKE_NVML_MODEL": "mixed"}
    for gpus in (8, 64):
        os.environ["FAKE_NVML_GPUS"] = str(gpus)
        runs = [measure(gpus, 0.1, 50) for _ in range(5)]
        print(Cost(*(statistics.median(values) for values in zip(*runs, strict=True))))


if __name__ == "__main__":
    main()
