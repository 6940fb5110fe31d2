"""The journal: append-only, a hash chain, synced before anything is done. One file per host."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from console.flips import systemlog
from console.flips.alone import alone
from console.flips.chain import GENESIS, Anchor, Line, anchors, canonical, keep, line_hash
from console.flips.ledger import COLUMNS, INSERT, IS_THERE, DamagedError, JournalError, line_of, reading, writing
from console.paths import Places

__all__ = ["KINDS", "Journal", "JournalError", "read_boot_id"]

KINDS = ("intent", "step", "outcome", "realised", "lock", "note")
_RANK_AND_FILE = threading.Lock()
"""One writer per process at a time: threads of one batch queue here instead of on SQLite's polling."""


class Journal:
    """Appends lines. Threads and processes may share one file."""

    def __init__(self, places: Places, *, now: Callable[[], float] = time.time, boot_id: str | None = None) -> None:
        self.path = places.journal
        self.anchors = places.state / "journal.anchors"
        self.boot_id = read_boot_id() if boot_id is None else boot_id
        self._mode = 0o660 if places.shared else 0o600
        self._now = now

    def append(
        self,
        kind: str,
        flip_id: str,
        gpus: tuple[str, ...],
        who: Mapping[str, object],
        body: Mapping[str, object],
    ) -> Line:
        """Write one line and sync it; the line as it stands. An outcome is anchored as well. Raises JournalError.

        A damaged file is moved aside first, and the new one begins with a note that says so.
        """
        line = self._written(kind, flip_id, gpus, who, body, once=False)
        if line is None:  # for the type checker: only a line that is wanted once may be there already
            raise JournalError("a line was not written")
        return line

    def append_once(
        self,
        kind: str,
        flip_id: str,
        gpus: tuple[str, ...],
        who: Mapping[str, object],
        body: Mapping[str, object],
    ) -> Line | None:
        """As ``append``, but None and nothing written where this flip has a line of this kind, whoever wrote it.

        Looked for under the journal's own write lock, so that of several consoles one writes. Raises JournalError.
        """
        return self._written(kind, flip_id, gpus, who, body, once=True)

    def _written(
        self,
        kind: str,
        flip_id: str,
        gpus: tuple[str, ...],
        who: Mapping[str, object],
        body: Mapping[str, object],
        *,
        once: bool,
    ) -> Line | None:
        if kind not in KINDS:
            raise ValueError(f"no kind of journal line: {kind}")
        with _RANK_AND_FILE:
            try:
                line = self._append(kind, flip_id, gpus, dict(who), dict(body), once=once)
            except DamagedError:
                self._set_aside()
                line = self._append(kind, flip_id, gpus, dict(who), dict(body), once=once)
        if kind == "outcome" and line is not None:
            self._anchor(line)
        return line

    def mend(self) -> None:
        """Look the whole file over and move it aside if any page is damaged. Raises JournalError.

        A line can be appended to a file whose older pages are gone; what is open or stuck must be readable, too.
        """
        if self._damage():
            with _RANK_AND_FILE:
                self._set_aside()

    def _damage(self) -> str:
        """What is wrong with the file, ``""`` when it is whole or not there. Raises JournalError."""
        try:
            with reading(self.path) as database:
                found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
        except FileNotFoundError:
            return ""
        except DamagedError as damage:
            return str(damage)
        return "" if found == "ok" else found

    def _append(
        self,
        kind: str,
        flip_id: str,
        gpus: tuple[str, ...],
        who: dict[str, object],
        body: dict[str, object],
        *,
        once: bool = False,
    ) -> Line | None:
        with writing(self.path, self._mode) as database:
            if once and database.execute(IS_THERE, (kind, flip_id)).fetchone():
                return None
            last = database.execute("SELECT seq, hash FROM lines ORDER BY seq DESC LIMIT 1").fetchone()
            # As it will read: a key that is no text would stand elsewhere among the others once it is one.
            given = {"gpus": list(gpus), "who": who, "body": body}
            seq, prev = (last[0] + 1, last[1]) if last else (1, GENESIS)
            fields: dict[str, object] = {
                "seq": seq,
                "at_utc_ms": round(self._now() * 1000),
                "boot_id": self.boot_id,
                "flip_id": flip_id,
                "kind": kind,
                **{key: json.loads(canonical(value)) for key, value in given.items()},
            }
            fields["hash"] = line_hash(prev, fields)
            fields["prev"] = prev
            texts = {key: canonical(fields[key]) for key in ("gpus", "who", "body")}
            row = {**fields, **texts}
            database.execute(INSERT, tuple(row[key] for key in COLUMNS))
        return line_of(tuple(row[key] for key in COLUMNS))

    def _anchor(self, line: Line) -> None:
        """Put the chain's head where the journal's own writer cannot quietly take it back. Best effort."""
        genesis = ""
        try:
            genesis = self._genesis()
            keep(self.anchors, Anchor(genesis=genesis, seq=line.seq, hash=line.hash, at_utc_ms=line.at_utc_ms))
        except (OSError, JournalError) as error:
            systemlog.tell(f"the journal's head could not be anchored: {error}", systemlog.WARNING)
        systemlog.tell(systemlog.head(line.seq, line.hash, line.flip_id, genesis, self.path))

    def _genesis(self) -> str:
        with reading(self.path) as database:
            return str(database.execute("SELECT hash FROM lines WHERE seq = 1").fetchone()[0])

    def _set_aside(self) -> None:
        """Move a damaged file out of the way, never delete it, and begin a new one with a note about it.

        Looked at once more while nobody else does the same: two may have found the damage, one moves the file.
        """
        try:
            with alone(self.path.with_suffix(".lock"), self._mode):
                if why := self._damage():
                    self._begin_anew(why, self._moved_aside())
        except OSError as error:
            raise JournalError(f"the damaged journal {self.path} could not be moved aside: {error.strerror}") from error

    def _moved_aside(self) -> str:
        """Rename the file, and the half of a transaction that may lie beside it; the new name."""
        stamp = datetime.fromtimestamp(self._now(), UTC).strftime("%Y%m%dT%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        while aside.exists():
            aside = aside.with_name(f"{aside.name}x")
        for suffix in ("-journal", ""):
            found = self.path.with_name(self.path.name + suffix)
            if found.exists():
                found.rename(aside.with_name(aside.name + suffix))
        return aside.name

    def _begin_anew(self, why: str, aside: str) -> None:
        text = f"the journal was damaged ({why}) and moved to {aside}; this one begins anew"
        systemlog.tell(text, systemlog.ALERT)
        body: dict[str, object] = {"text": text, "moved_to": aside}
        if kept := anchors(self.anchors):
            body |= {"earlier_genesis": kept[-1].genesis, "earlier_lines": kept[-1].seq}
            body["earlier_geneses"] = list(dict.fromkeys(anchor.genesis for anchor in kept))
        self._append("note", "", (), {}, body)


def read_boot_id() -> str:
    """This boot's id, ``""`` where the kernel does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
