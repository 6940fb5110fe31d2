"""Where state, locks and user files live, and whether they are shared by every operator of this host."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from console.model import Record
from console.text import clean

SYSTEM_CONFIG = Path("/etc/changeover/config.toml")
SYSTEM_STATE = Path("/var/lib/changeover")
SYSTEM_RUN = Path("/run/changeover")
ALONE = "flips are coordinated for this user alone: the shared directories are missing"
"""What the operator is told while places are not shared."""


ROOM_BYTES = 64 << 10
"""What a directory must take before anything is flipped: a line of the journal with the pages that undo it."""
_STEPS = {
    errno.EROFS: "it is mounted read-only, see dmesg for why and remount it",
    errno.ENOSPC: "its disk is full, make room",
    errno.EDQUOT: "your quota there is used up, make room",
    errno.EACCES: "it is not yours to write, join the group that owns it",
    errno.EPERM: "it is not yours to write, join the group that owns it",
    errno.EFBIG: "no file may grow there, raise the limit that `ulimit -f` shows",
    errno.ENOENT: "it is gone, make it again",
    errno.EIO: "its disk answers with errors, see the kernel log",
}


class PlacesError(Exception):
    """State cannot be kept where it should be; ``str`` is a sentence."""


class Places(Record):
    """The directories of one console. ``shared`` is False when flips are coordinated for this user alone."""

    state: Path
    run: Path
    shared: bool

    @property
    def journal(self) -> Path:
        """The one journal file of this host."""
        return self.state / "journal.sqlite"

    @property
    def roster(self) -> Path:
        """Slots given to GPUs, by UUID and PCI address."""
        return self.state / "roster.json"

    def lock(self, uuid: str) -> Path:
        """The never-unlinked claim file of one GPU."""
        return self.run / f"{uuid}.claim"


def places() -> Places:
    """The host's own directories where both can be written by this user, else his XDG state, made on first use.

    A disk that is read-only for now is no reason to coordinate flips elsewhere than everybody else: see ``obstacle``.

    ``CHANGEOVER_STATE`` and ``CHANGEOVER_RUN`` name others (both must be set); they count as shared, because whoever
    sets them for one operator sets them for all.
    """
    state, run = os.environ.get("CHANGEOVER_STATE"), os.environ.get("CHANGEOVER_RUN")
    if state and run:
        return _made(Places(state=Path(state), run=Path(run), shared=True))
    if _usable(SYSTEM_STATE) and _usable(SYSTEM_RUN):
        return Places(state=SYSTEM_STATE, run=SYSTEM_RUN, shared=True)
    import platformdirs

    own = Path(platformdirs.user_state_dir("changeover"))
    return _made(Places(state=own, run=own / "run", shared=False))


def _made(found: Places) -> Places:
    for folder in (found.state, found.run):
        try:
            folder.mkdir(mode=0o770 if found.shared else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            said = f"{clean(folder)} cannot be made: {error.strerror}"
            raise PlacesError(
                f"{said}; name others with CHANGEOVER_STATE and CHANGEOVER_RUN, or XDG_STATE_HOME"
            ) from None
        if not os.access(folder, os.R_OK | os.X_OK):
            raise PlacesError(_closed(folder, shared=found.shared))
    return found


def _closed(folder: Path, *, shared: bool) -> str:
    """Of a directory that cannot even be looked into; root's own in a user's home is what ``sudo`` has left there."""
    owner = folder.stat().st_uid
    whose = f"{clean(folder)} belongs to {_name(owner)} and is closed to {_name(os.getuid())}"
    if shared:
        return f"{whose}; join the group that owns it, or name others with CHANGEOVER_STATE and CHANGEOVER_RUN"
    return f"{whose}; `sudo chown -R {_name(os.getuid())} {clean(folder)}` gives it back"


def _name(uid: int) -> str:
    import pwd

    try:
        return clean(pwd.getpwuid(uid).pw_name, 40)
    except KeyError:
        return str(uid)


def obstacle(where: Places) -> str:
    """Why nothing may be flipped for want of a disk that takes what must be written, as a sentence; "" when all do.

    Tried with a file that has no name, so that nothing is left behind whatever becomes of this process.
    """
    for folder in (where.state, where.run):
        try:
            _try(folder)
        except OSError as error:
            return unwritable(folder, error)
    return ""


def unwritable(folder: Path, error: OSError) -> str:
    """What an error says of writing into a directory, and the next step."""
    step = _STEPS.get(error.errno or 0)
    if step is None:
        at = f" at {error.filename}" if error.filename else ""
        step = clean(f"{error.strerror or error}{at}", 300)
    return f"nothing can be written to {clean(folder)}: {step}"


def _try(folder: Path) -> None:
    """Write as much as one line of the journal takes. Raises OSError."""
    fd = _nameless(folder)
    try:
        written = 0
        while written < ROOM_BYTES:
            written += os.write(fd, bytes(ROOM_BYTES - written))
    finally:
        os.close(fd)


def _nameless(folder: Path) -> int:
    """A new file that goes with its descriptor, also on filesystems that make none without a name."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR):
            raise
    trial = folder / f"trial.{os.getpid()}"
    fd = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    trial.unlink(missing_ok=True)
    return fd


def _usable(folder: Path) -> bool:
    """True for a directory that this user may write, and for one that nobody can while its disk is read-only."""
    try:
        return os.access(folder, os.W_OK) or bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False
