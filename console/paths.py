"""Where state, locks and user files live, and whether they are shared by every operator of this host."""

from __future__ import annotations

import os
from pathlib import Path

from console.model import Record
from console.text import clean

SYSTEM_CONFIG = Path("/etc/changeover/config.toml")
SYSTEM_STATE = Path("/var/lib/changeover")
SYSTEM_RUN = Path("/run/changeover")
ALONE = "flips are coordinated for this user alone: the shared directories are missing"
"""What the operator is told while places are not shared."""


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
    """The host's own directories where both are writable, else this user's XDG state, made on first use.

    ``CHANGEOVER_STATE`` and ``CHANGEOVER_RUN`` name others (both must be set); they count as shared, because whoever
    sets them for one operator sets them for all.
    """
    state, run = os.environ.get("CHANGEOVER_STATE"), os.environ.get("CHANGEOVER_RUN")
    if state and run:
        return _made(Places(state=Path(state), run=Path(run), shared=True))
    if os.access(SYSTEM_STATE, os.W_OK) and os.access(SYSTEM_RUN, os.W_OK):
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
    return found
