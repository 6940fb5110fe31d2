"""Text from outside is only text: what may not reach a terminal, a journal or a log is taken out at the boundary."""

from __future__ import annotations

import unicodedata

_SPACES = {"\t": " ", "\n": " ", "\r": " ", "\x0b": " ", "\x0c": " ", "\u2028": " ", "\u2029": " "}


def clean(value: object, limit: int = 200) -> str:
    """``value`` as one harmless line of at most ``limit`` characters.

    Control, format (bidi, zero-width), surrogate, private-use and unassigned characters are dropped, line breaks and
    tabs become spaces, and a cut is shown by ``…``. Markup is left as it is: nothing here ever reads it.
    """
    raw = value if isinstance(value, str) else str(value)
    kept = [_SPACES.get(c, c) for c in raw[: limit * 4] if c in _SPACES or not unicodedata.category(c).startswith("C")]
    line = "".join(kept).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
