"""Finds feeds by the name of their file, and imports only those that a config asks for."""

from __future__ import annotations

from console.config.feed_settings import FeedSettings
from console.config.kinds import FEEDS, kinds_in, member
from console.market.contract import Feed, FeedError


def feed_kinds() -> tuple[str, ...]:
    """The kinds of feed that exist, sorted, none of them imported."""
    return kinds_in(FEEDS)


def connect_feed(name: str, settings: FeedSettings) -> Feed:
    """The feed of ``[feeds.NAME]``; does no I/O. Raises FeedError with a sentence where there is no such kind."""
    try:
        made: Feed = member("feed", FEEDS, settings.kind or name).connect(name, settings)
    except LookupError as error:
        raise FeedError(str(error.args[0])) from None
    return made
