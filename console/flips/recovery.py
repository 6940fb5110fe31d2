"""Brings flips that were cut off to an outcome, by what is observed now; and takes back marks of stuck GPUs.

Nothing is started or stopped here, and requests are let in again only where their server runs: whoever finds a GPU off
decides what runs next. An intent is settled only under its
GPUs' claims, so a flip that is still being carried out is never judged.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console import units
from console.flips import reading, systemlog
from console.flips.chain import Line
from console.flips.facts import Facts, Hands, Seen
from console.flips.journal import Journal, JournalError
from console.flips.locks import ClaimError, Claims
from console.flips.records import Move, Who
from console.flips.telling import CLOSES
from console.flips.watching import holds, not_free, taker
from console.model import Record, Uuid, WorkState
from console.workloads.contract import WorkloadError

LOOK_S = 3.0
STEADY_S = 2.0
"""How long the same verdict must hold: a unit may still be stopping or starting."""
PATIENCE_S = 20.0
"""How long to wait for a steady verdict; the next settling goes on from there."""
PAUSE_S = 0.25
STEADY = (WorkState.RUNNING, WorkState.STUCK)
ALARMS = frozenset({"off", "stuck"})


class Settled(Record):
    """One cut-off flip, or one mark, and what became of it. ``result`` is "" where it stays open, ``text`` why."""

    flip_id: str
    slots: tuple[int, ...]
    result: str
    text: str


class Verdict(Record):
    """What observation says of a flip that was cut off."""

    result: str
    text: str
    stuck: dict[str, str] = msgspec.field(default_factory=dict)


def settle(
    journal: Journal,
    facts: Facts,
    claims: Claims,
    who: Who,
    uuids: Iterable[str] | None = None,
    hands: Hands | None = None,
) -> tuple[Settled, ...]:
    """Settle every open intent, or those that touch ``uuids``, then take back marks of GPUs seen free.

    With ``hands`` requests are let in again to what a cut-off drain may have closed.

    What cannot be claimed, because somebody is carrying it out or its claim file is of no use, is left alone and
    listed as open. Raises JournalError.
    """
    wanted = None if uuids is None else frozenset(uuids)
    done = []
    for line in _open(journal, wanted):
        try:
            claim = claims.take(line.gpus, f"{who.login} (settle)", facts.now())
        except ClaimError as error:
            done.append(_left_open(line, str(error)))
            continue
        with claim:
            done += _settle_one(journal, facts, line, who, hands)
    return (*done, *clear_stuck(journal, facts, claims, who, wanted))


def settle_claimed(
    journal: Journal, facts: Facts, claims: Claims, uuids: tuple[Uuid, ...], who: Who, hands: Hands
) -> None:
    """Settle what is open on GPUs that the caller has claimed already.

    Raises ClaimError when such a flip has further GPUs that somebody holds, JournalError when it stays open.
    """
    for line in _open(journal, frozenset(uuids)):
        slots = dict(zip(line.gpus, line.slots, strict=False))
        with claims.take(set(line.gpus) - set(uuids), f"{who.login} (settle)", facts.now(), slots):
            for settled in _settle_one(journal, facts, line, who, hands):
                if not settled.result:
                    raise JournalError(f"an earlier flip of {units.gpus(line.slots)} is not settled: {settled.text}")


def clear_stuck(
    journal: Journal, facts: Facts, claims: Claims, who: Who, wanted: frozenset[str] | None
) -> tuple[Settled, ...]:
    """Take back the mark of every stuck GPU that is free now and still is a moment later. Raises JournalError."""
    found = []
    bases = reading.base_mib(journal.path, journal.boot_id)
    for uuid, sentence in reading.stuck(journal.path).items():
        if wanted is not None and uuid not in wanted:
            continue
        try:
            claim = claims.take((uuid,), f"{who.login} (settle)", facts.now())
        except ClaimError as error:
            found.append(Settled(flip_id="", slots=(), result="", text=f"still stuck: {error}"))
            continue
        with claim:
            found += _clear(journal, facts, Uuid(uuid), sentence, bases.get(uuid), who)
    return tuple(found)


def judge(move: Move, seen: tuple[Seen, ...], own_pids: frozenset[int], *, stopped: bool) -> Verdict:
    """What became of a cut-off flip, from one observation of all its GPUs. ``stopped``: the stop had begun."""
    busy = {str(one.reading.uuid): why for one in seen if (why := not_free(one, _base(move, one.reading.uuid)))}
    if move.starts and all(holds(seen, action) for action in move.starts):
        return Verdict(result="done", text=f"{move.after} runs")
    if not move.starts and not busy:
        return Verdict(result="done", text="off")
    if move.stops and all(holds(seen, action) for action in move.stops):
        return Verdict(result="rolled_back" if stopped else "cancelled", text=f"{move.before} runs")
    left = {uuid: why for uuid, why in busy.items() if _ours_left(move, seen, uuid, own_pids)}
    slots = dict(zip(move.uuids, move.slots, strict=True))
    words = "; ".join(f"GPU {slots[Uuid(uuid)]} {why}" for uuid, why in busy.items())
    if left:
        stuck = {uuid: f"GPU {slots[Uuid(uuid)]} {why}" for uuid, why in left.items()}
        return Verdict(result="stuck", text=words, stuck=stuck)
    return Verdict(result="off", text=words or "nothing runs there")


def _ours_left(move: Move, seen: tuple[Seen, ...], uuid: str, own_pids: frozenset[int]) -> bool:
    """True for a busy GPU on which neither a whole workload of the move runs nor somebody else has come."""
    units = frozenset(action.unit for action in (*move.stops, *move.starts))
    one = next(one for one in seen if one.reading.uuid == uuid)
    whole = any(holds(seen, action) for action in (*move.stops, *move.starts) if uuid in action.uuids)
    return not whole and not taker(one, own_pids, units)


def _open(journal: Journal, wanted: frozenset[str] | None) -> tuple[Line, ...]:
    found = reading.open_intents(journal.path)
    return tuple(line for line in found if wanted is None or wanted & set(line.gpus))


def _settle_one(journal: Journal, facts: Facts, line: Line, who: Who, hands: Hands | None) -> list[Settled]:
    history = reading.of_flip(journal.path, line.flip_id)
    if any(one.kind == "outcome" for one in history):
        return []  # somebody else settled it before the claim was ours
    try:
        move = msgspec.convert(line.body.get("move"), Move)
    except msgspec.ValidationError as error:
        return [_left_open(line, f"its intent cannot be read ({error})")]
    steady = _steady(facts, move, history)
    if isinstance(steady, str):
        return [_left_open(line, steady)]
    text = f"{units.gpus(move.slots)}: {move.before} → {move.after} was cut off; now: {steady.text}"
    shut = _let_in(hands, move, steady.result, history) if hands is not None else ""
    text += f"; {shut}" if shut else ""
    body: dict[str, object] = {
        "step": "outcome",
        "text": text,
        "result": steady.result,
        "settled": True,
        "alarm": steady.result in ALARMS or bool(shut),
        "slots": list(move.slots),
        "before": move.before,
        "after": move.after,
    }
    if steady.stuck:
        body["stuck"] = steady.stuck
    journal.append("outcome", line.flip_id, line.gpus, msgspec.to_builtins(who), body)
    if body["alarm"]:
        systemlog.tell(text, systemlog.ALERT)
    return [Settled(flip_id=line.flip_id, slots=move.slots, result=steady.result, text=text)]


def _let_in(hands: Hands, move: Move, result: str, history: tuple[Line, ...]) -> str:
    """Let requests come to the servers that run on and that this flip closed or started; a sentence where that failed.

    One that somebody else has closed, and this flip never got to, stays closed.
    """
    closed = {one.body.get(CLOSES) for one in history}
    back = (one for one in move.stops if one.unit in closed)
    goes_on = move.starts if result == "done" else back if result in ("cancelled", "rolled_back") else ()
    failed = []
    for action in (one for one in goes_on if one.routed):
        try:
            hands.route(action, let_in=True)
        except WorkloadError as error:
            failed.append(f"no requests come to {action.workload} yet: {error}")
    return "; ".join(failed)


def _left_open(line: Line, why: str) -> Settled:
    return Settled(flip_id=line.flip_id, slots=line.slots, result="", text=why)


def _steady(facts: Facts, move: Move, history: tuple[Line, ...]) -> Verdict | str:
    """The verdict once it has held for a while, or the sentence that says why there is none."""
    pids = history[0].body.get("pids")
    own = frozenset(pid for pid in pids if isinstance(pid, int)) if isinstance(pids, list) else frozenset()
    stopped = any(one.kind == "step" and one.body.get("state") == "stop" for one in history)
    begun = since = facts.clock()
    last: Verdict | None = None
    why = "it could not be read"
    while facts.clock() - begun < PATIENCE_S:
        seen = facts.observe(move.uuids, LOOK_S)
        verdict = judge(move, seen, own, stopped=stopped) if seen and _readable(seen) else None
        if verdict != last:
            last, since = verdict, facts.clock()
        moving = _moving(facts, move, seen or (), history)
        why = moving or ("it keeps changing" if seen else "it could not be read")
        if verdict and not moving and facts.clock() - since >= STEADY_S:
            return verdict
        facts.sleep(PAUSE_S)
    return why


def _readable(seen: tuple[Seen, ...]) -> bool:
    return all(one.reading.state == "ok" and one.occupancy.settled for one in seen)


def _moving(facts: Facts, move: Move, seen: tuple[Seen, ...], history: tuple[Line, ...]) -> str:
    """Why a verdict would come too early: a unit of the move lives and is not, or not yet, on its GPUs.

    Only for as long as its own limits allow: a unit that lives on without its GPUs is then no longer waited for.
    """
    for action in (*move.stops, *move.starts):
        steady = all(one.occupancy.instance is None or one.occupancy.instance.state in STEADY for one in seen)
        if (steady and holds(seen, action)) or _age_s(facts, history) > action.start_timeout_s + action.stop_timeout_s:
            continue
        output = facts.output(action, 1.0)
        if output is not None and output.state is not WorkState.STOPPED:
            return f"{action.unit} is still starting or stopping"
    return ""


def _age_s(facts: Facts, history: tuple[Line, ...]) -> float:
    """Seconds since the flip's last line, by the clock of this boot; one of an earlier boot is as old as can be."""
    clock_s = history[-1].body.get("clock_s")
    age_s = facts.clock() - clock_s if isinstance(clock_s, float) else float("inf")
    return age_s if age_s >= 0 else float("inf")


def _clear(
    journal: Journal, facts: Facts, uuid: Uuid, sentence: str, base_mib: float | None, who: Who
) -> list[Settled]:
    begun = facts.clock()
    while True:
        seen = facts.observe((uuid,), LOOK_S)
        if not seen:
            return [Settled(flip_id="", slots=(), result="", text=f"still stuck: {uuid} could not be read")]
        slot, why = seen[0].reading.slot, not_free(seen[0], base_mib)
        if why:
            return [Settled(flip_id="", slots=(slot,), result="", text=f"still stuck: GPU {slot} {why}")]
        if facts.clock() - begun >= STEADY_S:
            break
        facts.sleep(PAUSE_S)
    text = f"GPU {slot} is free again; was stuck: {sentence}"
    body: dict[str, object] = {"text": text, "cleared": [uuid], "slots": [slot]}
    journal.append("note", "", (uuid,), msgspec.to_builtins(who), body)
    return [Settled(flip_id="", slots=(slot,), result="cleared", text=text)]


def _base(move: Move, uuid: str) -> float | None:
    pairs = zip(move.uuids, move.base_mib, strict=False)
    return next((base for found, base in pairs if found == uuid), None)
