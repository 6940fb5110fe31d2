"""The whole screen of mode 2 as data: quotes, break-even prices, feeds and the price of power to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from console.model import LogLine, Record, Snapshot
from console.view import about, actions, ahead, evens, feeds, header, log, marketlayout, quotetable, start
from console.view.actions import MARKET, Action, Foot
from console.view.charts import AXIS, Chart
from console.view.evens import Evens, Plot
from console.view.ladder import hairline
from console.view.marketlayout import LEAST_PLOT, MarketRegions, Wants
from console.view.pieces import Line, Piece, fit, width
from console.view.quotes import Entry, Key, entries

GAP = 3  # between two parts side by side
LEAST_CHART = 6  # lines of feeds and power beside each other from which the chart stands


class MarketSight(Record):
    """What the operator has chosen here. ``cursor`` is a quote, never a row; ``model`` a GPU model's name."""

    cursor: Key | None = None
    index: int = 0
    model: str | None = None
    expanded: bool = False

    def moved(self, found: Sequence[Entry], to: int) -> MarketSight:
        """The cursor at row ``to``, or as near as the table goes."""
        if not found:
            return msgspec.structs.replace(self, cursor=None, index=0)
        index = min(max(to, 0), len(found) - 1)
        return msgspec.structs.replace(self, cursor=found[index].key, index=index)


class MarketFrame(NamedTuple):
    """What a page is made from; of the page before it, what has not changed is taken over."""

    snapshot: Snapshot
    sight: MarketSight
    now: float
    width: int
    height: int
    actions: tuple[Action, ...]
    read_only: str = ""
    silent_s: float = 0.0
    notes: tuple[LogLine, ...] = ()
    before: MarketPage | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What the page hangs on beside the snapshot and the cursor."""
        silent = int(self.silent_s) if self.silent_s > header.SILENT_S else 0
        size = self.width, self.height
        return int(self.now), silent, *size, self.sight.model, self.sight.expanded, self.read_only, self.notes


class Part(NamedTuple):
    """One region with a drawing: its lines, and what the screen draws beside or below them in columns and lines."""

    title: Line = ()
    lines: tuple[Line, ...] = ()
    drawing: Plot | Chart | None = None
    size: tuple[int, int] = (0, 0)


class MarketPage(NamedTuple):
    """What stands where. ``entries`` are in the table's order, ``cursor`` is a row of them or -1."""

    snapshot: Snapshot
    key: tuple[object, ...]
    regions: MarketRegions
    head: list[Line]
    banner: list[Line]
    titles: Line
    entries: tuple[Entry, ...]
    cursor: int
    scene: tuple[float, str, str, tuple[quotetable.Placed, ...]]
    about: list[Line]
    evens: Evens
    even_part: Part
    feed_part: Part
    log: list[Line]
    foot: Foot

    def line(self, index: int) -> Line:
        """One row of the table, made when it is seen."""
        if not 0 <= index < len(self.entries):
            return ()
        now, currency, timezone, placed = self.scene
        return quotetable.line(quotetable.Seen(self.entries[index], now, currency, timezone), placed)


def page(frame: MarketFrame) -> MarketPage:
    """Lay out one frame. Where only the cursor has moved a key need not make the rest again."""
    before, sight = frame.before, frame.sight
    # The snapshot is compared by identity: by value would cost more than making the page.
    if before is not None and before.snapshot is frame.snapshot and before.key == frame.key and not sight.expanded:
        return before._replace(cursor=place_of(before.entries, sight))
    return _page(frame)


def _page(frame: MarketFrame) -> MarketPage:
    snapshot, sight, room = frame.snapshot, frame.sight, frame.width
    found = entries(snapshot, frame.now)
    cursor = place_of(found, sight)
    banner = start.banners(snapshot, room, frame.height, len(snapshot.rows), len(snapshot.rows), "")
    said = _about(found, cursor, frame)
    even = evens.evens(snapshot, sight.model)
    regions = marketlayout.regions(frame.height, _wants(frame, len(found), len(said), even, len(banner)))
    placed = quotetable.columns(room)
    head = [
        header.first(snapshot, frame.now, room, frame.read_only),
        header.second(snapshot, frame.now, room, frame.silent_s),
    ]
    return MarketPage(
        snapshot,
        frame.key,
        regions,
        head[: regions.head],
        banner,
        quotetable.titles(placed),
        found,
        cursor,
        (frame.now, snapshot.currency, snapshot.timezone, placed),
        said[: regions.about],
        even,
        _even_part(even, room, regions.evens - 1),
        _feed_part(frame, even, regions.feeds),
        log.lines(log.merged(snapshot.log, frame.notes), snapshot.timezone, room, regions.log),
        actions.footer(frame.actions, room, MARKET),
    )


