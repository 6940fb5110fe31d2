"""``python -I -m console.profiles.unit NAME:GPU-UUID``: what ``changeover-profile@.service`` runs as root.

Whoever may start that unit chooses a name and a card, and nothing more: the values are root's files, the card is one
that NVML lists, and the environment says nothing. A second argument, which only the unit file can give, names another
folder of profiles. Exit 0 when all is set and read back, 1 with a sentence on stderr and as the unit's status, 2 for
an instance that is none.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path
from typing import NamedTuple

from console.profiles.values import FOLDER, NAME, Profile, ProfileError, read
from console.text import clean

UUID = re.compile(r"GPU(?:-[0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As NVML spells the UUID of a whole card; a MIG instance begins otherwise."""
_MOST_STATUS = 400


class Asked(NamedTuple):
    """What an instance of the unit names."""

    profile: str
    uuid: str


def asked(instance: str) -> Asked:
    """``mine:GPU-…`` taken apart. Raises ValueError with a sentence."""
    name, _, uuid = instance.partition(":")
    if not NAME.fullmatch(name) or not UUID.fullmatch(uuid):
        raise ValueError(f"found the instance '{clean(instance, 80)}', expected PROFILE:GPU-UUID")
    return Asked(name, uuid)


def main(argv: list[str]) -> int:
    """Set a profile on a card and return the exit code."""
    if not 1 <= len(argv) <= 2:
        return _failed("expected PROFILE:GPU-UUID, and at most a folder of profiles after it", 2)
    try:
        want = asked(argv[0])
    except ValueError as error:
        return _failed(str(error), 2)
    try:
        profile = read(want.profile, Path(argv[1]) if argv[1:] else FOLDER)
        _set(want, profile)
    except ProfileError as error:
        return _failed(str(error), 1)
    _tell("", f"{want.profile} is set")
    return 0


def _set(want: Asked, profile: Profile) -> None:
    """Find the card and set the profile on it. Raises ProfileError."""
    try:
        import pynvml
    except ImportError:
        raise ProfileError("nvidia-ml-py is not installed for this Python") from None
    from console.profiles.card import apply

    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(want.uuid)
    except pynvml.NVMLError as error:
        raise ProfileError(f"{want.uuid} cannot be reached: NVML says {clean(error, 80)}") from None
    apply(handle, profile)


def _failed(sentence: str, code: int) -> int:
    _tell(sentence, sentence)
    return code


def _tell(error: str, status: str) -> None:
    """A sentence for the journal, and for whoever asks systemd of the unit: an operator may not read the journal."""
    if error:
        sys.stderr.write(f"changeover-profile: {error}\n")
    _notify(f"STATUS={clean(status, _MOST_STATUS)}")


def _notify(line: str) -> None:
    """sd_notify(3). The one thing read from the environment, and only written to: systemd sets it for its services."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
        try:
            end.settimeout(1.0)
            end.sendto(line.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError:
            return


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
