"""No colour at all: bold, dim and reverse. Chosen when NO_COLOR is set, and by ``--no-color``."""

from themes._theme import Theme

_DIM = ("aside", "rule", "title", "estimate", "stale", "mine_dim", "ai_dim", "off_dim")
_BODY = tuple(f"{area}_{part}" for area in ("net", "loss", "watt", "mine", "ai") for part in ("body", "rim"))
_PLAIN = ("value", "label", "gain", "loss", "net_edge", "loss_edge", "watt_edge", "limit")
_BOLD = (
    "strong",
    "brand",
    "mine",
    "ai",
    "gain_strong",
    "loss_strong",
    "warn",
    "harm",
    "mark",
    "cursor",
    "key",
    "entry",
)
_REVERSE = ("badge", "guarded")

THEME = Theme(
    name="changeover-mono",
    tones={
        **dict.fromkeys(_PLAIN, ""),
        **dict.fromkeys((*_DIM, *_BODY), "dim"),
        **dict.fromkeys(_BOLD, "bold"),
        **dict.fromkeys(_REVERSE, "bold reverse"),
    },
    grounds={"page": "", "bar": "", "cursor": "reverse", "panel": ""},
    fill="░",
    ansi=True,
)
