"""What the flip dialog says about a plan, line by line. Nothing has happened while it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console import units
from console.flips.records import Move, Plan, Refusal
from console.model import Kind, Snapshot
from console.view import tones
from console.view.pieces import Line, Piece, fit, flow, left, together, width, wrap

MOST_MOVES = 6
"""More moves than this are counted and summed, not listed."""

_TARGETS = {"mine": "mining", "ai": "AI", "off": "off", "best": "the best option"}


def title(plan: Plan) -> str:
    """What is asked for: ``flip to mining: ergo · rig-07``."""
    if plan.target == "undo":
        return f"take back the latest flip · {plan.host}"
    found = {move.after for move in plan.moves}
    named = f": {found.pop()}" if plan.target in ("mine", "ai", "best") and len(found) == 1 else ""
    return f"flip to {_TARGETS.get(plan.target, plan.target)}{named} · {plan.host}"


DOUBTS = frozenset({"unknown", "reading"})
"""Guards that may fall by themselves within seconds: who holds a GPU, or how it is, has not been found out yet."""


def lines(plan: Plan, snapshot: Snapshot, room: int, *, finding: frozenset[int] = frozenset()) -> list[Line]:
    """The whole plan: what moves, what it costs and gains, what warns, what is refused.

    ``finding`` are slots that are refused for now, while it is being found out who holds them.
    """
    out: list[Line] = []
    kinds = _kinds(snapshot)
    for move in plan.moves[:MOST_MOVES]:
        out += _move(move, kinds, snapshot, room)
    if len(plan.moves) > MOST_MOVES:
        out.append((Piece(f"and {len(plan.moves) - MOST_MOVES} more", "label"),))
    if plan.moves:
        out += [(), *_money(plan.moves, units.symbol(snapshot.currency), room)]
    if plan.done:
        verb = "does" if len(plan.done) == 1 else "do"
        nothing = "" if plan.moves or plan.refusals else ": nothing to do"
        out += [(), (Piece(f"{units.gpus(plan.done)} {verb} that already{nothing}", "value"),)]
    out += _notes("!", "warn", _unique(w for move in plan.moves for w in move.warnings), room)
    out += _refused(plan.refusals, room, finding)
    if not plan.moves and not plan.done and not finding:
        unless = " without force" if forceable(plan.refusals) else ""
        out += [(), (Piece(f"nothing can be done{unless}", "strong"),)]
    fitted = [line if width(line) <= room else fit(line, room) for line in out]
    return fitted if fitted[0] else fitted[1:]


def keys(plan: Plan, *, armed: bool) -> Line:
    """What can be pressed. ``y`` is dim until it counts."""
    out: list[Line] = []
    if plan.moves:
        tone = "key" if armed else "aside"
        count = sum(len(move.uuids) for move in plan.moves)
        word = f" flip {count} GPUs" if count > 1 else " flip"
        out.append((Piece("y", tone), Piece(word, "label" if armed else "aside")))
    out.append((Piece("esc", "key"), Piece(" cancel" if plan.moves else " close", "label")))
    if forceable(plan.refusals):
        out.append((Piece("!", "key"), Piece(" force", "label")))
    return together(out, 4)


def more(seen: int, total: int) -> Line:
    """How much of a plan is still to be seen, and by which key."""
    if seen >= total:
        return (Piece("↑ the plan begins above", "aside"),)
    return (Piece(f"↓ {total - seen} more lines to see before y counts", "warn"),)


def doubtful(refusals: Iterable[Refusal]) -> frozenset[int]:
    """Slots that nothing but a doubt refuses."""
    found: dict[int, bool] = {}
    for refusal in refusals:
        for slot in refusal.slots:
            found[slot] = found.get(slot, True) and refusal.guard.name in DOUBTS
    return frozenset(slot for slot, only in found.items() if only)


def forceable(refusals: Iterable[Refusal]) -> tuple[int, ...]:
    """Slots whose every refusal may be waived by typing host and slot."""
    found: dict[int, bool] = {}
    for refusal in refusals:
        for slot in refusal.slots:
            found[slot] = found.get(slot, True) and refusal.guard.forceable
    return tuple(sorted(slot for slot, may in found.items() if may))


def forced_by(plan: Plan) -> tuple[str, ...]:
    """The words that force a plan's refusals away: host and slot of each GPU that may be forced."""
    return tuple(f"{plan.host}:{slot}" for slot in forceable(plan.refusals))


