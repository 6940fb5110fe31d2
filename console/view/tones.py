"""The names of tones. A theme gives each one its look; no tone ever stands without a sign, a glyph or a word beside it.

``TONES`` is the whole vocabulary with what each word means; a theme that leaves one out fails the tests.
"""

from __future__ import annotations

from console.model import Basis, Holder, Kind

TONES: dict[str, str] = {
    "value": "what a figure or a name says",
    "strong": "what the eye should meet first among values",
    "label": "what a value is called, its unit, a sentence in passing",
    "aside": "what may go unread: unknowns, limits, estimates' names",
    "rule": "hairlines",
    "title": "the name of a region or a column",
    "brand": "the program's own name",
    "mine": "mining, always with ▲",
    "ai": "AI hosting, always with ◆",
    "mine_dim": "mining, in trends",
    "ai_dim": "AI hosting, in trends",
    "off_dim": "neither, in trends",
    "gain": "money won, always with +",
    "loss": "money lost, always with −",
    "gain_strong": "the same where the eye should meet it first",
    "loss_strong": "the same where the eye should meet it first",
    "estimate": "a figure that was not measured, always with ~",
    "stale": "a figure past its age limit, always with its age or the word",
    "warn": "hot, near a limit, stale: always with a word or a mark",
    "harm": "lost, hung, stuck, refused: always with ✕",
    "mark": "the mark of a GPU that the next action takes in",
    "cursor": "the ▸ of the cursor and of the running option",
    "key": "a key that can be pressed",
    "badge": "SIMULATED",
    "guarded": "READ-ONLY",
    "net_edge": "the upper edge of the net chart",
    "net_body": "the ground under that edge",
    "loss_edge": "the edge of the net chart below zero",
    "loss_body": "the ground above that edge",
    "watt_edge": "the upper edge of the power chart",
    "watt_body": "the ground under that edge",
    "mine_body": "the ground under a chart of what mining makes",
    "ai_body": "the ground under a chart of what AI hosting makes",
    **{f"{area}_rim": "where edge and ground of it meet in one row" for area in ("net", "loss", "watt", "mine", "ai")},
    "limit": "the power budget's line, always with the word",
    "entry": "text being typed",
}

GROUNDS = ("page", "bar", "cursor", "panel")
"""What a line stands on; the cursor's row is the only filled row of the table."""

MINE, AI = "▲", "◆"

_BUSINESS = {Kind.MINE: ("mine", MINE), Kind.AI: ("ai", AI), Kind.OFF: ("aside", "·")}


NOTHING = 0.005
"""Money per hour that two decimals show as zero: it still has its sign, and calls nobody."""


def business(kind: Kind) -> tuple[str, str]:
    """The tone and the glyph of a business."""
    return _BUSINESS[kind]


def money(value: float | None, *, strong: bool = False) -> str:
    """The tone of an amount: gain or loss, aside while it is unknown, label where it is next to nothing."""
    if value is None:
        return "aside"
    if abs(value) < NOTHING:
        return "label"
    word = "loss" if value < 0 else "gain"
    return f"{word}_strong" if strong else word


def tilde(basis: Basis) -> str:
    """``~`` before a figure that was not measured."""
    return "" if basis is Basis.MEASURED else "~"


def holder_mark(holder: Holder) -> str:
    """The glyph of a GPU that is not ours to touch."""
    return "▪" if holder is Holder.FOREIGN else "?"
