"""All about one quote, behind ``w``: where it comes from, how old it may be, what another source says, what uses it."""

from __future__ import annotations

from console import units
from console.model import Quote, Snapshot
from console.view import clock
from console.view.pieces import Line, Piece, fit, wrap
from console.view.quotes import Entry, change, digits, unit_of
from console.view.quotetable import beside, held_back

LABEL = 11


def title(entry: Entry) -> tuple[str, ...]:
    """What the lines are about."""
    return entry.word, entry.quote.name, entry.quote.source


def lines(entry: Entry, snapshot: Snapshot, now: float, room: int) -> list[Line]:
    """A word and a sentence for everything that is known."""
    out: list[Line] = []
    for label, text, tone in _said(entry, snapshot, now):
        for index, part in enumerate(wrap(text, room - LABEL - 4, 2)):
            head = Piece("   " + (label if index == 0 else "").ljust(LABEL), "aside")
            out.append(fit((head, Piece(part, tone)), room))
    return out


def _said(entry: Entry, snapshot: Snapshot, now: float) -> list[tuple[str, str, str]]:
    quote = entry.quote
    out = [
        ("figure", f"{quote.value:.10g} {unit_of(quote, snapshot.currency)}".rstrip(), "strong"),
        ("source", _source(entry, snapshot), "value"),
        ("observed", _observed(quote, snapshot, now), "value"),
        ("limit", _limit(quote, snapshot.timezone, now), "warn" if quote.stale(now) else "value"),
    ]
    if entry.held is not None:
        out.append(("held back", held_back(entry.held, now), "warn"))
    if not quote.complete:
        out.append(("incomplete", "energy only: grid fees and taxes come on top", "warn"))
    if moved := change(entry):
        text = f"{units.money(moved.fraction * 100, 1)} % in {units.age(moved.over_s)}"
        out.append(("moved", f"{text}{_between(entry)}", "value"))
    if text := beside(entry):
        flagged = entry.apart is not None and entry.apart.flagged
        out.append(("beside", f"{text}{': one of them is wrong' if flagged else ''}", "warn" if flagged else "value"))
    out.append(("used by", _users(entry, snapshot), "label"))
    return out


def _source(entry: Entry, snapshot: Snapshot) -> str:
    quote = entry.quote
    others = sum(1 for q in snapshot.quotes if (q.kind, q.name) == (quote.kind, quote.name)) - 1
    if entry.held is not None:
        return f"{quote.source}, not believed yet"
    if not others:
        return f"{quote.source}, the only one"
    beside_it = f"{others} others say" if others > 1 else "another says"
    return f"{quote.source}, {'in use' if entry.used else 'not in use'}; {beside_it} the same figure"


def _observed(quote: Quote, snapshot: Snapshot, now: float) -> str:
    at = clock.local(quote.at, snapshot.timezone, "%Y-%m-%d %H:%M:%S")
    away = f"{units.age(quote.at - now)} ahead" if quote.ahead(now) else f"{units.age(quote.age_s(now))} ago"
    return f"{at} {snapshot.timezone}, {away}"


def _limit(quote: Quote, timezone: str, now: float) -> str:
    if quote.ahead(now):
        return "its time lies ahead of this host's clock, so its age is not known and it is stale"
    if quote.interval_end is not None:
        start = quote.interval_start if quote.interval_start is not None else quote.at
        span = f"{clock.local(start, timezone, '%H:%M')} to {clock.local(quote.interval_end, timezone, '%H:%M')}"
        over = ": that is over, so it is stale" if quote.stale(now) else ""
        return f"holds from {span}{over}"
    most = units.age(quote.max_age_s)
    if quote.stale(now):
        return f"{most}: stale since {clock.local(quote.at + quote.max_age_s, timezone)}, and advice waits for it"
    return f"{most}: fresh for {units.age(quote.max_age_s - quote.age_s(now))} more"


def _between(entry: Entry) -> str:
    """The lowest and the highest of the day."""
    known = [value for value in entry.trail.values if value is not None] if entry.trail else []
    return f", between {digits(min(known))} and {digits(max(known))}" if known else ""


def _users(entry: Entry, snapshot: Snapshot) -> str:
    """The workloads whose money was made of this very quote, with their GPUs."""
    quote = entry.quote
    wanted = (quote.value, quote.unit, quote.source, quote.at)
    found: dict[str, list[int]] = {}
    for row in snapshot.rows:
        for option in row.money.options:
            if any((one.value, one.unit, one.source, one.at) == wanted for one in option.inputs):
                found.setdefault(option.workload, []).append(row.reading.slot)
    if found:
        return "; ".join(f"{name} on {units.gpus(slots)}" for name, slots in found.items())
    return "nothing here" if entry.used else "nothing while another source of it is newer or fresh"
