"""The two lines that head every screen: where we are, what is wrong, what it earns; and the quotes it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from console import units
from console.economics.totals import HARM
from console.market.quotes import POWER
from console.model import Quote, Snapshot, Totals
from console.view import alarms, clock, tones
from console.view.pieces import Line, Piece, fit, spread, together, width
from console.view.quotes import in_use
from console.view.trend import NEAR, gauge

SILENT_S = 5.0
"""Without a new snapshot for this long the screen says that nothing comes in."""

_COUNT = {"ai": ("ai", f"{tones.AI} "), "mine": ("mine", f"{tones.MINE} "), "off": ("label", "")}


def badges(snapshot: Snapshot, read_only: str) -> Line:
    """What must be known before any figure is read: that it is simulated, that no key acts."""
    simulated = (Piece(" SIMULATED ", "badge"),) if snapshot.simulated else ()
    guarded = (Piece(" READ-ONLY ", "guarded"),) if read_only else ()
    return together([part for part in (simulated, guarded) if part], 1)


def first(snapshot: Snapshot, now: float, room: int, read_only: str = "") -> Line:
    """Host and site, badges, counts, watts, money, clock; what has no room leaves from the least needed on."""
    totals, symbol = snapshot.totals, units.symbol(snapshot.currency)
    host = (Piece(" "), Piece(f"{snapshot.host}", "brand"))
    place = (Piece(f" · {snapshot.site}", "label"),) if snapshot.site else ()
    badge = badges(snapshot, read_only)
    head = together([part for part in ((*host, *place), badge) if part], 2)
    short = together([part for part in (host, badge) if part], 2)
    time = (Piece(clock.local(now, snapshot.timezone), "label"), Piece(" "))
    now_part, today, could = _now(totals, symbol), _today(totals, symbol), _could(totals, symbol)
    brief, now_brief = counts(totals, brief=True), _now(totals, symbol, brief=True)
    calls = alarms.count(snapshot.alarms, now)
    choices = [
        [head, counts(totals), calls, _watts(snapshot, 16), now_part, today, could, time],
        [head, counts(totals), calls, _watts(snapshot, 8), now_part, today, could, time],
        [head, counts(totals), calls, _watts(snapshot), now_part, today, could, time],
        [short, counts(totals), calls, _watts(snapshot), now_part, today, could, time],
        [head, counts(totals), calls, _watts(snapshot), now_part, today, time],
        [short, counts(totals), calls, _watts(snapshot), now_part, today, time],
        [short, brief, calls, _watts(snapshot), now_part, today, time],
        [short, brief, calls, _watts(snapshot), now_brief, today, time],
        [short, brief, calls, _watts(snapshot, limit=False), now_brief, time],
        [short, brief, calls, _watts(snapshot, limit=False), now_brief],
        [short, calls or wrong(totals), now_brief],
        [short, now_brief],
    ]
    for parts in choices:
        shown = [part for part in parts if part]
        if sum(map(width, shown)) + 2 * (len(shown) - 1) <= room:
            return spread(shown, room, gap=2)
    return fit(short if not badge else (*badge, *host), room)


def counts(totals: Totals, *, brief: bool = False) -> Line:
    """``8 GPUs  ◆ 4 ai  ▲ 2 mine  1 off  ✕ 1 lost``; brief says the businesses by their glyphs and alarms in full."""
    total = sum(number for _, number in totals.counts)
    out: list[Line] = (
        [] if brief else [(Piece(f"{total}", "strong"), Piece(" GPU" if total == 1 else " GPUs", "label"))]
    )
    for word, number in totals.counts:
        tone, glyph = _COUNT.get(word, ("harm", "✕ ") if word in HARM else ("label", ""))
        if number and not (brief and tone == "label"):
            name = "" if brief and tone != "harm" else f" {_said(word)}"
            out.append((Piece(f"{glyph}{number}{name}", tone),))
    return together(out, 2)


def wrong(totals: Totals) -> Line:
    """What of the counts is wrong: ``✕ 1 lost``."""
    return together(
        [(Piece(f"✕ {number} {_said(word)}", "harm"),) for word, number in totals.counts if number and word in HARM]
    )


def _said(word: str) -> str:
    return word.replace("_", " ")


def _watts(snapshot: Snapshot, bar: int = 0, *, limit: bool = True) -> Line:
    wall, most = snapshot.totals.wall_w, snapshot.power_limit_w
    out = [Piece(units.fixed(None if wall is None else wall / 1000, 1, 2).strip(), "strong"), Piece(" kW", "label")]
    if most is None:
        return tuple(out)
    if limit:
        out[1] = Piece(f" of {units.fixed(most / 1000, 1, 2).strip()} kW", "label")
    share = None if wall is None or most <= 0 else wall / most
    said = units.percent(None if share is None else share * 100)
    if bar:
        out += [Piece("  "), *gauge(share, bar), Piece(f" {said}", "label")]
    elif share is not None and share >= NEAR:
        out.append(Piece(f" {said}!", "harm" if share > 1 else "warn"))
    return tuple(out)


def _now(totals: Totals, symbol: str, *, brief: bool = False) -> Line:
    """What is earned now. With a stale price under it it is no profit: dimmed, marked, and how many rows are meant."""
    stale, unknown = totals.stale_rows, totals.unknown_rows
    out = [
        Piece("now ", "label"),
        Piece(units.money(totals.net_per_h), "stale" if stale else tones.money(totals.net_per_h, strong=True)),
        Piece(f" {symbol}/h", "label"),
    ]
    if stale:
        out.append(Piece(" !" if brief else f" ! {stale} stale", "warn"))
    if unknown and not brief:
        out.append(Piece(f"  {unknown} unknown", "aside"))
    return tuple(out)


def _today(totals: Totals, symbol: str) -> Line:
    return Piece("today ", "label"), Piece(units.money(totals.today_accrued), "strong"), Piece(f" {symbol}", "label")


def _could(totals: Totals, symbol: str) -> Line:
    best, stale = totals.best_net_per_h, totals.best_stale_rows > 0
    if best is None:
        return ()
    return (
        Piece("could be ", "label"),
        Piece(f"{tones.tilde(totals.best_basis)}{units.money(best)}", "stale" if stale else "value"),
        Piece(f" {symbol}/h", "label"),
        *((Piece(" !", "warn"),) if stale else ()),
    )


def second(snapshot: Snapshot, now: float, room: int, silent_s: float = 0.0) -> Line:
    """The quotes with their ages, stale ones worded. Where there is no room fresh ones leave first, counted.

    A host without a site config has none to miss: there it says whose figures stand below, and nothing where none do.
    """
    if silent_s > SILENT_S and snapshot.rows:
        word = f" ✕ nothing new for {units.age(silent_s)}: what stands below is old"
        return fit((Piece(word, "harm"),), room)
    if not snapshot.configured and not snapshot.quotes:
        return fit((Piece(f" {_UNCONFIGURED if snapshot.rows else ''}", "label"),), room)
    if not snapshot.quotes:
        return fit((Piece(" no quotes: without a price there is no profit to show", "label"),), room)
    wanted = [q for q in _paid(in_use(snapshot.quotes, now)) if q.kind in _PRICES or q.stale(now)]
    shown = sorted(wanted, key=lambda q: _PRICES.index(q.kind) if q.kind in _PRICES else len(_PRICES))
    while shown:
        hidden = len(wanted) - len(shown)
        parts = [_quote(quote, now, snapshot.currency) for quote in shown]
        if hidden:
            parts.append((Piece(f"+{hidden}", "aside"),))
        line = (Piece(" "), *together(parts, 4 if room >= 140 else 2))
        if width(line) <= room or len(shown) == 1:
            return fit(line, room)
        shown.remove(_least_needed(shown, now))
    return fit((), room)


_UNCONFIGURED = "the driver's figures: what each GPU does, draws and holds"
"""What stands where there is no site config: money as a whole is missing there, and the banner says how to get it."""

_PRICES = ("power_price", "coin_price", "hash_price", "rental", "carbon", "fx")
"""The kinds that have a place in the header; what a network does stands there only while it is stale."""


def _paid(quotes: Sequence[Quote]) -> Sequence[Quote]:
    """Where the power price is made of several figures only the sum: the wholesale price alone is nobody's."""
    if not any(q.kind == "power_price" and q.name == POWER for q in quotes):
        return quotes
    return [q for q in quotes if q.kind != "power_price" or q.name == POWER]


