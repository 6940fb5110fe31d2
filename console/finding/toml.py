"""Text from outside as TOML: strings that read back as they were, and comments that cannot end their line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from console.text import clean

WIDTH = 116
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def string(text: str) -> str:
    """A basic string. Characters that TOML forbids in one are escaped; halves of surrogate pairs, which no TOML file
    can hold, become ``?``."""
    return f'"{"".join(_escaped(character) for character in text)}"'


def number(value: float) -> str:
    """A finite number, with as many digits as it has."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def comment(text: str, limit: int = 600) -> Iterator[str]:
    """``text`` as lines of comment, without control or invisible characters and never open at the end."""
    lines = textwrap.wrap(clean(text, limit), WIDTH - 2, break_on_hyphens=False)
    yield from (f"# {line}" for line in lines)


def commented(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a config, each one # further away from counting."""
    for line in lines:
        yield f"# {line}" if line else "#"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "?"
    if code < 0x20 or 0x7F <= code < 0xA0 or code in (0x2028, 0x2029):
        return f"\\u{code:04X}"
    return character
