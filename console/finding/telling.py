"""What was found, as a short table, and as one object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from console.finding.found import Card, Survey
from console.text import clean


def table(found: Survey) -> tuple[str, ...]:
    """Lines: slot, model, holder, unit and meter of every GPU, then what could not be found."""
    rows = [("#", "model", "held by", "unit", "meter"), *(row for card in found.cards for row in _rows(card, found))]
    widths = [min(40, max(len(row[place]) for row in rows)) for place in range(len(rows[0]))]
    lines = ["  ".join(f"{clean(cell, 40):<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return (*(line.rstrip() for line in lines), *(f"  {note}" for note in found.notes))


def as_object(
    found: Survey | None, text: str, path: Path | None, *, wrote: bool, code: int, error: str = ""
) -> dict[str, object]:
    """What ``init --json`` prints: what was found, and the config that was or would be written to ``path``."""
    import msgspec

    return {
        "schema": 1,
        "found": msgspec.to_builtins(found) if found is not None else None,
        "config": text or None,
        "path": str(path) if path is not None else None,
        "written": wrote,
        "error": error or None,
        "exit": code,
    }


def _rows(card: Card, found: Survey) -> Iterator[tuple[str, ...]]:
    slot, holders = str(card.slot), 0
    for one in found.instances:
        if card.slot in one.slots:
            holders += 1
            meter = f"{one.meter.kind} {one.meter.url}" if one.meter else "–"
            known = f"{one.controller}, no label" if one.unsure else one.controller
            yield slot, card.name, ", ".join(one.who) or "–", f"{one.unit} ({known})", meter
    for stranger in found.strangers:
        if card.slot in stranger.slots:
            holders += 1
            yield slot, card.name, stranger.sentence, "–", "–"
    if not holders:
        yield slot, card.name, card.trouble or "nobody", "–", "–"
