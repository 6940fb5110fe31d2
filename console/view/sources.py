"""Where every figure of one GPU's money comes from: the sum of each option, and each input with source and age."""

from __future__ import annotations

from collections.abc import Iterator

from console import units
from console.market.quotes import POWER
from console.model import GpuRow, Input, Kind, Option, Snapshot
from console.view import clock, tones
from console.view.pieces import Line, Piece, cut, fit, left, right, together, wrap
from console.view.quotes import in_use

_FRACTIONS = frozenset({"", "share"})
_SCALED = frozenset({"H/s", "H", "tok/s"})
DIGITS = 6
WIDE = 100
"""Columns from which there is room for what explains a figure beside it."""


def lines(row: GpuRow | None, snapshot: Snapshot, now: float, room: int) -> list[Line]:
    """The whole sheet in ``room`` columns: why, every option of the ladder, then what the header's sums are made of."""
    if row is None:
        return [fit((Piece("no GPU is under the cursor", "label"),), room)]
    out = [fit((Piece(text, "value"),), room) for text in wrap(row.money.advice.why or "no advice", room, 4)]
    if _energy_only(snapshot, now):
        out.append(fit((Piece("the power price is energy only: no grid fees or taxes in it", "warn"),), room))
    for option in row.money.options:
        out += [(), *_option(option, row, snapshot, now, room)]
    return [*out, (), *_sums(snapshot, room)]


def _energy_only(snapshot: Snapshot, now: float) -> bool:
    """True where the price that the sums are made of is a wholesale price and nothing comes on top."""
    prices = [quote for quote in in_use(snapshot.quotes, now) if quote.kind == "power_price"]
    whole = [quote for quote in prices if quote.name == POWER] or prices
    return any(not quote.complete for quote in whole)


def _option(option: Option, row: GpuRow, snapshot: Snapshot, now: float, room: int) -> Iterator[Line]:
    tone, glyph = tones.business(option.kind)
    symbol = units.symbol(snapshot.currency)
    runs = "  runs now" if option.workload == row.money.running else ""
    head = Piece(f"{glyph} {option.workload}", tone), Piece(f"  {option.basis.value}{runs}", "label")
    yield fit((*head, *_worth(option, snapshot.currency)), room)
    yield fit((Piece("  "), *_sum(option, symbol, wide=room >= WIDE)), room)
    if option.now_per_h is not None and option.now_per_h != option.net_per_h:
        at_once, net = (units.money(value, 5) for value in (option.now_per_h, option.net_per_h))
        yield _said(f"now {at_once} {symbol}/h, as it is rented or vacant; decisions are made of {net}", room)
    for words in option.clauses:
        yield _said(words, room)
    for words in (*option.missing, *option.old):
        yield fit((Piece(f"  {words}", "warn"),), room)
    for one in option.inputs:
        yield _input(one, snapshot.currency, now, room)


def _sum(option: Option, symbol: str, *, wide: bool) -> Line:
    """``gross 0.04530 − fees 0.00045 − power 0.02349 = +0.02136 $/h``, to be checked by hand."""
    said = [
        Piece("gross ", "label"),
        Piece(_exact(option.gross_per_h), "value"),
        Piece(" − fees ", "label"),
        Piece(_exact(option.fees_per_h), "value"),
        Piece(" − power ", "label"),
        Piece(_exact(option.power_per_h), "value"),
    ]
    if wide and option.wall_w is not None:
        said.append(Piece(f" ({option.wall_w:.0f} W at the wall)", "aside"))
    rest = _rest(option)
    if rest:
        said += [Piece(" − wear and carbon ", "label"), Piece(_exact(rest), "value")]
    net = units.money(option.net_per_h, 5)
    mark = tones.tilde(option.basis) if option.net_per_h is not None else ""
    tone = "stale" if option.stale else tones.money(option.net_per_h, strong=True)
    return (
        *said,
        Piece(" = ", "label"),
        Piece(f"{mark}{net}", tone),
        Piece(f" {symbol}/h", "label"),
    )


def _rest(option: Option) -> float:
    """What is taken from gross beside fees and power."""
    parts = (option.gross_per_h, option.fees_per_h, option.power_per_h, option.net_per_h)
    gross, fees, power, net = (part if part is not None else 0.0 for part in parts)
    rest = gross - fees - power - net
    return rest if None not in parts and abs(rest) > 5e-7 else 0.0


def _worth(option: Option, currency: str) -> Line:
    symbol = units.symbol(currency)
    found = [("a kWh is worth", option.value_per_kwh, symbol), ("off above", option.off_above_price, f"{symbol}/kWh")]
    parts = [_figured(label, units.cost(value), unit) for label, value, unit in found if value is not None]
    if option.kind is Kind.MINE and option.net_per_h is not None and option.hashes_per_h:
        parts.append(_figured("per hash", *units.per_hash(option.net_per_h / option.hashes_per_h, currency)))
    return (Piece("   "), *together(parts, 3)) if parts else ()


def _figured(label: str, figure: str, unit: str) -> Line:
    return Piece(f"{label} ", "label"), Piece(figure), Piece(f" {unit}", "label")


def _input(one: Input, currency: str, now: float, room: int) -> Line:
    name_room, figure_room = (34, 26) if room >= WIDE else (24, 18)
    source_room = max(10, min(40, room - name_room - figure_room - 16))
    age = "" if one.at is None else units.age(max(0.0, now - one.at)).split(" ")[0]
    return fit(
        (
            Piece("    "),
            *left(cut(one.name, name_room - 1), name_room, "label"),
            *right(_figure(one, currency), figure_room, "stale" if one.stale else "value"),
            Piece("  "),
            *left(cut(one.source, source_room - 1), source_room, "aside"),
            *right(f"stale {age}" if one.stale else age, 10, "warn" if one.stale else "aside"),
        ),
        room,
    )


def _figure(one: Input, currency: str) -> str:
    """The figure with its unit, as its source has it."""
    if one.value is None:
        return units.UNKNOWN
    if one.unit in _SCALED:
        return units.si(one.value, one.unit)
    if one.unit in _FRACTIONS:
        return units.si(one.value) if one.value > 1000 else f"{one.value:.{DIGITS}g}"
    unit = f"{currency}{one.unit}" if one.unit.startswith("/") else one.unit
    return f"{one.value:.{DIGITS}g} {unit}"


def _exact(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{value:.5f}"


def _sums(snapshot: Snapshot, room: int) -> Iterator[Line]:
    """What the header's figures are made of."""
    totals, symbol = snapshot.totals, units.symbol(snapshot.currency)
    known = len(snapshot.rows) - totals.unknown_rows
    yield fit((Piece("the header", "title"),), room)
    unknown = f", {totals.unknown_rows} unknown and left out" if totals.unknown_rows else ""
    yield _said(f"now {units.money(totals.net_per_h, 5)} {symbol}/h: the nets of {known} rows{unknown}", room)
    best = units.money(totals.best_net_per_h, 5)
    yield _said(f"could be {tones.tilde(totals.best_basis)}{best} {symbol}/h: the best option of each row", room)
    since = f" since {clock.local(totals.today_since, snapshot.timezone)}" if totals.today_since else ""
    accrued = units.money(totals.today_accrued, 5)
    yield _said(f"today {accrued} {symbol}: accrued{since} at each moment's own quotes;", room)
    yield _said("without time that was not watched and money at stale prices; none of it is credited or paid", room)


def _said(text: str, room: int) -> Line:
    return fit((Piece(f"  {text}", "label"),), room)
