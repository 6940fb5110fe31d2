"""What of the operator's own file only the view can judge: actions, keys and columns that there are not."""

from __future__ import annotations

from collections.abc import Iterator

from console.config.errors import Problem, nearest, shown
from console.config.user import UserSettings
from console.view import keymap
from console.view.columns import BY_KEY, SORTS


def problems(settings: UserSettings) -> Iterator[Problem]:
    """All that is wrong with the settings but does not show in their shape."""
    yield from keymap.problems(settings.keys)
    if settings.sort and settings.sort not in SORTS:
        yield Problem(("sort",), f"is {shown(settings.sort)}, expected one of {', '.join(SORTS)}")
    for index, name in enumerate(settings.columns):
        if name not in BY_KEY:
            yield Problem(("columns", index), f"is {shown(name)}, which is no column{nearest(name, BY_KEY)}")
        elif name in settings.columns[:index]:
            yield Problem(("columns", index), f"is {shown(name)}, which stands there already")