def _least_needed(quotes: Sequence[Quote], now: float) -> Quote:
    fresh = [quote for quote in quotes if not quote.stale(now)]
    return (fresh or list(quotes))[-1]


def _quote(quote: Quote, now: float, currency: str) -> Line:
    """Name, figure and age; a fresh age keeps its three columns, so that no second moves what stands behind it."""
    stale, age = quote.stale(now), units.age(quote.age_s(now))
    figure, unit = _figure(quote)
    return (
        Piece(f"{quote.name} ", "label"),
        Piece(figure, "stale" if stale else "value"),
        Piece(f" {unit.replace(currency, units.symbol(currency))} ", "label"),
        Piece(f"stale {age}" if stale else age.split(" ")[0].ljust(3), "warn" if stale else "aside"),
        *(() if quote.complete else (Piece(" energy only", "warn"),)),
    )


def _figure(quote: Quote) -> tuple[str, str]:
    if quote.kind in ("difficulty", "nethash", "hash_price"):
        figure, _, unit = units.si(quote.value, quote.unit).partition(" ")
        return figure, unit
    if quote.kind == "carbon":
        return units.fixed(quote.value, 4, 0).strip(), quote.unit
    return units.money(quote.value, 3 if abs(quote.value) < 0.2 else 2, sign=False), quote.unit
