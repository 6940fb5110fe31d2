"""The operator's own file: keys, theme, what the table shows. Nothing in it is ever executed.

It is as carefully read as the site config, because keys decide what a finger does.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from console.config.errors import ConfigError, Problem, dotted, shown
from console.config.opening import read_trusted
from console.model import Record
from console.text import clean

NAME = "user.toml"
MOST_KEYS = 12
"""Keys of one action: more than anybody can want, and the bound of what is shown of them."""
_MOST = 20  # sentences


class UserSettings(Record):
    """What one operator has chosen for himself. ``keys`` are as written, by action id; "" and () mean: ours."""

    theme: str = ""
    keys: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    columns: tuple[str, ...] = ()  # of the table of GPUs, in this order; none: all in ours
    sort: str = ""  # the column that the table of GPUs is sorted by
    bell: bool = True
    mouse: bool = True


class UserFile(NamedTuple):
    """The settings with the text they came from, "" where there is no file: sentences name its lines."""

    path: Path
    text: str
    settings: UserSettings


def where() -> Path:
    """The file of this user: ``CHANGEOVER_USER``, else ``changeover/user.toml`` in his XDG_CONFIG_HOME."""
    named = os.environ.get("CHANGEOVER_USER")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("changeover")) / NAME


def load(path: Path) -> UserFile:
    """Read and validate the file at ``path``; all defaults where there is none.

    Raises ConfigError with a sentence per fault, as for the site config. Which actions, keys and columns there are is
    not known here: see ``console.view.own``.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return UserFile(path, "", UserSettings())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    return parsed(path, read_trusted(path).body)


def parsed(path: Path, body: bytes) -> UserFile:
    """The settings that ``body`` says. Raises ConfigError."""
    try:
        text = body.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: is not UTF-8 text") from None
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not TOML: {clean(error)}") from None
    refuse(path, text, _misshapen(tree))
    keys = {name: [one] if isinstance(one, str) else one for name, one in tree.get("keys", {}).items()}
    tree["keys"] = keys
    try:
        return UserFile(path, text, msgspec.convert(tree, UserSettings))
    except msgspec.ValidationError as error:
        from console.config.shape import misfits

        refuse(path, text, misfits(tree, UserSettings))
        raise ConfigError(f"{path}: {clean(error)}") from None


def _misshapen(tree: dict[str, object]) -> Iterator[Problem]:
    """What ``shape`` cannot say of a table whose values are one thing or a list of them."""
    keys = tree.get("keys", {})
    if not isinstance(keys, dict):
        yield Problem(("keys",), f'is {shown(keys)}, expected the table [keys] with lines such as mine = "M"')
        return
    for name, one in keys.items():
        if not isinstance(one, str | list):
            yield Problem(("keys", name), f'is {shown(one)}, expected a key in quotes, or several as ["up", "k"]')
        elif len(one) > MOST_KEYS and isinstance(one, list):
            yield Problem(("keys", name), f"has {len(one)} keys, expected {MOST_KEYS} at most")


def refuse(path: Path, text: str, problems: Iterable[Problem]) -> None:
    """Raise ConfigError with a sentence for each of ``problems``, in the order of the file; nothing without any."""
    found = list(problems)
    if not found:
        return
    from console.config.lines import Lines

    lines = Lines(text)
    placed = sorted(((lines.of(one.where) or 0, one) for one in found), key=lambda pair: pair[0])
    said = [f"{path}{f', line {line}' if line else ''}: {dotted(one.where)} {one.text}" for line, one in placed[:_MOST]]
    if len(found) > _MOST:
        said.append(f"{path}: {len(found) - _MOST} more")
    raise ConfigError(*said)
