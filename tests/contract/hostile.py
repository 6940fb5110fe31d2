"""An HTTP server that misbehaves in one named way per path, to show what a client makes of it."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRIP_S = 0.05


class Handler(BaseHTTPRequestHandler):
    """Answers every path with the misbehaviour that the server was made for."""

    protocol_version = "HTTP/1.1"
    server: "Hostile"

    def do_GET(self) -> None:
        self.sent = b""
        self._answer()

    def do_POST(self) -> None:
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer()

    def _answer(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        with suppress(OSError):
            self.server.misbehave(self)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


class Hostile(ThreadingHTTPServer):
    """`.url`, and `.seen`: the (path, headers) of every request."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, misbehave: Callable[[Handler], None], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.misbehave = misbehave
        self.seen: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(misbehave: Callable[[Handler], None]) -> Iterator[Hostile]:
    """A server that runs while the block does."""
    with Hostile(misbehave) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def routes(answers: Mapping[str, Callable[[Handler], None]]) -> Callable[[Handler], None]:
    """Each path, without its query, has its own answer; any other is 404."""

    def send(handler: Handler) -> None:
        answers.get(handler.path.partition("?")[0], answer(b"no such page", 404))(handler)

    return send


def packed(body: bytes) -> Callable[[Handler], None]:
    """A well-formed answer as gzip."""
    return answer(gzip.compress(body), Content_Encoding="gzip")


def answer(body: bytes, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    """A well-formed answer, whatever is in it."""

    def send(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def drip(data: bytes) -> Callable[[Handler], None]:
    """Each byte in time, all of them never."""

    def send(handler: Handler) -> None:
        for at in range(len(data)):
            handler.wfile.write(data[at : at + 1])
            time.sleep(DRIP_S)

    return send


def endless(handler: Handler) -> None:
    """A body without an end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def silent(handler: Handler) -> None:
    """Nothing at all, until the client gives up."""
    handler.rfile.read(1)


def truncated(handler: Handler) -> None:
    """Less than was promised."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"hashrate": {"total": [1.0')


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
WAYS: dict[str, Callable[[Handler], None]] = {
    "dripping header": drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400),
    "dripping body": drip(HEAD + b" " * 400),
    "endless body": endless,
    "silence": silent,
    "truncated": truncated,
    "3 MiB": answer(b" " * (3 << 20)),
    "gzip bomb": answer(gzip.compress(b" " * (64 << 20)), Content_Encoding="gzip"),
    "redirect": answer(b"", 302, Location="http://127.0.0.1:1/stolen"),
    "401": answer(b'{"status":401,"error":"UNAUTHORIZED"}', 401),
    "500": answer(b"oops", 500),
    "no HTTP": lambda handler: handler.wfile.write(b"\x16\x03\x01 hello\r\n\r\n") and None,
}
