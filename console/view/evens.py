"""The break-even region: the plot of one model, what it says in words, and the small matrix of all models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from console import units
from console.model import Basis, Kind, Option, Snapshot
from console.view import breakeven, tones
from console.view.breakeven import NAMES, Model, Range, Stand
from console.view.pieces import Line, Piece, cut, fit, left, on_point, together

KINDS = (Kind.AI, Kind.MINE, Kind.OFF)
MATRIX_KINDS = (Kind.AI, Kind.MINE)
SIDE_BY_SIDE = 116
"""From this width on the plot stands beside the words; below it under them."""
MATRIX = 64  # columns of the matrix at its narrowest
MARKS = 5  # at most about so many on an axis


class Stroke(NamedTuple):
    """One business of the plot. See widgets.plot."""

    start: float
    end: float
    tone: str
    sign: str
    name: str
    quiet: bool = False


class Band(NamedTuple):
    """Who is best up to a price. See widgets.plot."""

    until: float
    tone: str
    text: str


class Plot(NamedTuple):
    """Net per hour of the best of each business over the power price. See widgets.plot."""

    title: str
    unit: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    left: float
    right: float
    scale: tuple[tuple[float, str, str], ...]
    scale_unit: str
    strokes: tuple[Stroke, ...]
    bands: tuple[Band, ...]
    mark: float
    mark_text: str


class Evens(NamedTuple):
    """All that the region says: of the model that is shown, and of all models in the matrix."""

    models: tuple[Model, ...]
    shown: Model | None
    today: float | None
    symbol: str
    plot: Plot | None
    words: tuple[Line, ...]


def evens(snapshot: Snapshot, name: str | None) -> Evens:
    """The region for the model called ``name``, else for the first."""
    found, today = breakeven.models(snapshot), breakeven.power_price(snapshot)
    shown = next((m for m in found if m.name == name), found[0] if found else None)
    symbol = units.symbol(snapshot.currency)
    if shown is None or today is None or not shown.stands:
        why = _lacks(snapshot, today)
        return Evens(found, shown, today, symbol, None, ((Piece(why, "label"),),))
    crossings = breakeven.crossings(shown, today)
    prices = breakeven.price_range(crossings, today, _known(snapshot))
    said = (_verdict(breakeven.verdict(one, prices, today), symbol) for one in crossings)
    words = (_today(shown, today, symbol), *said)
    return Evens(found, shown, today, symbol, _plot(shown, prices, today, symbol), words)


def _lacks(snapshot: Snapshot, today: float | None) -> str:
    if not snapshot.rows:
        return "no GPU, no break-even"
    if today is None and any(quote.kind == "power_price" for quote in snapshot.quotes):
        return "what any option draws at the wall is not known, so none can be compared over the power price"
    return breakeven.NO_PRICE if today is None else "no option of any GPU here has its money known"


def _known(snapshot: Snapshot) -> tuple[float, ...]:
    """The lowest and the highest price of the day ahead, as far as it is known."""
    values = [step.value for step in snapshot.market.power_ahead]
    return (min(values), max(values)) if values else ()


def _today(model: Model, today: float, symbol: str) -> Line:
    """What each business nets at today's price, the best first."""
    parts: list[Line] = [
        (Piece("today ", "label"), Piece(breakeven.per_kwh(today), "strong"), Piece(f" {symbol}/kWh", "label"))
    ]
    bests = [one for kind in KINDS if (one := model.best(kind)) is not None]
    for one in sorted(bests, key=lambda s: -(s.option.net_per_h or 0.0)):
        option, (tone, glyph) = one.option, tones.business(one.option.kind)
        figure = f"{tones.tilde(option.basis)}{units.money(option.net_per_h)}"
        money = "stale" if option.stale else tones.money(option.net_per_h, strong=True)
        parts.append((Piece(f"{glyph} ", tone), Piece(figure, money)))
    return (*together(parts, 3), Piece(f" {symbol}/h", "label"))


