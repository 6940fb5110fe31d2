"""On which line of a TOML text a key stands: ``tomllib`` keeps no positions, a sentence without one is little help."""

from __future__ import annotations

import re
import tomllib

from console.config.errors import Where

_HEADER = re.compile(r"\s*(\[\[?)(.*?)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')(?:\s*\.\s*(?:[^\s."'=]+|"(?:[^"\\]|\\.)*"|'[^']*'))*)\s*="""
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


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
        depth, fence = 0, ""
        for number, line in enumerate(text.split("\n"), start=1):
            if fence:
                fence = "" if line.count(fence) % 2 else fence
                continue
            header = _HEADER.match(line) if depth == 0 else None
            if header:
                table = self._enter(header[1], _parts(header[2]))
                self._found.setdefault(table, number)
                continue
            key = _KEY.match(line) if depth == 0 else None
            if key:
                self._note(table, _parts(key[1]), number)
            fence = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
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
    bare = _QUOTED.sub("", line)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
