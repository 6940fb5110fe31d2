"""Whether a quote may be believed: what can be no quote at all, and what is too far from what was seen before."""

from __future__ import annotations

import math
import re

from console import units
from console.model import Quote

EARLIEST = 1_230_940_800.0
"""2009-01-03, the day of the first block of the first coin: no price of anything here was observed before it."""

_UNITS = {
    "power_price": re.compile(r"[A-Z]{3,5}/[kM]Wh"),
    "coin_price": re.compile(r"[A-Z]{3,5}(?:/\S+)?"),
    "hash_price": re.compile(r"[A-Z]{3,5}/\S+"),
    "rental": re.compile(r"[A-Z]{3,5}(?:/GPU)?/(?:h|hour|day|d|month)"),
    "carbon": re.compile(r"g/kWh|kg/MWh"),
    "fx": re.compile(r"[A-Z]{3,5}/[A-Z]{3,5}"),
    "difficulty": re.compile(r"(?:)"),
    "nethash": re.compile(r"H/s"),
    "block_time": re.compile(r"s"),
    "reward": re.compile(r"\S+"),
    "occupancy": re.compile(r"(?:)"),
    "rented": re.compile(r"(?:)"),
    "wall_power": re.compile(r"W"),
}
"""How the unit of each kind is written; anything else is refused, never guessed from."""

_NEGATIVE = frozenset({"power_price"})
_FRACTIONS = frozenset({"occupancy", "rented"})
_ABOVE_0 = frozenset({"difficulty", "nethash", "block_time", "fx"})

_FX = (1e-6, 1e6)
"""What any two currencies that bills are written in lie well within; past it the figure is something else."""

_JUMPS = {
    "coin_price": 2.0,
    "hash_price": 4.0,
    "rental": 3.0,
    "difficulty": 2.0,
    "nethash": 3.0,
    "block_time": 4.0,
    "reward": 4.0,
    "fx": 1.25,
    "wall_power": 20.0,
}
"""The factor between two readings in a row past which a figure is held back. Power prices and carbon have none: they
really do jump from one interval to the next, through zero."""

POWER_MOST_PER_KWH = 1000.0
"""In any currency: the dearest hour on record, 9 USD/kWh in Texas in 2021, is about 1,400 JPY; past this the unit is
wrong."""


def fault(quote: Quote, now: float) -> str:
    """Why this can be no quote, as the rest of a sentence that begins with its name; empty when it can."""
    if not math.isfinite(quote.value):
        return f"is {quote.value}, expected a finite number"
    pattern = _UNITS.get(quote.kind)
    if pattern is None or not pattern.fullmatch(quote.unit):
        return f"has the unit {quote.unit!r}, which is none of a {quote.kind.replace('_', ' ')}"
    if not quote.at >= EARLIEST:
        return "has a time that cannot be"
    if quote.ahead(now):
        return f"is dated {units.age(quote.at - now)} ahead of this host's clock: one of the two clocks is wrong"
    return _range_fault(quote)


def _range_fault(quote: Quote) -> str:
    value = quote.value
    if value < 0 and quote.kind not in _NEGATIVE:
        return f"is {value:g}, expected at least 0"
    if value == 0 and quote.kind in _ABOVE_0:
        return "is 0, expected above 0"
    if quote.kind == "fx" and not _FX[0] <= value <= _FX[1]:
        return f"is {value:g}, expected {_FX[0]:g} to {_FX[1]:g}"
    if value > 1 and quote.kind in _FRACTIONS:
        return f"is {value:g}, expected a fraction from 0 to 1"
    if quote.kind == "power_price":
        per_kwh = value / 1000 if quote.unit.endswith("/MWh") else value
        if abs(per_kwh) > POWER_MOST_PER_KWH:
            return f"is {value:g} {quote.unit}, which is past {POWER_MOST_PER_KWH:g} a kWh"
    return ""


def jump(quote: Quote, before: Quote | None) -> str:
    """Why ``quote`` is too far from the reading before, in words; empty when it is not."""
    most = _JUMPS.get(quote.kind)
    if before is None or most is None or before.unit != quote.unit or before.value <= 0:
        return ""
    if quote.value <= 0:
        return f"fell from {before.value:g} to 0"
    ratio = quote.value / before.value
    if 1 / most <= ratio <= most:
        return ""
    how = f"rose {ratio:.1f}-fold" if ratio > 1 else f"fell to {ratio:.2g} of what it was"
    return f"{how}, from {before.value:g} to {quote.value:g} {quote.unit}".rstrip()