def place_of(found: Sequence[Entry], sight: MarketSight) -> int:
    """The row of the cursor's quote; where it has left the table, the place it had, or -1 in an empty table."""
    for index, entry in enumerate(found):
        if entry.key == sight.cursor:
            return index
    return min(max(sight.index, 0), len(found) - 1)


def _wants(frame: MarketFrame, rows: int, said: int, even: Evens, banners: int) -> Wants:
    snapshot, room = frame.snapshot, frame.width
    side = side_by_side(room)
    return Wants(
        rows=rows,
        banners=banners,
        about=said,
        words=len(even.words),
        matrix=evens.wanted(even),
        least_matrix=evens.least_matrix(even),
        plot=even.plot is not None,
        side=side,
        feeds=len(feeds.lines(snapshot, frame.now, _feeds_room(room) if side else room)),
        curve=bool(ahead.steps_of(snapshot)),
    )


def _about(found: Sequence[Entry], cursor: int, frame: MarketFrame) -> list[Line]:
    if not frame.sight.expanded or not 0 <= cursor < len(found):
        return []
    entry = found[cursor]
    said = about.lines(entry, frame.snapshot, frame.now, frame.width)
    return [hairline(about.title(entry), frame.width), *said]


# ---- break-even ------------------------------------------------------------------------------------------------------


def _even_part(even: Evens, room: int, count: int) -> Part:
    """Words and matrix in ``count`` lines with the plot beside them, or below them where there is room left."""
    if count <= 0:
        return Part()
    title = _even_title(even)
    if side_by_side(room) and even.plot is not None and count >= LEAST_PLOT:
        right = right_room(room)
        body = [*even.words, (), *evens.matrix(even, right, count - len(even.words) - 1)]
        both = (
            *hairline(title, room - right - GAP),
            *hairline(("in words, and per model", f"{even.symbol}/kWh"), right + GAP),
        )
        return Part(both, tuple(fit(line, right) for line in body[:count]), even.plot, (room - right - GAP, count))
    table = evens.matrix(even, room - 3, count - len(even.words))
    air: list[Line] = [()] if table and len(even.words) + 1 + len(table) <= count else []
    body = [fit((Piece("   "), *line), room) for line in (*even.words, *air, *table)][:count]
    rest = count - len(body) - 1
    if even.plot is None or rest < LEAST_PLOT:
        return Part(hairline(title, room), tuple(body))
    return Part(hairline(title, room), (*body, ()), even.plot, (room - 4, rest))


def _even_title(even: Evens) -> tuple[str, ...]:
    if even.shown is None:
        return ("break-even",)
    slots = even.shown.slots
    return "break-even", even.shown.name, f"median of {len(slots)} GPUs" if len(slots) > 1 else f"GPU {slots[0]}"


def side_by_side(room: int) -> bool:
    """Whether two parts have room beside each other."""
    return room >= evens.SIDE_BY_SIDE


def right_room(room: int) -> int:
    """Columns of the right one of two parts side by side."""
    return max(evens.MATRIX, min(78, room * 2 // 5))


# ---- feeds and the price to come -------------------------------------------------------------------------------------


def _feed_part(frame: MarketFrame, even: Evens, count: int) -> Part:
    """The feeds with the power price of the next day beside them, or that in words as their last line."""
    snapshot, room = frame.snapshot, frame.width
    if count <= 0:
        return Part()
    if count == 1:
        return Part(feeds.brief(snapshot, frame.now, room))
    steps, title = ahead.steps_of(snapshot), feeds.title(snapshot)
    if side_by_side(room) and steps and count - 1 >= LEAST_CHART:
        right, left_room = right_room(room) - 1, _feeds_room(room)
        lines = feeds.lines(snapshot, frame.now, left_room)[: count - 1]
        chart = ahead.chart(steps, snapshot, right - AXIS, evens.mining_even(even))
        both = (*hairline(title, left_room), *hairline(("power, next 24 h",), room - left_room))
        return Part(both, tuple(lines), chart, (right, count - 1))
    lines = feeds.lines(snapshot, frame.now, room)
    if steps and count >= 4:
        lines = [*lines[: count - 2], ahead.words(steps, snapshot, room)]
    return Part(hairline(title, room), tuple(lines[: count - 1]))


def _feeds_room(room: int) -> int:
    """Columns of the feeds where the chart of power stands at their right."""
    return room - right_room(room) - GAP


def filled(lines: Sequence[Line], room: int, count: int) -> list[Line]:
    """``count`` lines of exactly ``room`` columns, to stand beside a drawing."""
    filled = [line if width(line) == room else fit(line, room) for line in lines[:count]]
    return filled + [fit((), room)] * (count - len(filled))
