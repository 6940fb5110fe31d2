"""What keys are called: from what a person writes in a file to Textual's name, and from that to what the screen shows.

The names are those of ``textual.keys``, held equal to it by a test: nothing here imports Textual.
"""

from __future__ import annotations

import string
import unicodedata

MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
"""In the order in which Textual writes them: by the alphabet."""

_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "escape": "esc",
}
_WRITTEN = {shown.lower(): key for key, shown in _SHOWN.items()}

NAMED = (*_SHOWN, "tab", "space", "enter", "backspace", *(f"f{number}" for number in range(1, 25)))
"""Keys that make no character of their own to be known by."""

_REPLACED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's shorter words for what Unicode calls a character."""

_SAME_AS = {"i": "tab", "m": "enter", "h": "backspace", "left_square_bracket": "escape"}
"""What most terminals send for ctrl and this, and a few do not."""
_WITH_CTRL = ("backslash", "right_square_bracket", "circumflex_accent", "underscore")
"""Signs that terminals can send together with ctrl."""


class KeyNameError(ValueError):
    """No such key; ``str`` is the rest of a sentence that begins with what was written."""


def of_character(character: str) -> str:
    """Textual's name of the key that makes this character: itself for letters and digits, ``slash`` for ``/``."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _REPLACED.get(name, name)


_SIGNS = {of_character(sign): sign for sign in string.punctuation}


def named(written: str) -> str:
    """Textual's name of a key as a person writes it: ``M``, ``/``, ``slash``, ``up``, ``↑``, ``ctrl+p``, ``^p``.

    Raises KeyNameError for what is no key, and for one that terminals do not agree on.
    """
    if len(written) == 2 and written[0] == "^":
        return named(f"ctrl+{written[1]}")
    # What stands behind the last plus, which may be that key itself.
    head, base = (written[:-2], "+") if written.endswith("++") and len(written) > 2 else _split(written)
    modifiers = [part.strip().lower() for part in head.split("+")] if head else []
    strange = [part for part in modifiers if part not in MODIFIERS]
    if strange or len(set(modifiers)) != len(modifiers):
        raise KeyNameError("is no key")
    key = _base(base)
    return _modified(sorted(modifiers), key) if modifiers else key


def _split(written: str) -> tuple[str, str]:
    if len(written) < 2:
        return "", written
    head, _, base = written.rpartition("+")
    return head, base


def _base(base: str) -> str:
    if len(base) == 1 and base not in _WRITTEN:
        if not base.isprintable():
            raise KeyNameError("is no key")
        return of_character(base)
    word = base.strip().lower()
    if word in NAMED or word in _SIGNS:
        return word
    if word in _WRITTEN:
        return _WRITTEN[word]
    try:
        character = unicodedata.lookup(word.replace("_", " "))
    except KeyError:
        raise KeyNameError("is no key") from None
    if not character.isprintable() or of_character(character) != word:
        raise KeyNameError("is no key")
    return word


def _modified(modifiers: list[str], key: str) -> str:
    if modifiers == ["shift"] and key not in NAMED:
        if len(key) == 1 and key.isalpha():
            return key.upper()
        raise KeyNameError("is told by no terminal: name the character that it makes")
    lower = key.lower()
    if "ctrl" in modifiers:
        if lower in _SAME_AS:
            raise KeyNameError(f'is on most terminals the same as "{_SAME_AS[lower]}": name that, or another')
        if lower in ("space", "at"):
            raise KeyNameError("is told differently by terminals: name another")
        if lower not in NAMED and lower not in _WITH_CTRL and not (len(lower) == 1 and lower.isascii()):
            raise KeyNameError("is sent by no terminal: name another")
    return "+".join((*modifiers, lower))


def shown(key: str) -> str:
    """A key as a person reads it: ``↑``, ``?``, ``^b``."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+") and len(key) == len("ctrl+") + 1:
        return f"^{key[-1]}"
    modifiers, _, base = key.rpartition("+")
    if not modifiers and len(base) > 1 and base not in NAMED:
        return _SIGNS.get(base) or _character(base)
    return f"{modifiers}+{shown(base)}" if modifiers else key


def _character(name: str) -> str:
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name
