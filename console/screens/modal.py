"""What may stand over a screen and take every key: a few lines and an answer to keys. No widget, no loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from console.view import ladder
from console.view.actions import Action, help_lines
from console.view.pieces import Line, Piece, flow

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

    @property
    def title(self) -> str:
        """What a hairline over it says."""

    @property
    def waits(self) -> bool:
        """True while what it says has not stood on the terminal yet: it wants to be told when it does."""

    def lines(self, room: int, height: int = NO_LIMIT) -> Sequence[Line]:
        """What it says in ``height`` lines of ``room`` columns, without its title."""

    def press(self, press: Press) -> None:
        """A key while it stands."""

    def stands(self, at: float) -> None:
        """It has been painted and the terminal has taken the paint, at monotonic ``at``."""


@runtime_checkable
class TakesPaste(Protocol):
    """Something that stands over the screen and has a field for text. What confirms by a typed word has none."""

    def paste(self, text: str) -> bool:
        """Put ``text``, one clean line, into the field; False where it is nothing for it, and nothing was done."""


class Sheet:
    """Something to read: lines made anew at each paint, scrolled where the screen is too low for them."""

    waits = False

    def __init__(self, title: str, make: Callable[[int], Sequence[Line]], close: Callable[[], None]) -> None:
        self.title = f"{title} · ↑↓ scroll, any other key closes"
        self._make = make
        self._close = close
        self._top = 0
        self._seen = (80, 1)  # the room and the height it was painted in last

    def lines(self, room: int, height: int = NO_LIMIT) -> Sequence[Line]:
        """What there is to read, from where it is scrolled to."""
        self._seen = room, height
        told = self._make(room)
        self._top = min(self._top, max(0, len(told) - height))  # on a larger screen there may be less to scroll
        return told[self._top :]

    def press(self, press: Press) -> None:
        """Arrows and pages scroll, anything else closes."""
        room, height = self._seen
        page = max(1, height - 2)
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": page, "pageup": -page}.get(press.key)
        if step is None:
            self._close()
        else:
            last = max(0, len(self._make(room)) - height)
            self._top = min(max(0, self._top + step), last)

    def stands(self, at: float) -> None:
        """Nothing here acts."""


def help_sheet(actions: Sequence[Action], read_only: str, close: Callable[[], None]) -> Sheet:
    """Every key with its sentence."""
    return Sheet("keys", lambda room: help_lines(actions, read_only, room), close)


def framed(modal: Modal, room: int, height: int) -> list[Line]:
    """The modal's lines under a hairline with its title, at most ``height`` of them, with air where there is room."""
    spare = height - TITLE
    body = [(Piece("   "), *line) for line in modal.lines(min(room - 6, WIDEST), max(1, spare))]
    title = ladder.hairline((modal.title,), room, "strong")
    if len(body) + AIR <= spare:
        return [(), title, (), *body, ()]
    return [title, *body][: max(0, height)]


def hints(room: int, *pairs: tuple[str, str]) -> list[Line]:
    """Keys and what they do, side by side in as few lines as there is room for."""
    return flow(((Piece(key, "key"), Piece(f" {word}", "label")) for key, word in pairs), room, 4)
