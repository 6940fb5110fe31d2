"""One question to a workload over a TCP connection of its own, bounded in time and size whatever answers there."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

from console.config.addresses import without_secrets
from console.workloads.contract import WorkloadError

CONNECT_S = 1.0
MAX_REPLY = 1 << 20
"""Bytes of one reply: a rig of sixteen cards fills 16 KiB."""
_END = b"\0"


class Line:
    """Where one workload listens, ``tcp://HOST:PORT``. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        """Raises WorkloadError where ``url`` is no such address."""
        self.url = without_secrets(url)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port:
            raise WorkloadError(f"{self.url} is no address to ask, expected tcp://HOST:PORT")
        self._to = host, port
        self._socket: socket.socket | None = None
        self._closed = False

    def ask(self, question: bytes, timeout_s: float) -> bytes:
        """What comes back up to a NUL or the end of the connection, within ``timeout_s`` in all.

        Raises WorkloadError with a sentence. One thing is out of reach: where the address has a name for a host, the
        system's resolver takes as long as it likes.
        """
        end = time.monotonic() + timeout_s
        try:
            with socket.create_connection(self._to, min(CONNECT_S, timeout_s)) as self._socket:
                reply = self._exchanged(self._socket, question, end)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
            raise WorkloadError(self._silence(error)) from None
        finally:
            self._socket = None
        if self._closed:
            raise WorkloadError(f"the connection to {self.url} is closed")
        if not reply:
            raise WorkloadError(f"{self.url} broke off without an answer")
        return reply

    def close(self) -> None:
        """Let go of the connection. Another thread's question that is under way ends with WorkloadError."""
        self._closed = True
        sock = self._socket
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _exchanged(self, sock: socket.socket, question: bytes, end: float) -> bytes:
        if self._closed:
            return b""
        sock.settimeout(_left_s(end))
        sock.sendall(question)
        reply = bytearray()
        while True:
            # Anew for each part: a reply that trickles in byte by byte meets no time-out of its own.
            sock.settimeout(_left_s(end))
            part = sock.recv(1 << 16)
            reply += part.partition(_END)[0]
            if len(reply) > MAX_REPLY:
                raise WorkloadError(f"{self.url} answers with more than {MAX_REPLY >> 20} MiB")
            if not part or _END in part:
                return bytes(reply)

    def _silence(self, error: Exception) -> str:
        if self._closed:
            return f"the connection to {self.url} is closed"
        if isinstance(error, TimeoutError):
            return f"{self.url} did not answer in time"
        if isinstance(error, ConnectionRefusedError | socket.gaierror | UnicodeError):
            return f"nothing listens at {self.url}"
        return f"{self.url} broke off in the middle of its answer ({type(error).__name__})"


def _left_s(end: float) -> float:
    """Seconds until monotonic ``end``; TimeoutError where it has passed."""
    left_s = end - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
