"""What is known of each alarm: since when, whether it is over, and what people have said to it. Kept on disk.

Several consoles of one host share the file: each takes in what the others wrote, per key the newest word of each kind.
Whoever writes holds a lock from reading to replacing it, so that none writes over what another has just said.
"""

from __future__ import annotations

import contextlib
import math
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from console import store
from console.attention.alarms import HARM, Sign
from console.flips.alone import alone
from console.model import Alarm, Record
from console.model.attention import LONGEST_SHELF_S
from console.text import clean

AGAIN_S = 60.0
"""What was over for less is the same alarm as before: it neither rings again nor loses what was said to it."""
KEPT_S = 86400.0
"""How long an alarm that is over is still listed."""
LOOK_EVERY_S = 3.0
"""How often it is looked whether another console has written."""
LOCKED_S = 1.0
"""How long the file's lock is waited for. Writing takes milliseconds: who holds it for longer does not write."""
MOST = 500
FILE = "alarms.json"
LONGEST = 8192
"""Bytes of one alarm in the file: what is longer was not written here."""
LAST = 1e11
"""Unix seconds that no clock shows; what lies beyond them, or before 1970, was not written here either."""
_ANEW = "what was acknowledged or shelved before calls again, acknowledge it anew"
_TEXTS = (("key", 120), ("name", 40), ("severity", 4), ("sentence", 300), ("do", 200), ("acked_by", 64))
_MORE_TEXTS = (("shelved_by", 64), ("shelved_reason", 200))


class _File(Record):
    """The file. What in it is no alarm is left out, the others are kept."""

    alarms: tuple[msgspec.Raw, ...] = ()


