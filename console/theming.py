"""Which theme a terminal gets, and how its tones become what Textual's own widgets and ours draw with.

A theme has a name, and a member for each number of colours. Without a name it is ``dark``, or ``light`` where the
terminal says by COLORFGBG that its ground is light. The terminal is not asked for its ground (OSC 11): many never
answer, and the first paint would wait for those that do over a slow link.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme as TextualTheme

from themes import ansi, dark, dark256, light, light16, light256, mono, safe, safe16, safe256
from themes._theme import Theme
from themes.names import DARK, LIGHT, NAMES, known_theme
from widgets.ink import Ink

__all__ = ["NAMES", "THEMES", "choose", "colourless", "ink", "known_theme", "textual_theme"]

THEMES: dict[str, dict[str | None, Theme]] = {
    DARK: {"truecolor": dark.THEME, "256": dark256.THEME, "standard": ansi.THEME},
    LIGHT: {"truecolor": light.THEME, "256": light256.THEME, "standard": light16.THEME},
    "safe": {"truecolor": safe.THEME, "256": safe256.THEME, "standard": safe16.THEME},
    "ansi": dict.fromkeys(("truecolor", "256", "standard"), ansi.THEME),
    "mono": {},
}
"""By name, the theme of each colour system that Rich names; without colours every one of them is mono."""

COLOURLESS = ("vt", "dumb")
"""Beginnings of TERM whose terminals have no colours, though Rich takes them for sixteen."""
LIGHT_GROUNDS = ("7", "15")
"""The two whites, as rxvt, konsole and their like number them in the last field of COLORFGBG."""


def choose(
    colour_system: str | None, *, no_colour: bool, name: str = "", environ: Mapping[str, str] = os.environ
) -> Theme:
    """The theme of a name, or of what the terminal says of itself; mono where no colour is wanted or there is none.

    Raises ``ValueError`` with a sentence for a name that no theme has.
    """
    if said := known_theme(name):
        raise ValueError(said)
    if no_colour or colour_system is None or colourless(environ):
        return mono.THEME
    chosen = THEMES[name or _ground_says(environ)]
    return chosen.get(colour_system) or chosen.get("truecolor") or mono.THEME


def colourless(environ: Mapping[str, str] = os.environ) -> bool:
    """True for a terminal that has no colours, whatever Rich takes it for."""
    return environ.get("TERM", "").startswith(COLOURLESS)


def _ground_says(environ: Mapping[str, str]) -> str:
    """``light`` where COLORFGBG (``foreground;background``, sometimes a third between) ends in a white."""
    return LIGHT if environ.get("COLORFGBG", "").rpartition(";")[2] in LIGHT_GROUNDS else DARK


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
    page = _ground(theme, "page")
    return TextualTheme(
        theme.name,
        primary=_colour(theme, "label"),
        secondary=_colour(theme, "aside"),
        accent=_colour(theme, "value"),
        warning=_colour(theme, "warn"),
        error=_colour(theme, "harm"),
        success=_colour(theme, "gain"),
        foreground=_colour(theme, "value"),
        background=page,
        surface=_ground(theme, "panel"),
        panel=_ground(theme, "bar"),
        dark=int(page[1:3], 16) < 128,
        variables={"cursor-ground": _ground(theme, "cursor")},
    )


def _colour(theme: Theme, tone: str) -> str:
    """A tone's foreground as Textual reads colours."""
    found = Style.parse(theme.tones[tone]).color
    return found.get_truecolor().hex if found else "#ffffff"


def _ground(theme: Theme, ground: str) -> str:
    found = Style.parse(theme.grounds[ground]).bgcolor
    return found.get_truecolor().hex if found else "#000000"
