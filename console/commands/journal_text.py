"""The journal as lines for people: one per line of it, or one per flip."""

from __future__ import annotations

from datetime import UTC, datetime

from console.flips.chain import Line
from console.flips.history import Flip, claims, number
from console.text import clean

MOST = 4000
"""Characters of one line: a journal that was tampered with may hold anything."""


def line_text(line: Line) -> str:
    """One line of the journal: when, who, what, on which GPUs, the sentence, and why."""
    what = str(line.body.get("result") or line.body.get("step") or line.kind).replace("_", " ")
    slots = f"GPU {','.join(map(str, line.slots))}" if line.slots else ""
    reason = f"  ({line.body['reason']})" if line.body.get("reason") else ""
    head = f"{stamp(line.at)}  {line.seq:>5}  {line.login:<10}  {what:<11}  {slots:<10}"
    claimed = f"  [claimed {said}]" if line.kind in ("intent", "lock") and (said := claims(line)) else ""
    return clean(f"{head}  {line.text}{reason}{claimed}", MOST)


def step_text(line: Line) -> str:
    """One line of one flip, with the time that its step took."""
    took_s = number(line.body.get("took_s"))
    return f"{seconds(took_s):>9}  {line_text(line)}"


def flip_text(flip: Flip) -> str:
    """One flip: when, who, which GPUs, before → after, how it ended and in what time, expected and realised, why."""
    from console import units

    slots = ",".join(map(str, flip.slots)) or "?"
    result = flip.result.replace("_", " ") if flip.settled else "not settled"
    parts = [
        stamp(flip.at),
        f"{flip.flip_id[:12]:<12}",
        f"{flip.who:<10}",
        f"GPU {slots:<6}",
        f"{flip.before} → {flip.after}".ljust(24),
        f"{result:<11}",
        f"{seconds(flip.took_s):>8}",
        f"expected {units.money(flip.expected_per_h):>6}/h",
        f"realised {units.money(flip.realised_per_h):>6}/h",
    ]
    asides = [f"({flip.reason})"] if flip.reason else []
    asides += [f"[claimed {flip.claimed}]"] if flip.claimed else []
    asides += [f"[settled by {flip.settled_by}]"] if flip.settled_by else []
    if flip.settled and flip.result != "done" and flip.text:
        asides.append(flip.text)
    return clean("  ".join((*parts, *asides)), MOST)


def seconds(value: float | None) -> str:
    """A duration of steps: ``0.25 s``, ``41 s``; blank where it is not known."""
    if value is None:
        return ""
    return f"{value:.2f} s" if value < 9.995 else f"{value:.0f} s"


def stamp(at: float) -> str:
    """A time of the journal, UTC, to the second."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"
