"""Go to a GPU by its slot: a few digits, and enter or a pause goes there.

Counts as vi has them (``5j``, ``12G``) are not taken: digits are the modes, on every screen and in every footer, and a
digit that might be the first of a count would have to wait for what follows before it opens anything. A key of its own
before the number costs one stroke and leaves all else immediate; and a slot is what an operator has in mind, never a
number of rows.
"""

from __future__ import annotations

from collections.abc import Callable

from console.screens.modal import NO_LIMIT, Press
from console.view.pieces import Line, Piece

PAUSE_S = 1.5
"""Longer than any two digits are apart, over a link that stutters too."""
LONGEST = 5  # digits


class GoTo:
    """Digits are taken, enter and a pause go, any other key closes."""

    waits = False
    title = "go to the GPU in slot"

    def __init__(
        self,
        go: Callable[[int], None],
        close: Callable[[], None],
        later: Callable[[float, Callable[[], None]], object],
        found: Callable[[int], str],
    ) -> None:
        """``later`` calls back after seconds; ``found`` says what is in a slot, and that nothing is where so."""
        self._go, self._close, self._later, self._found = go, close, later, found
        self._typed = ""
        self._pressed = 0  # keys so far: a pause after one of them is over when the next comes

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:  # noqa: ARG002
        """What was typed, and what is there."""
        there = self._found(int(self._typed)) if self._typed else "its number; enter or a pause goes there, esc closes"
        return [(Piece(self._typed, "entry"), Piece("▏", "cursor"), Piece(f"   {there}", "label"))]

    def press(self, press: Press) -> None:
        """A key."""
        self._pressed += 1
        digit = press.character or ""
        if digit.isascii() and digit.isdigit():
            self._typed = (self._typed + digit)[:LONGEST]
        elif press.key == "backspace":
            self._typed = self._typed[:-1]
        elif press.key == "enter" and self._typed:
            self._go(int(self._typed))
            return
        else:
            self._close()
            return
        now = self._pressed
        self._later(PAUSE_S, lambda: self._paused(now))

    def paste(self, text: str) -> bool:
        """A number that was pasted, as if it were typed; nothing else is."""
        if not (text.isascii() and text.isdigit()):
            return False
        for digit in text[:LONGEST]:
            self.press(Press(digit, digit, 0.0))
        return True

    def stands(self, at: float) -> None:
        """Nothing here acts."""

    def _paused(self, pressed: int) -> None:
        if self._typed and pressed == self._pressed:
            self._go(int(self._typed))
