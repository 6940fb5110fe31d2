"""The table of quotes: its columns, their titles, and each row as a line exactly as wide as the columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from console import units
from console.market.ledger import BELIEVED_AFTER, BELIEVED_AFTER_S
from console.model import Disagreement, Held, Quote
from console.view import clock
from console.view.layout import GUTTER
from console.view.pieces import Line, Piece, cells, cut, fit, left, on_point
from console.view.quotes import DAY_S, Entry, change, figure
from console.view.trend import BARS, HIGHEST, LOWEST

LEAST_SPAN = 0.03
"""The smallest move of a quote that may fill the height of its trend, as a share of the figure."""
STEADY = 0.4
"""How high of its line what does not move stands: in the middle of a step, so that no wavering changes it."""
BEFORE, AFTER = 5, 5  # columns on both sides of a figure's point
WHOLE_DAY_S = 0.9 * DAY_S


class Seen(NamedTuple):
    """One quote in one frame."""

    entry: Entry
    now: float
    currency: str
    timezone: str


class Column(NamedTuple):
    """A column; of those that do not fit the highest ``leaves`` goes first, and ``grows`` is what it may take more."""

    key: str
    title: str
    width: int
    leaves: int
    cell: Callable[[Seen, int], Line]
    is_right: bool = False
    grows: int = 0


class Placed(NamedTuple):
    """A column ``x`` columns from the left, ``room`` wide."""

    column: Column
    x: int
    room: int


# ---- cells -----------------------------------------------------------------------------------------------------------


def _kind(seen: Seen, room: int) -> Line:
    return left(seen.entry.word if seen.entry.first else "", room, "label")


def _name(seen: Seen, room: int) -> Line:
    """Its name, with the sign of its business where the money is made of it."""
    entry = seen.entry
    tone, glyph, _ = entry.business
    name = cut(entry.quote.name, room - 2)
    if entry.held or not entry.used:
        return fit((Piece("  "), Piece(name, "aside")), room)
    return fit((Piece(f"{glyph} ", tone), Piece(name, "value")), room)


def _figure(seen: Seen, room: int) -> Line:
    entry = seen.entry
    text, unit = figure(entry.quote, seen.currency)
    tone = "stale" if entry.quote.stale(seen.now) else "strong" if entry.used else "value"
    head = on_point(text, BEFORE, AFTER)
    rest = room - len(head)
    unit = unit if cells(unit) < rest else unit.replace("/day", "/d")
    return Piece(head, tone), *fit((Piece(f" {cut(unit, rest - 1)}", "label"),), rest)


def _change(seen: Seen, room: int) -> Line:
    """``+3.2 %``, and since when where less than a day is known and there is room to say it."""
    found = change(seen.entry)
    whole_day = found is not None and found.over_s >= WHOLE_DAY_S
    if found is None or (not whole_day and room < 14):
        return Piece(units.UNKNOWN.rjust(4), "aside"), Piece(" " * (room - 4))
    text = on_point(units.money(found.fraction * 100, 1), 4, 1) + " %"
    since = "" if whole_day else f" in {units.age(found.over_s).split(' ')[0]}"
    return Piece(text, "value"), *fit((Piece(since, "aside"),), room - len(text))


def _trend(seen: Seen, room: int) -> Line:
    trail, tone = seen.entry.trail, seen.entry.business[2]
    return (Piece(bars(trail.values, room) if trail is not None else " " * room, tone),)


@lru_cache(maxsize=512)
def bars(values: tuple[float | None, ...], room: int) -> str:
    """The shape of the values over ``room`` columns, several averaged into each; what is steady looks steady."""
    means = [_mean(part) for part in _parts(values, room)]
    known = [mean for mean in means if mean is not None and math.isfinite(mean)]
    if not known:
        return " " * room
    low, high = min(known), max(known)
    span = max(high - low, LEAST_SPAN * max(abs(high), abs(low))) or 1.0
    low -= (span - (high - low)) * STEADY
    steps = HIGHEST - LOWEST
    return "".join(" " if m is None else BARS[LOWEST + round((m - low) / span * steps)] for m in means)


def _parts(values: Sequence[float | None], room: int) -> list[Sequence[float | None]]:
    """The values in ``room`` parts of about one size; fewer values than parts are repeated."""
    size = len(values)
    return [values[i * size // room : max((i + 1) * size // room, i * size // room + 1)] for i in range(room)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _age(seen: Seen, room: int) -> Line:
    """``38s``, with its limit where there is room; stale ones say the word: ``stale 41m of 15m``."""
    quote = seen.entry.quote
    stale, age = quote.stale(seen.now), units.age(quote.age_s(seen.now)).split(" ")[0]
    head = Piece(f"{'stale ' if stale else ''}{age}".rjust(9), "warn" if stale else "value")
    return head, *fit((Piece(_limit(quote, seen.timezone), "aside"),), room - 9)


def _limit(quote: Quote, timezone: str) -> str:
    if quote.interval_end is not None:
        return f" to {clock.local(quote.interval_end, timezone, '%H:%M')}"
    return f" of {units.age(quote.max_age_s).split(' ')[0]}"


def _source(seen: Seen, room: int) -> Line:
    entry = seen.entry
    return left(cut(entry.quote.source, room), room, "value" if entry.used else "aside")


def _source_or_flag(seen: Seen, room: int) -> Line:
    """The source, or where there is no room for both, that it disagrees with another."""
    apart = seen.entry.apart
    if apart is not None and apart.flagged:
        return left("! disagrees", room, "warn")
    return _source(seen, room)


def _beside(seen: Seen, room: int) -> Line:
    """What another source says, and what is to be known of the price: ``3.0 % under coins-2``."""
    entry = seen.entry
    if not entry.quote.complete:
        return left("! energy only" if room >= WORDED else "! energy", room, "warn")
    text = beside(entry)
    if room < WORDED and entry.apart is not None:
        return _apart(entry.apart, entry.quote.source, room)
    if not text:
        return left("" if entry.used or room < WORDED else "not in use", room, "aside")
    flagged = entry.apart is not None and entry.apart.flagged
    return left(cut(f"! disagrees: {text}" if flagged else text, room), room, "warn" if flagged else "label")


def _apart(apart: Disagreement, source: str, room: int) -> Line:
    """The same where there is no room for words: ``+3.2 %``, ``! −17.1 %``."""
    fraction = apart.fraction if source == apart.high.source else -apart.fraction / (1 + apart.fraction)
    mark = "! " if apart.flagged else "  "
    text = f"{mark}{units.money(fraction * 100, 1)} %"
    return left(text if cells(text) <= room else mark, room, "warn" if apart.flagged else "label")


def beside(entry: Entry) -> str:
    """How far the quote lies from the other source: ``3.1 % over coins``; empty where there is none."""
    apart, source = entry.apart, entry.quote.source
    if apart is None:
        return ""
    if source == apart.high.source:
        return f"{units.percent(apart.fraction * 100, 1).replace('%', ' %')} over {apart.low.source}"
    under = apart.fraction / (1 + apart.fraction)
    return f"{units.percent(under * 100, 1).replace('%', ' %')} under {apart.high.source}"


# ---- columns ---------------------------------------------------------------------------------------------------------

COLUMNS: tuple[Column, ...] = (
    Column("kind", "", 10, 6, _kind),
    Column("name", "quote", 13, 0, _name, grows=5),
    Column("figure", "  now", 18, 1, _figure, grows=3),
    Column("change", " 24 h", 8, 4, _change, grows=6),
    Column("trend", "last day", 7, 5, _trend, grows=41),
    Column("age", "age", 9, 2, _age, is_right=True, grows=9),
    Column("source", "source", 11, 3, _source, grows=5),
    Column("beside", "beside others", 10, 7, _beside, grows=28),
)
BY_KEY = {column.key: column for column in COLUMNS}
WORDED = 26
"""Columns from which another source is named beside a quote."""
WIDE_TREND = 20
"""Columns that the trend has before columns less needed than it come in."""
_GROWING = ("age", "name", "figure", "trend", "source", "beside", "change")
_WHOLE = ("age", "figure", "change")  # these grow as far as they can or not at all


@lru_cache(maxsize=16)
def columns(width: int) -> tuple[Placed, ...]:
    """The columns of a screen ``width`` wide, in their order."""
    room = width - GUTTER - 1
    chosen = _that_fit(room)
    if not any(column.key == "beside" for column in chosen):
        chosen = [c._replace(cell=_source_or_flag) if c.key == "source" else c for c in chosen]
    gap = 3 if _total(chosen, 3) <= room else 2
    grown = _grown(chosen, room - _total(chosen, gap))
    placed, x = [], GUTTER
    for column in (c for name in COLUMNS for c in chosen if c.key == name.key):
        size = column.width + grown[column.key]
        placed.append(Placed(column, x, size))
        x += size + gap
    return tuple(placed)


def _that_fit(room: int) -> list[Column]:
    """The columns that have room, the most needed first."""
    chosen: list[Column] = []
    trend = BY_KEY["trend"]
    for column in sorted(COLUMNS, key=lambda c: c.leaves):
        more = [*chosen, column]
        needed = _total(more, 2) + (WIDE_TREND - trend.width if column.leaves > trend.leaves else 0)
        if chosen and needed > room:
            break
        chosen = more
    return chosen


def _grown(chosen: Sequence[Column], spare: int) -> dict[str, int]:
    """How many of the ``spare`` columns each column gets: the trend a good width first, then each what it can use."""
    present = {column.key: column for column in chosen}
    grown = dict.fromkeys(present, 0)
    if "trend" in present:
        grown["trend"] = min(spare, WIDE_TREND - present["trend"].width)
    left_over = spare - grown.get("trend", 0)
    for key in _GROWING:
        if key not in present or (key in _WHOLE and left_over < present[key].grows):
            continue
        more = min(left_over, present[key].grows - grown[key])
        grown[key] += more
        left_over -= more
    return grown


def _total(chosen: Sequence[Column], gap: int) -> int:
    return sum(c.width for c in chosen) + gap * (len(chosen) - 1)


# ---- lines -----------------------------------------------------------------------------------------------------------


def titles(placed: Sequence[Placed]) -> Line:
    """The line of column titles."""
    out: list[Piece] = [Piece(" " * GUTTER, "title")]
    at = GUTTER
    for column, x, room in placed:
        text = column.title if len(column.title) <= room else column.title.split(" ")[-1]
        text = text.rjust(column.width) if column.is_right else text
        out += [Piece(" " * (x - at), "title"), *left(cut(text, room), room, "title")]
        at = x + room
    return tuple(out)


def line(seen: Seen, placed: Sequence[Placed]) -> Line:
    """The row without its gutter; a quote that is held back is a sentence behind its name."""
    end = placed[-1].x + placed[-1].room
    held = seen.entry.held
    keep = [p for p in placed if held is None or p.column.key in ("kind", "name")]
    out: list[Piece] = []
    at = GUTTER
    for column, x, room in keep:
        out += [Piece(" " * (x - at)), *column.cell(seen, room)]
        at = x + room
    if held is None:
        return tuple(out)
    gap = placed[len(keep)].x - at if len(keep) < len(placed) else 0
    return (*out, Piece(" " * gap), *_sentence(held, seen.now, max(0, end - at - gap)))


def _sentence(held: Held, now: float, room: int) -> Line:
    """Why it is held back and how often it was seen; where both have no room, first how often."""
    text = f": {held_back(held, now)}"
    if cells(text) + len("! held back") > room:
        text = f", {_seen(held, now)}: {held.reason}"
    return fit((Piece("! held back", "warn"), Piece(text, "label")), room)


def held_back(held: Held, now: float) -> str:
    """Why it is not used and how often it has been said: ``rose 3.1-fold, from …; seen 2 of 3``."""
    return f"{held.reason}; {_seen(held, now)}"


def _seen(held: Held, now: float) -> str:
    """What was seen often enough is believed once it has been said for long enough: ``seen 5 times, 3m of 10m``."""
    if held.seen < BELIEVED_AFTER:
        return f"seen {held.seen} of {BELIEVED_AFTER}"
    since, most = units.age(max(0.0, now - held.since)), units.age(BELIEVED_AFTER_S)
    return f"seen {held.seen} times, {since} of {most}"
