"""The list of alarms as data: what calls first, then what somebody has said something to, then what is over."""

from __future__ import annotations

from collections.abc import Iterable

from console import units
from console.model import ALARM_WORDS, Alarm
from console.view import clock
from console.view.pieces import Line, Piece, cells, fit, left, right, wrap

_TONES = {"calls": "strong", "known": "label", "shelved": "label", "over": "aside"}
_SIGNS = {"harm": "✕", "warn": "!"}
STATE, AGE = 8, 6  # columns
BEFORE = 5 + STATE + AGE + 2
"""Columns before the sentence."""


def order(found: Iterable[Alarm], now: float) -> tuple[Alarm, ...]:
    """As they are listed: by what they are, the newest of each first."""
    return tuple(sorted(found, key=lambda alarm: (ALARM_WORDS.index(alarm.word(now)), -alarm.since)))


def count(found: Iterable[Alarm], now: float) -> Line:
    """``✕ 2 alarms`` for the header; nothing where none calls. The sign is that of the gravest."""
    calling = [alarm for alarm in found if alarm.calls(now)]
    if not calling:
        return ()
    tone = "harm" if any(alarm.severity == "harm" for alarm in calling) else "warn"
    return (Piece(f"{_SIGNS[tone]} {len(calling)} alarm{'' if len(calling) == 1 else 's'}", tone),)


def line(alarm: Alarm, now: float, room: int, *, chosen: bool, since: float | None) -> Line:
    """One alarm in ``room`` columns; ``•`` where it began after ``since``, when the operator looked last."""
    word = alarm.word(now)
    fresh = since is not None and alarm.since > since
    loud = word == "calls"
    tone = alarm.severity if loud else _TONES[word]
    return fit(
        (
            Piece("▸" if chosen else " ", "cursor"),
            Piece("•" if fresh else " ", "strong"),
            Piece(f" {_SIGNS.get(alarm.severity, '✕')} ", tone),
            *left(word, STATE, _TONES[word]),
            *right(units.age(max(0.0, now - alarm.since)), AGE, "label"),
            Piece("  "),
            Piece(alarm.sentence, "strong" if loud and chosen else "value" if loud else _TONES[word]),
        ),
        room,
    )


def about(alarm: Alarm, now: float, timezone: str, room: int) -> list[Line]:
    """All about the chosen one that its line has no room for: what to do, since when and who said what.

    Six lines at most: a sentence that its line cuts stands here in two.
    """
    said = [f"since {_when(alarm.since, now, timezone)}"]
    if alarm.over_at is not None:
        said.append(f"over since {_when(alarm.over_at, now, timezone)}")
    if alarm.known:
        at = "" if alarm.acked_at is None else f" at {_when(alarm.acked_at, now, timezone)}"
        said.append(f"acknowledged by {alarm.acked_by}{at}")
    if alarm.shelved(now) and alarm.shelved_until is not None:
        why = f" ({alarm.shelved_reason})" if alarm.shelved_reason else ""
        said.append(f"shelved by {alarm.shelved_by} until {_when(alarm.shelved_until, now, timezone)}{why}")
    cut = wrap(alarm.sentence, room, 2) if cells(alarm.sentence) > room - BEFORE else []
    parts = [(text, "value") for text in cut]
    parts += [(text, "value") for text in wrap(f"→ {alarm.do}", room, 2) if alarm.do]
    parts += [(text, "label") for text in wrap(" · ".join(said), room, 2)]
    return [fit((Piece(text, tone),), room) for text, tone in parts]


def _when(at: float, now: float, timezone: str) -> str:
    """The time of an instant of today; with its day where it is of another."""
    return clock.dated(at, now, timezone, "%H:%M", "%d %b %H:%M")
