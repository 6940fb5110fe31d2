"""Which theme a terminal gets, and how its tones become what Textual's own widgets and ours draw with."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme as TextualTheme

from themes import ansi, dark, dark256, mono
from themes._theme import Theme
from widgets.ink import Ink

THEMES: dict[str | None, Theme] = {
    "truecolor": dark.THEME,
    "256": dark256.THEME,
    "standard": ansi.THEME,
    None: mono.THEME,
}
"""The theme of each colour system, by the names that Rich gives them."""


def choose(colour_system: str | None, *, no_colour: bool) -> Theme:
    """Mono where no colour is wanted or there is none, else what the terminal's colours allow."""
    return mono.THEME if no_colour else THEMES.get(colour_system, dark.THEME)


def ink(theme: Theme) -> Ink:
    """What our widgets draw with."""
    return Ink(theme.tones, theme.grounds, theme.fill)


def textual_theme(theme: Theme) -> TextualTheme:
    """The same look for Textual's palette, input and toasts."""
    if theme.ansi:
        plain = "ansi_default"
        return TextualTheme(
            theme.name,
            primary=plain,
            foreground=plain,
            background=plain,
            surface=plain,
            panel=plain,
            variables={"ansi-background": plain, "ansi-foreground": plain, "cursor-ground": plain},
            ansi=True,
        )
    return TextualTheme(
        theme.name,
        primary=_colour(theme, "label"),
        secondary=_colour(theme, "aside"),
        accent=_colour(theme, "value"),
        warning=_colour(theme, "warn"),
        error=_colour(theme, "harm"),
        success=_colour(theme, "gain"),
        foreground=_colour(theme, "value"),
        background=_ground(theme, "page"),
        surface=_ground(theme, "panel"),
        panel=_ground(theme, "bar"),
        variables={"cursor-ground": _ground(theme, "cursor")},
    )


def _colour(theme: Theme, tone: str) -> str:
    """A tone's foreground as Textual reads colours."""
    found = Style.parse(theme.tones[tone]).color
    return found.get_truecolor().hex if found else "#ffffff"


def _ground(theme: Theme, ground: str) -> str:
    found = Style.parse(theme.grounds[ground]).bgcolor
    return found.get_truecolor().hex if found else "#000000"
