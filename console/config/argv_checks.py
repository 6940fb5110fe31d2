"""What the types cannot say of ``[controllers.X]`` of kind argv: whole commands, and no secret in their environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.config.errors import Problem, Where, shown
from console.config.settings import Settings
from console.config.templates import has_place
from console.config.workload_settings import ControllerSettings

VERBS = ("start", "stop", "status")
KEYS = (*VERBS, "running_codes", "stopped_codes", "env", "directory")
"""Keys of ``[controllers.X]`` that belong to kind argv alone."""

_EXAMPLE = '["/opt/rig/miner", "start", "{unit}"]'
_PLACE = re.compile(r"\{[^{}]*\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?$", re.IGNORECASE)
_LOADER = re.compile(r"(LD_|PYTHON|BASH_ENV$|ENV$)")
"""Variables by which code comes into every program: the loader's (ld.so(8)), Python's, and shells' (bash(1))."""


def argv_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in the commands of ``[controllers]``."""
    for name, controller in settings.controllers.items():
        kind, where = controller.kind or name, ("controllers", name)
        if kind != "argv":
            yield from _foreign(controller, kind, where)
            continue
        for verb in VERBS:
            yield from _command(getattr(controller, verb), (*where, verb))
        yield from _codes(controller, where)
        yield from _surroundings(controller, where)
        yield from _told_apart(settings, name, where)


def _foreign(controller: ControllerSettings, kind: str, where: Where) -> Iterator[Problem]:
    bare = ControllerSettings()
    for key in KEYS:
        if getattr(controller, key) != getattr(bare, key):
            yield Problem((*where, key), f"belongs to kind argv, and this controller is of kind {shown(kind)}")


def _command(words: tuple[str, ...], where: Where) -> Iterator[Problem]:
    if not words:
        yield Problem(where, f"is missing, expected an argument list such as {_EXAMPLE}")
        return
    if not words[0].startswith("/"):
        text = f"begins with {shown(words[0])}, expected an absolute path: no shell looks for the program"
        yield Problem((*where, 0), text)
    for position, word in enumerate(words):
        for place in _PLACE.findall(word):
            if place != "{unit}" or not position:
                allowed = "expected none but {unit}" if position else "expected a program without one"
                yield Problem((*where, position), f"has {shown(place)} in it, {allowed}")


def _codes(controller: ControllerSettings, where: Where) -> Iterator[Problem]:
    for key in ("running_codes", "stopped_codes"):
        codes = getattr(controller, key)
        if not codes:
            yield Problem((*where, key), "is empty, expected the exit codes of status that mean it")
        for code in codes:
            if not 0 <= code <= 255:
                yield Problem((*where, key), f"has {shown(code)} in it, expected exit codes from 0 to 255")
    for code in sorted(set(controller.running_codes) & set(controller.stopped_codes)):
        yield Problem((*where, "stopped_codes"), f"has {code} in it, which running_codes has already")


def _surroundings(controller: ControllerSettings, where: Where) -> Iterator[Problem]:
    """Where a program runs, and with which variables: what they hold is never shown."""
    if controller.directory is not None and not controller.directory.startswith("/"):
        yield Problem((*where, "directory"), f"is {shown(controller.directory)}, expected an absolute path")
    for name in controller.env:
        if not _VARIABLE.fullmatch(name):
            yield Problem((*where, "env", name), "is no name of a variable, expected A-Z a-z 0-9 and _")
        elif _LOADER.match(name):
            yield Problem((*where, "env", name), "brings code into the program, which only the program may choose")
        elif _SECRET.search(name):
            text = "looks like a secret, which this file may not hold: give the program a file to read it from"
            yield Problem((*where, "env", name), text)


def _told_apart(settings: Settings, name: str, where: Where) -> Iterator[Problem]:
    """Commands that do not name the unit serve one unit."""
    users = [one for one in settings.workloads.values() if one.controller == name and one.unit]
    many = len(users) > 1 or any(has_place(one.unit) for one in users)
    for verb in VERBS:
        words = getattr(settings.controllers[name], verb)
        if many and words and not any("{unit}" in word for word in words):
            yield Problem((*where, verb), "has no {unit} in it, but several units are started and stopped by it")
