"""Whether the journal can be believed: every stored cell held against the chain, the chain against its anchors.

What is hashed is what lies in the file: a cell that reads the same and is written otherwise (``1E-05`` for ``1e-05``,
a space more, a key twice, a number kept as text) counts as changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from console.flips.chain import GENESIS, Anchor, Logged, Verdict, canonical, line_hash
from console.flips.ledger import COLUMNS
from console.model import Record

TYPES = ("integer", "integer", *("text",) * 8)
"""How SQLite keeps each of COLUMNS."""
OBJECTS = ("who", "body")


class Stored(NamedTuple):
    """One row as SQLite has it: the type of each cell and what is in it, text as its bytes."""

    types: tuple[str, ...]
    cells: tuple[object, ...]


class Heads(Record):
    """Heads of the chain that are kept outside the file. ``said`` tells how asking the system log went."""

    kept: tuple[Anchor, ...] = ()
    logged: tuple[Logged, ...] = ()
    said: str = ""


class _Walk:
    """What the walk over all lines has seen so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.hashes: dict[int, str] = {}
        self.disowned: dict[str, str] = {}
        self._prev, self._expected = GENESIS, 1

    def step(self, row: Stored) -> None:
        """One line further."""
        try:
            line = _read(row)
        except ValueError as error:
            self._changed(self._expected, f": {error}")
            self._expected += 1
            self._prev = _text(row.cells[-1])
            return
        seq, own = int(str(line["seq"])), str(line["hash"])
        self._follow(seq, line)
        if isinstance(body := line["body"], dict):
            self.disowned |= _set_aside(body)
        self.hashes[seq] = own
        self._prev, self._expected = own, seq + 1

    def _follow(self, seq: int, line: dict[str, object]) -> None:
        prev = str(line["prev"])
        fields = {key: value for key, value in line.items() if key not in ("prev", "hash")}
        if seq > self._expected:
            last = seq - 1
            missing = f"line {last}" if last == self._expected else f"lines {self._expected} to {last}"
            self.problems.append(f"{missing} missing")
        elif seq < self._expected:
            self.problems.append(f"line {seq} stands where line {self._expected} belongs")
        elif prev != self._prev:
            self.problems.append(f"line {seq} does not continue line {seq - 1}")
        if line["hash"] != line_hash(prev, fields):
            self._changed(seq)

    def _changed(self, seq: int, how: str = "") -> None:
        self.problems.append(f"line {seq} was changed after it was written{how}")


def verify(
    rows: Iterable[Stored],
    heads: Heads,
    *,
    here: str = "",
    found: tuple[str, ...] = (),
    is_there: Callable[[str], bool] = lambda _: True,
) -> Verdict:
    """Walk the chain and hold it against its heads: finds changed, missing, swapped and cut-off lines.

    ``here`` is the journal's path as the system log names it, ``found`` what is known to be wrong already, and
    ``is_there`` tells whether a damaged journal that was set aside under a name still lies beside this one.
    """
    walk = _Walk()
    for row in rows:
        walk.step(row)
    own = walk.hashes.get(1)
    ours = [head for head in heads.logged if head.path == here or head.genesis == own]
    anchored, logged = _confirmed(walk, heads.kept), _confirmed(walk, ours)
    strange, asides = _against(walk, (*heads.kept, *ours), is_there)
    problems = tuple(dict.fromkeys((*found, *walk.problems, *strange)))
    lines = len(walk.hashes)
    return Verdict(
        lines=lines,
        problems=problems,
        anchored_to=anchored,
        logged_to=logged,
        log=f"{heads.said}, {len(ours)} of this one" if heads.logged else heads.said,
        sentence=_sentence(lines, problems, anchored, logged, max(walk.hashes, default=0)) + asides,
    )


def _read(row: Stored) -> dict[str, object]:
    """The fields of a row, every cell of its type and written in the one way. Raises ValueError with a clause."""
    for name, kind, expected in zip(COLUMNS, row.types, TYPES, strict=True):
        if kind != expected:
            raise ValueError(f"its {name} is kept as {kind}, expected {expected}")
    fields: dict[str, object] = {}
    for name, cell in zip(COLUMNS, row.cells, strict=True):
        fields[name] = _decoded(name, cell) if isinstance(cell, bytes) else cell
    return fields


def _decoded(name: str, cell: bytes) -> object:
    try:
        text = cell.decode()
        if name not in ("gpus", *OBJECTS):
            return text
        value = json.loads(text)
        same = canonical(value) == text
    except (ValueError, RecursionError):
        raise ValueError(f"its {name} cannot be read") from None
    if not same or not isinstance(value, dict if name in OBJECTS else list):
        raise ValueError(f"its {name} is not in the one form that lines are written in")
    return value


def _text(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else ""


def _set_aside(body: dict[str, object]) -> dict[str, str]:
    """Geneses of damaged journals that a line says were moved aside, with the name they were moved to."""
    several = body.get("earlier_geneses")
    found = [body.get("earlier_genesis"), *(several if isinstance(several, list) else ())]
    return {one: str(body.get("moved_to", "")) for one in found if isinstance(one, str)}


def _confirmed(walk: _Walk, heads: Iterable[Anchor]) -> int | None:
    own = walk.hashes.get(1)
    return max((h.seq for h in heads if h.genesis == own and walk.hashes.get(h.seq) == h.hash), default=None)


def _against(walk: _Walk, heads: Iterable[Anchor], is_there: Callable[[str], bool]) -> tuple[list[str], str]:
    """What the heads speak against, and a clause on the damaged journals that this one follows."""
    own, problems, asides = walk.hashes.get(1), [], ""
    others: dict[str, int] = {}
    for head in heads:
        if head.genesis != own:
            others[head.genesis] = max(head.seq, others.get(head.genesis, 0))
        elif head.seq not in walk.hashes:
            problems.append(f"lines up to {head.seq} were there once and are cut off")
        elif walk.hashes[head.seq] != head.hash:
            problems.append(f"line {head.seq} is not the one that its anchor names")
    for genesis, seq in others.items():
        if genesis not in walk.disowned:
            problems.append(f"an earlier journal of {seq} lines was replaced by this one")
        elif not is_there(walk.disowned[genesis]):
            problems.append(f"an earlier journal of {seq} lines is said to be damaged and set aside, and is not there")
        else:
            asides += f"; an earlier one of {seq} lines was damaged and set aside"
    return problems, asides


def _sentence(lines: int, problems: tuple[str, ...], anchored: int | None, logged: int | None, last: int) -> str:
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return f"{lines} lines; {problems[0]}{more}"
    sure = [f"its anchors have them up to line {anchored}"] if anchored is not None else []
    sure += [f"the system log has them up to line {logged}"] if logged is not None else []
    if not sure:
        return f"{lines} lines, consistent, not tamper-evident: no anchor of this chain was found"
    after = last - max(anchored or 0, logged or 0)
    tail = f"; {after} later ones are consistent only" if after else ""
    return f"{lines} lines, consistent, and as {' and as '.join(sure)}{tail}"
