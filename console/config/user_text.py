"""A few keys of the operator's file changed, and every other line of it, comments too, left as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

from console.config.lines import Lines

Value = str | bool | tuple[str, ...]
HEAD = "# Your own keys, theme and table of changeover; it writes here what you choose on the screen.\n"


def rewritten(text: str, changes: Mapping[str, Value]) -> str:
    """The TOML ``text`` with these keys, none of which is of a table, set to these values.

    A comment behind a value of one line stays behind it; comments inside an array of many lines go with it. Raises
    ValueError where the outcome would not be the old file with these changes and nothing else.
    """
    wanted = {**tomllib.loads(text), **{key: _plain(value) for key, value in changes.items()}}
    new = text or HEAD
    for key, value in changes.items():
        new = _set(new, key, value)
    if tomllib.loads(new) != wanted:
        raise ValueError("the file is written in a way that cannot be changed line by line")
    return new


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _written(value: Value) -> str:
    """A value as TOML: its texts are written as JSON's are."""
    return json.dumps(_plain(value), ensure_ascii=False)


def _set(text: str, key: str, value: Value) -> str:
    lines = text.split("\n")
    if key in tomllib.loads(text):
        first = (Lines(text).of((key,)) or 1) - 1
        last = _end(lines, first)
        lines[first : last + 1] = [f"{key} = {_written(value)}{_behind(lines[first]) if last == first else ''}"]
        return "\n".join(lines)
    at = _before_tables(text, lines)
    air = [""] if at < len(lines) and lines[at].strip() else []
    return "\n".join([*lines[:at], f"{key} = {_written(value)}", *air, *lines[at:]])


def _end(lines: list[str], first: int) -> int:
    """The line on which the value that begins on line ``first`` ends: the first with which it is whole."""
    for last in range(first, len(lines)):
        if _whole("\n".join(lines[first : last + 1])):
            return last
    raise ValueError("a value has no end")


def _whole(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def _behind(line: str) -> str:
    """What stands behind the value of a line: blanks and a comment, or nothing.

    The value ends at the first place from which on there is only that, and before which the line means the same.
    """
    meaning = tomllib.loads(line)
    for found in re.finditer(r"\s*(?=#)", line):
        before = line[: found.start()]
        if _whole(before) and tomllib.loads(before) == meaning:
            return line[found.start() :]
    return ""


def _before_tables(text: str, lines: list[str]) -> int:
    """Where a new key belongs: before the first table and the comment that stands right above it; else at the end."""
    at = (Lines(text).of(("keys",)) or len(lines) + 1) - 1
    if at < len(lines) and not lines[at].lstrip().startswith("["):
        at = len(lines)  # keys.mine = …, no table of its own
    if at == len(lines):
        return at - 1 if lines[-1] == "" else at
    while at > 0 and lines[at - 1].startswith("#"):
        at -= 1
    while at > 0 and not lines[at - 1].strip():
        at -= 1
    return at
