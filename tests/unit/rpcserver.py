"""A UNIX socket on which something answers every XML-RPC call alike, or says nothing at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.server.reply is None:
            with suppress(OSError):
                self.rfile.read(1)  # until the client gives up
            return
        value = self.server.reply
        body = f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A UNIX socket's client has none."""
        return "client"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, reply: str | None) -> None:
        super().__init__(str(path), _Handler)
        self.reply = reply


@contextmanager
def rpc_server(path: Path, reply: str | None) -> Iterator[Path]:
    """Answers each call with ``reply``, the inside of one XML-RPC value; None is silence. Its socket's path."""
    with _Server(path, reply) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield path
        finally:
            server.shutdown()
            thread.join()
