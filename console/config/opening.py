"""Opening a file that decides what is executed: once, and only where nobody else could have written it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from console.config.errors import ConfigError

MAX_BYTES = 1 << 20
_MAX_LINKS = 40  # as the kernel has it


class Opened(NamedTuple):
    """The bytes of a trusted file, read from one descriptor, and when it was last written (Unix seconds)."""

    body: bytes
    written_at: float


def read_trusted(path: Path) -> Opened:
    """Read a regular file of at most 1 MiB that only root or the caller can have written.

    Every directory that a name was looked up in on the way, links included, must be root's or the caller's own and not
    writable by group or world (sticky ones excepted). Raises ConfigError with one sentence that says what to change.
    """
    try:
        real, folders = trail(path)
        for folder in folders:
            check_folder(path, folder)
        return _read(path, real)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def trail(path: Path) -> tuple[Path, list[Path]]:
    """Where ``path`` leads, and every directory in which a name on the way there was looked up."""
    here, folders, links = Path("/"), list[Path](), 0
    ahead = _names(Path.cwd() / path)
    while ahead:
        name = ahead.pop()
        if name == "..":
            here = here.parent
            continue
        folders.append(here)
        found = here / name
        if not found.is_symlink():
            here = found
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, "too many symbolic links")
        check_owner(path, found, found.lstat())
        target = found.readlink()
        ahead += _names(target)
        here = Path("/") if target.is_absolute() else here
    return here, list(dict.fromkeys(folders))


def _names(path: Path) -> list[str]:
    """The names of a path, last first, without the root."""
    return [part for part in reversed(path.parts) if part != path.anchor]


def check_owner(path: Path, what: Path, found: os.stat_result) -> None:
    """Raise ConfigError, in the name of ``path``, where ``what`` is neither root's nor ours."""
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{path}: {what} belongs to uid {found.st_uid}, expected root or you: chown it or move it")


def check_folder(path: Path, folder: Path) -> None:
    """Raise ConfigError, in the name of ``path``, where others may put something into ``folder``."""
    found = folder.stat()
    check_owner(path, folder, found)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX:
        raise ConfigError(f"{path}: the directory {folder} can be written by others: chmod go-w {folder}")


def _read(path: Path, real: Path) -> Opened:
    # Not blocking, so that a pipe put in its place cannot hold the program.
    handle = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path}: is not a regular file")
        check_owner(path, real, found)
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(f"{path}: can be written by others: chmod go-w {real}")
        body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than 1 MiB, which no site config is")
    return Opened(body, found.st_mtime)
