"""The time zone of this host, by the name that a config wants."""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path

_LINK = Path("/etc/localtime")
_NAME = Path("/etc/timezone")
_FOLDER = "/zoneinfo/"


def timezone(link: Path = _LINK, named: Path = _NAME) -> str:
    """An IANA name such as ``Asia/Tokyo``, from TZ, where /etc/localtime leads, or Debian's /etc/timezone; "" where
    none of them names a zone that this host knows."""
    candidates = (os.environ.get("TZ", "").removeprefix(":"), _target(link), _text(named))
    return next((name for name in candidates if name and _known(name)), "")


def _target(link: Path) -> str:
    try:
        return str(link.readlink()).partition(_FOLDER)[2]
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(200).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _known(name: str) -> bool:
    if name == "UTC":
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
