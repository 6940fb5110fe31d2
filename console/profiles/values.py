"""What a profile says: a power limit and clocks, in a small file of root's.

``/etc/changeover/profiles/NAME.conf`` has a line per value, ``#`` begins a comment. What is DEFAULT, or not said, is
set back to what the card has by itself, so that no profile leaves anything of the one before it::

    POWER_LIMIT_W=250
    LOCK_GPU_CLOCKS_MHZ=210,1500
    LOCK_MEM_CLOCKS_MHZ=DEFAULT
"""

from __future__ import annotations

import re
from pathlib import Path

from console.config.errors import ConfigError, nearest, shown
from console.config.opening import read_trusted
from console.model import Record

FOLDER = Path("/etc/changeover/profiles")
DEFAULT = "default"
"""The name of the shipped profile that sets everything back."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""What a profile may be called: part of a unit's name and of a polkit rule, where nothing else means itself."""

MOST_BYTES = 4096
MOST_W = 5000.0
MOST_MHZ = 50_000
"""More than any card has: a figure beyond is a slip of the pen. What this card can do, its driver says."""

_WATTS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?")
_CLOCKS = re.compile(r"([0-9]{1,5})\s*,\s*([0-9]{1,5})")
_KEYS = ("POWER_LIMIT_W", "LOCK_GPU_CLOCKS_MHZ", "LOCK_MEM_CLOCKS_MHZ")

Clocks = tuple[int, int]
"""Lowest and highest, in MHz."""


class ProfileError(Exception):
    """The profile cannot be used; ``str`` is one sentence with the file and, where one is at fault, the line."""


class Profile(Record):
    """The values of one profile. None is the card's own default: its own limit, clocks that are not locked."""

    name: str
    power_limit_w: float | None = None
    gpu_clocks_mhz: Clocks | None = None
    mem_clocks_mhz: Clocks | None = None


def read(name: str, folder: Path = FOLDER) -> Profile:
    """The profile of that name. Raises ProfileError, also for a file that others could have written."""
    if not NAME.fullmatch(name):
        raise ProfileError(f"{shown(name)} is no name of a profile, expected up to 32 of A-Z a-z 0-9 _ -")
    path = folder / f"{name}.conf"
    try:
        body = read_trusted(path).body
    except ConfigError as error:
        raise ProfileError(str(error)) from None
    if len(body) > MOST_BYTES:
        raise ProfileError(f"{path}: is larger than {MOST_BYTES} bytes, which no profile is")
    return parsed(name, body, path)


def parsed(name: str, body: bytes, path: Path) -> Profile:
    """The profile in the text of a file. Raises ProfileError with ``path`` and line."""
    try:
        lines = body.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}, line {body.count(10, 0, error.start) + 1}: is not plain ASCII text") from None
    found: dict[str, str] = {}
    at: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        where, said = f"{path}, line {number}", line.partition("#")[0].strip()
        if said:
            key, value = _split(said, where)
            if key in found:
                raise ProfileError(f"{where}: says {key} a second time")
            found[key], at[key] = value, where
    if not found:
        raise ProfileError(f"{path}: says nothing, expected a line such as POWER_LIMIT_W=250 or POWER_LIMIT_W=DEFAULT")
    limit, gpu, mem = ((found.get(key, "DEFAULT"), at.get(key, "")) for key in _KEYS)
    return Profile(name=name, power_limit_w=_watts(*limit), gpu_clocks_mhz=_clocks(*gpu), mem_clocks_mhz=_clocks(*mem))


def _split(said: str, where: str) -> tuple[str, str]:
    key, equals, value = (part.strip() for part in said.partition("="))
    if not equals:
        raise ProfileError(f"{where}: is {shown(said)}, expected a line such as POWER_LIMIT_W=250")
    if key not in _KEYS:
        raise ProfileError(f"{where}: has the key {shown(key)}, which no profile has{nearest(key, _KEYS)}")
    return key, value


def _watts(value: str, where: str) -> float | None:
    if value == "DEFAULT":
        return None
    watts = float(value) if _WATTS.fullmatch(value) else 0.0
    if not 0 < watts <= MOST_W:
        raise ProfileError(f"{where}: is {shown(value)}, expected watts such as 250, or DEFAULT")
    return watts


def _clocks(value: str, where: str) -> Clocks | None:
    if value == "DEFAULT":
        return None
    found = _CLOCKS.fullmatch(value)
    low, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 0 < low <= MOST_MHZ or not low <= high <= MOST_MHZ:
        raise ProfileError(f"{where}: is {shown(value)}, expected lowest and highest MHz such as 210,1500, or DEFAULT")
    return low, high
