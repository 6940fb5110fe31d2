"""UNIX sockets of servers that may be slow, broken or not who they should be: which to trust, and none for ever.

A socket's own time-out starts anew with every byte, so a reply that trickles would last for ever: here each wait is cut
to what is left until a deadline, and what may be read in all is bounded.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from pathlib import Path


class TooLongError(OSError):
    """The other side has sent more than it may."""


class DeadlineSocket(socket.socket):
    """A UNIX stream socket none of whose waits goes beyond ``deadline`` (``time.monotonic``).

    Of all that the other side sends, ``room`` bytes may be read; TooLongError is raised beyond that.
    """

    deadline = 0.0
    room = 1 << 30

    def _hurry(self) -> None:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no full answer in time")
        self.settimeout(left_s)

    def recv_into(self, *args: object, **kwargs: object) -> int:
        """As ``socket.recv_into``, before the deadline."""
        self._hurry()
        got = super().recv_into(*args, **kwargs)  # type: ignore[arg-type]
        self.room -= got
        if self.room < 0:
            raise TooLongError("an answer that is too long")
        return got

    def sendall(self, *args: object, **kwargs: object) -> None:
        """As ``socket.sendall``, before the deadline."""
        self._hurry()
        super().sendall(*args, **kwargs)  # type: ignore[arg-type]


def reach(path: str, deadline: float) -> DeadlineSocket:
    """A connection to the socket at ``path``, made and used before ``deadline``. Raises OSError."""
    made = DeadlineSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.deadline = deadline
    made.settimeout(max(0.001, deadline - time.monotonic()))
    try:
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made


def trusted_socket(path: str) -> str:
    """Why ``path`` may not be used, as the rest of a sentence; empty when it is a socket of root's or the caller's."""
    try:
        found = Path(path).stat()
    except OSError as error:
        return f"cannot be reached: {error.strerror}"
    if not stat.S_ISSOCK(found.st_mode):
        return "is not a socket"
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to uid {found.st_uid}, expected root or you"
    return ""
