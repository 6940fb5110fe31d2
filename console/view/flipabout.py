"""All about one flip: who and why, each step with its time, how it ended, and what it came to an hour later."""

from __future__ import annotations

from console import units
from console.flips.history import Flip, Step
from console.view import clock, tones
from console.view.fliptable import RESULTS
from console.view.pieces import Line, Piece, cut, fit, left, right, wrap

INDENT = 3
LABEL = 10


def title(flip: Flip) -> tuple[str, ...]:
    """What a hairline over it says."""
    return "flip", flip.flip_id, units.gpus(flip.slots)


def lines(flip: Flip, timezone: str, room: int) -> list[Line]:
    """Everything that the journal has of it, in lines of ``room`` columns."""
    words, tone = RESULTS.get(flip.result, (flip.result, "warn"))
    out = [
        _said("when", f"{clock.local(flip.at, timezone, '%F %T')} {timezone}", room),
        _said("who", _who(flip), room),
    ]
    out += _wrapped("why", flip.reason, room) if flip.reason else []
    out += [_step(step, room) for step in flip.steps]
    out += _ending(words, tone, flip, room)
    if flip.expected_per_h is not None or flip.realised_text:
        out += _money(flip, room)
    return out


def _who(flip: Flip) -> str:
    claimed = f", claims {flip.claimed}" if flip.claimed else ""
    by = f", brought to its outcome by {flip.settled_by}" if flip.settled_by else ""
    return f"{flip.who}, {flip.via or 'console'}{claimed}{by}"


def _step(step: Step, room: int) -> Line:
    took = units.UNKNOWN if step.took_s is None else f"{step.took_s:.3f} s"
    tone = "value" if step.ok else "warn"
    mark = "  " if step.ok else "! "
    head = (Piece(" " * INDENT), *left(step.step, LABEL, "label"), *right(took, 11, "label"), Piece("  "))
    used = INDENT + LABEL + 11 + 2
    return fit((*head, Piece(mark + cut(step.text, room - used - 2), tone)), room)


def _ending(words: str, tone: str, flip: Flip, room: int) -> list[Line]:
    took = f" after {units.age(flip.took_s)}" if flip.took_s is not None and flip.result else ""
    out: list[Line] = [_line("result", (Piece(words + took, tone),), room)]
    if flip.result not in ("done", ""):
        out += [_line("", (Piece(part, "value"),), room) for part in wrap(flip.text, room - INDENT - LABEL, 3)]
    return out


def _money(flip: Flip, room: int) -> list[Line]:
    if flip.realised_text:
        tone = tones.money(flip.realised_per_h)
        parts = wrap(flip.realised_text, room - INDENT - LABEL, 2)
        return [_line("money" if index == 0 else "", (Piece(part, tone),), room) for index, part in enumerate(parts)]
    wait = "what it realised is told an hour after it ended" if flip.result == "done" else "nothing was realised"
    expected = units.money(flip.expected_per_h)
    return [_line("money", (Piece(f"expected ~{expected} per hour; {wait}", "label"),), room)]


def _wrapped(label: str, text: str, room: int) -> list[Line]:
    parts = wrap(text, room - INDENT - LABEL, 2)
    return [_said(label if index == 0 else "", part, room) for index, part in enumerate(parts)]


def _said(label: str, text: str, room: int) -> Line:
    return _line(label, (Piece(text, "value"),), room)


def _line(label: str, said: Line, room: int) -> Line:
    return fit((Piece(" " * INDENT), *left(label, LABEL, "label"), *said), room)
