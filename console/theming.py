"""Which theme a terminal gets, and how its tones become what Textual's own widgets and ours draw with."""

from __future__ import annotations

from textual.theme import Theme as TextualTheme

from themes import ansi, dark, mono
from themes._theme import Theme
from widgets.ink import Ink

THEMES: dict[str, Theme] = {theme.name: theme for theme in (dark.THEME, ansi.THEME, mono.THEME)}


def choose(colour_system: str | None, *, no_colour: bool) -> Theme:
    """Mono where no colour is wanted or there is none, the terminal's sixteen where it has no more, else our own."""
    if no_colour or colour_system is None:
        return mono.THEME
    return ansi.THEME if colour_system == "standard" else dark.THEME


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
    return theme.tones[tone].split()[-1]


def _ground(theme: Theme, ground: str) -> str:
    return theme.grounds[ground].split()[-1]
