"""The one typed word: shows what would stop and what stays, and takes nothing for a yes but the word."""

from __future__ import annotations

from collections.abc import Callable

from console.flips.records import Plan
from console.flips.standdown import WORD
from console.model import Snapshot
from console.screens.modal import NO_LIMIT, STOOD_S, Press
from console.view import dialog
from console.view.pieces import Line, Piece


class StandDown:
    """Everything that nothing guards, off now. Escape closes, and so does any other word."""

    title = "stand down: stop every GPU that nothing guards, and everything automatic"

    def __init__(self, plan: Plan, snapshot: Snapshot, confirm: Callable[[Plan], None], cancel: Callable[[], None]):
        self._plan, self._snapshot = plan, snapshot
        self._confirm, self._cancel = confirm, cancel
        self._typed = ""
        self._stood_at: float | None = None

    @property
    def waits(self) -> bool:
        """True until the plan stands on the terminal."""
        return self._stood_at is None

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:
        """The plan, cut where the screen is low: what is typed must be seen, and all of it is in the log afterwards."""
        foot: list[Line] = [
            (),
            (Piece("type ", "label"), Piece(WORD, "strong"), Piece(" and enter; esc stops nothing", "label")),
            (Piece(self._typed, "entry"), Piece("▏", "cursor")),
        ]
        return [*dialog.lines(self._plan, self._snapshot, room)[: max(1, height - len(foot))], *foot]

    def press(self, press: Press) -> None:
        """A key. Those read before the plan stood 300 ms are dropped."""
        if self._stood_at is None or press.at < self._stood_at + STOOD_S:
            return
        if press.key == "escape":
            self._cancel()
        elif press.key == "backspace":
            self._typed = self._typed[:-1]
        elif press.key == "enter":
            (self._said if self._typed == WORD else self._cancel)()
        elif press.character and press.character.isprintable() and len(self._typed) < len(WORD) + 4:
            self._typed += press.character

    def stands(self, at: float) -> None:
        """The plan is on the terminal since ``at``."""
        if self._stood_at is None:
            self._stood_at = at

    def _said(self) -> None:
        self._confirm(self._plan)
