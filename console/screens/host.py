"""What a screen may ask of the application around it."""

from __future__ import annotations

from typing import Protocol

from console.flips.records import Plan
from console.site.interface import Site


class Host(Protocol):
    """The application, as far as a screen knows it."""

    site: Site
    read_only: str
    """Empty, or why no key may act."""

    @property
    def silent_s(self) -> float:
        """Seconds of this machine's clock since the site was last heard of."""

    @property
    def link_behind(self) -> bool:
        """True while the terminal has not taken all that was drawn."""

    def flip(self, plan: Plan) -> None:
        """Carry out a confirmed plan; what becomes of it is told to the screen."""

    def open_palette(self) -> None:
        """Open the palette of actions."""

    def leave(self) -> None:
        """End the console; nothing that runs is touched."""
