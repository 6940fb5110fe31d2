"""What can be done on the screen of one GPU: keys of its own, and of those of the table all that act on a GPU."""

from __future__ import annotations

from console.view.actions import ACTIONS, Action

DETAIL = "detail"
"""The mode that shows one GPU."""

_HERE = ("picture", "palette", "help", "quit", "why")
_ACTS = ("mine", "ai", "off", "best", "choose", "undo", "unpin")

OWN: tuple[Action, ...] = (
    Action("detail_close", ("escape", "d"), "table", "Go back to the table of GPUs, on this GPU", "look", foot=7),
    Action("detail_before", ("up", "k"), "GPU before", "Show the GPU before in the table's order", "move"),
    Action("detail_next", ("down", "j"), "GPU after", "Show the GPU after in the table's order", "move", foot=8),
    Action("detail_longer", ("minus",), "longer", "Show a longer time: 15 minutes, 2 hours, a day", "pick", foot=10),
    Action("detail_shorter", ("plus", "equals_sign"), "shorter", "Show a shorter time", "pick"),
    Action("detail_zoom", ("z",), "zoom", "Show the next time: 15 minutes, 2 hours, a day, and again", "pick", foot=9),
    Action("detail_plots", ("tab",), "other plots", "Show the next plots, where there is not room for all", "pick"),
)
"""Keys that only this screen has."""


def actions(read_only: str, registry: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """What there is to do here, with the operator's own keys of ``registry``: with a reason to be read-only, none that
    acts."""
    known = {action.id: action for action in registry}
    modes = tuple(action for action in registry if action.id.startswith("mode_"))
    acts = () if read_only else tuple(known[name] for name in _ACTS if name in known)
    shared = tuple(known[name] for name in _HERE if name in known)
    return (*modes, *acts, *OWN, *shared)
