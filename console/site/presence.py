"""Which consoles run on this host, and whether they agree on the config. One that disagrees may only look.

Each running console holds a flock on a file of its own; a file that nobody holds is a console that has gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from console.paths import unwritable
from console.text import clean

SCHEMA = 1
"""Changes with the journal's schema: consoles of two schemas must not both act."""
MAX_BYTES = 4096


class Presence:
    """This console's own mark. ``reason`` is "" when it may act, else the sentence that says why it may only look.

    One that cannot leave its mark may only look as well: the others could not see that it disagrees with them.
    """

    def __init__(self, folder: Path, config_hash: str) -> None:
        self._path = folder / f"console-{os.getpid()}.presence"
        self._fd: int | None = None
        try:
            self._fd = _claim(self._path)
            # Marked before looking: of two that start together at least one sees the other.
            _mark(self._fd, config_hash, acts=True)
            self.reason = _disagreement(folder, self._path, config_hash)
            if self.reason:
                _mark(self._fd, config_hash, acts=False)
        except OSError as error:
            self.close()
            self.reason = f"{unwritable(folder, error)}, then start again"

    def close(self) -> None:
        """Take the mark away."""
        if self._fd is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):
            os.close(self._fd)
        self._fd = None


def _mark(fd: int, config_hash: str, *, acts: bool) -> None:
    mark = json.dumps({"pid": os.getpid(), "config": config_hash, "schema": SCHEMA, "acts": acts}).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, mark, 0)


def _claim(path: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
        with contextlib.suppress(PermissionError):  # another operator's, left behind by a process of the same number
            os.fchmod(fd, 0o660)  # whatever the umask says: the others of the group must be able to read it
        fcntl.flock(fd, fcntl.LOCK_EX)
        # Between open and flock another console may have taken the file for one left behind, and away.
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)


def _disagreement(folder: Path, own: Path, config_hash: str) -> str:
    for path in sorted(folder.glob("console-*.presence")):
        if path == own:
            continue
        mark = _held(path)
        if mark is None or not mark.get("acts"):
            continue
        pid = clean(mark.get("pid"), 20)
        if mark.get("schema") != SCHEMA:
            return f"the console with pid {pid} is of another version; end it or this one"
        if mark.get("config") != config_hash:
            return f"the console with pid {pid} runs with another config; end it or this one"
    return ""


def _held(path: Path) -> dict[str, object] | None:
    """The mark of a living console; None for a mark left behind, which is taken away."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError:
        return {"acts": True, "pid": path.stem.rpartition("-")[2]}  # not to be read is no proof of agreement
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(ValueError, OSError):
            mark = json.loads(os.read(fd, MAX_BYTES))
            return mark if isinstance(mark, dict) else {}
        return {}
    else:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    finally:
        os.close(fd)
