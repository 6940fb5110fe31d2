"""Tokens and keys: from a file that only its owner reads, or from the environment; never said in any error."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from console.text import clean
from console.web.errors import WebError

_MOST = 4096


def from_file(path: Path, called: str = "token_file") -> str:
    """The secret in a file that nobody but its owner, root or the caller, can read.

    Read at each use, so that a rotated secret is taken up. Raises WebError, which names the file by the key it is
    ``called`` in the config and never holds what is in it.
    """
    try:
        with open(path, "rb", opener=_opened) as file:
            handle = file.fileno()
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                raise WebError(f"{called} {path} is not a file of root's or yours")
            if found.st_mode & 0o077:
                raise WebError(f"{called} {path} can be read by others: chmod 0600 {path}")
            secret = file.read(_MOST + 1).strip()
    except OSError as error:
        raise WebError(f"{called} {path} cannot be read: {clean(error.strerror)}") from None
    return _usable(secret, f"{called} {path}")


def from_environment(name: str, called: str = "key_env") -> str:
    """The secret in an environment variable. Raises WebError where it is not set or holds none."""
    found = os.environb.get(name.encode())
    if found is None:
        raise WebError(f"{called} names {clean(name, 60)}, which is not set in the environment")
    return _usable(found.strip(), f"{called} {clean(name, 60)}")


def _opened(path: str, flags: int) -> int:
    """Without waiting for the other end of a FIFO. ``open`` closes it again where it turns out to be a directory."""
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def _usable(secret: bytes, what: str) -> str:
    if not secret or len(secret) > _MOST or not all(33 <= byte < 127 for byte in secret):
        raise WebError(f"{what} holds no token: one line of visible ASCII characters is expected")
    return secret.decode("ascii")
