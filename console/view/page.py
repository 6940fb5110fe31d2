"""The whole screen of mode 1 as data: from a snapshot, what the operator chose and the size, to lines of tones."""

from __future__ import annotations

from typing import NamedTuple

from console.model import GpuRow, Snapshot
from console.view import actions, cells, charts, filtering, header, ladder, layout, log, rows, start, table, why
from console.view.actions import Action, Foot
from console.view.pieces import Line, Piece, fit, together, width
from console.view.sight import Sight, in_flight

ONE_CHART = 100  # narrower than this there is room for one chart only
NO_CHART = 40  # and narrower than this for none


class Frame(NamedTuple):
    """What a page is made from; of the page before it, what has not changed is taken over."""

    snapshot: Snapshot
    sight: Sight
    now: float
    width: int
    height: int
    actions: tuple[Action, ...]
    read_only: str = ""
    silent_s: float = 0.0  # since the site was last heard of, on this machine's clock
    before: Page | None = None
    since: str = ""  # what came since the operator looked last


class Still(NamedTuple):
    """What stays as it is while only the cursor and the marks move, so that a key need not make it again."""

    snapshot: Snapshot
    key: tuple[object, ...]
    all_rows: tuple[GpuRow, ...]
    rows: tuple[GpuRow, ...]
    ladder: int  # lines that the longest ladder needs
    placed: tuple[layout.Placed, ...]
    scene: cells.Scene
    lines: dict[int, Line]  # rows of the table that have been seen
    head: list[Line]
    charts: tuple[charts.Chart, ...]
    chart_title: Line


class Page(NamedTuple):
    """What stands where. ``rows`` are in the table's order, ``cursor`` is a row of them or -1."""

    still: Still
    regions: layout.Regions
    banner: list[Line]
    titles: Line
    cursor: int
    empty: list[Line]
    ladder: list[Line]
    why: list[Line]
    log: list[Line]
    foot: Foot

    @property
    def rows(self) -> tuple[GpuRow, ...]:
        """The GPUs in the table, in its order."""
        return self.still.rows

    def line(self, index: int) -> Line:
        """One row of the table, made when it is first seen."""
        if not self.rows:
            return self.empty[index] if index < len(self.empty) else ()
        still = self.still
        if index not in still.lines:
            still.lines[index] = rows.line(still.rows[index], still.placed, still.scene)
        return still.lines[index]

    @property
    def row(self) -> GpuRow | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None


def page(frame: Frame) -> Page:
    """Lay out one frame."""
    snapshot, sight, room = frame.snapshot, frame.sight, frame.width
    still = _still(frame)
    total = len(still.all_rows)
    cursor = table.place_of(still.rows, sight.cursor, sight.index)
    row = still.rows[cursor] if cursor >= 0 else None
    banner = start.banners(snapshot, room, frame.height, total, len(still.rows), sight.filter)
    if frame.since:
        banner.append(fit((Piece(f" {frame.since}", "strong"),), room))
    regions = layout.regions(
        frame.height,
        rows=total or start.ROOM,
        ladder=still.ladder,
        why=max(2, min(12, why.length(row, snapshot, room))) if sight.expanded else 2,
        banners=len(banner),
        bare=not total,
        charts=room >= NO_CHART,
    )
    return Page(
        still,
        regions,
        banner,
        _titles(frame, still) if total else (),
        cursor,
        start.empty(snapshot, room) if not total else [],
        _with_title(ladder.title(row, room), ladder.lines(row, snapshot, room, max(0, regions.ladder - 1)), regions),
        why.lines(row, snapshot, room, regions.why, expanded=sight.expanded),
        log.lines(log.merged(snapshot.log, sight.notes), snapshot.timezone, room, regions.log),
        _foot(frame, len(still.rows), total),
    )


