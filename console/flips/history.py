"""What the journal has to tell of flips as people ask it: lines by filters, page by page, and whole flips folded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from console.flips import reading
from console.flips.chain import Line
from console.model import Record

AT_ONCE = 100
"""Flips whose lines are fetched together."""
MOST_SEQ = (1 << 63) - 1
"""The largest number that SQLite keeps."""
OF_FLIPS = ("intent", "step", "outcome", "realised")


class Filters(Record):
    """Which lines are asked for; what is empty asks nothing.

    ``since`` and ``until`` are Unix seconds, the latter not included; ``gpu`` a UUID; ``flip`` the beginning of a
    flip's id. ``who`` is a login, an SSH origin, a sudo user or how it was asked for; ``grep`` stands anywhere in a
    line's body, in whatever letter case.
    """

    since: float | None = None
    until: float | None = None
    who: str = ""
    kinds: tuple[str, ...] = ()
    flip: str = ""
    grep: str = ""
    gpu: str = ""


ALL = Filters()


class Step(Record):
    """One step of a flip; ``took_s`` is None where its line does not tell."""

    step: str
    took_s: float | None
    ok: bool
    text: str


class Flip(Record):
    """One flip with all its lines folded into one. Money is per hour, None where it was not known.

    ``who`` and ``via`` are of who began it, ``claimed`` what his environment claimed ("ssh 192.0.2.7, sudo bob").
    ``result`` is "" and ``settled`` False while it has no outcome; ``settled_by`` is the login of who brought it to one
    where that was somebody else, or a later process. ``realised_text`` is the sentence of its hour, "" before.
    """

    flip_id: str
    at: float
    who: str
    claimed: str
    via: str
    slots: tuple[int, ...]
    before: str
    after: str
    reason: str
    result: str
    text: str
    took_s: float | None
    expected_per_h: float | None
    realised_per_h: float | None
    steps: tuple[Step, ...]
    settled: bool
    settled_by: str = ""
    realised_text: str = ""


def pages(
    path: Path, filters: Filters = ALL, size: int = reading.PAGE, *, advice: bool = True
) -> Iterator[tuple[Line, ...]]:
    """Every line that ``filters`` let through, newest first, page by page; between two pages nothing is held open.

    A page is made of ``size`` lines at most. Notes that keep ``advice`` are left out if asked. Raises JournalError.
    """
    below = MOST_SEQ
    while page := reading.page(path, below, size, *_conditions(filters, advice=advice)):
        below = page[-1].seq
        if found := tuple(line for line in page if _fits(line, filters)):
            yield found


def lines(path: Path, limit: int | None, filters: Filters = ALL, *, advice: bool = True) -> Iterator[Line]:
    """The latest ``limit`` lines of ``pages``, newest first; all where that is None. Raises JournalError."""
    left = limit
    for page in pages(path, filters, _size(filters, limit), advice=advice):
        yield from page if left is None else page[:left]
        if left is not None:
            left -= len(page)
            if left <= 0:
                return


def flips(path: Path, limit: int, filters: Filters = ALL) -> tuple[Flip, ...]:
    """The latest ``limit`` flips, newest first. Raises JournalError.

    ``since``, ``until`` and ``who`` ask for the beginning of a flip, ``grep`` for its beginning, its outcome or what it
    realised; ``kinds`` asks nothing here.
    """
    return tuple(each_flip(path, limit, filters))


def each_flip(path: Path, limit: int | None, filters: Filters = ALL) -> Iterator[Flip]:
    """``flips`` one by one, for as many as there are where ``limit`` is None. Raises JournalError."""
    intents = Filters(
        since=filters.since, until=filters.until, who=filters.who, kinds=("intent",), flip=filters.flip, gpu=filters.gpu
    )
    left = MOST_SEQ if limit is None else limit
    for page in pages(path, intents, _size(filters, limit), advice=False):
        for begin in range(0, len(page), AT_ONCE):
            found = _folded(path, page[begin : begin + AT_ONCE], filters.grep)
            yield from found[:left]
            left -= len(found)
            if left <= 0:
                return


def fold(told: Iterable[Line]) -> Flip | None:
    """The lines of one flip, oldest first, as one; None where its intent is not among them."""
    kept = tuple(told)
    intent = next((line for line in kept if line.kind == "intent"), None)
    if intent is None:
        return None
    outcome = next((line for line in kept if line.kind == "outcome"), None)
    realised = next((line for line in kept if line.kind == "realised"), None)
    last = outcome or intent
    other = outcome is not None and (outcome.who.get("via") == "settle" or outcome.login != intent.login)
    return Flip(
        flip_id=intent.flip_id,
        at=intent.at,
        who=intent.login,
        claimed=claims(intent),
        via=str(intent.who.get("via") or ""),
        slots=intent.slots,
        before=_word(intent, "before"),
        after=_word(intent, "after"),
        reason=_word(intent, "reason"),
        result=_word(outcome, "result"),
        text=last.text,
        took_s=_took(intent, outcome),
        expected_per_h=_expected(intent),
        realised_per_h=number(realised.body.get("realised_per_h")) if realised else None,
        steps=tuple(map(_step, (line for line in kept if line.kind == "step"))),
        settled=outcome is not None,
        settled_by=outcome.login if outcome and other else "",
        realised_text=realised.text if realised else "",
    )


def claims(line: Line) -> str:
    """What the environment of who acted claimed: "ssh 192.0.2.7, sudo bob"; "" where it claimed nothing."""
    pairs = (("ssh", line.who.get("claimed_ssh")), ("sudo", line.who.get("claimed_sudo")))
    return ", ".join(f"{name} {value}" for name, value in pairs if value)


def number(value: object) -> float | None:
    """A number of a line's body; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _folded(path: Path, intents: tuple[Line, ...], grep: str) -> list[Flip]:
    """Those intents with all that came of them, in their order."""
    told: dict[str, list[Line]] = {intent.flip_id: [] for intent in intents}
    for line in reading.of_flips(path, tuple(told), OF_FLIPS):
        told[line.flip_id].append(line)
    kept = (of for of in told.values() if not grep or any(_says(line, grep) for line in of if line.kind != "step"))
    return [flip for of in kept if (flip := fold(of)) is not None]


