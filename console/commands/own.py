"""Reads the operator's own file for a command that opens the screen; what is wrong with it is exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from console.config.errors import Problem
    from console.config.user import UserSettings
    from console.view.actions import Action


class Own(NamedTuple):
    """What the operator has chosen, all actions with his keys, and the file it is kept in."""

    settings: UserSettings
    registry: tuple[Action, ...]
    path: Path


def opened() -> Own:
    """The operator's own settings, ours where he has no file. What is wrong with it is told, and leaves with 2."""
    from console.config import user
    from console.config.errors import ConfigError
    from console.view.actions import ACTIONS

    try:
        found = user.load(user.where())
        if not found.text:
            return Own(found.settings, ACTIONS, found.path)
        from console.view import keymap, own

        user.refuse(found.path, found.text, [*_theme(found.settings.theme), *own.problems(found.settings)])
    except ConfigError as error:
        sys.stderr.write("".join(f"changeover: {one}\n" for one in error.sentences))
        raise SystemExit(2) from None
    return Own(found.settings, keymap.keyed(found.settings.keys), found.path)


def _theme(name: str) -> Iterator[Problem]:
    from console.config.errors import Problem, shown
    from themes.names import NAMES

    if name and name not in NAMES:
        yield Problem(("theme",), f"is {shown(name)}, expected one of {', '.join(NAMES)}")
