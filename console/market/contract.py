"""What a feed is. Members of the registry implement it and know nothing of each other.

A member is a module whose name is its config ``kind`` and that has one function,
``feeds/x.py: connect(name: str, settings: FeedSettings) -> Feed``, which does no I/O. Which keys of ``[feeds.NAME]`` it
takes and needs stands in ``console.config.feed_kinds``.
"""

from __future__ import annotations

from typing import Protocol

from console.model import Curve, Quote, Record


class FeedError(Exception):
    """A feed could not say anything usable. ``str(error)`` is one sentence for people and never holds a secret.

    ``retry_after_s`` is how long its source asks to be left alone.
    """

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Answer(Record):
    """What one reading of a feed brought.

    ``quotes`` hold now, ``curves`` through intervals that are known ahead. ``notes`` say what was asked for and is not
    in the answer: ``"no price for RXD"``.
    """

    quotes: tuple[Quote, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()


class Feed(Protocol):
    """A source of quotes. Used by one thread at a time; ``close`` may come from another."""

    interval_s: float
    """Seconds between readings; no source is asked more often than it wants to be."""

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """Ask once. ``now`` is Unix seconds. Raises FeedError when nothing usable answers within ``timeout_s``."""

    def close(self) -> None:
        """Let go of sockets; a reading under way ends with FeedError."""
