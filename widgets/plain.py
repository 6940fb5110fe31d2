"""The console's glyphs for terminals that have no others: in ASCII, or in what the Linux console's font can draw.

One column stays one column, so that nothing moves: what is two columns wide becomes two signs, what is none becomes
nothing.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from rich.cells import cell_len, set_cell_size

from widgets.charset import utf8

ASCII = str.maketrans(
    {
        "▲": "^",
        "◆": "*",
        "▪": "#",
        "■": "#",
        "●": "o",
        "•": "o",
        "▸": ">",
        "►": ">",
        "❯": ">",
        "✕": "x",
        "✗": "x",
        "·": ".",
        "–": "-",
        "—": "-",
        "−": "-",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "▾": "v",
        "▼": "v",
        "…": "~",
        "×": "x",
        "°": "'",
        "─": "-",
        "━": "=",
        "═": "=",
        "╌": "-",
        "│": "|",
        "▔": "-",
        "▏": "|",
        "▎": "|",
        "▊": "|",
        "▕": "|",
        "▐": "#",
        # By the height of their ink, and none that means a sign, a business or a sum elsewhere: no + - * ^ or figure.
        "▁": "_",
        "▂": ".",
        "▃": ",",
        "▄": ":",
        "▅": ";",
        "▆": "!",
        "▇": "|",
        "█": "#",
        "▀": "'",
        "░": ":",
        "€": "E",
        "£": "L",
        "¥": "Y",
        "¤": "o",
    }
)

CONSOLE_FONT = str.maketrans(
    {
        "▸": "►",
        "▾": "▼",
        "▪": "■",
        "●": "•",
        "❯": ">",
        "✕": "x",
        "✗": "x",
        "–": "-",
        "—": "-",
        "−": "-",
        "…": "~",
        "━": "═",
        "╌": "-",
        "▔": "-",
        "▏": "│",
        "▎": "│",
        "▊": "▌",
        "▕": "│",
        "▁": "_",
        "▂": "_",
        "▃": "▄",
        "▅": "▄",
        "▆": "█",
        "▇": "█",
        "€": "E",
        "¤": "o",
    }
)
"""Stand-ins for what the font that Linux brings has not (``drivers/tty/vt/cp437.uni`` of its source)."""

FONT_HAS = frozenset("▲▼◆■•►·→←↑↓×°─│═█▄▀▐▌░£¥²±¼½µ")
"""What that table does have of the signs that are drawn here; others of it are not worth the list."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")


@lru_cache(maxsize=4096)
def stand_in(char: str) -> str:
    """One character in ASCII: its sign, its letter without the accent, or ``?`` for each of its columns."""
    known = ASCII.get(ord(char))
    if known is not None:
        return str(known)
    width = cell_len(char)
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii())
    return bare if bare.isprintable() and len(bare) == width else "?" * width


def plain(text: str, encoding: str) -> str:
    """``text`` as a terminal of that encoding can show it: what it lacks by stand-ins of the same width."""
    return _FOREIGN.sub(lambda found: _fitted(found[0], lambda char: _has(encoding, char)), text)


def console_font(text: str) -> str:
    """``text`` as the Linux console can draw it."""
    text = text.translate(CONSOLE_FONT)
    return _FOREIGN.sub(lambda found: _fitted(found[0], FONT_HAS.__contains__), text)


def _fitted(text: str, has: Callable[[str], bool]) -> str:
    """A run of foreign characters by those that can be shown; several that make one sign are as wide as the sign."""
    shown = "".join(char if has(char) else stand_in(char) for char in text)
    return shown if cell_len(shown) == cell_len(text) else set_cell_size(shown, cell_len(text))


@lru_cache(maxsize=4096)
def _has(encoding: str, char: str) -> bool:
    """True for a character of the encoding that is none of our own signs: those go together, or bars would be mixed."""
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return ord(char) not in ASCII


def drawing(environ: Mapping[str, str] = os.environ) -> Callable[[str], str] | None:
    """What makes text drawable on the terminal of an environment; None where it draws everything."""
    term = environ.get("TERM", "")
    if not utf8(environ) or term.startswith(("vt", "dumb")):
        return partial(plain, encoding="ascii")
    return console_font if term == "linux" or term.startswith("linux-") else None
