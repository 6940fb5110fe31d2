"""All about a GPU of the composed host: a day in which it changed its work, was not watched for a while."""

from __future__ import annotations

import math

from console.history.gpuday import SPANS, Past, Series, Work
from console.model import ClientKind, GpuRow, Kind, LogLine, Uuid
from console.site.detail import Detail, Occupant
from console.telemetry.static import GpuFacts
from tests.pilot import sample

ERGO = Work(workload="ergo", kind=Kind.MINE, unit="H/s")
VLLM = Work(workload="vllm-qwen", kind=Kind.AI, unit="tok/s")
CHANGES = (
    LogLine(at=sample.NOW - 700, text="ergo → vllm-qwen", tone="label"),
    LogLine(at=sample.NOW - 90_000, text="is held back: sw thermal", tone="warn"),
)
PROCESSES = (
    Occupant(
        pid=4711,
        kind=ClientKind.COMPUTE,
        mem_mib=21_600.0,
        name="vllm",
        user="ai",
        container="docker 3f2a9c1b4d5e",
        since=sample.NOW - 4000,
    ),
    Occupant(pid=812, kind=ClientKind.GRAPHICS, mem_mib=48.5, name="Xorg", user="root", since=sample.NOW - 90_000),
    Occupant(pid=99_001, kind=ClientKind.COMPUTE, mem_mib=None),
)
CARD = GpuFacts(
    index=0,
    vbios="95.02.3c.40.01",
    power_limit_w=450.0,
    power_limit_default_w=450.0,
    power_limit_min_w=150.0,
    power_limit_max_w=600.0,
    pcie_gen=4,
    pcie_gen_max=4,
    pcie_width=8,
    pcie_width_max=16,
)


def past(row: GpuRow, span_s: float, until: float = sample.NOW) -> Past:
    """A time of which the first tenth is unknown, with a gap; half-way the work changes from mining to AI."""
    step_s, length = next((s, n) for s, n in SPANS if s * n >= span_s)
    last = int(until // step_s)
    half = length // 2

    def values(level: float, wave: float) -> tuple[float | None, ...]:
        return tuple(
            None
            if index < length // 10 or length // 3 <= index < length // 3 + 4
            else level * (1 + wave * math.sin((last - length + index) / 7)) * (0.8 if index < half else 1.0)
            for index in range(length)
        )

    def series(name: str, level: float | None, wave: float = 0.04) -> Series:
        means = values(level, wave) if level is not None else (None,) * length
        lows = tuple(None if value is None else value * 0.97 for value in means)
        return Series(name=name, means=means, lows=lows, highs=tuple(v and v * 1.03 for v in means))

    reading, money = row.reading, row.money
    worked = tuple(None if index < length // 10 else ERGO if index < half else VLLM for index in range(length))
    made = series("output", 1900.0)
    output = tuple(
        None if mean is None else mean if work is VLLM else 178e6 for mean, work in zip(made.means, worked, strict=True)
    )
    return Past(
        span_s=float(step_s * length),
        step_s=float(step_s),
        until=float((last + 1) * step_s),
        figures=(
            series("power_w", reading.power_w),
            series("temp_c", reading.temp_c, 0.01),
            series("net_per_h", money.net_per_h),
            Series(name="output", means=output, lows=output, highs=output),
        ),
        options=tuple(series(option.workload, option.net_per_h) for option in money.options),
        work=worked,
        best=tuple(None if work is None else VLLM for work in worked),
    )


def detail(row: GpuRow, span_s: float = 900.0, **more: object) -> Detail:
    """All about a row."""
    given: dict[str, object] = {"processes": PROCESSES, "changes": CHANGES, "driver": "570.86.15", "card": CARD, **more}
    return Detail(row=row, past=past(row, span_s), **given)  # type: ignore[arg-type]


def site(**more: object) -> sample.StillSite:
    """The composed host, which knows all about each of its GPUs."""
    made = sample.StillSite(sample.snapshot(**more))

    def found(uuid: Uuid, span_s: float) -> Detail | None:
        row = next((row for row in made.shown.rows if row.reading.uuid == uuid), None)
        return detail(row, span_s) if row is not None else None

    made.details = found
    return made
