"""The console's own look: a near-black blue-grey ground, three greys, amber for mining, teal for AI.

Green and red are money and harm and nothing else; the grey of ``aside`` keeps 3:1 on every ground, ``label`` 4.5:1.
"""

from themes._theme import Theme

_AMBER, _TEAL, _GREEN, _RED, _WARN = "#e5a44d", "#45bfc6", "#7fcf7a", "#f2716b", "#d9c35a"
_STRONG, _VALUE, _LABEL, _ASIDE, _RULE = "#f4f6fa", "#d3d8e2", "#929cad", "#6c7688", "#2a313d"

THEME = Theme(
    name="changeover-dark",
    tones={
        "value": _VALUE,
        "strong": f"bold {_STRONG}",
        "label": _LABEL,
        "aside": _ASIDE,
        "rule": _RULE,
        "title": _LABEL,
        "brand": f"bold {_STRONG}",
        "mine": f"bold {_AMBER}",
        "ai": f"bold {_TEAL}",
        "mine_dim": "#7d5f35",
        "ai_dim": "#2a6d72",
        "off_dim": "#3d4656",
        "gain": _GREEN,
        "loss": _RED,
        "gain_strong": f"bold {_GREEN}",
        "loss_strong": f"bold {_RED}",
        "estimate": _LABEL,
        "stale": _ASIDE,
        "warn": _WARN,
        "harm": f"bold {_RED}",
        "mark": f"bold {_STRONG}",
        "cursor": f"bold {_STRONG}",
        "key": f"bold {_STRONG}",
        "badge": f"bold #14110a on {_WARN}",
        "guarded": "bold #11151c on #aeb7c6",
        "net_edge": "#43804c",
        "net_body": "#43804c on #2a5232",
        "loss_edge": "#a14a48",
        "loss_body": "#a14a48 on #5c2c2f",
        "watt_edge": "#5f6d84",
        "watt_body": "#5f6d84 on #3a4659",
        "limit": _WARN,
        "entry": f"bold {_STRONG}",
    },
    grounds={"page": "on #0d1117", "bar": "on #151b25", "cursor": "on #1f2f49", "panel": "on #19202c"},
)
