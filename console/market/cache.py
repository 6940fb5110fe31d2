"""What each feed said last, on disk: a restart shows what is known with its true age, and asks no source too soon."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from console import store
from console.config.feed_settings import FeedSettings
from console.market.asking import Failure, Turn
from console.market.contract import Answer
from console.market.trails import Point
from console.model import Held, Record


class Points(Record):
    """The last day of one quote."""

    kind: str
    name: str
    source: str
    points: tuple[Point, ...]


class Kept(Record):
    """One feed's file. ``made_by`` tells the settings it was asked with: others make it worthless.

    ``answer`` has what is believed of the feed, ``held`` what is not believed yet: a restart believes no more.
    ``failure`` is set where the source has failed since ``answered_at``, which is 0 where it never answered.
    """

    made_by: str = ""
    answered_at: float = 0.0
    answer: Answer = Answer()
    trails: tuple[Points, ...] = ()
    held: tuple[Held, ...] = ()
    failure: Failure | None = None


class Cache:
    """One file per feed in ``folder``. Several consoles share it: what one has asked, the others need not ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str, settings: FeedSettings) -> Kept | None:
        """What a feed with these very settings said last; None where nothing is kept."""
        kept = store.load(self._folder / f"{name}.json", Kept, Kept())
        return kept if kept.made_by == _fingerprint(settings) else None

    def turn(self, name: str) -> Turn:
        """Whose turn it is to ask this feed, told by a file beside its own."""
        return Turn(self._folder / f"{name}.lock")

    def save(self, name: str, settings: FeedSettings, kept: Kept) -> None:
        """Keep what is known of a feed, best effort: without its cache a feed works as well."""
        try:
            self._folder.mkdir(mode=0o770, exist_ok=True)
        except OSError:
            return
        made_by = _fingerprint(settings)
        store.save(self._folder / f"{name}.json", msgspec.structs.replace(kept, made_by=made_by))


def _fingerprint(settings: FeedSettings) -> str:
    return sha256(msgspec.json.encode(settings)).hexdigest()
