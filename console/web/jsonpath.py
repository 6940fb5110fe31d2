"""Paths into a JSON document as people write them in a config: keys with dots between them, ``data."last.price".0``."""

from __future__ import annotations

import re

_PART = r'(?:"[^"]+"|[^."]+)'
_PATH = re.compile(rf"{_PART}(?:\.{_PART})*")
_PARTS = re.compile(_PART)
_INDEX = re.compile(r"-?[0-9]{1,7}")


def path_parts(path: str) -> tuple[str, ...]:
    """The keys on a path into a JSON document: ``data."last.price".0``. Raises ValueError where it is none."""
    if not _PATH.fullmatch(path):
        raise ValueError('expected keys with dots between them such as data.0.price; quote a key with a dot: "a.b".0')
    return tuple(part.strip('"') for part in _PARTS.findall(path))


def at_path(tree: object, path: str | None) -> object:
    """What stands at ``path`` in a decoded JSON document; None where nothing does. A number indexes a list.

    Raises ValueError where ``path`` is none.
    """
    if path is None:
        return None
    for part in path_parts(path):
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and _INDEX.fullmatch(part) and -len(tree) <= int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree
