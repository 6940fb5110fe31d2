"""One look at a host: from starting a program to typing on it while one of its GPUs hangs."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.hosts import Host
from benchmarks.terminal import Answer, TimedTerminal
from benchmarks.tree import cpu_s, pss_mb

Sample = Mapping[str, float | None]
"""What one run measured, most of it by the keys of ``budgets.FIGURES``; None where the program gave no answer."""

FIRST_FRAME_BYTES = 2048
HUNG_GPU = 3
HUNG_FOR_MS = 120_000
_FIRST_FRAME_S = 15.0
_ANSWER_S = 1.5
_BACK_S = 1.5  # in it what was kept back comes, and the tick after it
_BETWEEN_KEYS_S = (0.15, 0.30)


class Pace(NamedTuple):
    """How long to look. ``settle_s`` comes before each window, ``steady_s`` is whole seconds: programs tick at 1 Hz.

    For ``stall_s`` nobody reads the terminal.
    """

    settle_s: float
    steady_s: int
    presses: int
    page_presses: int
    hung_presses: int
    stall_s: float


def visit(command: Sequence[str], host: Host, pace: Pace) -> Sample:
    """Watch ``host`` with a program. Raises ``EOFError`` if the program ends, ``TimeoutError`` if it draws nothing."""
    with TimedTerminal(command, host.env) as terminal:
        sample = dict(first_frame(terminal))
        terminal.pump(pace.settle_s)
        sample |= _rest(terminal, pace.steady_s)
        sample |= presses(terminal, "key", ("down", "up"), pace.presses)
        sample |= presses(terminal, "page", ("pagedown", "pageup"), pace.page_presses)
        host.gpus.fault(f"hang:{HUNG_GPU}", f"hangms:{HUNG_FOR_MS}")
        try:
            terminal.pump(pace.settle_s)
            sample |= presses(terminal, "hung_key", ("down", "up"), pace.hung_presses)
        finally:
            host.gpus.clear()
        terminal.pump(pace.settle_s)
        sample |= _stall(terminal, pace)
    return sample


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def first_frame(terminal: TimedTerminal) -> Sample:
    """Until the first frame: the first 2 KiB without a pause, so that mode switches do not pass for a screen."""
    first = terminal.frame(_FIRST_FRAME_S)
    frame = first if first and first.size >= FIRST_FRAME_BYTES else terminal.frame(_FIRST_FRAME_S, FIRST_FRAME_BYTES)
    if first is None or frame is None:
        raise TimeoutError(f"no frame within {_FIRST_FRAME_S:g} s")
    return {
        "first_byte_ms": (first.began - terminal.born) * 1e3,
        "first_paint_ms": (frame.ended - terminal.born) * 1e3,
        "start_cpu_ms": cpu_s(terminal.pid) * 1e3,
        "first_paint_bytes": float(frame.size),
    }


def _rest(terminal: TimedTerminal, seconds: int) -> Sample:
    """Nobody types."""
    received, used_s, began = terminal.received, cpu_s(terminal.pid), time.monotonic()
    terminal.pump(seconds)
    used_s, took_s = cpu_s(terminal.pid) - used_s, time.monotonic() - began
    return {
        "cpu_pct": 100 * used_s / took_s,
        "bytes_per_s": (terminal.received - received) / took_s,
        "pss_mb": pss_mb(terminal.pid),
    }


def _stall(terminal: TimedTerminal, pace: Pace) -> Sample:
    """Nobody reads for a while, as on a link that has lost its other end; then somebody does, and types."""
    time.sleep(pace.stall_s)
    received = terminal.received
    terminal.pump(_BACK_S)
    sample: dict[str, float | None] = {
        "stall_bytes": float(terminal.received - received),
        "stall_pss_mb": pss_mb(terminal.pid),
    }
    return sample | presses(terminal, "stall_key", ("down", "up"), pace.hung_presses)


def presses(terminal: TimedTerminal, what: str, keys: Sequence[str], presses: int) -> Sample:
    """Keys in turn at a person's pace. No figure where most of them lead to nothing."""
    used_s, began = cpu_s(terminal.pid), time.monotonic()
    answers: list[Answer] = []
    for key in itertools.islice(itertools.cycle(keys), presses):
        terminal.pump(random.uniform(*_BETWEEN_KEYS_S))
        if (answer := terminal.press(key, _ANSWER_S)) is not None:
            answers.append(answer)
    used_s, took_s = cpu_s(terminal.pid) - used_s, time.monotonic() - began
    rates = {f"{what}_cpu_pct": 100 * used_s / took_s, f"{what}_cpu_ms": 1e3 * used_s / max(1, presses)}
    if 2 * len(answers) <= presses:
        return rates | dict.fromkeys((f"{what}_ms", f"{what}_p95_ms", f"{what}_bytes"))
    times_ms = [answer.took_s * 1e3 for answer in answers]
    return rates | {
        f"{what}_ms": statistics.median(times_ms),
        f"{what}_p95_ms": percentile(times_ms, 0.95),
        f"{what}_bytes": statistics.median(answer.size for answer in answers),
    }
