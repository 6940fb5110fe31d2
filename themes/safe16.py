"""The theme for deuteranopia and protanopia where there are sixteen colours: cyan against yellow, never green and red.

What warns stays magenta, which such eyes see as a blue beside the yellow of loss and harm.
"""

from themes import ansi
from themes._theme import Theme

THEME = Theme(
    name="changeover-safe-16",
    tones={
        **ansi.THEME.tones,
        "gain": "bright_cyan",
        "gain_strong": "bold bright_cyan",
        "loss": "yellow",
        "loss_strong": "bold yellow",
        "harm": "bold yellow",
        "net_edge": "bright_cyan",
        "net_body": "dim cyan",
        "net_rim": "dim cyan",
        "loss_edge": "yellow",
        "loss_body": "dim yellow",
        "loss_rim": "dim yellow",
    },
    grounds=ansi.THEME.grounds,
    fill=ansi.THEME.fill,
    ansi=True,
)