def force_prompt(plan: Plan, typed: str) -> list[Line]:
    """Asks for the exact name of what is forced; only those words count."""
    wanted = " or ".join(forced_by(plan))
    return [
        (Piece("force waives contract, rental and pin; type ", "label"), Piece(wanted, "strong")),
        (Piece(typed, "entry"), Piece("▏", "cursor")),
    ]


def _move(move: Move, kinds: dict[str, Kind], snapshot: Snapshot, room: int) -> list[Line]:
    symbol = units.symbol(snapshot.currency)
    mark = "~" if move.estimated and move.net_after_per_h is not None else ""
    money: Line = (
        Piece(units.money(move.net_before_per_h), "label"),
        Piece(" → ", "label"),
        Piece(mark + units.money(move.net_after_per_h), tones.money(move.net_after_per_h, strong=True)),
        Piece(f" {symbol}/h", "label"),
    )
    named = units.gpus(move.slots)
    room_for_name = max(12, len(named) + 2)
    head = (
        *left(named, room_for_name, "value"),
        *_named(move.before, kinds),
        Piece("  →  ", "strong"),
        *_named(move.after, kinds),
    )
    beside = width(head) + 4 + width(money) <= room
    out = [together((head, money), 4)] if beside else [head, (Piece(" " * room_for_name), *money)]
    stops = ", ".join(f"{a.unit}" for a in move.stops) or "nothing"
    starts = ", ".join(f"{a.unit}" for a in move.starts) or "nothing"
    said = wrap(f"stops {stops}, starts {starts}", max(12, room - room_for_name), 3)
    return out + [(Piece(" " * room_for_name + part, "label"),) for part in said]


def _named(name: str, kinds: dict[str, Kind]) -> Line:
    tone, glyph = tones.business(kinds.get(name, Kind.OFF))
    return (Piece(f"{glyph} {name}", tone),)


def _kinds(snapshot: Snapshot) -> dict[str, Kind]:
    return {option.workload: option.kind for row in snapshot.rows for option in row.money.options}


def _money(moves: Sequence[Move], symbol: str, room: int) -> list[Line]:
    gain = _sum(move.gain_per_h for move in moves)
    cost = _sum(move.downtime_cost for move in moves)
    down = max(move.downtime_s for move in moves)
    mark = "~" if any(move.estimated for move in moves) else ""
    payback = max((m.payback_s for m in moves if m.payback_s is not None), default=None)
    gained = mark + units.money(gain) if gain is not None else units.UNKNOWN
    parts: list[Line] = [
        (Piece("gain ", "label"), Piece(gained, tones.money(gain, strong=True)), Piece(f" {symbol}/h", "label")),
        (Piece("down ", "label"), Piece(units.age(down), "value"), Piece(" each" if len(moves) > 1 else "", "label")),
        (Piece("costs ", "label"), Piece(units.cost(cost), "value"), Piece(f" {symbol}", "label")),
    ]
    if payback is not None and gain is not None and gain > 0:
        parts.append((Piece("repaid in ", "label"), Piece(units.age(payback), "value")))
    return flow(parts, room, 4 if room >= 76 else 2)


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if any(v is None for v in known) else sum(v for v in known if v is not None)


def _refused(refusals: Sequence[Refusal], room: int, finding: frozenset[int]) -> list[Line]:
    out: list[Line] = []
    may = forceable(refusals)
    for refusal in refusals:
        if finding & {*refusal.slots}:
            out += _notes("?", "warn", [f"still finding out: {refusal.guard.sentence}"], room)
            continue
        hint = "" if any(slot in may for slot in refusal.slots) else " (cannot be forced)"
        text = f"{units.gpus(refusal.slots)} stays: {refusal.guard.sentence}{hint}"
        out += _notes("✕", "harm", [text], room)
    return out


def _notes(mark: str, tone: str, sentences: Sequence[str], room: int) -> list[Line]:
    out: list[Line] = [()] if sentences else []
    for sentence in sentences:
        for index, part in enumerate(wrap(sentence, room - 2, 3)):
            out.append((Piece(f"{mark} " if index == 0 else "  ", tone), Piece(part, "value")))
    return out


def _unique(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))