def _still(frame: Frame) -> Still:
    snapshot, sight, room, before = frame.snapshot, frame.sight, frame.width, frame.before
    silent = frame.silent_s > header.SILENT_S
    heard = int(frame.silent_s) if silent else 0
    order = (sight.filter, sight.sort, sight.turned, sight.columns)
    key = (*order, sight.flights, room, int(frame.now), heard, frame.read_only)
    # The snapshot is compared by identity: by value would cost more than making the page.
    if before is not None and before.still.snapshot is snapshot and before.still.key == key:
        return before.still
    flights = dict(sight.flights)
    all_rows = tuple(in_flight(row, flights) for row in snapshot.rows) if flights else snapshot.rows
    placed = layout.columns(room, sight.columns)
    known = before.still.scene.hash_prefixes if before else {}
    hashes = any(one.column.key == "hash" for one in placed)
    prefixes = cells.hash_prefixes(all_rows, known) if hashes else known
    scene = cells.Scene(frame.now, snapshot.currency, prefixes, silent)
    shown = _charts(snapshot, room)
    return Still(
        snapshot,
        key,
        all_rows,
        table.arrange(all_rows, sight.filter, sight.sort, scene, turned=sight.turned),
        _ladder_lines(all_rows),
        placed,
        scene,
        {},
        _head(frame),
        shown,
        _chart_title(shown, room),
    )


def _titles(frame: Frame, still: Still) -> Line:
    """The titles; while a term of the filter is not understood, what is wrong with it."""
    sight = frame.sight
    faults = filtering.parse(sight.filter, frame.snapshot.currency).faults
    if not faults:
        return rows.titles(still.placed, sight.sort, turned=sight.turned)
    said = (Piece("   ! ", "warn"), Piece("; ".join(faults), "warn"), Piece("; it hides nothing", "label"))
    return fit(said, frame.width)


def _ladder_lines(all_rows: tuple[GpuRow, ...]) -> int:
    """As many as the longest ladder needs, so that moving the cursor moves nothing else."""
    return min(ladder.MOST, max((len(row.money.options) for row in all_rows), default=0)) or 1


def _with_title(title: Line, lines: list[Line], regions: layout.Regions) -> list[Line]:
    return [title, *lines] if regions.ladder else []


def _head(frame: Frame) -> list[Line]:
    snapshot = frame.snapshot
    return [
        header.first(snapshot, frame.now, frame.width, frame.read_only),
        header.second(snapshot, frame.now, frame.width, frame.silent_s),
    ]


def _charts(snapshot: Snapshot, room: int) -> tuple[charts.Chart, ...]:
    if room < ONE_CHART:
        return (charts.net(snapshot, plot_room(room)),)
    return charts.net(snapshot, plot_room(room)), charts.power(snapshot, plot_room(room))


def chart_room(room: int) -> int:
    """Columns of each chart."""
    return (room - 4) // 2 if room >= ONE_CHART else room - 4


def plot_room(room: int) -> int:
    """Columns of a chart's area, without its axis."""
    return chart_room(room) - charts.AXIS


def _chart_title(shown: tuple[charts.Chart, ...], room: int) -> Line:
    return ladder.hairline(("this host", f"{shown[0].minutes} min"), room)


def _foot(frame: Frame, shown: int, total: int) -> Foot:
    sight = frame.sight
    if sight.typing:
        return Foot(_entry(sight.filter, shown, total, frame.width), ())
    parts: list[Line] = []
    if sight.marks:
        parts.append((Piece(f"● {len(sight.marks)} marked", "mark"),))
    if sight.filter:
        parts.append((Piece("/ ", "key"), Piece(sight.filter, "strong"), Piece(f"  {shown} of {total}", "label")))
    if sight.sort != "slot" and all(one.column.key != sight.sort for one in layout.columns(frame.width, sight.columns)):
        parts.append((Piece(f"by {sight.sort}, not shown", "label"),))
    head: Line = (Piece(" "), *together(parts, 3), Piece("   ")) if parts else ()
    size = width(head)
    foot = actions.footer(frame.actions, frame.width - size)
    line = fit((*head, *foot.line), frame.width)
    return Foot(line, tuple((a + size, b + size, name) for a, b, name in foot.spans))


def _entry(text: str, shown: int, total: int, room: int) -> Line:
    line = (
        Piece(" / ", "key"),
        Piece(text, "entry"),
        Piece("▏", "cursor"),
        Piece(f"   {shown} of {total}", "label"),
        Piece("   enter", "key"),
        Piece(" keep", "label"),
        Piece("   esc", "key"),
        Piece(" clear", "label"),
        Piece("   words, temp>70, net<0, workload=ergo, !ai", "aside"),
    )
    return fit(line, room)
