"""From two dozen colours to a theme: which tones share a colour is the console's language and is said once, here."""

from __future__ import annotations

from typing import NamedTuple

from themes._theme import Theme


class Area(NamedTuple):
    """The colours of a chart: its edge, and the quieter body under it."""

    edge: str
    body: str


class Palette(NamedTuple):
    """Colours as Rich writes them. Three greys carry nearly everything, two hues are the two businesses.

    ``value``, ``label``, ``aside``, ``mine``, ``ai``, ``gain``, ``loss`` and ``warn`` are read as text: each keeps
    4.5:1 on every ground (WCAG 2.1, 1.4.3). The dim ones and the areas are graphics and keep 3:1 (1.4.11). ``rule``
    divides, says nothing and need not be seen.
    """

    strong: str
    value: str
    label: str
    aside: str
    rule: str
    mine: str
    ai: str
    mine_dim: str
    ai_dim: str
    off_dim: str
    gain: str
    loss: str
    warn: str
    badge: str
    guarded: str
    net: Area
    below: Area
    watt: Area
    page: str
    bar: str
    cursor: str
    panel: str


def painted(name: str, colours: Palette) -> Theme:
    """The theme of a palette: every tone in its colour, what the eye should meet first in bold."""
    c = colours
    return Theme(
        name=name,
        tones={
            **dict.fromkeys(("strong", "brand", "mark", "cursor", "key", "entry"), f"bold {c.strong}"),
            "value": c.value,
            **dict.fromkeys(("label", "title", "estimate"), c.label),
            **dict.fromkeys(("aside", "stale"), c.aside),
            "rule": c.rule,
            "mine": f"bold {c.mine}",
            "ai": f"bold {c.ai}",
            "mine_dim": c.mine_dim,
            "ai_dim": c.ai_dim,
            "off_dim": c.off_dim,
            "gain": c.gain,
            "loss": c.loss,
            "gain_strong": f"bold {c.gain}",
            "loss_strong": f"bold {c.loss}",
            **dict.fromkeys(("warn", "limit"), c.warn),
            "harm": f"bold {c.loss}",
            "badge": f"bold {c.badge}",
            "guarded": f"bold {c.guarded}",
            **_area("net", c.net),
            **_area("loss", c.below),
            **_area("watt", c.watt),
            **_under("mine", Area(c.mine, c.mine_dim)),
            **_under("ai", Area(c.ai, c.ai_dim)),
        },
        grounds={
            "page": f"on {c.page}",
            "bar": f"on {c.bar}",
            "cursor": f"on {c.cursor}",
            "panel": f"on {c.panel}",
        },
    )


def _area(name: str, area: Area) -> dict[str, str]:
    return {f"{name}_edge": area.edge, **_under(name, area)}


def _under(name: str, area: Area) -> dict[str, str]:
    """What lies under an edge: the body, and the row in which both meet."""
    return {f"{name}_body": f"{area.edge} on {area.body}", f"{name}_rim": f"{area.body} on {area.edge}"}
