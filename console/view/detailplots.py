"""The history of one GPU as charts: power, net, temperature and output over the time asked for. Drawn elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from console import units
from console.history.gpuday import Past, Work
from console.model import GpuRow, Kind
from console.site.estimates import share
from console.view import clock, tones
from console.view.charts import AXIS, Chart, axis, steps
from console.view.pieces import Line, Piece, fit, together, width

SMALL = 0.1
"""Below so much money per hour a third decimal is needed to see it move."""
_SCALES = (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
Values = Sequence[float | None]
T = TypeVar("T")


class Plot(NamedTuple):
    """One chart with the line over it and the times under it, both as wide as the chart."""

    chart: Chart
    head: Line
    times: Line


class Scene(NamedTuple):
    """What the plots of one frame are made from; ``room`` is the width of each, axis included."""

    past: Past
    row: GpuRow
    currency: str
    timezone: str
    now: float
    room: int


def columns(values: Values, past: Past, room: int) -> tuple[float | None, ...]:
    """One value per column, several steps averaged where there are more of them, some shown twice where fewer.

    Steps are grouped, and columns given to groups, by their absolute number: a column keeps its value while the chart
    moves on, and always as many as there is room for stand.
    """
    return _spread(values, past, room, _mean)


def words(values: Sequence[Work | None], past: Past, room: int) -> tuple[Work | None, ...]:
    """The same of what was done in each step: of a group the latest that is known."""
    return _spread(values, past, room, lambda group: next((one for one in reversed(group) if one is not None), None))


def _spread(values: Sequence[T], past: Past, room: int, joined: Callable[[Sequence[T]], T]) -> tuple[T, ...]:
    room = max(1, room)
    size = math.ceil(len(values) / room)
    count = math.ceil(len(values) / size)
    last = round(past.until / past.step_s) - 1
    groups: dict[int, list[T]] = {}
    for index, value in enumerate(values):
        groups.setdefault((last - len(values) + 1 + index) // size, []).append(value)
    out: list[T] = []
    for number in list(groups)[-count:]:
        wide = (number + 1) * room // count - number * room // count
        out += [joined(groups[number])] * wide
    return tuple(out[-room:])


def _mean(group: Values) -> float | None:
    known = [value for value in group if value is not None]
    return sum(known) / len(known) if known else None


def power(scene: Scene) -> Plot:
    """Watts of this card, with its limit as a line."""
    series, limit = scene.past.of("power_w"), scene.row.reading.power_limit_w
    values = columns(series.means, scene.past, scene.room - AXIS)
    low, high, step = axis((*values, limit))
    ticks = [(at, f"{at:.0f}") for at in steps(low, high, step)]
    text = ""
    if limit is not None:
        ticks = [(at, said) for at, said in ticks if abs(at - limit) > (high - low) * 0.12 and at <= max(high, limit)]
        text = f"{limit:.0f}"
        if max((value for value in values if value is not None), default=0.0) <= limit:
            high = limit
    chart = Chart("power", "W", values, low, high, tuple(ticks), "", "", "watt_edge", "watt_body", limit, text, "limit")
    return _plot(chart, scene, series.lows, series.highs, scene.row.reading.power_w, _whole)


def temperature(scene: Scene) -> Plot:
    """Degrees of the card's core."""
    series = scene.past.of("temp_c")
    values = columns(series.means, scene.past, scene.room - AXIS)
    low, high, step = axis(values)
    ticks = tuple((at, f"{at:.0f}°") for at in steps(low, high, step))
    chart = Chart("temp", "°C", values, low, high, ticks, "", "", "watt_edge", "watt_body")
    return _plot(chart, scene, series.lows, series.highs, scene.row.reading.temp_c, _whole)


def net(scene: Scene) -> Plot:
    """What this card netted per hour."""
    series = scene.past.of("net_per_h")
    values = columns(series.means, scene.past, scene.room - AXIS)
    low, high, step = axis(values)
    places = 0 if step >= 1 else 1 if step >= 0.1 else 2 if step >= 0.01 else 3
    ticks = tuple((at, units.money(at, places, sign=at > 0)) for at in steps(low, high, step))
    unit = f"{units.symbol(scene.currency)}/h"
    chart = Chart("net", unit, values, low, high, ticks, "", "", "net_edge", "net_body")
    digits = 2 if max(abs(low), abs(high)) >= SMALL else 3
    say = partial(units.money, decimals=digits)
    return _plot(chart, scene, series.lows, series.highs, scene.row.money.net_per_h, say)


