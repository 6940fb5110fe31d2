"""What can be wrong with a site config, as places and sentences."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from console.text import clean

Where = tuple[str | int, ...]
"""A place in the TOML tree: table names, keys, and positions in arrays."""

MOST = 4000
"""Characters of one sentence: the path of a file alone may be as long (Linux, ``PATH_MAX``)."""
MOST_KNOWN = 24
"""Known names that one sentence lists: all kinds of feed, all columns; of the hundred units of a big farm not all."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class ConfigError(Exception):
    """The config cannot be used. ``sentences`` has one harmless line per fault, with whatever name the file has;
    ``str(error)`` is all of them."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = tuple(clean(sentence, MOST) for sentence in sentences)
        super().__init__("\n".join(self.sentences))


class Problem(NamedTuple):
    """One fault: where in the tree, and the rest of the sentence that begins with the key's name."""

    where: Where
    text: str


def dotted(where: Where) -> str:
    """``where`` as TOML writes it: ``gpus."GPU-1f".slot``, ``power.components[0].name``."""
    said = ""
    for part in where:
        if isinstance(part, int):
            said += f"[{part}]"
        else:
            shown = part if _BARE.fullmatch(part) else f'"{clean(part, 60)}"'
            said += f".{shown}" if said else shown
    return said


def shown(value: object) -> str:
    """A value as the reader may recognise it in the file: short, quoted if it is text, never more than one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{clean(value, 60)}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a huge number"
    return clean(value, 60)


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` with the nearest of ``known``, or the list of them where none is near: the first
    ``MOST_KNOWN``, and how many there are beside these."""
    names = sorted(known)
    close = difflib.get_close_matches(word[:100], names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    rest = f" and {len(names) - MOST_KNOWN} more" if len(names) > MOST_KNOWN else ""
    return f"; known: {', '.join(names[:MOST_KNOWN])}{rest}" if names else ""