def _verdict(said: breakeven.Verdict, symbol: str) -> Line:
    """``▲ mining beats off below ~0.121 $/kWh``; one that is met far from here says where."""
    tone, glyph = tones.business(said.better)
    sign = "" if said.better is Kind.OFF else f"{glyph} "
    out = [
        Piece(f"{sign}{NAMES[said.better]}", "value" if said.better is Kind.OFF else tone),
        Piece(" beats ", "label"),
        Piece(NAMES[said.worse]),
        Piece(f" {said.where}", "label"),
    ]
    if said.price is not None:
        figure = f"{'~' if said.estimated else ''}{breakeven.per_kwh(said.price)}"
        before, after = (" (to ", ")") if said.far else (" ", "")
        tone = "stale" if said.stale else "value" if said.far else "strong"
        out += [Piece(before, "label"), Piece(figure, tone), Piece(f" {symbol}/kWh{after}", "label")]
    if said.stale:
        out.append(Piece("  stale", "warn"))
    return tuple(out)


def _plot(model: Model, prices: Range, today: float, symbol: str) -> Plot:
    stands = [one for kind in KINDS if (one := model.best(kind)) is not None]
    stands.sort(key=lambda one: one.option.net_per_h or 0.0)
    strokes = tuple(_stroke(one, prices, today) for one in stands)
    ends = [value for stroke in strokes for value in (stroke.start, stroke.end)]
    low, high = _held(min(ends), max(ends))
    ticks = tuple(_steps(low, high, sign=True))
    turns = [c.price for c in breakeven.crossings(model, today) if c.price is not None and prices.holds(c.price)]
    scale = (
        *((price, breakeven.per_kwh(price), "value") for price in turns),
        *((v, text, "aside") for v, text in _steps(prices.low, prices.high, sign=False)),
    )
    return Plot(
        "net",
        f"{symbol}/h",
        low,
        high,
        ticks,
        prices.low,
        prices.high,
        scale,
        f"{symbol}/kWh",
        strokes,
        tuple(_band(one) for one in breakeven.winners(model, prices, today)),
        today,
        f"today {breakeven.per_kwh(today)}",
    )


def _held(low: float, high: float) -> tuple[float, float]:
    """An axis a little wider than these, whose ends stay where they are while a net wavers."""
    span = high - low or 1.0
    step = 10.0 ** math.floor(math.log10(span)) / 10
    return math.floor((low - span * 0.02) / step) * step, math.ceil((high + span * 0.02) / step) * step


def _steps(low: float, high: float, *, sign: bool) -> list[tuple[float, str]]:
    """Marks between these in steps of 1, 2 or 5, with as many decimals as the steps need."""
    rough = (high - low) / MARKS or 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough * 0.999)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    values = [step * i for i in range(first, first + 2 * MARKS) if step * i <= high + step * 1e-6]
    return [(v, units.money(v, decimals, sign=sign and v > 0)) for v in values]


def _stroke(one: Stand, prices: Range, today: float) -> Stroke:
    tone, glyph = tones.business(one.option.kind)
    return Stroke(
        one.net(prices.low, today),
        one.net(prices.high, today),
        tone,
        glyph,
        one.option.workload,
        one.option.kind is Kind.OFF,
    )


def _band(one: breakeven.Winner) -> Band:
    tone, glyph = tones.business(one.stand.option.kind)
    return Band(one.high, tone, f"{glyph} {NAMES[one.stand.option.kind]}")


# ---- the matrix ------------------------------------------------------------------------------------------------------


def matrix(found: Evens, room: int, count: int) -> list[Line]:
    """At most ``count`` lines: titles, then the best mining and AI of each model, that of the plot first to stay.

    The titles say how many models have no room; a line of its own for that would cost one more of them.
    """
    if count < 2 or not found.models:
        return []
    order = sorted(found.models, key=lambda m: m is not found.shown) if count < 1 + _rows(found) else found.models
    out: list[Line] = []
    hidden = 0
    for model in order:
        rows = _model_rows(model, found, room)
        if hidden or 1 + len(out) + len(rows) > count:
            hidden += 1 if rows else 0
        else:
            out += rows
    return [fit(line, room) for line in (_titles(room, found.symbol, hidden), *out)] if out else []


