"""Whether a terminal or a reader of pipes takes UTF-8: the locale says it, for Python does not."""

from __future__ import annotations

import os
from collections.abc import Mapping


def utf8(environ: Mapping[str, str] = os.environ) -> bool:
    """False where the locale is set and is none of UTF-8: LC_ALL, else LC_CTYPE, else LANG.

    Python writes UTF-8 under LC_ALL=C too (PEP 540), so a stream's encoding does not tell. Under LANG=C it sets
    LC_CTYPE to a locale of its own liking (PEP 538): that nobody's wish is not taken for one.
    """
    character = environ.get("LC_CTYPE", "")
    if character.upper() in ("C.UTF-8", "C.UTF8", "UTF-8") and environ.get("LANG", "") in ("C", "POSIX"):
        character = ""
    said = environ.get("LC_ALL") or character or environ.get("LANG") or "UTF-8"
    return "UTF8" in said.upper().replace("-", "")


def stream_encoding(given: str, environ: Mapping[str, str] = os.environ) -> str:
    """The encoding to write text in, where Python would take ``given``: ASCII where the locale has no UTF-8.

    Who names an encoding to Python itself, by PYTHONIOENCODING or PYTHONUTF8, has said what he wants.
    """
    named = environ.get("PYTHONIOENCODING") or environ.get("PYTHONUTF8") == "1"
    return given if named or utf8(environ) or not given.lower().startswith("utf") else "ascii"
