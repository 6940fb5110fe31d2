"""The names of themes, for who has to check one before anything that draws is imported."""

from __future__ import annotations

import difflib

DARK, LIGHT = "dark", "light"
NAMES = (DARK, LIGHT, "ansi", "mono", "safe")


def known_theme(name: str) -> str:
    """Nothing for the name of a theme or no name at all; else a sentence with the names there are."""
    if not name or name in NAMES:
        return ""
    near = difflib.get_close_matches(name[:40].lower(), NAMES, 1)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"theme: found {name[:40]!r}, expected one of {', '.join(NAMES)}{guess}"
