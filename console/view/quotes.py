"""The quotes of a site as rows: their order, which one the money is made of, how far each has moved, who disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console import units
from console.market.quotes import Board
from console.model import QUOTE_KINDS, Disagreement, Held, Quote, Snapshot, Trail
from console.view import tones

Key = tuple[str, str, str, bool]
"""kind, name, source, and whether it is what is held back"""

DAY_S = 86400.0

WORDS = {
    "power_price": "power",
    "coin_price": "coin",
    "hash_price": "hash price",
    "rental": "rental",
    "carbon": "carbon",
    "fx": "exchange",
    "difficulty": "difficulty",
    "nethash": "network",
    "reward": "reward",
    "occupancy": "occupancy",
    "rented": "rented",
    "wall_power": "wall meter",
}
"""What a group of quotes is called."""

_BUSINESS = {
    **dict.fromkeys(("coin_price", "hash_price", "difficulty", "nethash", "reward"), ("mine", tones.MINE, "mine_dim")),
    **dict.fromkeys(("rental", "occupancy", "rented"), ("ai", tones.AI, "ai_dim")),
}


class Change(NamedTuple):
    """How far a figure has moved: the fraction of what it was ``over_s`` ago."""

    fraction: float
    over_s: float


class Entry(NamedTuple):
    """One row: a quote, or one that is held back, with what is known of it."""

    quote: Quote
    held: Held | None = None
    first: bool = False  # of its kind
    used: bool = True  # what the money is made of where several sources say the same figure
    trail: Trail | None = None
    apart: Disagreement | None = None

    @property
    def key(self) -> Key:
        """What the cursor stands on, whatever the order."""
        return self.quote.kind, self.quote.name, self.quote.source, self.held is not None

    @property
    def word(self) -> str:
        """The name of its group."""
        return WORDS.get(self.quote.kind, self.quote.kind.replace("_", " "))

    @property
    def business(self) -> tuple[str, str, str]:
        """Tone, glyph and tone of the trend: a figure that only one business hangs on wears its sign."""
        return _BUSINESS.get(self.quote.kind, ("value", " ", "aside"))


def entries(snapshot: Snapshot, now: float) -> tuple[Entry, ...]:
    """Every quote, grouped by kind; sources of one figure together, the one in use first, what is held after it."""
    market = snapshot.market
    trails = {(t.kind, t.name, t.source): t for t in market.trails}
    apart = {(d.kind, d.name): d for d in market.disagreements}
    used = {id(quote) for quote in in_use(snapshot.quotes, now)}
    held = {(h.quote.kind, h.quote.name, h.quote.source): h for h in market.held}
    names: dict[tuple[str, str], int] = {}
    for quote in snapshot.quotes:
        names.setdefault((quote.kind, quote.name), len(names))
    ordered = sorted(
        snapshot.quotes,
        key=lambda q: (_rank(q.kind), names[q.kind, q.name], id(q) not in used, q.source),
    )
    out: list[Entry] = []
    for quote in ordered:
        key = quote.kind, quote.name, quote.source
        first = not out or out[-1].quote.kind != quote.kind
        two = apart.get((quote.kind, quote.name))
        out.append(Entry(quote, None, first, id(quote) in used, trails.get(key), _concerned(two, quote)))
        if one := held.pop(key, None):
            out.append(Entry(one.quote, one))
    return (*out, *(Entry(one.quote, one, True) for one in held.values()))


def _rank(kind: str) -> int:
    return QUOTE_KINDS.index(kind) if kind in QUOTE_KINDS else len(QUOTE_KINDS)


def _concerned(apart: Disagreement | None, quote: Quote) -> Disagreement | None:
    return apart if apart is not None and quote.source in (apart.low.source, apart.high.source) else None


def in_use(quotes: Sequence[Quote], now: float) -> tuple[Quote, ...]:
    """Of every figure the quote that the money is made of, by the board's own rule; in the order given."""
    by_figure: dict[tuple[str, str], list[Quote]] = {}
    for quote in quotes:
        by_figure.setdefault((quote.kind, quote.name), []).append(quote)
    found = (
        some[0] if len(some) == 1 else Board(quotes=tuple(some)).latest(kind, name, now)
        for (kind, name), some in by_figure.items()
    )
    return tuple(quote for quote in found if quote is not None)


def change(entry: Entry) -> Change | None:
    """How far the figure stands from the oldest that is known of the last day; None where that says nothing."""
    trail = entry.trail
    if trail is None or entry.held is not None:
        return None
    index = next((i for i, value in enumerate(trail.values) if value is not None), None)
    before = None if index is None else trail.values[index]
    if index is None or before is None or before <= 0 or index >= len(trail.values) - 1:
        return None
    return Change(entry.quote.value / before - 1.0, (len(trail.values) - index) * trail.step_s)


def figure(quote: Quote, currency: str) -> tuple[str, str]:
    """The figure as text that stands on its decimal point, and its unit in the site's way: ``("0.0713", "$/kWh")``."""
    kind = quote.kind
    if kind in ("occupancy", "rented"):
        return units.percent(quote.value * 100).removesuffix("%"), "%"
    if kind in ("difficulty", "nethash", "wall_power"):
        number, _, unit = units.si(quote.value, quote.unit).partition(" ")
        return number, unit
    if kind == "reward" and quote.value == round(quote.value):
        return units.money(quote.value, 0, sign=False), unit_of(quote, currency)
    return digits(quote.value), unit_of(quote, currency)


def unit_of(quote: Quote, currency: str) -> str:
    """Its unit with signs for currencies: ``$/kWh`` for ``USD/kWh``; of a bare price of a coin the coin as well."""
    parts = [units.symbol(part) for part in quote.unit.split("/") if not (quote.kind == "rental" and part == "GPU")]
    if quote.kind == "coin_price" and len(parts) == 1:
        parts.append(quote.name)
    return "/".join(parts) if quote.unit else units.symbol(currency) if quote.kind == "coin_price" else ""


def digits(value: float) -> str:
    """Three significant digits, at most five decimals, all those before the point: ``0.0713``, ``2.24``, ``64231``."""
    size = abs(value)
    exponent = int(f"{size:.2e}".partition("e")[2]) if size else 0
    return units.money(value, min(5, max(0, 2 - exponent)), sign=False)
