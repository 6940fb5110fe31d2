"""Small bars of text: a row's trend in one line, and the gauge of the header."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from console.view.pieces import Line, Piece
from console.view.tones import NOTHING

BARS = "▁▂▃▄▅▆▇█"
LOWEST, HIGHEST = 1, 6  # a trend keeps off its line's edges, so that those of two rows do not run together
LEAST_SPAN = 0.25
"""The smallest change that may fill the height, as a share of the largest value: what is steady looks steady."""


def sparkline(values: Sequence[float | None], room: int, tone: str) -> Line:
    """The shape of the latest ``room`` values, newest at the right; losses in their own tone, unknown ones empty."""
    return _bars(tuple(values[-room:]), room, tone)


@lru_cache(maxsize=2048)
def _bars(values: tuple[float | None, ...], room: int, tone: str) -> Line:
    """Kept: a trend goes on once in ten seconds and is drawn every second."""
    shown = [value if value is not None and math.isfinite(value) else None for value in values]
    known = [value for value in shown if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = max(high - low, LEAST_SPAN * max(abs(high), abs(low))) or 1.0
    out: list[Piece] = []
    for value in [None] * (room - len(shown)) + shown:
        text = " " if value is None else BARS[LOWEST + round((value - low) / span * (HIGHEST - LOWEST))]
        look = "loss" if value is not None and value <= -NOTHING else tone
        if out and out[-1].tone == look:
            out[-1] = Piece(out[-1].text + text, look)
        else:
            out.append(Piece(text, look))
    return tuple(out)


NEAR = 0.95
"""The share of a limit from which on it warns."""


def gauge(share: float | None, room: int) -> Line:
    """``share`` of a limit as a thin bar: label tone, warn near the limit, harm above the limit."""
    if share is None:
        return (Piece("─" * room, "rule"),)
    full = min(room, max(0, round(share * room)))
    tone = "harm" if share > 1 else "warn" if share >= NEAR else "label"
    return (Piece("━" * full, tone), Piece("─" * (room - full), "rule"))
