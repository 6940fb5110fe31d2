"""The light theme where there are sixteen colours: the four of them that can be read on a light ground, and weight.

Yellow, green and cyan of such a palette stand at 1.1 to 2.1:1 on white; red, blue, magenta and black do not.
"""

from themes import ansi
from themes._theme import Theme

THEME = Theme(
    name="changeover-light-16",
    tones={
        **ansi.THEME.tones,
        "mine": "bold magenta",
        "mine_dim": "magenta",
        "ai": "bold blue",
        "ai_dim": "blue",
        "gain": "",
        "gain_strong": "bold",
        "net_edge": "",
        "net_body": "dim",
        "net_rim": "dim",
        "mine_body": "dim magenta",
        "mine_rim": "dim magenta",
        "ai_body": "dim blue",
        "ai_rim": "dim blue",
        "warn": "red",
        "limit": "red",
    },
    grounds=ansi.THEME.grounds,
    fill=ansi.THEME.fill,
    ansi=True,
)
