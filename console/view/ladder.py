"""The ladder of one GPU: its options best first, each with the money that a net is made of."""

from __future__ import annotations

from collections.abc import Sequence

from console import units
from console.model import GpuRow, Option, Snapshot
from console.view import cells, tones
from console.view.pieces import Line, Piece, cut, fit, left, together, width
from console.view.pieces import cells as cells_of

MOST = 7
"""More options than this are counted, not listed; the picker lists all."""


def hairline(words: Sequence[str], room: int, tone: str = "title") -> Line:
    """A region's title on the hairline that parts it from what is above."""
    title = cut(" · ".join(word for word in words if word), room - 6)
    return (
        Piece(" ─ ", "rule"),
        Piece(f"{title} ", tone),
        Piece("─" * (room - cells_of(title) - 5), "rule"),
        Piece(" "),
    )


def title(row: GpuRow | None, room: int) -> Line:
    """Which GPU the ladder is of."""
    if row is None:
        return hairline(("no GPU under the cursor",), room)
    reading = row.reading
    pci = reading.pci[4:] if len(reading.pci) == 16 else reading.pci
    instance = row.occupancy.instance
    unit = instance.unit if instance is not None and room >= 100 else ""
    return hairline((f"GPU {reading.slot}", cells.short_name(reading.name), pci, unit), room)


def lines(row: GpuRow | None, snapshot: Snapshot, room: int, count: int) -> list[Line]:
    """``count`` lines: the options, or what keeps this GPU from having any."""
    if row is None:
        return [fit((), room)] * count
    options = row.money.options
    if not options:
        said = "no option is known: no configured workload may use this GPU" if snapshot.rows else ""
        return _filled([(Piece("   " + said, "label"),)], room, count)
    symbol = units.symbol(snapshot.currency)
    shown = _shown(options, row.money.running, count)
    out: list[Line] = [option_line(o, symbol, room, running=o.workload == row.money.running) for o in shown]
    hidden = len(options) - len(shown)
    if hidden and out:
        out[-1] = (*out[-1][:-1], Piece(f"+{hidden} more: enter", "label"))
    return _filled(out, room, count)


def _filled(some: list[Line], room: int, count: int) -> list[Line]:
    fitted = [fit(line, room) for line in some[:count]]
    return fitted + [fit((), room)] * (count - len(fitted))


def _shown(options: Sequence[Option], running: str | None, count: int) -> list[Option]:
    """The best ones, and always the one that runs."""
    best = list(options[:count])
    if len(options) > count and all(o.workload != running for o in best):
        best[-1:] = [o for o in options if o.workload == running] or best[-1:]
    return best


def option_line(option: Option, symbol: str, room: int, *, running: bool) -> Line:
    """One option: name, gross, fees, power, net, what a kWh is worth, where the figures come from."""
    tone, glyph = tones.business(option.kind)
    name_room = 22 if room >= 140 else 16
    places = 3 if room >= 105 else 2
    usable = option.eligible and not option.stale
    name = left(f"{glyph} {cut(option.workload, name_room - 2)}", name_room, tone if option.eligible else "aside")
    mark: Line = (Piece(" ▸ " if running else "   ", "cursor"), *name)
    sums: list[Line] = [
        _sum("gross", option.gross_per_h, places, usable=usable),
        _sum("fees", option.fees_per_h, places, usable=usable),
        _sum("power", option.power_per_h, places, usable=usable),
    ]
    parts: list[Line] = [mark, *sums, _net(option, symbol)]
    if room >= 140:
        parts.append(_worth("a kWh is worth", option.value_per_kwh, symbol))
    elif room >= 105:
        parts.append(_worth("kWh", option.value_per_kwh, symbol))
    if room >= 170:
        parts.append(_worth("off above", option.off_above_price, f"{symbol}/kWh"))
    gap = 3 if room >= 140 else 2
    if width(together(parts, gap)) > room:
        gap = 1
    whole = width(together(parts, gap)) <= room
    if not whole:
        parts, gap = [mark, parts[4]], 2  # of all the figures the net decides
    head = together(parts, gap)
    rest = room - width(head) - gap - 1
    now = _now(option)
    if whole and now and rest < sum(map(cells_of, now)):
        # What the row says must stand here as well, if need be in the place of what its sum is made of.
        both = fit((Piece(now[0], "stale" if option.stale else "value"),), width(together(sums, gap)))
        head, now = together([mark, both, *parts[4:]], gap), ()
    return (*head, Piece(" " * gap), _source(option, rest, "".join(now))) if rest >= 8 else head


def _now(option: Option) -> tuple[str, ...]:
    """What a marketplace's running option nets at this moment, and at which occupancy its net is reckoned."""
    if option.now_per_h is None or units.money(option.now_per_h) == units.money(option.net_per_h):
        return ()
    now = f"now {tones.tilde(option.basis)}{units.money(option.now_per_h)}"
    if option.net_per_h is None or option.occupancy is None:
        return now, ""
    return f"{now}, at {units.share(option.occupancy)} occupancy", f" {units.money(option.net_per_h)}"


def _sum(label: str, value: float | None, places: int, *, usable: bool) -> Line:
    text = units.fixed(value, places, 3)
    tone = "aside" if value is None else "value" if usable else "stale"
    return Piece(f"{label} ", "label"), Piece(text, tone)


def _net(option: Option, symbol: str) -> Line:
    value = option.net_per_h
    text = units.fixed(value, 4, 2, sign=True)
    if value is not None:
        text = (tones.tilde(option.basis) + text.strip()).rjust(8)
    tone = "stale" if option.stale else tones.money(value, strong=option.eligible)
    return Piece("net ", "label"), Piece(text.rjust(8), tone), Piece(f" {symbol}/h", "label")


def _worth(label: str, value: float | None, symbol: str) -> Line:
    tone = "aside" if value is None else "value"
    return Piece(f"{label} ", "label"), Piece(units.fixed(value, 3, 2), tone), Piece(f" {symbol}", "label")


def _source(option: Option, room: int, now: str = "") -> Piece:
    """Where the figures come from, or the one thing that keeps the option from counting; before it what is ``now``."""
    if now:
        said = _source(option, room)
        return Piece(cut(f"{now}; {said.text}", room), "stale" if option.stale else "value")
    if option.net_per_h is None and option.missing:
        return Piece(cut("unknown: " + ", ".join(option.missing), room), "warn")
    if not option.eligible:
        return Piece(cut(f"not here: {option.why_not}", room), "label")
    if option.stale:
        return Piece(cut("stale: " + (", ".join(option.old) or "its price"), room), "warn")
    return Piece(cut(option.source or option.basis.value, room), "aside")
