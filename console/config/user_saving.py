"""What is chosen on the screen, kept in the operator's file: whole or not at all, and by a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.config.errors import ConfigError
from console.config.opening import read_trusted
from console.config.user import UserSettings, load
from console.inturn import CLOSE_S, InTurn
from console.text import clean

if TYPE_CHECKING:
    from console.config.user_text import Value


class SavingError(Exception):
    """The file was left as it was; ``str`` is a sentence."""


def save(path: Path, changes: dict[str, Value]) -> None:
    """Set these keys in the file at ``path`` as it is by now, whoever has changed it meanwhile, made where it is not.

    It is written beside, synced and renamed, mode 0600; where the name is a link, its target is replaced and the link
    stays. A file that could not be read again at the next start is never written. Raises SavingError.
    """
    from console.config.user_text import rewritten  # in the keeper's thread, not before the first paint

    try:
        for folder in reversed(path.parents):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)  # each: what umask leaves open to others would be refused
        found = load(path)
        text = rewritten(found.text, changes)
        if b"\r\n" in (path.read_bytes() if found.text else b""):
            text = text.replace("\n", "\r\n")
        _replace(path.resolve(), text.encode())
    except ConfigError as error:
        raise SavingError(f"your choices are not kept: {error.sentences[0]}") from None
    except OSError as error:
        raise SavingError(f"your choices are not kept: {clean(path)}: {error.strerror or error}") from None
    except ValueError as error:
        raise SavingError(f"your choices are not kept: {clean(path)}: {clean(error)}") from None


def _replace(path: Path, body: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(handle)
        read_trusted(fresh)  # where it could not be trusted at the next start it would keep the console from starting
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


class Keeper:
    """Keeps what is chosen, the newest of it, and says once that it cannot. No thread before there is something."""

    def __init__(self, path: Path, before: UserSettings, tell: Callable[[str], None]) -> None:
        """``before`` is what the file said; ``tell`` is called from the thread, once, with a sentence."""
        self._path = path
        self._kept = before
        self._tell = tell
        self._due: dict[str, Value] = {}
        self._lock = threading.Lock()
        self._told = False
        self._turns = InTurn("user file")

    def save(self, settings: UserSettings) -> None:
        """Have what of ``settings`` is new written in a while; returns at once. Keys are written by hand only."""
        fields = ("theme", "columns", "sort", "bell", "mouse")
        new = {name: getattr(settings, name) for name in fields}
        changed = {name: value for name, value in new.items() if value != getattr(self._kept, name)}
        if not changed:
            return
        with self._lock:
            self._kept = msgspec.structs.replace(self._kept, **changed)
            self._due.update(changed)
        self._turns.take(self._write)

    def close(self, within_s: float = CLOSE_S) -> bool:
        """Write what is due and take no more; False where the disk did not take it within ``within_s``."""
        return self._turns.close(within_s)

    def _write(self) -> None:
        """Write all that is due by now; nothing where an earlier turn has taken it along."""
        with self._lock:
            due, self._due = self._due, {}
        try:
            if due:
                save(self._path, due)
        except SavingError as error:
            if not self._told:
                self._told = True
                self._tell(str(error))
