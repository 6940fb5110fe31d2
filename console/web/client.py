"""One request to one address, bounded in time and size whatever answers there."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from console.web import later
from console.web.body import MAX_BODY, BodyError, read
from console.web.dates import retry_after_s
from console.web.errors import StatusError, WebError

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_S = 1.0
NO_HEADERS: Mapping[str, str] = {}
_DONE = frozenset({200, 201, 202, 204})
"""What a server answers when it has taken a change; a GET is answered with 200 alone."""


class Client:
    """The HTTP interface at one address. Not for several threads at once; httpx is imported with the first request.

    A request waits while ``console.web.later`` holds all of them.
    """

    def __init__(
        self,
        url: str,
        *,
        refused: str = "",
        packed: bool = False,
        connect_s: float = CONNECT_S,
        most_bytes: int = MAX_BODY,
        refusal_bytes: int = 0,
    ) -> None:
        """``refused`` is what to do about a 401 or 403, as the rest of a sentence; ``packed`` asks for gzip.

        ``most_bytes`` bounds an answer after unpacking, ``refusal_bytes`` what is read of one with another status.
        """
        base, _, self._query = url.partition("?")  # a query may hold a key, so it is sent and never said
        self.url = base.rstrip("/")
        self._refused = refused
        self._packed = packed
        self._connect_s = connect_s
        self._most_bytes = most_bytes
        self._refusal_bytes = refusal_bytes
        self._client: httpx.Client | None = None
        self._socket: socket.socket | None = None
        self._closed = False
        self._is_new = False  # the connection was opened for the request under way

    def get(
        self,
        path: str,
        timeout_s: float,
        *,
        query: Mapping[str, str] = NO_HEADERS,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes | None = None,
    ) -> bytes:
        """The body of ``path``, at most ``most_bytes``, within ``timeout_s`` in all; some APIs want a JSON ``body``.

        Raises WebError with a sentence, StatusError among them; ``query`` and ``headers`` may hold secrets and stand in
        neither. Redirects are not followed, and neither proxies nor credentials of the environment are used. One thing
        is out of reach: where the URL has a name for a host, the system's resolver takes as long as it likes.
        """
        return self._ask("GET", path, timeout_s, query, headers, body)

    def post(self, path: str, timeout_s: float, body: bytes, *, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        """As ``get``, with a JSON ``body``, and sent once, whatever happens.

        What may change something goes over a connection of its own: on a kept one that was closed meanwhile nobody
        could tell whether it arrived.
        """
        return self._ask("POST", path, timeout_s, {}, headers, body)

    def put(self, path: str, timeout_s: float, body: bytes, *, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        """As ``post``."""
        return self._ask("PUT", path, timeout_s, {}, headers, body)

    def delete(
        self, path: str, timeout_s: float, body: bytes | None = None, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> bytes:
        """As ``post``, with or without a body."""
        return self._ask("DELETE", path, timeout_s, {}, headers, body)

    def close(self) -> None:
        """Let go of the connection. Another thread's request that is under way ends with WebError, at once."""
        self._shut()
        if self._client is not None:
            self._client.close()
        self._client = self._socket = None
        self._closed = True

    def _ask(
        self,
        method: str,
        path: str,
        timeout_s: float,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> bytes:
        later.wait()
        import httpx

        end = time.monotonic() + timeout_s
        sent = {"Accept-Encoding": "gzip" if self._packed else "identity", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            if method != "GET":
                self._anew()
            request = self._opened().build_request(
                method,
                self.url + path,
                params=httpx.QueryParams(self._query).merge(dict(query)),
                headers=sent,
                content=body,
                timeout=httpx.Timeout(timeout_s, connect=min(self._connect_s, timeout_s)),
            )
            request.extensions["trace"] = self._seen
            with self._cut_off_at(end):
                return self._exchanged(request, path, end)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:  # RuntimeError: closed meanwhile
            raise WebError(self._silence(error, time.monotonic() >= end)) from None

    def _exchanged(self, request: httpx.Request, path: str, end: float) -> bytes:
        """The body of the answer. A connection kept from before may have been closed by the other side just now, which
        shows only when it is used: then, and then alone, a GET is sent once more on a new one."""
        import httpx

        self._is_new = False
        try:
            return self._answered(request, path, end)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if request.method != "GET" or self._is_new or self._closed or time.monotonic() >= end:
                raise
        return self._answered(request, path, end)

    def _answered(self, request: httpx.Request, path: str, end: float) -> bytes:
        response = self._opened().send(request, stream=True)
        try:
            return self._taken(response, path, end)
        finally:
            response.close()

    def _taken(self, response: httpx.Response, path: str, end: float) -> bytes:
        status = response.status_code
        if status != 200 and (response.request.method == "GET" or status not in _DONE):
            wait_s = retry_after_s(response.headers.get("Retry-After"), time.time())
            raise StatusError(self._status(status, path, wait_s), status, wait_s, self._refusal(response, end))
        packing = response.headers.get("Content-Encoding", "identity").lower()
        try:
            taken = packing if self._packed or packing == "identity" else ""
            return read(response.iter_raw(1 << 16), taken, end, self._most_bytes)
        except BodyError as error:
            raise WebError(f"{self.url}{path} {error}") from None

    def _refusal(self, response: httpx.Response, end: float) -> bytes:
        """What comes with a status that is no success, as far as it may be read; nothing where it may not."""
        import httpx

        if not self._refusal_bytes or response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return b""
        try:
            return read(response.iter_raw(1 << 12), "identity", end, self._refusal_bytes)
        except (BodyError, httpx.HTTPError, OSError):
            return b""

    def _anew(self) -> None:
        """Let go of connections kept from before."""
        if self._client is not None:
            self._client.close()
        self._client = self._socket = None

    def _opened(self) -> httpx.Client:
        if self._closed:
            raise WebError(f"the connection to {self.url} is closed")
        if self._client is None:
            import httpx

            # Plain HTTP needs no certificates, and loading them costs 20 ms and 2 MB for each client.
            verify = _tls() if self.url.startswith("https:") else False
            self._client = httpx.Client(trust_env=False, follow_redirects=False, verify=verify)
        return self._client

    def _status(self, status: int, path: str, wait_s: float | None) -> str:
        if status in (401, 403) and self._refused:
            return f"{self.url} refused with HTTP status {status}: {self._refused}"
        asks = f" and asks to wait {wait_s:.0f} s" if wait_s is not None else ""
        return f"{self.url}{path} answers with HTTP status {status}{asks}"

    def _silence(self, error: Exception, late: bool) -> str:
        import httpx

        if late or isinstance(error, httpx.TimeoutException):
            return f"{self.url} did not answer in time"
        if isinstance(error, httpx.ConnectError):
            return f"nothing listens at {self.url}"
        return f"{self.url} did not answer as HTTP does ({type(error).__name__})"

    @contextmanager
    def _cut_off_at(self, end: float) -> Iterator[None]:
        """Shut the connection down at ``end``.

        httpx has a time-out per read, which a header that trickles byte by byte never meets; a bound on the whole
        exchange has to come from outside the call.
        """
        timer = threading.Timer(max(0.0, end - time.monotonic()), self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _seen(self, event: str, info: dict[str, object]) -> None:
        """Remember the socket that httpcore has opened (its documented ``trace`` extension)."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._is_new = True
            stream = info["return_value"]
            self._socket = stream.get_extra_info("socket")  # type: ignore[attr-defined]

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


@functools.cache
def _tls() -> ssl.SSLContext:
    """One context with the system's certificates for all clients."""
    import ssl

    return ssl.create_default_context()
