"""Text from outside is only text: what may not reach a terminal, a journal or a log is taken out at the boundary."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
MOST_MARKS = 3
"""Accents on one character: more than any language writes; a pile of them lies over the lines above and below."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"  # show nothing
    "\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]"  # as wide as each terminal thinks, and never alike
)
"""Default ignorable characters that are neither control nor format ones (Unicode, DerivedCoreProperties.txt), halves of
flags and colours of skins."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would carry out (OWASP, "CSV Injection"), in full width as well."""


def clean(value: object, limit: int = 200) -> str:
    """``value`` as one harmless line of at most ``limit`` characters.

    Control, format (bidi, zero-width), surrogate, private-use, unassigned and invisible characters are dropped, and
    accents beyond ``MOST_MARKS`` or on nothing; line breaks, tabs and blanks of all widths become spaces, and a cut is
    shown by ``…``. Markup is left as it is: nothing here ever reads it.
    """
    raw = value if isinstance(value, str) else str(value)
    head = raw[: limit * 4]
    line = (head if head.isascii() and head.isprintable() else _harmless(head)).strip()
    return line if len(line) <= limit and len(raw) == len(head) else line[: limit - 1] + "…"


def _harmless(text: str) -> str:
    kept: list[str] = []
    marks = MOST_MARKS  # none where there is nothing yet to stand on
    for char in _UNSEEN.sub("", text):
        kind = unicodedata.category(char)
        if kind[0] == "Z" or char in "\t\n\r\x0b\x0c\u2800":
            kept.append(" ")
            marks = MOST_MARKS
        elif joins(char):
            if marks < MOST_MARKS:
                kept.append(char)
            marks += 1
        elif kind[0] != "C":
            kept.append(char)
            marks = 0
    return "".join(kept)


def joins(char: str) -> bool:
    """True for what is drawn over the character before it and takes no column of its own: accents, vowel signs, the
    later letters of a Korean syllable that is written out."""
    if "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb":
        return unicodedata.category(char) == "Lo"
    return unicodedata.category(char)[0] == "M"


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula; a number stays one."""
    if not text.startswith(FORMULA) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def parted(sentence: str) -> tuple[str, str]:
    """What is wrong, and the next step that stands in many a sentence behind its first semicolon; "" for none."""
    what, _, step = sentence.partition("; ")
    return what, step
