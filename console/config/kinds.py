"""Which members a registry has, by file name and without importing any of them."""

from __future__ import annotations

import pkgutil
from pathlib import Path

_ROOT = Path(__file__).parent.parent

CONTROLLERS = "workloads/controllers"
METERS = "workloads/meters"


def kinds_in(folder: str) -> tuple[str, ...]:
    """The config kinds that ``folder`` (below the package) offers, sorted; ``_name.py`` holds shared code."""
    found = pkgutil.iter_modules([str(_ROOT / folder)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))
