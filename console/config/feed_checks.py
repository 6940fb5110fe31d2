"""What the types cannot say of ``[feeds]``: that a kind exists, and has the keys it needs and no others."""

from __future__ import annotations

from collections.abc import Iterator

from console.config.addresses import url_fault, without_secrets
from console.config.errors import Problem, Where, nearest, shown
from console.config.feed_kinds import KEY, KINDS, Keys
from console.config.feed_settings import FeedSettings
from console.config.settings import Settings

LEAST_INTERVAL_S = 5.0


def feed_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in ``[feeds]``."""
    for name, feed in settings.feeds.items():
        where, kind = ("feeds", name), feed.kind or name
        if kind not in KINDS:
            said = "kind is" if feed.kind else "stands for the kind"
            yield Problem(where, f"{said} {shown(kind)}, which is no kind of feed{nearest(kind, KINDS)}")
            continue
        yield from _keys(feed, kind, KINDS[kind], where)
        yield from _addresses(feed, where)
        if feed.interval_s is not None and feed.interval_s < LEAST_INTERVAL_S:
            yield Problem(
                (*where, "interval_s"), f"is {shown(feed.interval_s)}, expected at least {LEAST_INTERVAL_S:g}"
            )


def given(feed: FeedSettings) -> frozenset[str]:
    """The keys that a feed's table sets to something else than their default."""
    bare = FeedSettings()
    return frozenset(key for key in feed.__struct_fields__ if getattr(feed, key) != getattr(bare, key))


def _keys(feed: FeedSettings, kind: str, keys: Keys, where: Where) -> Iterator[Problem]:
    has = given(feed)
    for key in sorted(has - keys.known):
        yield Problem((*where, key), f"is no key of a feed of kind {kind}{nearest(key, keys.known)}")
    for key in sorted(keys.needs - has):
        yield Problem(where, f"of kind {kind} has no {key}")
    if keys.needs_key and not has & KEY:
        yield Problem(where, f"of kind {kind} has neither key_file nor key_env")
    if has >= KEY:
        yield Problem(where, "has key_file and key_env, expected one of them")
    if {"file", "url"} <= has:
        yield Problem(where, "has file and url, expected one of them")


def _addresses(feed: FeedSettings, where: Where) -> Iterator[Problem]:
    if feed.url is not None and (fault := url_fault(feed.url)):
        yield Problem((*where, "url"), f"is {shown(without_secrets(feed.url))}, {fault}")
    for key in ("key_file", "file"):
        path = getattr(feed, key)
        if path is not None and not path.startswith("/"):
            yield Problem((*where, key), f"is {shown(path)}, expected an absolute path")