def _conditions(filters: Filters, *, advice: bool) -> tuple[str, tuple[object, ...]]:
    """What SQLite can look for, as the end of a query, and its values."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    if filters.since is not None:
        asked.append(("at_utc_ms >= ?", (round(filters.since * 1000),)))
    if filters.until is not None:
        asked.append(("at_utc_ms < ?", (round(filters.until * 1000),)))
    if filters.kinds:
        asked.append((f"+kind IN ({','.join('?' * len(filters.kinds))})", filters.kinds))
    if filters.flip:
        asked.append(("instr(flip_id, ?) = 1", (filters.flip,)))
    if filters.gpu:
        asked.append(("instr(gpus, ?)", (f'"{filters.gpu}"',)))
    if not advice:
        asked.append((f"NOT {reading.KEEPS_ADVICE}", ()))
    return "".join(f" AND {text}" for text, _ in asked), tuple(value for _, values in asked for value in values)


def _size(filters: Filters, limit: int | None) -> int:
    """How many lines to fetch at once: no more than are wanted, where SQLite has found them all that fit."""
    sifted = filters.who or filters.grep
    return reading.PAGE if limit is None or sifted else min(reading.PAGE, max(1, limit))


def _fits(line: Line, filters: Filters) -> bool:
    return (not filters.who or _is(line, filters.who)) and (not filters.grep or _says(line, filters.grep))


def _is(line: Line, who: str) -> bool:
    named = (line.who.get(key) for key in ("login", "uid", "claimed_ssh", "claimed_sudo", "via"))
    return who.casefold() in (str(one).casefold() for one in named if one not in (None, ""))


def _says(line: Line, words: str) -> bool:
    return words.casefold() in json.dumps(line.body, ensure_ascii=False).casefold()


def _word(line: Line | None, key: str) -> str:
    return str(line.body.get(key) or "") if line else ""


def _step(line: Line) -> Step:
    return Step(
        step=_word(line, "step"),
        took_s=number(line.body.get("took_s")),
        ok=line.body.get("ok") is not False,
        text=line.text,
    )


def _took(intent: Line, outcome: Line | None) -> float | None:
    """Seconds from the intent to the outcome, by the clock of one boot where both are of it; else by the wall's."""
    if outcome is None:
        return None
    begun, ended = number(intent.body.get("clock_s")), number(outcome.body.get("clock_s"))
    if begun is not None and ended is not None and intent.boot_id == outcome.boot_id:
        return max(0.0, ended - begun)
    return max(0.0, outcome.at - intent.at)


def _expected(intent: Line) -> float | None:
    move = intent.body.get("move")
    if not isinstance(move, dict):
        return None
    before, after = number(move.get("net_before_per_h")), number(move.get("net_after_per_h"))
    return None if before is None or after is None else after - before
