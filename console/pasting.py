"""Textual's reader of the terminal, for which a paste is text to its last character, and never much of it.

Textual 8.2 gives up on an escape sequence that it does not know after 32 characters, or at the next escape, and reads
what it has as keys, inside a paste as well (``XTermParser.parse``): an ``m`` behind an escape in pasted text would
open a plan. Terminals are to strip escapes from what they paste and most do. Here they are taken out of every paste
before it is read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

BEGIN, END = "\x1b[200~", "\x1b[201~"
"""What a terminal puts around a paste once mode 2004 is set (xterm's control sequences, "Bracketed Paste Mode")."""
MOST = 1000
"""Characters of a paste that are read: no field takes as many, and a file pasted by mistake is not worth its time."""
HOLD_S = 1.0
"""How long the parts of such a mark may be apart, over a link that stutters."""
BREAKS = "\n\r\t"


class PasteParser(XTermParser):
    """Reads keys as Textual does; of a paste one line of what a person can read, ``MOST`` characters of it."""

    _tail = ""  # outside a paste: what may be the first part of its beginning
    _tail_at = 0.0  # when it came, monotonic
    _given = False  # its escape has been read: it may be the key, and that must not wait
    _escaped = False  # and has been taken for the key by now
    _held = ""  # inside: what may be the first part of its end; not read yet
    _room = 0  # characters that are still read of this paste
    _pasting = False

    @property
    def unfinished(self) -> bool:
        """True while more may follow what was read, as after an escape; ``tick`` says when that has taken too long."""
        return self._timeout_time is not None or bool(self._tail)

    def feed(self, data: str) -> Iterable[Message]:
        """Read some more; nothing is the end of all."""
        kept = []
        rest = data
        while rest:
            read, rest = self._inside(rest) if self._pasting else self._outside(rest)
            kept.append(read)
        text = "".join(kept)
        if text or not data:  # to Textual nothing at all means the end
            yield from super().feed(text)

    def tick(self) -> Iterable[Message]:
        """Time passes: an escape that stands alone was the key, and what has waited long is no beginning of a paste."""
        late = list(super().tick())
        self._escaped = self._escaped or bool(late)
        yield from late
        if self._tail and time.monotonic() - self._tail_at > HOLD_S:
            rest = self._tail[self._given :]
            self._tail, self._given = "", False
            if rest:
                yield from super().feed(rest)

    def _outside(self, data: str) -> tuple[str, str]:
        """What is read as it came, up to and with the beginning of a paste, and the rest."""
        known, given = self._tail + data, int(self._given)
        at = known.find(BEGIN)
        if at >= 0:
            cut = at + len(BEGIN)
            first = 0 if at == 0 and self._escaped else given
            self._tail, self._given, self._pasting, self._room = "", False, True, MOST
            return known[first:cut], known[cut:]
        self._tail, self._tail_at = _first_part(known, BEGIN), time.monotonic()
        if self._tail != known:
            self._given = False  # that escape was the first of something else
        read = known[given : len(known) - len(self._tail)]
        if self._tail == BEGIN[0]:
            read, self._given, self._escaped = read + self._tail, True, False
        return read, ""

    def _inside(self, data: str) -> tuple[str, str]:
        """What is read of a paste, up to and with its end, and the rest."""
        text, end, rest = (self._held + data).partition(END)
        self._held = ""
        if end:
            self._pasting = False
        else:
            self._held = _first_part(text, END)
            text = text[: len(text) - len(self._held)]
        return self._read(text) + end, rest

    def _read(self, text: str) -> str:
        """What of a piece is read, while there is room."""
        if not self._room:
            return ""
        kept = "".join(" " if c in BREAKS else c for c in text if c.isprintable() or c in BREAKS)[: self._room]
        self._room -= len(kept)
        return kept


def _first_part(text: str, whole: str) -> str:
    """The first part of ``whole``, not all of it, that ``text`` ends with: the rest may be on its way."""
    return next((whole[:n] for n in range(len(whole) - 1, 0, -1) if text.endswith(whole[:n])), "")
