"""Putting a new config where the console looks for it: whole or not at all, and never over another."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from console import paths
from console.config.errors import ConfigError
from console.config.loading import load
from console.config.opening import read_trusted


class RefusedError(Exception):
    """It may not be written there; ``str`` is a sentence with the next step."""


class DefectError(Exception):
    """What was written is no config to our own loader; ``str`` has its sentences."""


def default_path() -> tuple[Path, bool]:
    """Where a config goes that nobody has named a place for, and whether its folder is made where it is missing.

    Root's is the one that every command finds by itself. Another user's is in his own config folder, and commands are
    told of it with --config: nothing of the environment decides what is executed.
    """
    if os.geteuid() == 0:
        return paths.SYSTEM_CONFIG, True
    import platformdirs

    return Path(platformdirs.user_config_dir("changeover")) / "config.toml", True


def refuse_existing(path: Path) -> None:
    """Raise RefusedError where something has that name already, a broken link too."""
    if os.path.lexists(path):
        raise RefusedError(
            f"{path} is there already and is never overwritten: move it away, or write elsewhere with --output FILE, "
            "or look at what would be written with --dry-run"
        )


def verified(text: str) -> None:
    """Load ``text`` as a config. Raises DefectError where our own loader refuses it."""
    with tempfile.TemporaryDirectory(prefix="changeover-init-") as folder:
        path = Path(folder) / "config.toml"
        path.touch(0o600)
        path.write_text(text, encoding="utf-8")
        _load(path, path)


def put(text: str, path: Path, *, make_folder: bool = False) -> None:
    """Write ``text`` to ``path``, which must not exist, after our own loader has taken it from a file beside it.

    Mode 0644 for root, whose config others read, else 0600. Raises RefusedError, DefectError and OSError; whatever is
    raised, nothing is left behind but a folder that was made.
    """
    refuse_existing(path)
    if make_folder:
        _make(path.parent)
    if not path.parent.is_dir():
        how = f"make it with install -d -m 755 {path.parent}, or name another place with --output FILE"
        raise RefusedError(f"{path.parent} does not exist: {how}")
    beside = path.with_name(f".{path.name[:100]}.new-{os.getpid()}")
    mode = 0o644 if os.geteuid() == 0 else 0o600
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            os.fchmod(file.fileno(), mode)  # whatever the umask says
            file.flush()
            os.fsync(file.fileno())
        _trust(beside, path)
        _load(beside, path)
        os.link(beside, path, follow_symlinks=False)
    except FileExistsError:
        refuse_existing(path)
        raise
    finally:
        with suppress(OSError):
            beside.unlink()
    _sync(path.parent)


def _make(folder: Path) -> None:
    """The folder and what is missing above it: a user's is for nobody else, root's is read by all. pathlib leaves that
    to the umask."""
    mode = 0o755 if os.geteuid() == 0 else 0o700
    for one in (*reversed(folder.parents), folder):
        with suppress(FileExistsError):
            one.mkdir(mode=0o700)
            one.chmod(mode)


def _trust(path: Path, called: Path) -> None:
    """Raise RefusedError where no console would read what stands in this folder."""
    try:
        read_trusted(path)
    except ConfigError as error:
        said = str(error).replace(str(path), str(called))
        raise RefusedError(f"the console would not read it there: {said}") from None


def _load(path: Path, called: Path) -> None:
    try:
        load(path)
    except ConfigError as error:
        said = str(error).replace(str(path), str(called))
        raise DefectError(f"what would be written is no config, which is a defect of changeover: {said}") from None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
