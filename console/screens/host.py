"""What a screen may ask of the application around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from console.flips.records import Plan
from console.model import LogLine
from console.site.interface import Site

if TYPE_CHECKING:
    from console.screens.attention import Attention
    from console.screens.gpus import GpusScreen
    from console.screens.mode import ModeScreen


class Host(Protocol):
    """The application, as far as a screen knows it."""

    site: Site
    gpus: GpusScreen
    """The table of GPUs: whose row its cursor is on, the screen of one GPU shows."""
    read_only: str
    """Empty, or why no key may act."""

    @property
    def front(self) -> ModeScreen:
        """The screen of the mode that is shown; whatever stands over it, it is the one that is painted."""

    @property
    def notes(self) -> tuple[LogLine, ...]:
        """What this console's own flips have come to, for the log of every mode."""

    def note(self, text: str) -> None:
        """Say something in the log of every mode, at once."""

    @property
    def attention(self) -> Attention:
        """Who looks at this console, and since when."""

    def show_mode(self, name: str) -> None:
        """Bring the screen of a mode to the front, as it was left."""

    @property
    def silent_s(self) -> float:
        """Seconds of this machine's clock since the site was last heard of."""

    @property
    def link_behind(self) -> bool:
        """True while the terminal has not taken all that was drawn."""

    def flip(self, plan: Plan) -> None:
        """Carry out a confirmed plan; what becomes of it is told to the screen."""

    def slow_down(self) -> None:
        """Paint less often, for a slow link."""

    def open_palette(self) -> None:
        """Open the palette of actions."""

    def leave(self) -> None:
        """End the console; nothing that runs is touched."""
