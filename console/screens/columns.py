"""The chooser of columns: which of them the table shows and in which order. What is kept there the file keeps too."""

from __future__ import annotations

from collections.abc import Callable

from console.screens.modal import NO_LIMIT, Press, hints
from console.view import columns, layout
from console.view.pieces import Line, Piece

STEPS = {"down": 1, "j": 1, "up": -1, "k": -1}
MOVES = {"J": 1, "shift+down": 1, "K": -1, "shift+up": -1}


class Columns:
    """Space shows and hides, J and K move, enter keeps. Nothing changes before it."""

    waits = False

    def __init__(
        self,
        wanted: tuple[str, ...],
        width: Callable[[], int],
        keep: Callable[[tuple[str, ...]], None],
        close: Callable[[], None],
    ) -> None:
        """``width`` is the screen's: it is told what does not fit. ``keep`` is given () for all in our order."""
        self._shown = [column.key for column in columns.chosen(wanted)]
        self._order = [*self._shown, *(c.key for c in columns.COLUMNS if c.key not in self._shown)]
        self._width, self._keep, self._close = width, keep, close
        self._at = 0

    @property
    def title(self) -> str:
        """With the width that some columns are too many for."""
        return f"columns of the table · this screen has {self._width()}"

    @property
    def wanted(self) -> tuple[str, ...]:
        """What is chosen by now."""
        kept = tuple(key for key in self._order if key in self._shown)
        return () if kept == tuple(c.key for c in columns.COLUMNS) else kept

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:
        """Every column with what becomes of it, those round the chosen one where the screen is low."""
        out = [self._line(index, key) for index, key in enumerate(self._order)]
        moves = (("↑↓", "choose"), ("space", "show or hide"), ("J K", "move"))
        keys = hints(room, *moves, ("enter", "keep"), ("esc", "drop"))[-max(1, height - 2) :]
        most = max(1, height - 1 - len(keys))
        top = min(max(0, self._at - most // 2), max(0, len(out) - most))
        return [*out[top : top + most], (), *keys]

    def _line(self, index: int, key: str) -> Line:
        column, stands = columns.BY_KEY[key], key in self._shown
        return (
            Piece("❯" if index == self._at else " ", "cursor"),
            Piece(f" [{'x' if stands else ' '}] ", "key"),
            Piece(column.title.strip().ljust(12), "value" if stands else "aside"),
            Piece(self._said(column, stands=stands), "label"),
        )

    def _said(self, column: columns.Column, *, stands: bool) -> str:
        if not stands:
            return "hidden"
        least = layout.least_width(column, self.wanted)
        if least > self._width():
            return f"leaves below {least} columns"
        return "always stands" if column.key in columns.ALWAYS else ""

    def press(self, press: Press) -> None:
        """A key."""
        key = self._order[self._at]
        if press.key in STEPS:
            self._at = min(max(0, self._at + STEPS[press.key]), len(self._order) - 1)
        elif press.key in MOVES:
            to = self._at + MOVES[press.key]
            if key != "slot" and 0 < to < len(self._order):
                self._order.insert(to, self._order.pop(self._at))
                self._at = to
        elif press.key == "space" and key not in columns.ALWAYS:
            self._shown.remove(key) if key in self._shown else self._shown.append(key)
        elif press.key == "enter":
            self._keep(self.wanted)
        elif press.key in ("escape", "q"):
            self._close()

    def stands(self, at: float) -> None:
        """Nothing here acts."""