class Book:
    """The alarms of one host, from any thread. Without a ``path`` in memory alone; without ``keeps`` never written."""

    def __init__(self, path: Path | None, *, keeps: bool = True) -> None:
        self._path = path
        self._keeps = keeps
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] = (0, 0)
        self._alarms: dict[str, Alarm] = {}
        self._looked_at = -math.inf
        self._owes = False
        self.trouble = ""
        """That the file could not be read, what follows from that and what to do; "" as long as it can."""
        self._take_in()

    def see(self, signs: Iterable[Sign], now: float) -> tuple[Alarm, ...]:
        """All alarms after a tick in which ``signs`` stand, those that stand before those that are over, the newest of
        each first."""
        if self._path is not None and not 0 <= now - self._looked_at < LOOK_EVERY_S:
            self._looked_at = now
            store.run(self._path, self._sync)
        with self._lock:
            changed = False
            found: set[str] = set()
            for sign in signs:
                if sign.key not in found:
                    found.add(sign.key)
                    changed |= self._stands(sign, now)
            for key, alarm in self._alarms.items():
                if alarm.over_at is None and key not in found:
                    self._alarms[key] = msgspec.structs.replace(alarm, over_at=now)
                    changed = True
            for key in [key for key, alarm in self._alarms.items() if _forgotten(alarm, now)]:
                del self._alarms[key]
                changed = True
        if changed:
            self._save()
        return self.listed()

    def listed(self) -> tuple[Alarm, ...]:
        """The same alarms without a look at anything."""
        with self._lock:
            return self._in_order()

    def acknowledge(self, keys: Iterable[str], by: str, at: float) -> tuple[Alarm, ...]:
        """Say that these are known; those that were not known before."""
        wanted = frozenset(keys)
        self._take_in()
        with self._lock:
            fresh = tuple(a for key, a in self._alarms.items() if key in wanted and not a.known)
            for alarm in fresh:
                self._alarms[alarm.key] = msgspec.structs.replace(alarm, acked_by=by, acked_at=_after_all(alarm, at))
        if fresh:
            self._save()
        return fresh

    def shelve(self, keys: Iterable[str], by: str, at: float, until: float, reason: str) -> tuple[Alarm, ...]:
        """Want to hear nothing of these ``until`` then, a week at most; those that there are."""
        wanted = frozenset(keys)
        self._take_in()
        end = min(until, at + LONGEST_SHELF_S)
        with self._lock:
            chosen = tuple(a for key, a in self._alarms.items() if key in wanted)
            for alarm in chosen:
                said_at = _after_all(alarm, at)
                self._alarms[alarm.key] = msgspec.structs.replace(
                    alarm, shelved_by=by, shelved_at=said_at, shelved_until=end, shelved_reason=clean(reason)
                )
        if chosen:
            self._save()
        return chosen

    def release(self, keys: Iterable[str], now: float) -> tuple[Alarm, ...]:
        """Take back what was said to these: they call again; those to which something was said."""
        wanted = frozenset(keys)
        self._take_in()
        with self._lock:
            quiet = tuple(a for key, a in self._alarms.items() if key in wanted and (a.known or a.shelved(now)))
            for alarm in quiet:
                self._alarms[alarm.key] = msgspec.structs.replace(alarm, released_at=_after_all(alarm, now))
        if quiet:
            self._save()
        return quiet

    def _in_order(self) -> tuple[Alarm, ...]:
        return tuple(sorted(self._alarms.values(), key=lambda alarm: (alarm.over_at is not None, -alarm.since)))

    def _stands(self, sign: Sign, now: float) -> bool:
        """True where that is news. One too many for the book is none: it would come anew with each tick, and ring."""
        before = self._alarms.get(sign.key)
        if (before is None or before.over_at is not None) and not self._has_room(sign):
            return False
        # What happens once never happens again; what lasts is another alarm when it was over long enough.
        same = before is not None and (
            sign.at is not None or before.over_at is None or 0 <= now - before.over_at <= AGAIN_S
        )
        if before is None or not same:
            shelf = before if before is not None and before.shelved(now) else None
            self._alarms[sign.key] = _new(sign, now, shelf)
            return True
        self._alarms[sign.key] = msgspec.structs.replace(
            before, sentence=sign.sentence, do=sign.do, severity=sign.severity, slots=sign.slots, seen=now, over_at=None
        )
        return before.over_at is not None

    def _save(self) -> None:
        self._bound()
        if self._path is not None and self._keeps:
            self._owes = True
            store.run(self._path, self._sync)

    def _sync(self) -> None:
        """Take in what others wrote; write the file where something is owed to it. Waits for the disk."""
        if self._path is None or not self._owes:
            self._take_in()
            return
        self._owes = False
        with contextlib.ExitStack() as held:
            # A place that takes no lock takes the file, or refuses it below; and whoever sits on the lock keeps nobody
            # from writing. What both say then is brought together by the next that looks.
            with contextlib.suppress(OSError):
                held.enter_context(alone(self._path.with_suffix(".lock"), _mode(self._path.parent), LOCKED_S))
            self._take_in()
            with self._lock:
                alarms = list(self._alarms.values())
            if store.save(self._path, {"alarms": alarms}):
                self._stamp = _stamp(self._path)
            else:
                self._owes = True  # tried again with the next look

    def _take_in(self) -> None:
        """What others wrote, where the file is another than the one last read."""
        if self._path is None or (stamp := _stamp(self._path)) in (self._stamp, (0, 0)):
            return
        self._stamp = stamp
        found, self.trouble = _kept(self._path, keeps=self._keeps)
        with self._lock:
            for alarm in found:
                mine = self._alarms.get(alarm.key)
                self._alarms[alarm.key] = alarm if mine is None else merged(mine, alarm)
        self._bound()

    def _has_room(self, sign: Sign) -> bool:
        """False where as many stand already as are kept; what harms goes before what only warns."""
        if len(self._alarms) < MOST:
            return True
        above = sum(a.over_at is None and (sign.severity != HARM or a.severity == HARM) for a in self._alarms.values())
        return above < MOST

    def _bound(self) -> None:
        """Of too many those go first that are over, the oldest of them; then those that only warn, the latest."""
        with self._lock:
            if len(self._alarms) > MOST:
                self._alarms = {alarm.key: alarm for alarm in sorted(self._alarms.values(), key=_worth)[:MOST]}


