"""What happened, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from console.model import LogLine
from console.view import clock
from console.view.ladder import hairline
from console.view.pieces import Line, Piece, fit, together, width
from console.view.tones import TONES

TITLED = 4
"""From this many lines on the log has a title of its own."""


def lines(log: Sequence[LogLine], timezone: str, room: int, count: int, *, titled: bool = False) -> list[Line]:
    """``count`` lines, one event each; where there is one line only, as many events in it as fit."""
    if count >= TITLED and not titled:
        return [hairline(("log",), room), *lines(log, timezone, room, count - 1, titled=True)]
    newest = sorted(log, key=lambda entry: entry.at, reverse=True)
    if count == 1 and newest:
        events = [_event(entry, timezone) for entry in newest[:4]]
        while len(events) > 1 and sum(width(event) + 4 for event in events) > room:
            events.pop()
        return [fit((Piece(" "), *together(events, 4)), room)]
    out = [fit((Piece(" "), *_event(entry, timezone)), room) for entry in newest[:count]]
    if not out and count:
        out = [fit((Piece(" nothing has happened yet", "aside"),), room)]
    return out + [fit((), room)] * (count - len(out))


def merged(site: Sequence[LogLine], notes: Sequence[LogLine]) -> list[LogLine]:
    """The site's lines and this console's own; what both say is said once, as the journal has it.

    A console that heard of an outcome itself puts the GPU's name before a sentence that lacks it.
    """
    said = [f" {entry.text}" for entry in site]
    return [*site, *(note for note in notes if not any(f" {note.text}".endswith(one) for one in said))]


def _event(entry: LogLine, timezone: str) -> Line:
    tone = entry.tone if entry.tone in TONES else "label"
    mark = "✕ " if tone == "harm" and not entry.text.startswith("✕") else ""
    return Piece(clock.local(entry.at, timezone), "aside"), Piece(f"  {mark}{entry.text}", tone)
