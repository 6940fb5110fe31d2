"""One GET to a workload's own API, bounded in time and size whatever answers there."""

from __future__ import annotations

import functools
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from console.config.settings import MeterSettings
from console.text import clean
from console.workloads.contract import WorkloadError

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_S = 1.0
MAX_BODY = 2 << 20
_MAX_TOKEN = 4096


class StatusError(WorkloadError):
    """An answer with a status other than 200."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Endpoint:
    """The HTTP API of one running workload. Not for several threads at once; httpx is imported with the first GET."""

    def __init__(self, settings: MeterSettings) -> None:
        self._url = settings.url.rstrip("/")
        self._token_file = settings.token_file
        self._client: httpx.Client | None = None
        self._socket: socket.socket | None = None
        self._closed = False

    def get(self, path: str, timeout_s: float) -> bytes:
        """The body of ``path``, at most 2 MiB, within ``timeout_s`` in all.

        Raises WorkloadError with a sentence, StatusError among them. Redirects are not followed, compressed answers not
        read, and neither proxies nor credentials of the environment are used. One thing is out of reach: where the
        URL has a name for a host, the system's resolver takes as long as it likes. The config warns of such a name.
        """
        import httpx

        headers = {"Accept-Encoding": "identity", **self._credentials()}
        end = time.monotonic() + timeout_s
        timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        client = self._opened()
        try:
            with self._cut_off_at(end):
                request = client.build_request("GET", self._url + path, headers=headers, timeout=timeout)
                request.extensions["trace"] = self._seen
                response = client.send(request, stream=True)
                try:
                    return self._body(response, path, end)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:  # RuntimeError: closed meanwhile
            raise WorkloadError(self._silence(error, time.monotonic() >= end)) from None

    def close(self) -> None:
        """Let go of the connection. Another thread's ``get`` that is under way ends with WorkloadError."""
        if self._client is not None:
            self._client.close()
        self._client = self._socket = None
        self._closed = True

    def _opened(self) -> httpx.Client:
        if self._closed:
            raise WorkloadError(f"the meter of {self._url} is closed")
        if self._client is None:
            import httpx

            # Plain HTTP needs no certificates, and loading them costs 20 ms and 2 MB for each client.
            verify = _tls() if self._url.startswith("https:") else False
            self._client = httpx.Client(trust_env=False, follow_redirects=False, verify=verify)
        return self._client

    def _body(self, response: httpx.Response, path: str, end: float) -> bytes:
        if response.status_code != 200:
            raise StatusError(self._status(response.status_code, path), response.status_code)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise WorkloadError(f"{self._url}{path} answers compressed though asked not to")
        body = bytearray()
        for part in response.iter_raw(1 << 16):
            body += part
            if len(body) > MAX_BODY:
                raise WorkloadError(f"{self._url}{path} answers with more than 2 MiB")
            if time.monotonic() >= end:
                raise WorkloadError(f"{self._url} did not finish its answer in time")
        return bytes(body)

    def _status(self, status: int, path: str) -> str:
        if status in (401, 403):
            named = "its token_file holds a token it does not know" if self._token_file else "it wants a token_file"
            return f"{self._url} refused with HTTP status {status}: {named}"
        return f"{self._url}{path} answers with HTTP status {status}"

    def _silence(self, error: Exception, late: bool) -> str:
        import httpx

        if late or isinstance(error, httpx.TimeoutException):
            return f"{self._url} did not answer in time"
        if isinstance(error, httpx.ConnectError):
            return f"nothing listens at {self._url}"
        return f"{self._url} did not answer as HTTP does ({type(error).__name__})"

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
            stream = info["return_value"]
            self._socket = stream.get_extra_info("socket")  # type: ignore[attr-defined]

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _credentials(self) -> dict[str, str]:
        return {} if self._token_file is None else {"Authorization": f"Bearer {read_token(Path(self._token_file))}"}


@functools.cache
def _tls() -> ssl.SSLContext:
    """One context with the system's certificates for all meters."""
    import ssl

    return ssl.create_default_context()


def read_token(path: Path) -> str:
    """The token in a file that nobody but its owner, root or the caller, can read.

    Read at each use, so that a rotated token is taken up. Raises WorkloadError, never with the token in it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                raise WorkloadError(f"token_file {path} is not a file of root's or yours")
            if found.st_mode & 0o077:
                raise WorkloadError(f"token_file {path} can be read by others: chmod 0600 {path}")
            token = file.read(_MAX_TOKEN + 1).strip()
    except OSError as error:
        raise WorkloadError(f"token_file {path} cannot be read: {clean(error.strerror)}") from None
    if not token or len(token) > _MAX_TOKEN or not all(33 <= byte < 127 for byte in token):
        raise WorkloadError(f"token_file {path} holds no token: one line of visible ASCII characters is expected")
    return token.decode("ascii")
