"""XML-RPC over a UNIX socket, for a server that may be slow, broken or not who it should be.

``xmlrpc.client`` brings the format; what it lacks is a bound on the whole exchange.
"""

from __future__ import annotations

import http.client
import time
import xmlrpc.client

from console.workloads.controllers import _sockets
from console.workloads.controllers._sockets import trusted_socket as trusted_socket  # for those who ask before calling

MAX_REPLY = 4 << 20


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._deadline = time.monotonic() + timeout_s

    def connect(self) -> None:
        """Connect to the UNIX socket instead of a TCP port."""
        self.sock = _sockets.reach(self._path, self._deadline)


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
