"""What is wrong with one GPU and what happened to it, each as a sentence with its time and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from console import units
from console.model import GpuRow, GpuState, LogLine
from console.site.events import USUAL
from console.telemetry.xid import words
from console.view import clock
from console.view.cells import HOT_C
from console.view.pieces import Line, Piece, fit, wrap
from console.view.tones import TONES

WHEN = 10
ADVICE = {
    "hw thermal": "it is too hot and slowed by the hardware: check fans, dust and thermal paste now",
    "sw thermal": "the driver slows it to hold its temperature: more air, or a lower power limit",
    "power brake": "power supply or board has pulled the brake: check supply and cables",
}
"""What to do about what holds a card back. Source: NVML's clocks event reasons (docs.nvidia.com/deploy/nvml-api)."""


class Told(NamedTuple):
    """One sentence; ``at`` is None for what is so now."""

    at: float | None
    text: str
    tone: str


def now_wrong(row: GpuRow, now: float) -> Iterator[Told]:
    """What is wrong at this moment, the gravest first."""
    reading = row.reading
    if reading.state is not GpuState.OK:
        yield Told(reading.since or None, f"✕ {reading.state.value.replace('_', ' ')}: {reading.reason}", "harm")
    if row.stuck:
        yield Told(None, f"✕ stuck: {row.stuck}", "harm")
    if reading.remap_failed:
        yield Told(None, "✕ a memory row could not be remapped: no more AI jobs here, ask for replacement", "harm")
    if reading.ecc_uncorrected:
        many = f"{reading.ecc_uncorrected} uncorrected memory errors"
        yield Told(None, f"! {many}: drain and reset it; if they come again take it out of service", "warn")
    if reading.remap_pending:
        yield Told(None, "! a memory row waits to be remapped: reset the GPU at its next idle time", "warn")
    for reason in reading.throttle:
        if reason not in USUAL:
            yield Told(None, f"! held back, {reason}: {ADVICE.get(reason, 'see nvidia-smi -q, Clocks')}", "warn")
    if reading.temp_c is not None and reading.temp_c >= HOT_C and not reading.throttle:
        yield Told(None, f"! hot, {units.temp(reading.temp_c)}: check fans, dust and the air before it", "warn")
    if not row.fresh and reading.state is GpuState.OK:
        yield Told(reading.at, f"! no reading for {units.age(now - reading.at)}: what stands here is old", "warn")


def happened(row: GpuRow, changes: tuple[LogLine, ...]) -> list[Told]:
    """What happened to it, newest first: its changes, and the XIDs that no change tells of."""
    found = [Told(one.at, one.text, one.tone) for one in changes]
    said = {one.text for one in changes}
    found += [Told(event.at, words(event.code), "harm") for event in row.reading.xids if words(event.code) not in said]
    return sorted(found, key=lambda one: -(one.at or 0.0))


def lines(row: GpuRow, changes: tuple[LogLine, ...], now: float, timezone: str, room: int, count: int) -> list[Line]:
    """``count`` lines at most; that nothing is wrong is a sentence too."""
    out: list[Line] = []
    for told in [*now_wrong(row, now), *happened(row, changes)]:
        out += _lines(told, now, timezone, room)
    if not out:
        out = [fit((Piece("   nothing wrong: no XID, no memory error, not held back", "label"),), room)]
    return out[:count]


def _lines(told: Told, now: float, timezone: str, room: int) -> list[Line]:
    tone = told.tone if told.tone in TONES else "label"
    when = "now" if told.at is None else clock.dated(told.at, now, timezone, "%H:%M:%S", "%d %b")
    mark = "✕ " if tone == "harm" and not told.text.startswith("✕") else ""
    parts = wrap(mark + told.text, room - WHEN - 4, 2)
    return [
        fit((Piece(" " * 3), Piece((when if at == 0 else "").ljust(WHEN), "aside"), Piece(part, tone)), room)
        for at, part in enumerate(parts)
    ]
