"""When the GPUs of each contract served and when they were down, by this console's own log: a document for claims.

A contract has *positions*, one a committed GPU. A GPU that serves takes a free one and keeps it while it is down, until
another serves in its place. Time that nobody watched, or in which it could not be told, counts as neither up nor down.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from console import store
from console.economics.contract import Contract, Month
from console.history.accrued import MAX_GAP_S, SAVE_EVERY_S
from console.model import Record

MONTHS = 24
"""How many months of a contract are kept: claims are open for one or two, disputes for longer."""
OUTAGES = 200
"""How many outages of a month are kept with their times, the latest; their sum is kept of all."""
LONGEST_S = 32 * 86400.0
MOST_GPUS = 1024
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")

Serving = Mapping[str, str | None]
"""By UUID the contract that a GPU serves now, ``""`` for none, None where it cannot be told."""


class Position(Record):
    """One committed GPU in one month. ``uuid`` is who holds it, ``""`` while nobody ever has."""

    uuid: str = ""
    up_s: float = 0.0
    down_s: float = 0.0


class Outage(Record):
    """The position that ``uuid`` held was down, watched without a break from ``since`` until ``until``."""

    uuid: str
    since: float
    until: float


class Book(Record):
    """One contract in one calendar month of the site's time zone, ``2026-11``."""

    month: str
    positions: tuple[Position, ...] = ()
    outages: tuple[Outage, ...] = ()


class Kept(Record):
    """The file: by contract its months, the oldest first."""

    books: dict[str, tuple[Book, ...]] = msgspec.field(default_factory=dict)


class Place(NamedTuple):
    """Where one GPU stands in a contract: ``months`` of the position that it holds, this one and the next, else empty.

    ``spare`` serves although as many as are committed do; ``full`` says that no further one would be paid.
    """

    months: tuple[Month, ...] = ()
    spare: bool = False
    full: bool = False


class _Look(NamedTuple):
    at: float
    states: tuple[bool | None, ...]  # of each position: up, down, cannot be told
    serving: frozenset[str]


