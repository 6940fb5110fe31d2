"""What each feed said last, on disk: a restart shows what is known with its true age, and asks no source too soon."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from console import store
from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.trails import Point
from console.model import Record


class Points(Record):
    """The last day of one quote."""

    kind: str
    name: str
    source: str
    points: tuple[Point, ...]


class Kept(Record):
    """One feed's file. ``made_by`` tells the settings it was asked with: others make it worthless."""

    made_by: str = ""
    answered_at: float = 0.0
    answer: Answer = Answer()
    trails: tuple[Points, ...] = ()


class Cache:
    """One file per feed in ``folder``. Several consoles share it: what one has asked, the others need not ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str, settings: FeedSettings) -> Kept | None:
        """What a feed with these very settings said last; None where nothing is kept."""
        kept = store.load(self._folder / f"{name}.json", Kept, Kept())
        return kept if kept.made_by == _fingerprint(settings) else None

    def save(self, name: str, settings: FeedSettings, answered_at: float, answer: Answer, trails: list[Points]) -> None:
        """Keep an answer, best effort: without its cache a feed works as well."""
        try:
            self._folder.mkdir(mode=0o770, exist_ok=True)
        except OSError:
            return
        kept = Kept(made_by=_fingerprint(settings), answered_at=answered_at, answer=answer, trails=tuple(trails))
        store.save(self._folder / f"{name}.json", kept)


def _fingerprint(settings: FeedSettings) -> str:
    return sha256(msgspec.json.encode(settings)).hexdigest()
