"""One source asked over and over in a thread of its own: never two requests at once, and never too soon."""

from __future__ import annotations

import fcntl
import os
import random
import stat
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from console.market.pace import LONGEST_S, next_in_s
from console.model import Record

SAVING_S = 1.0
"""How much longer than its time-out a reading may take until its answer is on disk."""
_TURN_POLL_S = 0.05
_LONGEST_ASKED_S = 86400.0  # what console.web.dates makes at most of a Retry-After


class Failure(Record):
    """Why a source gave nothing at ``at``, after how many failures in a row, and when it may be asked next."""

    at: float
    not_before: float
    failures: int
    error: str

    def wait_s(self, now: float, interval_s: float) -> float:
        """Seconds to leave the source alone; 0 where ``at`` lies ahead or the wait is longer than any can be."""
        longest_s = 2 * max(_LONGEST_ASKED_S, LONGEST_S, interval_s)
        if self.at > now or self.not_before - self.at > longest_s:
            return 0.0
        return max(0.0, self.not_before - now)


def age_s(answered_at: float, now: float) -> float:
    """Seconds since ``answered_at``; endless where it lies ahead, for a clock that was set back tells no age."""
    return now - answered_at if answered_at <= now else float("inf")


class Turn:
    """Whose turn it is to ask, among all consoles that share ``path``: who holds a flock on it. Never unlinked.

    It saves requests and guards nothing, so a file that cannot be had is as good as none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def take(self) -> bool:
        """True where the turn is ours, or where there is no such thing; False while somebody else has it."""
        try:
            self._path.parent.mkdir(mode=0o770, exist_ok=True)
            flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            fd = os.open(self._path, flags, 0o660)
        except OSError:
            return True
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except OSError:
            os.close(fd)
            return True
        self._fd = fd
        return True

    def give(self) -> None:
        """Let the next one ask."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Asker(threading.Thread, ABC):
    """The loop. Who derives from it says how the source is asked, and what is known of it from elsewhere."""

    def __init__(self, name: str, now: Callable[[], float], interval_s: float, timeout_s: float) -> None:
        # A daemon: a source that drips bytes must not keep the console from quitting.
        super().__init__(name=name, daemon=True)
        self._now = now
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._over = threading.Event()
        self._chance = random.Random()
        self._turn: Turn | None = None
        self._looked = True
        self.failure: Failure | None = None
        self.delay_s = 0.0
        self.settled = False

    @abstractmethod
    def recall(self) -> None:
        """Take in what is kept on disk, where it is younger than what is known."""

    @property
    @abstractmethod
    def answered_at(self) -> float | None:
        """When the newest usable answer was asked for, whoever had it; Unix seconds."""

    @abstractmethod
    def read(self) -> float:
        """One reading, judged and kept; seconds until the next."""

    @abstractmethod
    def failed_by(self, defect: str) -> float:
        """Count a failure by a ``defect``, the name of an exception; seconds until the next reading."""

    @abstractmethod
    def show(self, failure: Failure) -> None:
        """Told how the last reading failed, whoever had it."""

    @abstractmethod
    def keep_failure(self) -> None:
        """Have on disk that the source failed, for other consoles and the next start."""

    def young_for_s(self) -> float:
        """Seconds until the source may be asked again; 0 where it may now."""
        if self.failure is not None:
            return self.failure.wait_s(self._now(), self._interval_s)
        if self.answered_at is None:
            return 0.0
        return max(0.0, 0.95 * self._interval_s - age_s(self.answered_at, self._now()))

    def failed(self, at: float, sentence: str, retry_after_s: float | None = None) -> float:
        """Count a failure of a reading begun at ``at``; seconds until the next."""
        if self._over.is_set():
            return 0.0  # a reading that ended because this console quits tells nothing of its source
        failures = self.failure.failures + 1 if self.failure else 1
        wait_s = next_in_s(self._interval_s, failures, retry_after_s, self._chance)
        self.failure = Failure(at=at, not_before=self._now() + wait_s, failures=failures, error=sentence)
        self.show(self.failure)
        return wait_s

    def recall_failure(self, kept: Failure | None) -> None:
        """Take in a failure from disk, where it is younger than all that is known, or drop what is out of date."""
        now, answered_at = self._now(), self.answered_at
        if self.failure and answered_at is not None and age_s(answered_at, now) < age_s(self.failure.at, now):
            self.failure = None
        known_at = max(answered_at or 0.0, self.failure.at if self.failure else 0.0)
        if kept is not None and age_s(kept.at, now) < age_s(known_at, now):
            self.failure = kept
            self.show(kept)

    def ask(self) -> float:
        """One reading, unless another console has just had one; seconds until the next.

        Of several consoles one asks and the others wait for it, no longer than a reading can take: then they ask too.
        """
        end = time.monotonic() + self._timeout_s + SAVING_S
        try:
            while self._turn and not self._turn.take() and time.monotonic() < end and not self._over.is_set():
                self._over.wait(_TURN_POLL_S)
            if self._over.is_set():
                return 0.0
            wait_s = self.young_for_s() if self._turn and self._looked and self.look() else 0.0
            return wait_s if wait_s > 0 else self._ask()
        finally:
            if self._turn:
                self._turn.give()

    def _ask(self) -> float:
        """One reading; seconds until the next.

        A defect of a reader, or of what judges and keeps what it read, costs its source its figures for a while,
        never its thread, and nobody else anything. Only the exception's name is told: its text may hold anything.
        """
        try:
            wait_s = self.read()
        except Exception as error:
            wait_s = self.failed_by(type(error).__name__)
        if self.failure is not None:
            with suppress(Exception):  # what cannot be kept is not known after a restart, and that is all
                self.keep_failure()
        return wait_s

    def look(self) -> bool:
        """Recall; a defect on the way is a failure like those of ``ask``, and False: then nothing says not to ask."""
        try:
            self.recall()
        except Exception as error:
            self.failed_by(type(error).__name__)
            self._looked = False
        else:
            self._looked = True
        return self._looked

    def waits_until(self, next_at: float) -> None:
        """Told when it asks next."""

    def run(self) -> None:
        """Ask, wait, and look whether another console has asked, until stopped."""
        self._over.wait(self.delay_s)
        while not self._over.is_set():
            wait_s = self.young_for_s() if self._looked else 0.0
            if wait_s <= 0:
                wait_s = self.ask()
            self.waits_until(self._now() + wait_s)
            self.settled = True
            self._over.wait(wait_s)
            self.look()  # another console may have asked meanwhile, or have been told to wait

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()
