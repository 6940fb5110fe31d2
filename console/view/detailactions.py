"""What can be done on the screen of one GPU: keys of its own, and of those of the table all that act on a GPU."""

from __future__ import annotations

from console.view.actions import ACTIONS, Action

DETAIL = "detail"
"""The mode that shows one GPU."""

_HERE = ("alarms", "picture", "palette", "help", "quit", "why")
_ACTS = ("mine", "ai", "off", "best", "choose", "undo", "unpin")

_ONLY = (DETAIL,)

OWN: tuple[Action, ...] = (
    Action("detail_close", ("escape", "d"), "table", "On one GPU: go back to the table", "look", foot=7, only=_ONLY),
    Action("detail_before", ("up", "k"), "GPU before", "On one GPU: show the one before it", "move", only=_ONLY),
    Action("detail_next", ("down", "j"), "GPU after", "On one GPU: show the one after it", "move", foot=8, only=_ONLY),
    Action(
        "detail_longer",
        ("minus",),
        "longer",
        "On one GPU: show a longer time, up to a day",
        "pick",
        foot=10,
        only=_ONLY,
    ),
    Action("detail_shorter", ("plus", "equals_sign"), "shorter", "On one GPU: show a shorter time", "pick", only=_ONLY),
    Action(
        "detail_zoom",
        ("z",),
        "zoom",
        "On one GPU: show the next time: 15 minutes, 2 hours, a day, and again",
        "pick",
        foot=9,
        only=_ONLY,
    ),
    Action("detail_plots", ("tab",), "other plots", "On one GPU: show the plots that have no room", "pick", only=_ONLY),
)
"""Keys that only this screen has."""

EVERY: tuple[Action, ...] = (*ACTIONS, *OWN)
"""All actions of all screens: what an operator's keys may name."""


def actions(read_only: str, registry: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """What there is to do here, with the operator's own keys of ``registry``: with a reason to be read-only, none that
    acts."""
    known = {action.id: action for action in registry}
    modes = tuple(action for action in registry if action.id.startswith("mode_"))
    acts = () if read_only else tuple(known[name] for name in _ACTS if name in known)
    shared = tuple(known[name] for name in _HERE if name in known)
    own = tuple(known.get(action.id, action) for action in OWN)
    return (*modes, *acts, *own, *shared)
