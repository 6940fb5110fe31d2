"""XML-RPC over a UNIX socket, for a server that may be slow, broken or not who it should be.

``xmlrpc.client`` brings the format; what it lacks is a bound on the whole exchange. A socket's own time-out starts anew
with every byte, so a reply that trickles would last for ever: here each wait is cut to what is left until a deadline.
"""

from __future__ import annotations

import http.client
import os
import socket
import stat
import time
import xmlrpc.client
from pathlib import Path

MAX_REPLY = 4 << 20


class DeadlineSocket(socket.socket):
    """A UNIX stream socket none of whose waits goes beyond ``deadline`` (``time.monotonic``)."""

    deadline = 0.0

    def _hurry(self) -> None:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no full answer in time")
        self.settimeout(left_s)

    def recv_into(self, *args: object, **kwargs: object) -> int:
        """As ``socket.recv_into``, before the deadline."""
        self._hurry()
        return super().recv_into(*args, **kwargs)  # type: ignore[arg-type]

    def sendall(self, *args: object, **kwargs: object) -> None:
        """As ``socket.sendall``, before the deadline."""
        self._hurry()
        super().sendall(*args, **kwargs)  # type: ignore[arg-type]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._deadline = time.monotonic() + timeout_s

    def connect(self) -> None:
        """Connect to the UNIX socket instead of a TCP port."""
        made = DeadlineSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.deadline = self._deadline
        made.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        self.sock = made


def call(path: str, method: str, params: tuple[str | bool, ...], timeout_s: float) -> object:
    """One call on a connection of its own: what the server answered, of at most 4 MiB, within ``timeout_s``.

    Raises xmlrpc.client.Fault for a refusal, OSError for a transport that fails or is too slow, ValueError for an
    answer that is no XML-RPC.
    """
    body = xmlrpc.client.dumps(params, method).encode()
    connection = _Connection(path, timeout_s)
    try:
        connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml", "Connection": "close"})
        response = connection.getresponse()
        reply = response.read(MAX_REPLY + 1)
    except http.client.HTTPException as error:
        raise ValueError(type(error).__name__) from None
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"HTTP status {response.status}")
    if len(reply) > MAX_REPLY:
        raise ValueError("more than 4 MiB")
    return _decoded(reply)


def _decoded(reply: bytes) -> object:
    from xml.parsers.expat import ExpatError

    try:
        values, _ = xmlrpc.client.loads(reply)
    except xmlrpc.client.Fault:
        raise
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, LookupError, OverflowError) as error:
        raise ValueError(type(error).__name__) from None
    return values[0] if values else None


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