def _rows(found: Evens) -> int:
    return sum(_height(model) for model in found.models)


def _height(model: Model) -> int:
    """Lines of the matrix that a model takes."""
    return sum(1 for kind in MATRIX_KINDS if model.best(kind) is not None)


def wanted(found: Evens) -> int:
    """Lines that the whole matrix takes."""
    rows = _rows(found)
    return 1 + rows if rows else 0


def least_matrix(found: Evens) -> int:
    """Lines of the matrix with the model of the plot alone."""
    rows = _height(found.shown) if found.shown is not None else 0
    return 1 + rows if rows else 0


def mining_even(found: Evens) -> float | None:
    """The power price up to which mining is better than off on the model shown; None where it has neither."""
    if found.shown is None or found.today is None:
        return None
    wanted = {Kind.MINE, Kind.OFF}
    for one in breakeven.crossings(found.shown, found.today):
        if {one.steep.option.kind, one.flat.option.kind} == wanted and one.steep.option.kind is Kind.MINE:
            return one.price
    return None


def _titles(room: int, symbol: str, hidden: int) -> Line:
    gap = _gap(room)
    price, rent = 8 + gap + 1, 9 + gap
    more = left(f"  +{hidden}, tab to show" if hidden else "", 5 + _named(room), "aside")
    return (
        Piece("  model", "title"),
        *more,
        Piece("worth".rjust(price - 1), "title"),
        Piece("off above".rjust(price), "title"),
        Piece(f"even {symbol}/h".rjust(rent), "title"),
    )


def _named(room: int) -> int:
    """Columns of a workload's name in the matrix."""
    return 13 if room < 72 else 17


def _gap(room: int) -> int:
    """Blanks between the figures of the matrix."""
    return 1 if room < 72 else 4


def _model_rows(model: Model, found: Evens, room: int) -> list[Line]:
    out: list[Line] = []
    gap = Piece(" " * _gap(room))
    for kind in MATRIX_KINDS:
        one = model.best(kind)
        if one is None:
            continue
        tone, glyph = tones.business(kind)
        here = model is found.shown and not out
        line = (
            Piece("▸ " if here else "  ", "cursor"),
            *left("" if out else cut(model.name, 9), 10, "strong" if here else "value"),
            *left(f"{glyph} {cut(one.option.workload, _named(room) - 2)}", _named(room), tone),
            gap,
            *_price(one.option.value_per_kwh, one.option),
            gap,
            *_price(one.option.off_above_price, one.option),
        )
        out.append((*line, gap, *_rent(model, room)) if kind is Kind.AI else line)
    return out


def _price(value: float | None, option: Option) -> Line:
    """A price per kWh on its point, ``~`` before what was not measured, ``!`` behind what rests on a stale price."""
    text = units.UNKNOWN if value is None else f"{tones.tilde(option.basis)}{breakeven.per_kwh(value)}"
    stale = option.stale and value is not None
    tone = "aside" if value is None else "stale" if stale else "value"
    return Piece(on_point(text, 4, 3), tone), Piece("!" if stale else " ", "warn")


def _rent(model: Model, room: int) -> Line:
    found = breakeven.rent(model)
    if found is None:
        return (Piece(on_point(units.UNKNOWN, 5, 3), "aside"),)
    options = [one.option for kind in MATRIX_KINDS if (one := model.best(kind)) is not None]
    mark = "~" if any(option.basis is not Basis.MEASURED for option in options) else ""
    stale = any(option.stale for option in options)
    figure = on_point(f"{mark}{units.money(found.even, 3, sign=False)}", 5, 3)
    form = (Piece(f"{'!' if stale else ' '}", "warn"), Piece(found.form if room >= MATRIX else "", "aside"))
    return Piece(figure, "stale" if stale else "value"), *form


def cycle(found: Sequence[Model], name: str | None, by: int) -> str | None:
    """The model ``by`` places after the one called ``name``, round and round; None where there is none."""
    if not found:
        return None
    index = next((i for i, model in enumerate(found) if model.name == name), 0)
    return found[(index + by) % len(found)].name
