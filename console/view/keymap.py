"""The operator's own keys: what is wrong with them, in sentences, and the actions with these keys instead of ours.

Textual takes a key that is none, or that two actions want, and says nothing. Here each of these is refused by name
before the screen opens. Everything that shows keys is given actions, so it shows the operator's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from console.config.errors import Problem, nearest, shown
from console.view import detailactions
from console.view.actions import GPUS, JOURNAL, MARKET, Action, allowed
from console.view.detailactions import DETAIL, EVERY
from console.view.keys import NAMED, KeyNameError, named

Keys = Mapping[str, tuple[str, ...]]
"""Keys by the id of their action, as they are written in the file."""

KEPT = ("quit", "help", "palette")
"""Actions that may be moved but not left without a key: they are the way out, and the way to all others."""

_BACK = ("back", "detail_close")
_TAKEN = {
    "ctrl+c": "which only says how to leave: it is a habit of the hand",
    "ctrl+q": "with which the console is always left",
}


def keyed(keys: Keys, registry: tuple[Action, ...] = EVERY) -> tuple[Action, ...]:
    """The actions, those that ``keys`` names with its keys instead of theirs. Only for keys without ``problems``."""
    return tuple(
        action._replace(keys=tuple(dict.fromkeys(named(key) for key in keys[action.id])))
        if action.id in keys
        else action
        for action in registry
    )


def problems(keys: Keys, registry: tuple[Action, ...] = EVERY) -> Iterator[Problem]:
    """All that is wrong with ``keys``: actions and keys that are none, keys that mean two things, ways out closed."""
    by_id = {action.id: action for action in registry}
    legible = dict[str, tuple[str, ...]]()
    for name, written in keys.items():
        if name not in by_id:
            yield Problem(("keys", name), f"is not an action{nearest(name, by_id)}")
            continue
        found = [(index, one, _key(one)) for index, one in enumerate(written)]
        for index, one, key in found:
            place = ("keys", name, index) if len(found) > 1 else ("keys", name)
            if isinstance(key, KeyNameError):
                yield Problem(place, f"is {shown(one)}, which {key}{_near(one, key)}")
            elif (why := _unfit(by_id[name], key)) is not None:
                yield Problem(place, f"is {shown(one)}, {why}")
        legible[name] = tuple(one for _, one, key in found if isinstance(key, str))
        if not written and name in KEPT:
            yield Problem(("keys", name), "is empty, expected at least one key: nobody may be locked in")
    yield from _clashes(keyed(legible, registry), legible)


def _key(written: str) -> str | KeyNameError:
    try:
        return named(written)
    except KeyNameError as error:
        return error


def _near(written: str, error: KeyNameError) -> str:
    if str(error) != "is no key":
        return ""
    near = nearest(written.lower(), NAMED)
    return near if "mean" in near else "; a key is a character, a name such as pageup or f5, or ctrl+ and a letter"


def _unfit(action: Action, key: str) -> str | None:
    """Why an action may not have this key: the finger that closes or confirms a dialog must find nothing behind it."""
    if key in _TAKEN:
        return _TAKEN[key]
    if key == "escape" and action.id not in _BACK:
        return "which closes dialogs and ends typing: pressed once too often it would do this; only back may have it"
    if key == "enter" and action.dangerous and action.id != "choose":
        return "which ends typing and picks in the ladder: pressed once too often it would do this; name another"
    if key == "y" and action.dangerous:
        return "which confirms a plan: held down it would open one and confirm it; name another"
    return None


def _clashes(registry: tuple[Action, ...], own: Keys) -> Iterator[Problem]:
    """Two actions that one key would mean on one screen."""
    stand = _screens(registry)
    for one, other in combinations(registry, 2):
        both = [key for key in one.keys if key in other.keys]
        shared = stand[one.id] & stand[other.id]
        if not both or not shared:
            continue
        at, against = (other, one) if other.id in own else (one, other)
        places = f" in {', '.join(m for m in _MODES if m in shared)}" if len(shared) < len(stand[against.id]) else ""
        step = "give one of them other keys" if against.id in own else _give(against, both)
        said = f'has "{both[0]}", which is {against.id} ("{against.help}"){places} as well; {step}'
        yield Problem(("keys", at.id), said)


_MODES = (GPUS, MARKET, JOURNAL, DETAIL)


def _screens(registry: tuple[Action, ...]) -> dict[str, frozenset[str]]:
    """On which screens each action can be done, by its id."""
    there = {mode: {action.id for action in allowed("", mode, registry)} for mode in _MODES}
    there[DETAIL] = {action.id for action in detailactions.actions("", registry)}
    return {action.id: frozenset(mode for mode in _MODES if action.id in there[mode]) for action in registry}


def _give(action: Action, taken: list[str]) -> str:
    """The line that would give an action other keys."""
    left = [key for key in action.keys if key not in taken]
    if left or action.id not in KEPT:
        return f"give {action.id} other keys too, such as {action.id} = [{', '.join(map(shown, left))}]"
    return f"give {action.id} another key too"