def _stamp(path: Path) -> tuple[int, int]:
    """What changes whenever the file is replaced; (0, 0) where there is none."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_ino, about.st_mtime_ns


def _mode(folder: Path) -> int:
    """Of the lock: open to whoever may write into the folder by his group."""
    try:
        return 0o660 if folder.stat().st_mode & stat.S_IWGRP else 0o600
    except OSError:
        return 0o600


def _worth(alarm: Alarm) -> tuple[bool, bool, float]:
    if alarm.over_at is not None:
        return True, False, -alarm.since
    return False, alarm.severity != HARM, alarm.since


def _words(alarm: Alarm) -> tuple[float, ...]:
    """When people said something to it last, each kind of word that was said."""
    return tuple(at for at in (alarm.acked_at, alarm.shelved_at, alarm.released_at) if at is not None)


def _after_all(alarm: Alarm, at: float) -> float:
    """When something said ``at`` is said: after all that was said before, also where the clock was set back since."""
    last = max(_words(alarm), default=-math.inf)
    return at if at > last else math.nextafter(last, math.inf)


def _forgotten(alarm: Alarm, now: float) -> bool:
    return alarm.over_at is not None and now - alarm.over_at > KEPT_S and not alarm.shelved(now)


def merged(one: Alarm, other: Alarm) -> Alarm:
    """What two consoles know of one key: of the later time it began, with the newest word of each kind.

    Two that saw it begin within AGAIN_S mean one beginning. What one of them still sees is not over.
    """
    late, early = (one, other) if one.since >= other.since else (other, one)
    if late.since - early.since > AGAIN_S and not (early.over_at is None or early.over_at >= late.since):
        return _shelf(late, early)
    acked = max((one, other), key=lambda a: a.acked_at or -math.inf)
    seen = max((one, other), key=lambda a: a.seen)
    released = max((a.released_at for a in (one, other) if a.released_at is not None), default=None)
    together = msgspec.structs.replace(
        seen, since=early.since, acked_by=acked.acked_by, acked_at=acked.acked_at, released_at=released
    )
    return _shelf(together, one if seen is other else other)


def _shelf(alarm: Alarm, other: Alarm) -> Alarm:
    if (other.shelved_at or -math.inf) <= (alarm.shelved_at or -math.inf):
        return alarm
    return msgspec.structs.replace(
        alarm,
        shelved_by=other.shelved_by,
        shelved_at=other.shelved_at,
        shelved_until=other.shelved_until,
        shelved_reason=other.shelved_reason,
    )


def _new(sign: Sign, now: float, shelf: Alarm | None) -> Alarm:
    made = Alarm(
        key=sign.key,
        name=sign.name,
        severity=sign.severity,
        sentence=sign.sentence,
        do=sign.do,
        slots=sign.slots,
        since=now if sign.at is None else min(sign.at, now),
        seen=now,
    )
    return made if shelf is None else _shelf(made, shelf)


def _kept(path: Path, *, keeps: bool) -> tuple[list[Alarm], str]:
    """The alarms of the file, as harmless text, and a sentence where it cannot be read.

    One that does not decode is left out. A file that does not decode is moved aside, by who only looks it is left.
    """
    try:
        raw = msgspec.json.decode(store.read_plain(path, store.MAX_BYTES), type=_File).alarms
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{path} cannot be read ({error.strerror}): {_ANEW}"
    except (ValueError, RecursionError):
        if keeps:
            store.load(path, _File, _File())
        aside = f", it is now {path.name}.bad" if keeps else ""
        return [], f"{path} is no book of alarms{aside}: {_ANEW}"
    found = []
    for one in raw[:MOST]:
        if len(bytes(one)) > LONGEST:
            continue
        try:
            alarm = msgspec.json.decode(one, type=Alarm)
        except (ValueError, RecursionError):
            continue
        if all(0 <= at < LAST for at in _times(alarm)):
            found.append(_harmless(alarm))
    return found, ""


def _times(alarm: Alarm) -> tuple[float, ...]:
    """Every instant it has."""
    more = (at for at in (alarm.over_at, alarm.shelved_until) if at is not None)
    return (alarm.since, alarm.seen, *_words(alarm), *more)


def _harmless(alarm: Alarm) -> Alarm:
    texts = {name: clean(getattr(alarm, name), limit) for name, limit in (*_TEXTS, *_MORE_TEXTS)}
    if texts["severity"] != "warn":
        texts["severity"] = "harm"
    return msgspec.structs.replace(alarm, **texts)
