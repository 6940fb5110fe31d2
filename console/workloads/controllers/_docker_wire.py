"""docker-py's client on connections of ours: bounded in time and size, and deaf to its surroundings.

Of those nothing counts: no ``DOCKER_HOST``, no proxy, no netrc, no redirect, no packed answers.
"""

from __future__ import annotations

import os
import time
from typing import Any

import docker
from docker.transport import unixconn

from console.workloads.controllers._sockets import DeadlineSocket, reach

MAX_REPLY = 4 << 20
"""Bytes of one answer: the list of a thousand containers has about one million."""


def client(path: str, version: str, end: float) -> Any:
    """A docker.APIClient whose connections end at ``end`` (``time.monotonic``). Raises TimeoutError."""
    left_s = end - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("no time left")
    made = docker.APIClient(base_url=f"unix://{path}", version=version, timeout=left_s)
    made.trust_env = False
    made.max_redirects = 0
    made.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
    made.get_adapter(made.base_url).close()
    made.mount(made.base_url, _Adapter(f"http+unix://{path}", end))
    return made


class _Connection(unixconn.UnixHTTPConnection):  # type: ignore[misc]  # docker-py is not typed
    end = 0.0
    opened: list[DeadlineSocket]

    def connect(self) -> None:
        """Connect before the session's end, and to no more than its share of bytes."""
        self.sock = reach(self.unix_socket, self.end)
        self.sock.room = MAX_REPLY
        self.opened.append(self.sock)


class _Pool(unixconn.UnixHTTPConnectionPool):  # type: ignore[misc]
    end = 0.0
    opened: list[DeadlineSocket]

    def _new_conn(self) -> _Connection:
        made = _Connection(self.base_url, self.socket_path, self.timeout)
        made.end, made.opened = self.end, self.opened
        return made

    def _put_conn(self, conn: Any) -> None:
        """Not kept for the next call: an engine may close it just then."""
        if conn is not None:
            conn.close()


class _Adapter(unixconn.UnixHTTPAdapter):  # type: ignore[misc]
    def __init__(self, address: str, end: float) -> None:
        super().__init__(address)
        self._end = end
        self._opened: list[DeadlineSocket] = []

    def get_connection(self, url: str, _proxies: Any = None) -> _Pool:
        """The session's one pool, whatever the path: its connections end with it."""
        with self.pools.lock:
            pool: _Pool | None = self.pools.get("")
            if pool is None:
                pool = self.pools[""] = _Pool(url, self.socket_path)
                pool.end, pool.opened = self._end, self._opened
        return pool

    def build_response(self, req: Any, resp: Any) -> Any:
        """As in requests, but nothing is unpacked: a few bytes of gzip may hold gigabytes."""
        if resp.headers.get("Content-Encoding", "identity") != "identity":
            raise ValueError("an encoding that was not asked for")
        return super().build_response(req, resp)

    def close(self) -> None:
        """Close every connection, also those whose answer nobody has read to its end: its reader would keep them."""
        super().close()
        for one in self._opened:
            handle = one.detach()
            if handle >= 0:
                os.close(handle)
