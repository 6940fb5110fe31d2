"""The console's own look for terminals of 256 colours: the greys and hues of the dark theme that such a terminal has.

Left to a nearest match, near-black blues fall on the colour cube's first steps and become black, teal and bright grey.
"""

from themes import dark
from themes._theme import Theme

_AMBER, _TEAL, _GREEN, _RED, _WARN = "color(179)", "color(73)", "color(114)", "color(203)", "color(185)"
_STRONG, _VALUE, _LABEL, _ASIDE, _RULE = "color(231)", "color(253)", "color(247)", "color(243)", "color(236)"

THEME = Theme(
    name="changeover-dark-256",
    tones={
        **dark.THEME.tones,
        "value": _VALUE,
        "label": _LABEL,
        "aside": _ASIDE,
        "rule": _RULE,
        "title": _LABEL,
        "mine": f"bold {_AMBER}",
        "ai": f"bold {_TEAL}",
        "mine_dim": "color(94)",
        "ai_dim": "color(30)",
        "off_dim": "color(239)",
        "gain": _GREEN,
        "loss": _RED,
        "gain_strong": f"bold {_GREEN}",
        "loss_strong": f"bold {_RED}",
        "estimate": _LABEL,
        "stale": _ASIDE,
        "warn": _WARN,
        "harm": f"bold {_RED}",
        **dict.fromkeys(("strong", "brand", "mark", "cursor", "key", "entry"), f"bold {_STRONG}"),
        "badge": f"bold color(232) on {_WARN}",
        "guarded": "bold color(232) on color(250)",
        "net_edge": "color(65)",
        "net_body": "color(65) on color(236)",
        "loss_edge": "color(131)",
        "loss_body": "color(131) on color(236)",
        "watt_edge": "color(244)",
        "watt_body": "color(244) on color(236)",
        "limit": _WARN,
    },
    grounds={"page": "on color(233)", "bar": "on color(234)", "cursor": "on color(237)", "panel": "on color(235)"},
)
