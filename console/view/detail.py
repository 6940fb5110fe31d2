"""The whole screen of one GPU as data: which it is, its plots, and sections of what else there is to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from console.history.gpuday import SPANS_S
from console.model import LogLine, Record, Snapshot
from console.site.detail import Detail
from console.site.interface import Told
from console.view import (
    actions,
    detailabout,
    detailfaults,
    detailladder,
    detaillayout,
    detailplots,
    fliptable,
    header,
    log,
)
from console.view.actions import Action, Foot
from console.view.detailactions import DETAIL
from console.view.detaillayout import Grid, Wish
from console.view.detailplots import Plot
from console.view.ladder import hairline
from console.view.pieces import Line, Piece, fit
from console.view.start import banners

MOST_FLIPS, MOST_FAULTS, MOST_PROCESSES = 8, 8, 8
TITLES = {
    "faults": "faults and changes",
    "processes": "processes",
    "ladder": "ladder over time",
    "flips": "its flips",
    "card": "card",
}
IN_ONE = ("faults", "processes", "ladder", "flips", "card")
"""The order of sections where they stand one below the other, the ones that stay longest first."""
IN_TWO = (("ladder", "flips"), ("faults", "processes", "card"))


class DetailSight(Record):
    """What the operator has chosen here: how long a time, and which plots come first."""

    zoom: int = 0
    plots: int = 0

    @property
    def span_s(self) -> float:
        """Seconds that the plots show."""
        return SPANS_S[self.zoom]

    def zoomed(self, by: int, *, round_about: bool = False) -> DetailSight:
        """The next longer time, or shorter; at the ends as it is unless it goes ``round_about``."""
        to = self.zoom + by
        return msgspec.structs.replace(
            self, zoom=to % len(SPANS_S) if round_about else min(max(to, 0), len(SPANS_S) - 1)
        )


class DetailFrame(NamedTuple):
    """What a page is made from. ``detail`` is None while the site knows nothing of this GPU."""

    snapshot: Snapshot
    detail: Detail | None
    told: Told
    sight: DetailSight
    place: str  # "2 of 8"
    now: float
    width: int
    height: int
    actions: tuple[Action, ...]
    read_only: str = ""
    silent_s: float = 0.0
    notes: tuple[LogLine, ...] = ()


class DetailPage(NamedTuple):
    """What stands where; ``plots`` are drawn by the screen, in ``grid``, under ``plot_title``."""

    regions: tuple[tuple[str, int, int], ...]  # name, lines, air above
    parts: tuple[tuple[str, list[Line]], ...]
    grid: Grid
    plot_title: Line
    plots: tuple[Plot, ...]
    foot: Foot


def page(frame: DetailFrame) -> DetailPage:
    """Lay out one frame."""
    snapshot, room, detail = frame.snapshot, frame.width, frame.detail
    above = banners(snapshot, room, frame.height, len(snapshot.rows), len(snapshot.rows), "")
    sizes = detaillayout.frame(room, frame.height, len(above))
    grid = detaillayout.grid(room, frame.height, sizes.plots if detail is not None else 0)
    head = [
        header.first(snapshot, frame.now, room, frame.read_only),
        header.second(snapshot, frame.now, room, frame.silent_s),
    ]
    foot = actions.footer(frame.actions, room, DETAIL)
    about = _about(frame, sizes.about)
    rest = _rest(frame, detail, sizes.rest, grid) if detail is not None else []
    plots = sizes.plots if grid.shown else 0
    regions = (
        ("head", sizes.head, 0),
        ("banner", sizes.banner, 0),
        ("about", sizes.about, sizes.air),
        ("plots", plots, sizes.air if plots else 0),
        ("rest", sizes.rest + sizes.plots - plots, sizes.air),
        ("log", sizes.log, 0),
        ("foot", sizes.foot, 0),
    )
    parts = (
        ("head", head[: sizes.head]),
        ("banner", above[: sizes.banner]),
        ("about", about[: sizes.about]),
        ("rest", rest),
        ("log", log.lines(log.merged(snapshot.log, frame.notes), snapshot.timezone, room, sizes.log)),
        ("foot", [foot.line]),
    )
    return DetailPage(regions, parts, grid, _plot_title(frame, grid), _plots(frame, grid), foot)


def _about(frame: DetailFrame, room_lines: int) -> list[Line]:
    detail, room = frame.detail, frame.width
    if detail is None:
        nothing = Piece("   nothing is known of this GPU yet", "label")
        return [hairline(("GPU",), room, "strong"), fit((nothing,), room)]
    title = detailabout.title(detail.row, frame.place, room)
    return [title, *detailabout.lines(detail.row, frame.snapshot, frame.now, room, room_lines - 1)]


def _plots(frame: DetailFrame, grid: Grid) -> tuple[Plot, ...]:
    detail = frame.detail
    if detail is None or not grid.shown:
        return ()
    snapshot = frame.snapshot
    scene = detailplots.Scene(detail.past, detail.row, snapshot.currency, snapshot.timezone, frame.now, grid.width)
    return tuple(detailplots.PLOTS[index](scene) for index in _chosen(frame.sight, grid))


def _chosen(sight: DetailSight, grid: Grid) -> list[int]:
    """Which plots stand: as many as there is room for, from the chosen ones on."""
    total = len(detailplots.PLOTS)
    first = sight.plots * grid.shown % total
    return sorted((first + at) % total for at in range(min(total, grid.shown)))


def _plot_title(frame: DetailFrame, grid: Grid) -> Line:
    """The time that is shown, and where there is not room for all plots which key brings the others."""
    words = [f"last {detailladder.span(frame.sight.span_s)}"]
    if grid.shown and grid.shown < len(detailplots.PLOTS):
        others = [name for at, name in enumerate(detailplots.NAMES) if at not in _chosen(frame.sight, grid)]
        key = actions.first_key(frame.actions, "detail_plots")
        words.append(f"{key or 'no key'}: {', '.join(others)}")
    return hairline(words, frame.width)


def _rest(frame: DetailFrame, detail: Detail, lines: int, grid: Grid) -> list[Line]:
    """The sections in so many lines; the last of them names what has no room."""
    room = frame.width
    if room >= detaillayout.TWO_SIDES:
        half = (room - detaillayout.GAP) // 2
        sides = [_column(frame, detail, names, half, lines) for names in IN_TWO]
        out = [
            (*left_side, Piece(" " * detaillayout.GAP), *right_side)
            for left_side, right_side in zip(*(side.lines for side in sides), strict=True)
        ]
        hidden = [name for side in sides for name in side.hidden]
    else:
        column = _column(frame, detail, IN_ONE, room, lines)
        out, hidden = column.lines, list(column.hidden)
    if not grid.shown:
        hidden.insert(0, "plots")
    if hidden and out:
        said = f"   no room here for {', '.join(TITLES.get(name, name) for name in hidden)}"
        out[-1] = fit((Piece(said, "aside"),), room)
    return out


class Column(NamedTuple):
    """Sections one below the other, and the names of those that have no room."""

    lines: list[Line]
    hidden: tuple[str, ...]


def _column(frame: DetailFrame, detail: Detail, names: Sequence[str], room: int, lines: int) -> Column:
    made = {name: _section(name, frame, detail, room) for name in names}
    wishes = [
        Wish(name, len(made[name]), 3 if name == "ladder" else 2 if name in ("flips", "processes") else 1)
        for name in names
    ]
    given = detaillayout.share(wishes, lines)
    hidden = tuple(name for name in names if not given[name])
    if hidden:  # one line for saying so
        given = detaillayout.share(wishes, lines - 1)
        hidden = tuple(name for name in names if not given[name])
    spare = lines - sum(given[name] + 1 for name in names if given[name]) - bool(hidden)
    out: list[Line] = []
    for name in names:
        if not given[name]:
            continue
        if out and spare > 0:
            out.append(fit((), room))
            spare -= 1
        out += [hairline(_titled(name, detail), room), *_section(name, frame, detail, room, given[name])]
    return Column(out + [fit((), room)] * (lines - len(out)), hidden)


def _titled(name: str, detail: Detail) -> tuple[str, ...]:
    if name == "ladder":
        return detailladder.title_words(detail.past)
    if name == "processes" and detail.row.reading.clients_at:
        return TITLES[name], "as last listed"
    return (TITLES[name],)


def _section(name: str, frame: DetailFrame, detail: Detail, room: int, count: int | None = None) -> list[Line]:
    """The lines of one section, as many as it would like unless it gets a ``count``."""
    row, zone, now = detail.row, frame.snapshot.timezone, frame.now
    if name == "ladder":
        most = detailladder.wanted(row) if count is None else count
        return detailladder.lines(row, detail.past, frame.snapshot.currency, room, most)
    if name == "faults":
        most = MOST_FAULTS if count is None else count
        return detailfaults.lines(row, detail.changes, now, zone, room, most)
    if name == "processes":
        return detailabout.processes(detail, now, room, MOST_PROCESSES if count is None else count)
    if name == "flips":
        return _flips(frame, detail, room, MOST_FLIPS if count is None else count)
    return detailabout.card(detail, zone, room, 8 if count is None else count)


def _flips(frame: DetailFrame, detail: Detail, room: int, count: int) -> list[Line]:
    """The latest flips of this GPU, newest first, under their titles."""
    told = frame.told
    if told.flips is None:
        said = told.trouble or "reading the journal …"
        return [fit((Piece(f"   {said}", "label"),), room)][:count]
    found = [flip for flip in told.flips if detail.row.reading.slot in flip.slots][: max(1, count - 1)]
    if not found:
        return [fit((Piece("   none in the journal's latest", "label"),), room)][:count]
    kinds = {option.workload: option.kind for row in frame.snapshot.rows for option in row.money.options}
    placed = fliptable.columns(room)
    out = [fit(fliptable.titles(placed), room)]
    for flip in found:
        seen = fliptable.Seen(flip, frame.now, frame.snapshot.timezone, kinds)
        out.append(fit((Piece(" " * 3), *fliptable.line(seen, placed)), room))
    return out[:count]
