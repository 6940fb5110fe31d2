"""Watches the hour after each flip on this site's own prices, and has the journal say what it realised.

The site's thread only adds to sums. Which flips there are is read, and lines are written, by a thread of its own, so
that no disk holds up a tick. What was summed up is kept on disk; of several consoles one writes the line.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from console import store
from console.economics.rules import named
from console.flips import reading
from console.flips.chain import Line
from console.flips.journal import Journal, JournalError
from console.flips.realised import Hour, body, cut_short, fed, fuller
from console.flips.records import Move
from console.flips.undo import before
from console.flips.who import whoami
from console.history.accrued import MAX_GAP_S
from console.model import GpuRow, GpuState, Option, Snapshot, Uuid
from console.site.ground import Ground

BACK_S = 86400.0
"""How old a flip may be for its line to be written still, however little of its hour was seen."""
EVERY_S = 2.0
SAVE_EVERY_S = 60.0
CLOSE_S = 2.0
FILE = "realised.json"


class Realised:
    """The hours after this site's flips. ``writes`` is False for one that only looks: it then does nothing at all."""

    def __init__(self, ground: Ground, *, writes: bool) -> None:
        self._ground = ground
        self._currency = ground.config.settings.site.currency
        self._journal = Journal(ground.places, now=ground.now, boot_id=ground.boot_id)
        self._path: Path | None = None if ground.simulated else ground.places.state / FILE
        self._hours: dict[str, Hour] = {}
        self._intents: dict[str, Line] = {}  # of flips under way
        self._lock = threading.Lock()
        self._at: float | None = None
        self._head = 0
        self._read_to = 0
        self._news = threading.Event()
        self._over = threading.Event()
        self._saved = time.monotonic()
        self._writes = writes
        self._thread = threading.Thread(target=self._run, name="realised", daemon=True)
        if writes:
            self._thread.start()

    def feed(self, snapshot: Snapshot, newest: int) -> None:
        """One tick: count the time since the last at these prices. ``newest`` is the number of the journal's last line.

        Returns at once.
        """
        if not self._writes:
            return
        then, self._at = self._at, snapshot.at
        if newest != self._head:
            self._head = newest
            self._news.set()
        if then is None or not 0 < snapshot.at - then <= MAX_GAP_S:
            return
        rows = {row.reading.uuid: row for row in snapshot.rows}
        with self._lock:
            for flip_id, hour in self._hours.items():
                now, old = _nets(hour, rows)
                self._hours[flip_id] = fed(hour, then, snapshot.at - then, now, old)

    def close(self) -> None:
        """Keep what was summed up. What is due and not written will be by the next console."""
        self._over.set()
        self._news.set()
        if self._writes:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        kept, looked = self._kept(), -1
        while not self._over.is_set():
            self._news.clear()
            head = self._head
            try:
                if head != looked:
                    self._look(kept)
                    looked = head
                self._write_due()
            except JournalError:
                pass  # told by whoever flips and reads; tried again with the next look
            if time.monotonic() - self._saved >= SAVE_EVERY_S:
                self._save()
            self._news.wait(EVERY_S)
            self._over.wait(EVERY_S / 4)  # news come in bunches, one line after the other: looked at together
        self._save()

    def _look(self, kept: dict[str, Hour]) -> None:
        """Take up what the journal has of flips since the last look."""
        path = self._journal.path
        newest, _ = reading.head(path)
        if newest < self._read_to:  # a damaged journal was set aside and another begun
            self._read_to = 0
        lines = reading.of_flips_since(path, self._read_to, self._ground.now() - BACK_S)
        with self._lock:
            for line in lines:
                self._take(line, kept)
                self._read_to = line.seq

    def _take(self, line: Line, kept: dict[str, Hour]) -> None:
        if line.kind == "intent":
            self._intents[line.flip_id] = line
        if line.kind == "realised":
            self._hours.pop(line.flip_id, None)
        if line.kind != "outcome":
            return
        intent = self._intents.pop(line.flip_id, None)
        if line.body.get("result") == "cancelled":
            return
        begun = intent.at if intent else line.at
        for flip_id, hour in self._hours.items():
            if flip_id != line.flip_id and set(hour.uuids) & set(line.gpus):
                self._hours[flip_id] = cut_short(hour, begun)
        fresh = _hour_after(line, intent)
        if fresh is not None and fresh.flip_id not in self._hours:
            before_restart = kept.pop(fresh.flip_id, fresh)
            self._hours[fresh.flip_id] = before_restart if before_restart.at == fresh.at else fresh

    def _write_due(self) -> None:
        """The lines of hours that are over. Raises JournalError."""
        now = self._ground.now()
        with self._lock:
            due = [hour for hour in self._hours.values() if now >= hour.until]
        if not due:
            return
        others = self._kept()
        for hour in due:
            seen = fuller(hour, others.get(hour.flip_id, hour))
            said = body(msgspec.structs.replace(seen, ended_at=hour.ended_at), self._currency)
            who = msgspec.to_builtins(whoami("console"))
            self._journal.append_once("realised", hour.flip_id, hour.uuids, who, said)
            with self._lock:
                self._hours.pop(hour.flip_id, None)
        self._save()

    def _kept(self) -> dict[str, Hour]:
        return store.load(self._path, dict[str, Hour], {}) if self._path else {}

    def _save(self) -> None:
        """Keep the hours on disk; of one that another console watched longer, what that has kept."""
        if self._path is None:
            return
        self._saved = time.monotonic()
        with self._lock:
            hours = dict(self._hours)
        if not hours and not os.access(self._path, os.F_OK):
            return
        others = self._kept()
        store.keep(self._path, {key: fuller(hour, others.get(key, hour)) for key, hour in hours.items()})


def _hour_after(outcome: Line, intent: Line | None) -> Hour | None:
    """The hour that begins with an outcome; None where nothing was done, or the intent cannot be read."""
    if intent is None or outcome.body.get("result") != "done":
        return None
    try:
        move = msgspec.convert(intent.body.get("move"), Move)
    except msgspec.ValidationError:
        return None
    return Hour(
        flip_id=outcome.flip_id,
        at=outcome.at,
        uuids=move.uuids,
        slots=move.slots,
        old=tuple(before(move, uuid) for uuid in move.uuids),
        before=move.before,
        after=move.after,
        expected_per_h=move.gain_per_h,
    )


def _nets(hour: Hour, rows: dict[Uuid, GpuRow]) -> tuple[float | None, float | None]:
    """Per hour over all GPUs of a flip: what they net now, and what they would under what ran before."""
    pairs = [_pair(rows.get(Uuid(uuid)), old) for uuid, old in zip(hour.uuids, hour.old, strict=False)]
    return _sum(now for now, _ in pairs), _sum(old for _, old in pairs)


def _pair(row: GpuRow | None, old: str) -> tuple[float | None, float | None]:
    """Both nets of one GPU; None where it cannot be read, is being flipped, or a price behind them is stale."""
    if row is None or not row.fresh or row.flipping is not None or row.reading.state is not GpuState.OK:
        return None, None
    money = row.money
    running = named(money.options, money.running)
    now = None if running is not None and running.stale else money.net_per_h
    return now, _net(named(money.options, old))


def _net(option: Option | None) -> float | None:
    return None if option is None or option.stale else option.net_per_h


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