class Uptime:
    """Keeps the log of every contract; across restarts where ``path`` is given."""

    def __init__(self, path: Path | None, contracts: Iterable[Contract], timezone: str, *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        self._contracts = {contract.name: contract for contract in contracts}
        self._zone = ZoneInfo(timezone)
        kept = store.load(path, Kept, Kept()) if path and self._contracts else Kept()
        self._books = {name: _sane(books) for name, books in kept.books.items()}
        self._looks: dict[str, _Look] = {}
        self._saved = 0.0

    def watch(self, at: float, serving: Serving) -> None:
        """Count the time since the last call as what was seen then, and look again."""
        for name, contract in self._contracts.items():
            last = self._looks.pop(name, None)
            if not contract.in_force(at):
                continue
            if last is not None and 0 < at - last.at <= MAX_GAP_S:
                self._count(name, last, at, serving)
            book = self._book(name, month_of(at, self._zone)[0])
            positions, states = _seated(book.positions, contract, serving)
            self._put(name, msgspec.structs.replace(book, positions=positions))
            here = frozenset(uuid for uuid, served in serving.items() if served == name)
            self._looks[name] = _Look(at, states, here)
        if self._contracts and abs(at - self._saved) >= SAVE_EVERY_S:
            self.save()
            self._saved = at

    def place(self, name: str, uuid: str, at: float) -> Place:
        """Where a GPU stands in the contract of that name. Of one that is not in force, or not watched yet, nowhere."""
        contract, look = self._contracts.get(name), self._looks.get(name)
        if contract is None or look is None:
            return Place()
        label, start, end = month_of(at, self._zone)
        held = next((one for one in self._book(name, label).positions if one.uuid == uuid), None)
        full = contract.gpus is not None and len(look.serving) >= contract.gpus
        if held is None:
            return Place(spare=uuid in look.serving, full=full)
        ahead = month_of(end, self._zone)
        months = (
            _within(contract, Month(start, end, held.up_s, held.down_s)),
            _within(contract, Month(ahead[1], ahead[2])),
        )
        return Place(months=months, full=full)

    def books(self, name: str) -> tuple[Book, ...]:
        """The months of a contract that are kept, the oldest first; also of one that is in the config no more."""
        return self._books.get(name, ())

    def save(self) -> None:
        """Keep the log on disk, best effort."""
        if self._path is not None and self._contracts:
            store.keep(self._path, Kept(books=self._books))

    def _count(self, name: str, last: _Look, until: float, serving: Serving) -> None:
        """What was seen last held until now, if that can still be told of the GPU."""
        begin = last.at
        while begin < until:
            label, _, month_ends = month_of(begin, self._zone)
            end = min(until, month_ends)
            book = self._book(name, label)
            told = (serving.get(one.uuid, "") is not None for one in book.positions)
            states = [state if known else None for state, known in zip(last.states, told, strict=False)]
            self._put(name, _counted(book, states, begin, end))
            begin = end

    def _book(self, name: str, label: str) -> Book:
        books = self._books.get(name, ())
        found = next((book for book in books if book.month == label), None)
        if found is not None:
            return found
        before = max((book for book in books if book.month < label), key=lambda book: book.month, default=None)
        contract = self._contracts[name]
        # Without a number of committed GPUs a position that a whole month left empty is committed no more.
        held = [
            Position(uuid=one.uuid)
            for one in (before.positions if before else ())
            if contract.gpus is not None or one.up_s > 0
        ]
        return Book(month=label, positions=tuple(held))

    def _put(self, name: str, book: Book) -> None:
        others = [one for one in self._books.get(name, ()) if one.month != book.month]
        books = sorted([*others, book], key=lambda one: one.month)
        self._books[name] = tuple(books[-MONTHS:])


@functools.lru_cache(maxsize=32)
def month_of(at: float, zone: ZoneInfo) -> tuple[str, float, float]:
    """The calendar month of an instant: its name, and the instants of its start and its end."""
    there = dt.datetime.fromtimestamp(at, zone)
    start = dt.datetime(there.year, there.month, 1, tzinfo=zone)
    year, month = (there.year + 1, 1) if there.month == 12 else (there.year, there.month + 1)
    return f"{there:%Y-%m}", start.timestamp(), dt.datetime(year, month, 1, tzinfo=zone).timestamp()


def _within(contract: Contract, month: Month) -> Month:
    """The part of a month that is in the contract's term: that is what uptime is a share of."""
    start = month.starts_at if contract.starts_at is None else max(month.starts_at, contract.starts_at)
    end = month.ends_at if contract.ends_at is None else min(month.ends_at, contract.ends_at)
    return month._replace(starts_at=start, ends_at=max(start, end))


def _seated(
    positions: Sequence[Position], contract: Contract, serving: Serving
) -> tuple[tuple[Position, ...], tuple[bool | None, ...]]:
    """The positions with every GPU that newly serves put into a free one, and the state of each."""
    here = {uuid for uuid, name in serving.items() if name == contract.name}
    seats = _committed(positions, contract.gpus, here)
    for uuid in sorted(here - {one.uuid for one in seats}):
        free = next((n for n, one in enumerate(seats) if _free(one, here, serving)), None)
        if free is not None:
            seats[free] = msgspec.structs.replace(seats[free], uuid=uuid)
        elif contract.gpus is None:
            seats.append(Position(uuid=uuid))
    blind = any(name is None for name in serving.values())
    return tuple(seats), tuple(_state(one, here, serving, blind=blind) for one in seats)


def _committed(positions: Sequence[Position], gpus: int | None, here: set[str]) -> list[Position]:
    """As many positions as are committed; where the config commits fewer than before, those that serve stay."""
    if gpus is None:
        return list(positions)
    seats = [*positions, *[Position()] * (gpus - len(positions))]
    return seats if len(seats) == gpus else sorted(seats, key=lambda one: one.uuid not in here)[:gpus]


def _free(one: Position, here: set[str], serving: Serving) -> bool:
    return one.uuid not in here and serving.get(one.uuid, "") is not None


def _state(one: Position, here: set[str], serving: Serving, *, blind: bool) -> bool | None:
    if one.uuid in here:
        return True
    unknown = blind if not one.uuid else serving.get(one.uuid, "") is None
    return None if unknown else False


def _counted(book: Book, states: Sequence[bool | None], begin: float, end: float) -> Book:
    positions, outages = list(book.positions), list(book.outages)
    for number, (one, state) in enumerate(zip(positions, states, strict=False)):
        if state is True:
            positions[number] = msgspec.structs.replace(one, up_s=one.up_s + end - begin)
        elif state is False:
            positions[number] = msgspec.structs.replace(one, down_s=one.down_s + end - begin)
            _extend(outages, one.uuid, begin, end)
    return msgspec.structs.replace(book, positions=tuple(positions), outages=tuple(outages[-OUTAGES:]))


def _extend(outages: list[Outage], uuid: str, begin: float, end: float) -> None:
    for number in reversed(range(len(outages))):
        if outages[number].uuid == uuid and outages[number].until == begin:
            outages[number] = msgspec.structs.replace(outages[number], until=end)
            return
    outages.append(Outage(uuid=uuid, since=begin, until=end))


def _sane(books: Sequence[Book]) -> tuple[Book, ...]:
    """Without months that cannot be: a file may have been written by anybody."""
    found = [book for book in books if _MONTH.fullmatch(book.month) and len(book.positions) <= MOST_GPUS]
    return tuple(
        msgspec.structs.replace(book, outages=book.outages[-OUTAGES:])
        for book in sorted(found, key=lambda one: one.month)[-MONTHS:]
        if all(0 <= seconds <= LONGEST_S for one in book.positions for seconds in (one.up_s, one.down_s))
    )
