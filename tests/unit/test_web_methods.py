"""Requests that change something: sent once, over a connection of their own, under the bounds that a GET has."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from console.web.client import Client
from console.web.errors import StatusError, WebError
from tests.contract.hostile import DRIP_S

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SEND: dict[str, Callable[[Client, float], bytes]] = {
    "POST": lambda client, timeout_s: client.post("/x", timeout_s, b'{"a":1}', headers={"Authorization": "k3y"}),
    "PUT": lambda client, timeout_s: client.put("/x", timeout_s, b'{"a":1}', headers={"Authorization": "k3y"}),
    "DELETE": lambda client, timeout_s: client.delete("/x", timeout_s, b'{"a":1}', headers={"Authorization": "k3y"}),
}
each_method = pytest.mark.parametrize("method", SEND)


class Wire:
    """``requests`` as they came, one list a connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections: list[list[bytes]] = []

    @property
    def requests(self) -> list[bytes]:
        return [request for connection in self.connections for request in connection]


def received(peer: socket.socket) -> bytes:
    """One request, its body too; what there is of it when the other side goes."""
    data = b""
    while (part := peer.recv(65536)) and (data := data + part):
        head, blank, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        if blank and len(body) >= length:
            break
    return data


@contextmanager
def wired(answers: list[bytes], pause_s: float = 0.0) -> Iterator[Wire]:
    """Gives each request the next of ``answers``, byte by byte with a pause; for an empty one it hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        left = list(answers)
        while left:
            try:
                peer, _ = listener.accept()
                wire.connections.append([])
                with peer:
                    while left and (request := received(peer)):
                        wire.connections[-1].append(request)
                        if not (said := left.pop(0)):
                            break
                        for at in range(0, len(said), 1 if pause_s else len(said)):
                            peer.sendall(said[at : at + 1] if pause_s else said)
                            time.sleep(pause_s)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield wire
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def status(line: str, body: bytes = b"", *headers: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {line}", f"Content-Length: {len(body)}", *headers, "", ""])
    return head.encode() + body


@each_method
def test_a_body_is_json_and_the_answer_comes_back(method: str) -> None:
    """The method, the path, the header with the key and the body, as given."""
    with wired([OK]) as wire:
        client = Client(wire.url)
        assert SEND[method](client, 5.0) == b"ok"
        client.close()
    head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"{method} /x HTTP/1.1\r\n".encode()) and body == b'{"a":1}'
    assert b"content-type: application/json" in head.lower() and b"authorization: k3y" in head.lower()


def test_a_delete_needs_no_body_and_a_get_may_have_one() -> None:
    """Without a body nothing is said of its type."""
    with wired([OK, OK]) as wire:
        client = Client(wire.url)
        client.delete("/x", 5.0)
        client.get("/y", 5.0, body=b"{}")
        client.close()
    assert b"content-type" not in wire.requests[0].lower()
    assert wire.requests[1].startswith(b"GET /y") and wire.requests[1].endswith(b"\r\n\r\n{}")


@each_method
def test_what_changes_something_is_sent_once(method: str) -> None:
    """A server that hangs up may have done it: nobody asks again, on a new connection or a kept one."""
    with wired([OK, b"", OK]) as wire:
        client = Client(wire.url)
        client.get("/", 5.0)
        with pytest.raises(WebError, match="did not answer as HTTP does"):
            SEND[method](client, 5.0)
        client.close()
    assert len([request for request in wire.requests if request.startswith(method.encode())]) == 1


@each_method
def test_a_kept_connection_is_not_used_for_a_change(method: str) -> None:
    """One that was closed meanwhile would leave open whether the request arrived."""
    with wired([OK, OK, OK]) as wire:
        client = Client(wire.url)
        client.get("/", 5.0)
        SEND[method](client, 5.0)
        SEND[method](client, 5.0)
        client.close()
    assert [len(connection) for connection in wire.connections] == [1, 1, 1]


@each_method
@pytest.mark.parametrize("line", ["201 Created", "202 Accepted", "204 No Content"])
def test_a_change_may_succeed_in_other_words(method: str, line: str) -> None:
    """For a GET these are no answer."""
    with wired([status(line), status(line)]) as wire:
        client = Client(wire.url)
        assert SEND[method](client, 5.0) == b""
        with pytest.raises(StatusError, match=f"answers with HTTP status {line[:3]}"):
            client.get("/", 5.0)
        client.close()


@each_method
def test_a_redirect_is_not_followed(method: str) -> None:
    """Nor is a key or a body taken anywhere else."""
    with wired([OK]) as elsewhere:
        with wired([status("307 Go", b"", f"Location: {elsewhere.url}/stolen")]) as wire:
            client = Client(wire.url)
            with pytest.raises(StatusError, match="HTTP status 307") as caught:
                SEND[method](client, 5.0)
            client.close()
        assert caught.value.status == 307 and elsewhere.requests == []


@each_method
def test_proxies_and_credentials_of_the_environment_are_not_used(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes where it is sent."""
    with wired([OK]) as proxy, wired([OK]) as wire:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        client = Client(wire.url)
        SEND[method](client, 5.0)
        client.close()
        assert proxy.requests == [] and len(wire.requests) == 1


@each_method
def test_a_trickling_answer_is_cut_off(method: str) -> None:
    """The bound is on the whole exchange, however each byte comes in time."""
    begun = time.monotonic()
    with wired([status("200 OK", b"x" * 400)], DRIP_S) as wire:
        client = Client(wire.url)
        with pytest.raises(WebError, match="did not"):
            SEND[method](client, 0.5)
        client.close()
    assert time.monotonic() - begun < 10


@each_method
def test_an_answer_is_bounded_in_size(method: str) -> None:
    """What is larger than may be is refused."""
    with wired([status("200 OK", b"x" * 5000)]) as wire:
        client = Client(wire.url, most_bytes=4000)
        with pytest.raises(WebError, match="answers with more than"):
            SEND[method](client, 5.0)
        client.close()


@each_method
def test_too_many_requests_say_how_long_to_wait(method: str) -> None:
    """And nothing is sent again by itself."""
    with wired([status("429 Slow", b"", "Retry-After: 7"), OK]) as wire:
        client = Client(wire.url)
        with pytest.raises(StatusError, match="429 and asks to wait 7 s") as caught:
            SEND[method](client, 5.0)
        client.close()
    assert caught.value.retry_after_s == 7.0 and len(wire.requests) == 1


@pytest.mark.parametrize(
    ("answer", "most", "kept"),
    [
        (status("400 Bad", b'{"msg":"price"}'), 4096, b'{"msg":"price"}'),
        (status("400 Bad", b'{"msg":"price"}'), 0, b""),
        (status("400 Bad", b"x" * 5000), 4096, b""),
        (status("400 Bad", b"xx", "Content-Encoding: gzip"), 4096, b""),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\nshort", 4096, b""),
    ],
)
def test_what_comes_with_a_refusal_is_kept_where_asked_for(answer: bytes, most: int, kept: bytes) -> None:
    """At most so much of it; what cannot be read costs its words, not its status."""
    with wired([answer]) as wire:
        client = Client(wire.url, refusal_bytes=most)
        with pytest.raises(StatusError, match="HTTP status 400") as caught:
            client.put("/x", 3.0, b"{}")
        client.close()
    assert caught.value.body == kept and "price" not in str(caught.value)


@each_method
def test_a_closed_client_sends_nothing(method: str) -> None:
    """It says so instead."""
    with wired([OK]) as wire:
        client = Client(wire.url)
        client.close()
        with pytest.raises(WebError, match="is closed"):
            SEND[method](client, 5.0)
    assert wire.requests == []
