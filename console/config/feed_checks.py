"""What the types cannot say of ``[feeds]``: that a kind exists, and has the keys it needs, no others, well put."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from console.config.addresses import url_fault, without_secrets
from console.config.errors import Problem, Where, nearest, shown
from console.config.feed_kinds import KEY, KINDS, Keys
from console.config.feed_settings import FeedSettings, FeedValue
from console.config.settings import Settings
from console.web.jsonpath import path_parts

LEAST_INTERVAL_S = 1.0
ENCODINGS = ("utf-8", "cp932", "latin-1")
TAB = "tab"
"""How a tab is written as a delimiter: no text in a config may hold one."""
ENV = "env:"
"""Before a header's value, it names a variable of the environment."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_BY_HAND = "config"  # the source of what the config says itself
_GENERIC = frozenset({"json", "csv", "wall"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110, section 5.6.2
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DELIMITER = re.compile(r"[,;|:^~#]")


def feed_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in ``[feeds]``."""
    for name, feed in settings.feeds.items():
        where, kind = ("feeds", name), feed.kind or name
        yield from _called(name, where)
        if kind not in KINDS:
            said = "kind is" if feed.kind else "stands for the kind"
            yield Problem(where, f"{said} {shown(kind)}, which is no kind of feed{nearest(kind, KINDS)}")
            continue
        yield from _keys(feed, kind, KINDS[kind], where)
        yield from _addresses(feed, where)
        yield from _document(feed, kind, where)
        if feed.interval_s is not None and feed.interval_s < LEAST_INTERVAL_S:
            yield Problem(
                (*where, "interval_s"), f"is {shown(feed.interval_s)}, expected at least {LEAST_INTERVAL_S:g}"
            )


def given(feed: FeedSettings) -> frozenset[str]:
    """The keys that a feed's table sets to something else than their default."""
    bare = FeedSettings()
    return frozenset(key for key in feed.__struct_fields__ if getattr(feed, key) != getattr(bare, key))


def _called(name: str, where: Where) -> Iterator[Problem]:
    """A feed's name names a file of the cache, and is the source of all its quotes."""
    if not _NAME.fullmatch(name):
        yield Problem(where, "is no name for a feed, expected up to 40 letters, digits, dots, dashes and underscores")
    elif name == _BY_HAND:
        yield Problem(where, "is what the source of the config's own figures is called, expected another name")


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


def _document(feed: FeedSettings, kind: str, where: Where) -> Iterator[Problem]:
    """What the kinds that read any document are told of it."""
    if kind not in _GENERIC:
        return
    if feed.file is None and feed.url is None:
        yield Problem(where, f"of kind {kind} has neither file nor url, expected one of them")
    sent = [key for key in ("headers", "key_file", "key_env") if getattr(feed, key)]
    if feed.file is not None and sent:
        yield Problem((*where, sent[0]), "stands beside a file, and is sent to a url only")
    yield from _headers(feed, where)
    if feed.encoding is not None and feed.encoding not in ENCODINGS:
        yield Problem((*where, "encoding"), f"is {shown(feed.encoding)}, expected one of {', '.join(ENCODINGS)}")
    if feed.delimiter is not None and feed.delimiter != TAB and not _DELIMITER.fullmatch(feed.delimiter):
        text = f'is {shown(feed.delimiter)}, expected one character such as ";", or "{TAB}"'
        yield Problem((*where, "delimiter"), text)
    named = Counter((value.kind, value.name) for value in feed.values)
    for position, value in enumerate(feed.values):
        place = (*where, "values", position)
        yield from _value(value, kind, place)
        if named[value.kind, value.name] > 1:
            yield Problem(place, f"is one of several of kind {value.kind} called {shown(value.name)}, expected one")
    if kind == "wall" and len(feed.values) > 1:
        yield Problem((*where, "values"), "names more than one figure, expected the one that is watts")


def _headers(feed: FeedSettings, where: Where) -> Iterator[Problem]:
    """No value of a header is shown: it may be a key."""
    for name, value in feed.headers.items():
        place = (*where, "headers", name)
        if not _HEADER.fullmatch(name):
            yield Problem(place, "is no name of a header, expected one such as X-Api-Key")
        if value.startswith(ENV):
            if not _VARIABLE.fullmatch(value.removeprefix(ENV)):
                yield Problem(place, f"does not name a variable of the environment, expected {ENV}NAME")
        elif not value or not (value.isascii() and value.isprintable()):
            yield Problem(place, f"is empty or not plain ASCII, expected a text or {ENV}NAME")
        if name.lower() == "authorization" and given(feed) & KEY:
            yield Problem(place, "stands beside a key, which is sent in the same header: expected one of them")


def _value(value: FeedValue, kind: str, where: Where) -> Iterator[Problem]:
    for key in ("path", "at"):
        text = getattr(value, key)
        if kind == "csv":
            if text == "":
                yield Problem((*where, key), "is empty, expected the name of a column")
        elif text is not None:
            try:
                path_parts(text)
            except ValueError as error:
                yield Problem((*where, key), f"is {shown(text)}, {error}")
    if not value.name:
        yield Problem((*where, "name"), "is empty, expected what the figure is of")
    if value.scale == 0:
        yield Problem((*where, "scale"), "is 0, which makes every figure 0")
    if value.where and kind != "csv":
        yield Problem((*where, "where"), "picks a row of a table, and is for feeds of kind csv only")
    if not value.complete and value.kind != "power_price":
        yield Problem((*where, "complete"), f"is said of a {value.kind}, and only a power_price can lack a part")
    if kind == "wall" and (value.kind, value.unit) != ("wall_power", "W"):
        text = f'is {value.kind} in {shown(value.unit)}, expected kind wall_power in "W"; scale = 1000 makes kW W'
        yield Problem(where, text)
