"""The two charts of this host: what it earns and what it draws, with their axes. Drawn elsewhere, from this data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from console import units
from console.model import Snapshot
from console.view import clock

WINDOW_S = 900.0
AXIS = 8
"""Columns that the axis takes of a chart's room: those of ``widgets.chart``, which nothing here imports."""


class Chart(NamedTuple):
    """An area chart: one value per column, oldest first, between ``low`` and ``high`` (both of the values' unit)."""

    title: str
    unit: str
    values: tuple[float | None, ...]
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    since: str
    until: str
    edge: str
    body: str
    limit: float | None = None
    limit_text: str = ""  # at its axis
    limit_word: str = ""  # beside the title
    minutes: int = 0  # that the columns span


def net(snapshot: Snapshot, room: int) -> Chart:
    """Net per hour of this host over ``room`` columns. The axis always holds zero: an area from elsewhere would lie."""
    values, since, until, minutes = _columns(snapshot.trend_net, snapshot, room)
    low, high, step = axis(values)
    ticks = tuple(
        (v, units.money(v, 0 if step >= 1 else 1 if step >= 0.1 else 2, sign=v > 0)) for v in steps(low, high, step)
    )
    symbol = units.symbol(snapshot.currency)
    return Chart("net", f"{symbol}/h", values, low, high, ticks, since, until, "net_edge", "net_body", minutes=minutes)


def power(snapshot: Snapshot, room: int) -> Chart:
    """Power at the wall in kW with the budget as a line."""
    kilowatts = tuple(None if w is None else w / 1000 for w in snapshot.trend_power_w)
    values, since, until, minutes = _columns(kilowatts, snapshot, room)
    limit = None if snapshot.power_limit_w is None else snapshot.power_limit_w / 1000
    low, high, step = axis((*values, limit))
    ticks = [(v, units.fixed(v, 1, 1 if step < 1 else 0).strip()) for v in steps(low, high, step)]
    text = word = ""
    if limit is not None:
        ticks = [(v, said) for v, said in ticks if abs(v - limit) > (high - low) * 0.12 and v <= max(high, limit)]
        text, word = units.fixed(limit, 1, 1).strip(), "budget"
        if max((v for v in values if v is not None), default=0.0) <= limit:
            high = limit
    return Chart(
        "power",
        "kW",
        values,
        low,
        high,
        tuple(ticks),
        since,
        until,
        "watt_edge",
        "watt_body",
        limit,
        text,
        word,
        minutes,
    )


def _columns(
    values: Sequence[float | None], snapshot: Snapshot, room: int
) -> tuple[tuple[float | None, ...], str, str, int]:
    """One value per column over the last quarter of an hour: several steps averaged where there are too many of them,
    some shown twice where there are too few, so that the chart is as wide as its room.

    Steps are grouped, and columns given to groups, by their absolute number, so that a column keeps its value while
    the chart moves on. Where a few steps only lack a column, the oldest of them stay outside.
    """
    step, room = snapshot.trend_step_s, max(1, room)
    total = max(1, round(WINDOW_S / step))
    size = max(1, math.ceil(total / room - 0.34))
    count = min(room, math.ceil(total / size))
    last = int(snapshot.at // step)
    groups: dict[int, list[float | None]] = {}
    for index, value in enumerate(values):
        groups.setdefault((last - len(values) + 1 + index) // size, []).append(value)
    out: list[float | None] = []
    for number in range(last // size - count + 1, last // size + 1):
        out += [_mean(groups.get(number, ()))] * ((number + 1) * room // count - number * room // count)
    span_s, zone = count * size * step, snapshot.timezone
    since, until = (clock.local(at, zone, "%H:%M") for at in (snapshot.at - span_s, snapshot.at))
    return tuple(out), since, until, round(span_s / 60)


def _mean(group: Sequence[float | None]) -> float | None:
    known = [value for value in group if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known else None


LEAST_SPAN = 1e-9
"""What differs by less is a flat line; smaller steps could not even be computed."""


def axis(values: Sequence[float | None]) -> tuple[float, float, float]:
    """Low, high and step of an axis that holds zero and every value, in steps of 1, 2 or 5."""
    known = [value for value in values if value is not None]
    top, bottom = max([*known, 0.0]), min([*known, 0.0])
    span = top - bottom if top - bottom > LEAST_SPAN else 1.0
    rough = span / 3
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough * 0.999)
    return math.floor(bottom / step) * step, max(step, math.ceil(top / step - 1e-9) * step), step


def steps(low: float, high: float, step: float) -> list[float]:
    """The axis's marks from low to high."""
    return [low + step * i for i in range(round((high - low) / step) + 1)]