def output(scene: Scene) -> Plot:
    """What this card made, in the unit of what it makes now, else of what it made last; other work is left out."""
    series, did = scene.past.of("output"), _made_last(scene.past)
    steps_of = [
        value if did is not None and work is not None and work.workload == did.workload else None
        for value, work in zip(series.means, scene.past.work, strict=True)
    ]
    mine = [i for i, value in enumerate(steps_of) if value is not None]
    lows, highs = ([side[i] for i in mine] for side in (series.lows, series.highs))
    values = columns(steps_of, scene.past, scene.room - AXIS)
    factor, unit = _scaled(max((v for v in values if v is not None), default=0.0), did.unit if did else "")
    low, high, step = axis([None if v is None else v / factor for v in values])
    places = 0 if step >= 1 else 1 if step >= 0.1 else 2
    ticks = tuple((at * factor, f"{at:.{places}f}") for at in steps(low, high, step))
    tone = did.kind.value if did is not None and did.kind is not Kind.OFF else "watt"
    edge = "watt_edge" if tone == "watt" else tone
    chart = Chart("output", unit, values, low * factor, high * factor, ticks, "", "", edge, f"{tone}_body")
    instance = scene.row.occupancy.instance
    same = instance is not None and did is not None and instance.workload == did.workload
    made = share(scene.row.output, scene.row.reading, len(instance.uuids)) if instance is not None and same else None
    return _plot(chart, scene, lows, highs, made, lambda v: _decimals(v, factor), _of(did))


PLOTS: tuple[Callable[[Scene], Plot], ...] = (power, net, temperature, output)
"""In the order in which they are shown where there is not room for all."""
NAMES = ("power", "net", "temperature", "output")


def _made_last(past: Past) -> Work | None:
    """The workload with an output that ran last."""
    return next((work for work in reversed(past.work) if work is not None and work.unit), None)


def _of(did: Work | None) -> Line:
    if did is None:
        return ()
    tone, glyph = tones.business(did.kind)
    return (Piece(f"{glyph} {did.workload}", tone),)


def _scaled(top: float, unit: str) -> tuple[float, str]:
    """By how much figures are divided so that the largest reads well, and the unit with that prefix before it."""
    prefix, factor = next(((p, f) for p, f in _SCALES if top >= f), ("", 1.0))
    return factor, f"{prefix} {unit}" if prefix and unit.startswith("tok") else f"{prefix}{unit}"


def _decimals(value: float | None, factor: float) -> str:
    if value is None:
        return units.UNKNOWN
    scaled = value / factor
    return f"{scaled:.{0 if scaled >= 1000 else 1 if scaled >= 100 else 2}f}"


def _whole(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{value:.0f}"


def _plot(
    chart: Chart,
    scene: Scene,
    lows: Values,
    highs: Values,
    now: float | None,
    say: Callable[[float | None], str],
    of: Line = (),
) -> Plot:
    """With its title, unit, now, least and most; what has no room leaves from the right."""
    low = min((v for v in lows if v is not None), default=None)
    high = max((v for v in highs if v is not None), default=None)
    head: Line = (Piece(chart.title.rjust(AXIS - 1) + " ", "label"), Piece(chart.unit, "aside"))
    parts: list[Line] = [
        head,
        (Piece("now ", "label"), Piece(say(now), "strong" if now is not None else "aside")),
        (Piece("min ", "label"), Piece(say(low), "value"), Piece("  max ", "label"), Piece(say(high), "value")),
    ]
    if of:
        parts.insert(1, of)
    if chart.limit is not None:
        parts.append((Piece("▁▁ limit", "limit"),))
    while width(together(parts, 2)) > scene.room and len(parts) > 2:
        parts.pop()
    gap = 3 if width(together(parts, 3)) <= scene.room else 2
    return Plot(chart, fit(together(parts, gap), scene.room), _times(scene))


def _times(scene: Scene) -> Line:
    """When the chart begins and ends, and where there is room its middle; of a day ago the day too."""
    past, plot = scene.past, scene.room - AXIS
    end = min(past.until, scene.now) if past.until > past.step_s else scene.now  # nothing yet: not of 1970
    since, half, until = (clock.local(end - past.span_s * share, scene.timezone, "%H:%M") for share in (1.0, 0.5, 0.0))
    if past.span_s >= 86400 and plot >= 40:
        since = clock.local(end - past.span_s, scene.timezone, "%d %b %H:%M")
    if plot < 24:
        gap = " " * max(1, plot - len(since) - len(until))
        return fit((Piece(" " * AXIS), Piece(f"{since}{gap}{until}", "aside")), scene.room)
    before = plot // 2 - len(half) // 2 - len(since)
    after = plot - len(since) - before - len(half) - len(until)
    return fit((Piece(" " * AXIS), Piece(f"{since}{' ' * before}{half}{' ' * after}{until}", "aside")), scene.room)
