"""On which line of a TOML text a key stands: ``tomllib`` keeps no positions, a sentence without one is little help."""

from __future__ import annotations

import re
import tomllib

from console.config.errors import Where

_BASIC, _LITERAL = r'"(?:[^"\\\n]|\\.)*"', r"'[^'\n]*'"
_PART = rf"(?:[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL})"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\]?\s*$")
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_STRING = re.compile(f"{_BASIC}|{_LITERAL}")
_LONG = r'"""(?:[^\\]|\\.)*?"""+' + r"|'''.*?'''+"
_TOKEN = re.compile(rf"(?P<long>{_LONG})|{_BASIC}|{_LITERAL}|(?P<comment>#[^\n]*)", re.DOTALL)


class Lines:
    """Keys and table headers of one TOML text with their line numbers, counted from 1."""

    def __init__(self, text: str) -> None:
        self._found: dict[Where, int] = {}
        self._arrays: dict[Where, int] = {}
        self._scan(text)

    def of(self, where: Where) -> int | None:
        """The line of ``where``, or of the nearest table or key around it; None where even that is not found."""
        for end in range(len(where), 0, -1):
            if where[:end] in self._found:
                return self._found[where[:end]]
        return None

    def _scan(self, text: str) -> None:
        table: Where = ()
        depth = 0
        for number, line in enumerate(_TOKEN.sub(_blanked, text).split("\n"), start=1):
            header = _HEADER.match(line) if depth == 0 else None
            if header:
                table = self._enter(header[1], _parts(header[2]))
                self._found.setdefault(table, number)
                continue
            key = _KEY.match(line) if depth == 0 else None
            if key:
                self._note(table, _parts(key[1]), number)
            depth += _nesting(line)

    def _enter(self, brackets: str, names: Where) -> Where:
        if brackets == "[":
            return names
        position = self._arrays.get(names, 0)
        self._arrays[names] = position + 1
        return (*names, position)

    def _note(self, table: Where, names: Where, number: int) -> None:
        for end in range(1, len(names) + 1):
            self._found.setdefault((*table, *names[:end]), number)


def _blanked(token: re.Match[str]) -> str:
    """Nothing for a comment, line ends only for a string of several lines, and other strings as they are."""
    if token["comment"] is not None:
        return ""
    return token[0] if token["long"] is None else "''" + "\n" * token[0].count("\n")


def _parts(dotted_key: str) -> Where:
    """The names of a dotted key, unquoted by the parser itself; empty for what is not a key after all."""
    try:
        tree: object = tomllib.loads(f"{dotted_key} = 0")
    except (ValueError, RecursionError):
        return ()
    names: list[str] = []
    while isinstance(tree, dict) and tree:
        name = next(iter(tree))
        names.append(name)
        tree = tree[name]
    return tuple(names)


def _nesting(line: str) -> int:
    """How many more arrays and inline tables are open after ``line`` than before it."""
    bare = _STRING.sub("", line)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
