"""The ladder of one GPU over time: what each option would have netted, what ran, and what stood first."""

from __future__ import annotations

from collections.abc import Sequence

from console import units
from console.history.gpuday import Past, Work
from console.model import GpuRow, Kind, Option
from console.view import tones
from console.view.detailplots import columns, words
from console.view.pieces import Line, Piece, cut, fit, left, on_point
from console.view.trend import BARS

NAME, SUM = 17, 9
MARK = 3  # columns for the sign of what runs now
_DIM = {Kind.MINE: "mine_dim", Kind.AI: "ai_dim", Kind.OFF: "off_dim"}
SUMS = 3  # now, least and most
WIDE = 76
"""Columns from which least and most stand beside what an option nets now."""


def title_words(past: Past) -> tuple[str, ...]:
    """What a hairline over it says."""
    return "ladder over time", span(past.span_s)


def span(span_s: float) -> str:
    """``15 min``, ``2 h``, ``24 h``."""
    return f"{span_s / 60:.0f} min" if span_s < 3600 else f"{span_s / 3600:.0f} h"


def lines(row: GpuRow, past: Past, currency: str, room: int, count: int) -> list[Line]:
    """``count`` lines at most: the titles, one per option, then what ran and what was best."""
    options = row.money.options
    if not options:
        return [fit((Piece("   no option is known: no configured workload may use this GPU", "label"),), room)][:count]
    strips = [_strip("ran", past.work, past, room), _strip("best", past.best, past, room)]
    kept = max(1, count - 1 - len(strips))
    shown = list(options[:kept])
    if all(one.workload != row.money.running for one in shown):
        shown[-1:] = [one for one in options if one.workload == row.money.running] or shown[-1:]
    series = {one.name: one.means for one in past.options}
    known = [value for one in shown for value in series.get(one.workload, ()) if value is not None]
    low, high = min([*known, 0.0]), max([*known, 0.0])  # a scale without zero would make little look like much
    out = [_titles(currency, room)]
    for option in shown:
        bars = _bars(series.get(option.workload, ()), past, _plot_room(room), low, high, _DIM[option.kind])
        out.append(
            _option(option, series.get(option.workload, ()), bars, room, runs=option.workload == row.money.running)
        )
    return [*out, *strips][:count]


def wanted(row: GpuRow) -> int:
    """Lines that all of it takes."""
    return min(6, len(row.money.options)) + 3 if row.money.options else 1


def _plot_room(room: int) -> int:
    return max(4, room - MARK - NAME - (SUMS if room >= WIDE else 1) * (SUM + 1) - 1)


def _titles(currency: str, room: int) -> Line:
    sums = ("now", "min", "max") if room >= WIDE else ("now",)
    said = "".join(_titled(word) for word in sums)
    return fit(
        (Piece(" " * (MARK + NAME)), Piece(said, "title"), Piece(f"net, {units.symbol(currency)}/h", "aside")), room
    )


def _titled(word: str) -> str:
    return word.rjust(5).ljust(SUM + 1)


def _option(option: Option, nets: Sequence[float | None], bars: Line, room: int, *, runs: bool) -> Line:
    tone, glyph = tones.business(option.kind)
    known = [value for value in nets if value is not None]
    name = left(f"{glyph} {cut(option.workload, NAME - 3)}", NAME, tone if option.eligible else "aside")
    now = (
        tones.tilde(option.basis) + units.money(option.net_per_h, 3) if option.net_per_h is not None else units.UNKNOWN
    )
    look = "stale" if option.stale else tones.money(option.net_per_h, strong=runs)
    sums: list[Piece] = [_sum(now, look)]
    if room >= WIDE:
        sums += [_sum(units.money(pick(known), 3) if known else units.UNKNOWN, "label") for pick in (min, max)]
    return fit((Piece(" ▸ " if runs else "   ", "cursor"), *name, *sums, *bars), room)


def _sum(text: str, tone: str) -> Piece:
    if text == units.UNKNOWN:
        return Piece(text.rjust(5).ljust(SUM + 1), "aside")
    return Piece(on_point(text, 5, 3).ljust(SUM + 1), tone)


def _bars(nets: Sequence[float | None], past: Past, room: int, low: float, high: float, tone: str) -> Line:
    """The shape of an option's net, all options of one GPU on one scale, so that a crossing is seen."""
    if not nets:
        return (Piece(" " * room),)
    span_of = high - low
    out: list[Piece] = []
    for value in columns(nets, past, room):
        share = 0.5 if span_of <= 0 or value is None else min(1.0, max(0.0, (value - low) / span_of))
        text = " " if value is None else BARS[round(share * (len(BARS) - 2))]
        _join(out, text, "loss" if value is not None and value <= -tones.NOTHING else tone)
    return tuple(out)


def _strip(word: str, names: Sequence[Work | None], past: Past, room: int) -> Line:
    """One sign per column: the business of what ran or stood first then."""
    out: list[Piece] = [Piece("   "), *left(word, NAME, "label")]
    out.append(Piece(" " * ((SUMS if room >= WIDE else 1) * (SUM + 1))))
    for one in words(names, past, _plot_room(room)):
        if one is None:
            _join(out, " ", "value")
        elif one.workload in ("foreign", "unknown"):
            _join(out, "▪" if one.workload == "foreign" else "?", "warn")
        else:
            tone, glyph = tones.business(one.kind)
            _join(out, glyph, tone)
    return fit(out, room)


def _join(out: list[Piece], text: str, tone: str) -> None:
    if out and out[-1].tone == tone:
        out[-1] = Piece(out[-1].text + text, tone)
    else:
        out.append(Piece(text, tone))
