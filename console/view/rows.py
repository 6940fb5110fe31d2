"""One line of the table: its cells, or the sentence that takes their place where there is more to say than figures."""

from __future__ import annotations

from collections.abc import Sequence

from console import units
from console.model import Flipping, GpuRow, GpuState, Holder
from console.view import cells, copies, tones
from console.view.layout import GUTTER, Placed
from console.view.pieces import Line, Piece, cut, fit, text_of, width
from console.view.table import falls
from console.view.trend import gauge

_WORDS = {
    GpuState.LOST: "LOST",
    GpuState.GONE: "GONE",
    GpuState.HUNG: "HUNG",
    GpuState.RESET_REQUIRED: "NEEDS RESET",
    GpuState.UNSUPPORTED: "UNSUPPORTED",
}
LEAST = 12  # and with less than this right behind the slot
NARROW = 34  # a sentence with less room than this begins further left
_BEFORE_STATE: tuple[str, ...] = ("slot", "gpu")
_BEFORE_STORY: tuple[str, ...] = ("slot", "gpu", "workload", "util", "mem", "temp", "fan", "power")


def titles(placed: Sequence[Placed], sort: str, *, turned: bool = False) -> Line:
    """The line of column titles; ``↓`` or ``↑`` marks the one the table is sorted by, the highest or lowest first."""
    out: list[Piece] = [Piece(" " * GUTTER, "title")]
    at = GUTTER
    for column, form, x, room in placed:
        text = form.title or column.title
        sorted_here = column.key == sort and (sort != "slot" or turned)
        text = _marked(text.rstrip(), "↓" if falls(sort, turned=turned) else "↑", room) if sorted_here else text
        text = cut(text, room)
        out.append(Piece(" " * (x - at), "title"))
        out.append(Piece(text.rjust(room) if column.right else text.ljust(room), "value" if sorted_here else "title"))
        at = x + room
    return tuple(out)


def _marked(title: str, mark: str, room: int) -> str:
    return f"{title} {mark}" if width((Piece(title),)) + 2 <= room else f"{cut(title, room - 1)}{mark}"


def copied(row: GpuRow, placed: Sequence[Placed], scene: cells.Scene) -> str:
    """The row for the clipboard: the columns that stand, in full, with tabs between; of a card that is not well only
    its slot and its model are of now. What its line says in place of figures stands last."""
    seen = cells.Seen(row, scene)
    well = row.reading.state is GpuState.OK
    parts = [
        column.copy(seen) for column, *_ in placed if column.copy is not None and (well or column.key in _BEFORE_STATE)
    ]
    if _kept(row, placed) is not None:
        said = text_of(sentence(row, scene, copies.MOST_BYTES, 0))
        parts.append(copies.words(said.lstrip("✕→ ")))
    return copies.joined(parts)


def line(row: GpuRow, placed: Sequence[Placed], scene: cells.Scene) -> Line:
    """The row without its gutter: cells each at their place, or the leading ones and a sentence."""
    end = placed[-1].x + placed[-1].room
    story = _kept(row, placed)
    if story is None:
        return _cells(row, placed, scene)
    head, start = placed[:story], placed[story].x if story < len(placed) else end
    cells_part = _cells(row, head, scene)
    gap = start - GUTTER - width(cells_part)
    indent = placed[story + 1].x - start if row.reading.state is not GpuState.OK and story + 1 < len(placed) else 0
    return (*cells_part, Piece(" " * gap), *fit(sentence(row, scene, end - start, indent), end - start))


def _kept(row: GpuRow, placed: Sequence[Placed]) -> int | None:
    """How many leading columns stay before the row's sentence; None where it has none and all stay."""
    room = placed[-1].x + placed[-1].room
    if row.reading.state is not GpuState.OK:
        keep = _BEFORE_STATE
    elif row.flipping is None and not row.stuck and row.occupancy.holder not in (Holder.FOREIGN, Holder.UNKNOWN):
        return None
    else:
        keep = _BEFORE_STORY
        if room - next((p.x for p in placed if p.column.key not in keep), room) < NARROW:
            keep = _BEFORE_STORY[:3]
    if room - next((p.x for p in placed if p.column.key not in keep), room) < LEAST:
        keep = _BEFORE_STORY[:1]  # few columns are wanted: what has happened to a GPU is worth more than its name
    return next((i for i, p in enumerate(placed) if p.column.key not in keep), len(placed))


def _cells(row: GpuRow, placed: Sequence[Placed], scene: cells.Scene) -> Line:
    out: list[Piece] = []
    at = GUTTER
    seen = cells.Seen(row, scene)
    for _, form, x, room in placed:
        if x > at:
            out.append(Piece(" " * (x - at)))
        out.extend(form.cell(seen, room))
        at = x + room
    if row.fresh and not scene.silent:
        return tuple(out)
    return tuple(p if p.tone in ("warn", "harm") else Piece(p.text, "stale") for p in out)


def sentence(row: GpuRow, scene: cells.Scene, room: int, indent: int) -> Line:
    """What is said in place of figures: the state of the card, a flip under way, stuck, not ours to touch.

    A card's state stands where the workload would, its cause ``indent`` columns further on.
    """
    if row.reading.state is not GpuState.OK:
        return _state(row, scene, indent)
    if row.flipping is not None:
        return _flipping(row.flipping, row, scene, room)
    if row.stuck:
        return Piece("✕ stuck", "harm"), Piece("  " + row.stuck, "value")
    if row.occupancy.holder is Holder.FOREIGN:
        return Piece("not ours", "value"), Piece(f"  held by {row.occupancy.who}; never touched", "label")
    return Piece("unknown holder", "warn"), Piece(f"  {row.occupancy.who}; treated as not ours", "label")


def _state(row: GpuRow, scene: cells.Scene, indent: int) -> Line:
    reading = row.reading
    word = f"✕ {_WORDS[reading.state]}"
    since = f" {units.age(scene.now - reading.since)}" if reading.since else ""
    was = _was(row, scene)
    return (
        Piece(f"{word}{since}".ljust(indent - 2) + "  ", "harm"),
        Piece(reading.reason or "no cause given", "value"),
        Piece(f" · was {was}" if was else "", "label"),
    )


def _was(row: GpuRow, scene: cells.Scene) -> str:
    """What it did and drew before: ``ergo, 231 W, +0.01 $/h``; empty where nothing is known."""
    known = []
    if row.was is not None:
        known.append(row.was.workload)
    if row.reading.power_w is not None:
        known.append(f"{units.fixed(row.reading.power_w, 4, 0).strip()} W")
    if row.was is not None and row.was.net_per_h is not None:
        known.append(f"{units.money(row.was.net_per_h)} {scene.symbol}/h")
    return ", ".join(known)


def _flipping(flip: Flipping, row: GpuRow, scene: cells.Scene, room: int) -> Line:
    option = next((o for o in row.money.options if o.workload == flip.to), None)
    tone, glyph = tones.business(option.kind) if option else ("value", "·")
    bar: Line = ()
    if flip.fraction is not None and room > NARROW + 10:
        # A flip's progress is no limit: it wears none of the gauge's warnings.
        bar = (
            Piece("  "),
            *(Piece(p.text, "rule" if p.tone == "rule" else "strong") for p in gauge(flip.fraction, 12)),
        )
    return (
        Piece("→ ", "strong"),
        Piece(f"{glyph} {flip.to}", tone),
        Piece(f"  {flip.step} {units.age(scene.now - flip.since)}".ljust(14), "strong"),
        *bar,
        Piece(f"  by {flip.by}" if flip.by else "", "label"),
    )
