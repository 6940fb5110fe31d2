"""The command palette: the actions of the registry by name, in the console's own look, and nothing else."""

from __future__ import annotations

from functools import partial
from typing import cast

import textual
from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Hits, Provider

from console.screens.host import Host
from console.screens.mode import ModeScreen
from console.view.actions import Action, key_names
from widgets.wire import TESTED, WireCompositor

_NOT_HERE = ("palette", "back", "up", "down", "page_up", "page_down")


class ActionProvider(Provider):
    """Finds actions that may be done now: under read-only none that acts."""

    @property
    def _front(self) -> ModeScreen:
        return cast("Host", self.app).front

    def _offered(self) -> list[tuple[Action, str]]:
        return [(a, f"{a.help}  ({key_names(a)})") for a in self._front.actions if a.id not in _NOT_HERE]

    async def discover(self) -> Hits:
        """Every action, before anything is typed."""
        for action, text in self._offered():
            yield DiscoveryHit(text, partial(self._front.act, action.id))

    async def search(self, query: str) -> Hits:
        """The actions whose sentence matches what was typed, or the word that the footer has for them."""
        matcher = self.matcher(query)
        for action, text in self._offered():
            score = max(matcher.match(text), matcher.match(action.label))
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._front.act, action.id))


class Palette(CommandPalette):
    """Textual's palette without its boxes."""

    DEFAULT_CSS = """
    Palette { background: transparent; }
    Palette > Vertical { margin-top: 2; width: 100%; background: $surface; }
    Palette #--input { border: none; padding: 1 2 0 2; background: $surface; }
    Palette #--input.--list-visible { border: none; }
    Palette SearchIcon { display: none; }
    Palette CommandInput { background: $surface; padding: 0 1; }
    Palette CommandList {
        background: $surface; border: none; padding: 1 2; max-height: 60vh;
        scrollbar-size-vertical: 1; scrollbar-background: $surface; scrollbar-color: $secondary;
        scrollbar-background-hover: $surface; scrollbar-color-hover: $secondary;
        scrollbar-background-active: $surface; scrollbar-color-active: $accent;
    }
    Palette CommandList > .option-list--option { text-style: none; }
    Palette CommandList > .option-list--option-highlighted { background: $cursor-ground; text-style: bold; }
    Palette:ansi CommandList > .option-list--option-highlighted { background: ansi_default; text-style: reverse; }
    """

    def __init__(self) -> None:
        super().__init__(providers=[ActionProvider], placeholder="an action by name")
        if textual.__version__ in TESTED:
            self._compositor = WireCompositor()

    def on_mount(self) -> None:
        """The cursor stands still: a blink is two repaints a second over the operator's link, for nothing."""
        self.query_one(CommandInput).cursor_blink = False
