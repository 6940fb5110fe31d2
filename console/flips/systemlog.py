"""One line to the host's system log, for what must be on record outside the journal. Best effort: never waits."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from console.text import clean

JOURNALD = "/run/systemd/journal/socket"
SYSLOG = "/dev/log"
FACILITY_DAEMON = 3
ALERT, WARNING, NOTICE = 1, 4, 5
MOST_PATH = 400


def head(seq: int, own: str, flip_id: str, genesis: str, path: Path) -> str:
    """The line that tells of a journal's head: its number and hash, the flip, the hash of its chain's first line, and
    where the journal lies, because one log holds those of all. ``logged`` reads it."""
    return f"journal line {seq} {own} flip {clean(flip_id, 100)} genesis {genesis} at {name_of(path)}"


def name_of(path: Path) -> str:
    """The journal's path as the system log has it."""
    return clean(path.absolute(), MOST_PATH)


def tell(text: str, severity: int = NOTICE) -> bool:
    """Send ``text`` to journald, else to syslog. True when one of them took it; a full or absent log is no error."""
    line = text.replace("\n", " ")[:1000]
    fields = f"PRIORITY={severity}\nSYSLOG_IDENTIFIER=changeover\nMESSAGE={line}\n"
    if _send(JOURNALD, fields.encode()):
        return True
    return _send(SYSLOG, f"<{FACILITY_DAEMON * 8 + severity}>changeover[{os.getpid()}]: {line}".encode())


def _send(path: str, datagram: bytes) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as log:
        log.setblocking(False)
        log.connect(path)
        return log.send(datagram) == len(datagram)
    return False
