"""What a kWh will cost the site in the next 24 hours, where that is known: as a chart, or in words for lack of room."""

from __future__ import annotations

from collections.abc import Sequence

from console import units
from console.model import Snapshot, Step
from console.view import breakeven, charts, clock
from console.view.charts import Chart
from console.view.pieces import Line, Piece, fit, together
from console.view.trend import BARS

HOURS_S = 86400.0


def steps_of(snapshot: Snapshot) -> tuple[Step, ...]:
    """What is known of the price from now on; none where it is one and the same, which the quotes say already."""
    begin, end = snapshot.at, snapshot.at + HOURS_S
    known = tuple(step for step in snapshot.market.power_ahead if step.end > begin and step.start < end)
    return known if len({step.value for step in known}) > 1 else ()


def chart(steps: Sequence[Step], snapshot: Snapshot, room: int, even: float | None) -> Chart:
    """The next 24 hours over ``room`` columns, with the price up to which mining is better than off as a line.

    ``steps`` and ``even`` are in the site's currency per kWh.
    """
    begin, room = snapshot.at, max(1, room)
    values = tuple(_value(steps, begin + HOURS_S * (column + 0.5) / room) for column in range(room))
    low, high, step = charts.axis(values)
    limit = even if even is not None and low < even <= 1.6 * high else None
    if limit is not None and limit > high:
        high = limit
    ticks = tuple(
        (v, units.money(v, 2 if step >= 0.01 else 3, sign=False))
        for v in charts.steps(low, high if limit is None else max(high - step / 2, low), step)
        if limit is None or abs(v - limit) > (high - low) * 0.15
    )
    since, until = (clock.local(at, snapshot.timezone, "%H:%M") for at in (begin, begin + HOURS_S))
    return Chart(
        "power",
        unit(snapshot),
        values,
        low,
        high,
        ticks,
        since,
        until,
        "watt_edge",
        "watt_body",
        limit,
        breakeven.per_kwh(limit) if limit is not None else "",
        "mining beats off below" if limit is not None else "",
        1440,
    )


def unit(snapshot: Snapshot) -> str:
    """The site's currency per kWh, with its sign."""
    return f"{units.symbol(snapshot.currency)}/kWh"


def _value(steps: Sequence[Step], at: float) -> float | None:
    return next((step.value for step in steps if step.start <= at < step.end), None)


def words(steps: Sequence[Step], snapshot: Snapshot, room: int) -> Line:
    """The same in one line: its shape by hours, the cheapest and the dearest time."""
    begin = snapshot.at
    least, most = min(steps, key=lambda s: s.value), max(steps, key=lambda s: s.value)
    parts: list[Line] = [(Piece("   next 24 h", "label"),)]
    if room >= 100:
        parts.append((Piece(_shape(steps, begin, 24), "off_dim"),))
    for word, step in (("cheapest", least), ("dearest", most)):
        at = clock.local(max(step.start, begin), snapshot.timezone, "%H:%M")
        parts.append((Piece(f"{word} ", "label"), Piece(breakeven.per_kwh(step.value)), Piece(f" at {at}", "label")))
    parts.append((Piece(unit(snapshot), "aside"),))
    return fit(together(parts, 3), room)


def _shape(steps: Sequence[Step], begin: float, room: int) -> str:
    found = [_value(steps, begin + HOURS_S * (column + 0.5) / room) for column in range(room)]
    known = [value for value in found if value is not None]
    low, span = min(known), (max(known) - min(known)) or 1.0
    return "".join(" " if v is None else BARS[1 + round((v - low) / span * 5)] for v in found)
