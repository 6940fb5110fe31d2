"""What may stand over a screen and take every key: a few lines and an answer to keys. No widget, no loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from console.view import ladder
from console.view.actions import Action, help_lines
from console.view.pieces import Line, Piece, together

WIDEST = 160  # columns of a modal's lines; longer ones are hard to follow

NO_LIMIT = 1000
TITLE, AIR = 1, 3  # lines around what a modal says

STOOD_S = 0.3
"""What was typed before a dialog stood this long was meant for something else."""


class Press(NamedTuple):
    """A key as it was read from the terminal: Textual's name, its character if it prints, monotonic seconds."""

    key: str
    character: str | None
    at: float


class Modal(Protocol):
    """Something that stands over the screen."""

    title: str

    @property
    def waits(self) -> bool:
        """True while what it says has not stood on the terminal yet: it wants to be told when it does."""

    def lines(self, room: int, height: int = NO_LIMIT) -> Sequence[Line]:
        """What it says in ``height`` lines of ``room`` columns, without its title."""

    def press(self, press: Press) -> None:
        """A key while it stands."""

    def stands(self, at: float) -> None:
        """It has been painted and the terminal has taken the paint, at monotonic ``at``."""


class Help:
    """Every key with its sentence."""

    title = "keys · ↑↓ scroll, any other key closes"
    waits = False

    def __init__(self, actions: Sequence[Action], read_only: str, close: Callable[[], None]) -> None:
        self._actions = actions
        self._read_only = read_only
        self._close = close
        self._top = 0

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:  # noqa: ARG002
        """All groups; scrolled where the screen is too low for them."""
        return help_lines(self._actions, self._read_only, room)[self._top :]

    def press(self, press: Press) -> None:
        """Arrows scroll, anything else closes."""
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}.get(press.key)
        if step is None:
            self._close()
        else:
            last = len(help_lines(self._actions, self._read_only, 80)) - 1
            self._top = min(max(0, self._top + step), last)

    def stands(self, at: float) -> None:
        """Nothing here acts."""


def framed(modal: Modal, room: int, height: int) -> list[Line]:
    """The modal's lines under a hairline with its title, at most ``height`` of them, with air where there is room."""
    spare = height - TITLE
    body = [(Piece("   "), *line) for line in modal.lines(min(room - 6, WIDEST), max(1, spare))]
    title = ladder.hairline((modal.title,), room, "strong")
    if len(body) + AIR <= spare:
        return [(), title, (), *body, ()]
    return [title, *body][: max(0, height)]


def hints(*pairs: tuple[str, str]) -> Line:
    """Keys and what they do, side by side."""
    return together([(Piece(key, "key"), Piece(f" {word}", "label")) for key, word in pairs], 4)
