"""The client that meters and feeds share: what it makes of connections that were kept, of queries and of sizes."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.web.client import Client
from console.web.dates import retry_after_s
from console.web.errors import WebError
from tests.contract.hostile import answer, serving

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def dropping(each: list[bytes]) -> Iterator[tuple[str, list[int]]]:
    """A server that answers each request with the next of ``each``; for an empty one it drops the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[int] = []

    def serve() -> None:
        left = list(each)
        while left:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            connections.append(0)
            with peer:
                while left and peer.recv(65536):
                    connections[-1] += 1
                    said = left.pop(0)
                    if not said:
                        break
                    peer.sendall(said)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_a_kept_connection_that_was_dropped_is_replaced_once() -> None:
    """The second request finds its connection gone and is sent again on a new one; nobody hears of it."""
    with dropping([ANSWER, b"", ANSWER]) as (url, connections):
        client = Client(url)
        assert client.get("/", 5.0) == client.get("/", 5.0) == b"ok"
        client.close()
    assert connections == [2, 1]


def test_a_server_that_drops_new_connections_is_asked_once() -> None:
    """What fails on a connection of its own is a failure, not a reason to ask again."""
    with dropping([b"", ANSWER]) as (url, connections):
        client = Client(url)
        with pytest.raises(WebError, match=url):
            client.get("/", 5.0)
        client.close()
    assert connections == [1]


def test_a_query_is_sent_and_never_said() -> None:
    """It may hold a key, whether it stands in the address or comes with the request."""
    with serving(answer(b"no", 500)) as server:
        client = Client(f"{server.url}/x?api_token=s3cret")
        with pytest.raises(WebError, match="answers with HTTP status 500") as caught:
            client.get("", 5.0, query={"key": "t0ken"})
        client.close()
    assert server.seen[0][0] == "/x?api_token=s3cret&key=t0ken"
    assert "s3cret" not in str(caught.value) and "t0ken" not in str(caught.value)


@pytest.mark.parametrize("size", [100, (2 << 20) + 1])
@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_is_as_large_as_may_be_and_no_larger(size: int, packed: bool) -> None:
    """Packed or not, what counts is what it is unpacked."""
    body = b"x" * size
    sent = answer(gzip.compress(body), Content_Encoding="gzip") if packed else answer(body)
    with serving(sent) as server:
        client = Client(server.url, packed=True)
        if size < 1000:
            assert client.get("/", 5.0) == body
        else:
            with pytest.raises(WebError, match="answers with more than 2 MiB"):
                client.get("/", 5.0)
        client.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999999999999", 86400.0),
        ("-5", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0),
        ("\u0661\u0662", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_at_most_a_day(text: str | None, seconds: float | None) -> None:
    """RFC 9110, section 10.2.3; seen at 100 seconds past the epoch."""
    assert retry_after_s(text, 100.0) == seconds
