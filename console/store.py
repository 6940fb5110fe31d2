"""Small JSON files that survive a crash: written beside, synced, renamed. A file that cannot be read is moved aside."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

MAX_BYTES = 16 * 1024 * 1024
Kept = TypeVar("Kept")


def load(path: Path, shape: type[Kept], default: Kept) -> Kept:
    """The file at ``path`` decoded as ``shape``; ``default`` where there is none.

    A file that is too large or does not decode is renamed to ``NAME.bad`` and ``default`` returned: history is worth
    less than a console that starts.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise msgspec.DecodeError("too large")
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except FileNotFoundError:
        return default
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(path.suffix + ".bad"))
        return default


def save(path: Path, kept: object) -> bool:
    """Write ``kept`` as JSON so that a crash leaves the old or the new file; False when the disk refuses."""
    fresh = path.with_suffix(f"{path.suffix}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True
