"""Why the ladder says what it says, in numbers that can be checked by hand; and what stands in the way."""

from __future__ import annotations

import re

from console import units
from console.model import GpuRow, GpuState, Holder, Snapshot
from console.view import clock
from console.view.pieces import Line, Piece, fit, wrap

LABEL, SHORT = 9, 6  # columns of the word at the left; the short one where only why is said


def lines(row: GpuRow | None, snapshot: Snapshot, room: int, count: int, *, expanded: bool) -> list[Line]:
    """``count`` lines: the sentence, and when expanded also guards, blocks and what would have to be known."""
    if row is None:
        return [fit((), room)] * count
    said = _why(row)
    out = _sentence("why", said, room, 3 if expanded else count, indent=LABEL if expanded else SHORT)
    if expanded:
        for label, text, tone in _reasons(row, snapshot):
            out += _sentence(label, text, room, 2, tone)
    out = out[:count]
    return [fit(line, room) for line in out] + [fit((), room)] * (count - len(out))


def length(row: GpuRow | None, snapshot: Snapshot, room: int) -> int:
    """Lines that the expanded answer takes."""
    if row is None:
        return 1
    some = len(_sentence("why", _why(row), room, 3))
    return some + sum(len(_sentence(a, b, room, 2)) for a, b, _ in _reasons(row, snapshot))


def _why(row: GpuRow) -> str:
    """What the GPU's trouble is, or whose it is, before any talk of money; the row may have had to cut it."""
    reading, held = row.reading, row.occupancy
    if reading.state is not GpuState.OK:
        gone = f"; changeover forget {reading.slot} if it was removed" if reading.state is GpuState.GONE else ""
        return f"{reading.state.value.replace('_', ' ')}: {reading.reason}{gone}"
    if row.stuck:
        return f"stuck: {row.stuck}"
    if held.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        return f"{held.holder.value}: {held.who}; never touched, so nothing is compared"
    return row.money.advice.why or "no advice: nothing to compare"


def _reasons(row: GpuRow, snapshot: Snapshot) -> list[tuple[str, str, str]]:
    out = [("guard", f"{g.name}: {g.sentence}{_forceable(g.forceable)}", "value") for g in row.guards]
    out += [("blocked", text, "warn") for text in row.money.advice.blocks]
    for option in row.money.options:
        out += [("contract", text, "value") for text in option.clauses]
        if option.stale and option.net_per_h is not None:
            out.append(("stale", f"{option.workload}: {', '.join(option.old) or 'its price'}", "warn"))
        if option.net_per_h is None and option.missing:
            out.append(("unknown", f"{option.workload} lacks {', '.join(option.missing)}", "label"))
        elif not option.eligible:
            out.append(("not here", f"{option.workload}: {option.why_not}", "label"))
        elif option.off_above_price is not None:
            worth = units.money(option.off_above_price, 3, sign=False)
            text = f"off beats {option.workload} while a kWh costs more than {worth} {units.symbol(snapshot.currency)}"
            out.append(("off", text, "label"))
    compared = {option.workload for option in row.money.options}
    for kept in snapshot.market.kept:
        if kept.text and kept.workload in compared:
            out.append(("credited", kept.text, "warn" if kept.flagged else "label"))
    if row.reading.throttle:
        out.append(("throttle", ", ".join(row.reading.throttle), "warn"))
    for xid in row.reading.xids[-2:]:
        out.append(("xid", f"{xid.code} at {clock.local(xid.at, snapshot.timezone)}", "harm"))
    if row.occupancy.background:
        out.append(("beside", "also runs " + ", ".join(row.occupancy.background), "label"))
    return out


def _forceable(forceable: bool) -> str:
    return "" if forceable else " (cannot be forced)"


def _sentence(label: str, text: str, room: int, count: int, tone: str = "label", indent: int = LABEL) -> list[Line]:
    """The label, then the text wrapped beside it; a gain's first clause is what the eye should meet."""
    broken = wrap(text, room - indent - 4, count)
    out: list[Line] = []
    for index, part in enumerate(broken):
        head = Piece("   " + (label if index == 0 else "").ljust(indent), "aside")
        out.append((head, *(_first_clause(part) if label == "why" and index == 0 else (Piece(part, tone),))))
    return out


def _first_clause(text: str) -> Line:
    found = re.match(r"[^,;:(]+", text)
    end = found.end() if found else 0
    return Piece(text[:end], "strong"), Piece(text[end:], "label")
