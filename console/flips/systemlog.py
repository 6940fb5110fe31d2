"""One line to the host's system log, for what must be on record outside the journal. Best effort: never waits."""

from __future__ import annotations

import contextlib
import os
import socket

JOURNALD = "/run/systemd/journal/socket"
SYSLOG = "/dev/log"
FACILITY_DAEMON = 3
ALERT, WARNING, NOTICE = 1, 4, 5


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
