"""The console's glyphs in ASCII, for terminals whose encoding has no others. One column stays one column."""

from __future__ import annotations

ASCII = str.maketrans(
    {
        "▲": "^",
        "◆": "*",
        "▪": "#",
        "●": "o",
        "▸": ">",
        "❯": ">",
        "✕": "x",
        "·": ".",
        "–": "-",
        "−": "-",
        "→": ">",
        "↑": "^",
        "↓": "v",
        "▾": "v",
        "…": "~",
        "×": "x",
        "°": "'",
        "─": "-",
        "━": "=",
        "╌": "-",
        "│": "|",
        "▔": "-",
        "▏": "|",
        "▕": "|",
        "▐": "|",
        "▁": "_",
        "▂": "_",
        "▃": ".",
        "▄": ":",
        "▅": ":",
        "▆": "|",
        "▇": "|",
        "█": "#",
        "▀": "'",
        "░": ":",
        "€": "E",
        "£": "L",
        "¥": "Y",
    }
)


def plain(text: str, encoding: str) -> str:
    """``text`` as a terminal of that encoding can show it: glyphs by their stand-ins, all else it lacks as ``?``."""
    return text.translate(ASCII).encode(encoding, "replace").decode(encoding)
