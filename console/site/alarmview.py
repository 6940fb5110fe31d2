"""The alarms of a site: once a tick from its snapshot and journal; and what people say to them, for the journal too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from console import units
from console.attention.alarms import Ended, Facts, standing
from console.attention.book import FILE, Book
from console.flips.journal import Journal, JournalError
from console.flips.who import whoami
from console.model import Alarm, Snapshot
from console.site.ground import Ground
from console.site.interface import JournalLine
from console.site.record import JournalView

ENDED_FOR_S = 86400.0
"""How long a flip that ended badly calls, where nobody acknowledges it."""
SHOWN = 100
"""Alarms that a snapshot has: all that stand, however many, and of those that are over as many as there is room for."""
NAMED = 3  # alarms of a note that are named


class AlarmView:
    """The book of alarms with what it is fed from."""

    def __init__(self, ground: Ground, *, keeps: bool, acts: bool = True) -> None:
        """A simulated farm keeps its alarms in memory; without ``keeps`` the host's file is read and never written.

        That nothing can be written calls nobody whose console never ``acts``.
        """
        self._ground = ground
        self._acts = acts
        self._book = Book(None if ground.simulated else ground.places.state / FILE, keeps=keeps)
        self._told = ""
        self._journal = Journal(ground.places, now=ground.now, boot_id=ground.boot_id)
        self._bad_ends: tuple[JournalLine, ...] = ()
        self._ended: tuple[Ended, ...] = ()

    def within(self, snapshot: Snapshot, journal: JournalView) -> Snapshot:
        """The snapshot with its alarms."""
        if journal.bad_ends is not self._bad_ends:
            self._bad_ends, self._ended = journal.bad_ends, tuple(map(_ended, journal.bad_ends))
        facts = Facts(
            snapshot,
            journal.failed_starts,
            self._ground.silent,
            journal.error or (self._ground.obstacle if self._acts else ""),
            tuple(one for one in self._ended if snapshot.at - one.at < ENDED_FOR_S),
            self._ground.priced(),
        )
        found = self._book.see(standing(facts), snapshot.at)
        return msgspec.structs.replace(snapshot, alarms=_shown(found)) if found else snapshot

    def trouble(self) -> str:
        """That the book cannot be read, once; "" where that is told or it can."""
        before, self._told = self._told, self._book.trouble
        return self._told if self._told != before else ""

    def again(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with its alarms as they are by now."""
        return msgspec.structs.replace(snapshot, alarms=_shown(self._book.listed()))

    def acknowledge(self, keys: Iterable[str]) -> str:
        """Say that these are known; "" or why the journal does not tell. It waits for the journal's disk."""
        return self._say(lambda who, at: self._book.acknowledge(keys, who, at), "acknowledged")

    def shelve(self, keys: Iterable[str], until: float, reason: str) -> str:
        """Want to hear nothing of these until then; otherwise as ``acknowledge``."""
        for_s = units.age(max(0.0, until - self._ground.now()))
        said = f"shelved for {for_s}" + (f" ({reason})" if reason else "")
        return self._say(lambda who, at: self._book.shelve(keys, who, at, until, reason), said)

    def release(self, keys: Iterable[str]) -> str:
        """Take back what was said to these; otherwise as ``acknowledge``."""
        return self._say(lambda _, at: self._book.release(keys, at), "let call again")

    def _say(self, act: Callable[[str, float], tuple[Alarm, ...]], word: str) -> str:
        who = whoami("console")
        found = act(who.login, self._ground.now())
        if not found:
            return ""
        named = "; ".join(alarm.sentence for alarm in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        slots = sorted({slot for alarm in found for slot in alarm.slots})
        text = f"{'alarm' if len(found) == 1 else f'{len(found)} alarms'} {word} by {who.login}: {named}{more}"
        body: dict[str, object] = {"text": text, "step": "alarm", "slots": slots, "alarms": [a.key for a in found]}
        try:
            self._journal.append("note", "", (), msgspec.to_builtins(who), body)
        except JournalError as error:
            return f"alarm {word}, which the journal does not tell: {error}"
        return ""


def _shown(found: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Of the book's alarms, in which those that stand come first."""
    return found[: max(SHOWN, sum(alarm.over_at is None for alarm in found))]


def _ended(line: JournalLine) -> Ended:
    return Ended(flip_id=line.flip_id, at=line.at, slots=line.slots, text=line.text)
