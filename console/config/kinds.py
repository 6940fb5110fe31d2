"""Which members a registry has, by file name and without importing any of them; and the one that is asked for."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from console.config.errors import nearest

_ROOT = Path(__file__).parent.parent

CONTROLLERS = "workloads/controllers"
METERS = "workloads/meters"
FEEDS = "market/feeds"
POOLS = "market/pools"
_EXTRAS = {"dbus_fast": "systemd", "docker": "docker"}
"""Which extra of this package brings a library that a member imports."""


def with_extra(extra: str) -> str:
    """How an extra comes to this very installation. Never by the program's name alone, which is anybody's to take."""
    return f"in the folder with changeover's pyproject.toml run {sys.prefix}/bin/pip install '.[{extra}]'"


def kinds_in(folder: str) -> tuple[str, ...]:
    """The config kinds that ``folder`` (below the package) offers, sorted; ``_name.py`` holds shared code."""
    found = pkgutil.iter_modules([str(_ROOT / folder)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def member(what: str, folder: str, kind: str) -> ModuleType:
    """The module of one kind. Raises LookupError with a sentence: no such kind, or its library is not installed."""
    known = kinds_in(folder)
    if kind not in known:
        raise LookupError(f"{kind} is no kind of {what}{nearest(kind, known)}")
    try:
        return importlib.import_module(f"console.{folder.replace('/', '.')}.{kind}")
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(lacking)
        how = with_extra(extra) if extra else f"install {lacking}"
        raise LookupError(f"the {what} {kind} needs {lacking}: {how}") from None
