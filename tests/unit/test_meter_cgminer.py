"""What the cgminer meter makes of replies over real TCP connections, whole, slow, endless and senseless."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.meters._tcp import MAX_REPLY
from console.workloads.registry import connect_meter

Answer = Callable[[socket.socket], None]


class _Once(socketserver.BaseRequestHandler):
    server: Miner

    def handle(self) -> None:
        with suppress(OSError):
            self.server.asked.append(self.request.recv(4096))
            self.server.answer(self.request)


class Miner(socketserver.ThreadingTCPServer):
    """Listens as a miner does; ``answer`` is what it does with the connection once it was asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Once)
        self.answer = answer
        self.asked: list[bytes] = []

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


@contextmanager
def mining(answer: Answer) -> Iterator[Miner]:
    """A miner that runs while the block does."""
    with Miner(answer) as miner:
        thread = threading.Thread(target=miner.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield miner
        finally:
            miner.shutdown()
            thread.join()


def meter_at(url: str) -> Meter:
    return connect_meter(MeterSettings(kind="cgminer", url=url))


def says(body: bytes) -> Answer:
    return lambda connection: connection.sendall(body)


def read(tree: Any, end: bytes = b"\0") -> Output:
    """The reading of a miner that answers with this."""
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    with mining(says(body + end)) as miner:
        return meter_at(miner.url).read(5.0)


def joined(summary: dict[str, Any], *devices: dict[str, Any]) -> dict[str, Any]:
    return {"summary": [{"STATUS": [{"STATUS": "S"}], "SUMMARY": [summary]}], "devs": [{"DEVS": list(devices)}]}


def test_a_joined_reply_is_read_and_each_question_is_a_connection() -> None:
    """All figures of the summary; one command, and the same again at the next reading."""
    tree = joined({"Elapsed": 700, "KHS 30s": 52_000.5, "Accepted": 31, "Rejected": 2}, {"GPU": 0, "Status": "Alive"})
    with mining(says(json.dumps(tree).encode() + b"\0")) as miner:
        meter = meter_at(miner.url)
        outputs = [meter.read(), meter.read()]
        meter.close()
        assert miner.asked == [b'{"command":"summary+devs"}'] * 2
    for output in outputs:
        assert (output.value, output.unit, output.state) == (52_000_500.0, "H/s", WorkState.RUNNING)
        assert (output.accepted, output.rejected, output.uptime_s) == (31, 2, 700.0)
        assert (output.per_gpu, output.credited_hashes, output.reason) == ((), None, "")
        assert abs(output.at - time.time()) < 10


@pytest.mark.parametrize(
    ("rates", "value"),
    [
        ({"HS 5s": 5, "KHS 5s": 1, "MHS 30s": 1}, 5.0),
        ({"KHS 5s": 7, "HS 30s": 1, "HS av": 2}, 7e3),
        ({"MHS 30s": 2.5, "MHS av": 9}, 2.5e6),
        ({"GHS av": 3}, 3e9),
        ({"THS av": 3}, 3e12),
        ({"PHS 5s": 0.25}, 0.25e15),
        ({"KHS_30s": 4}, 4e3),
        ({"GHS 5s": "13481.5"}, 13481.5e9),
        ({"GHS 5s": "", "GHS av": 2}, 2e9),
        ({"KHS 5s": -1, "KHS av": 2}, 2e3),
        ({"PHS 5s": 1e300, "KHS av": 2}, 2e3),
        ({"KHS 5s": True, "KHS av": None}, None),
        ({"khs 5s": 4, "KHS 60s": 4}, None),
    ],
)
def test_the_newest_window_and_its_unit_are_taken(rates: dict[str, Any], value: float | None) -> None:
    """5 s before 30 s before the average, smaller units first; a number may be text; what is no rate is passed over."""
    assert read(joined({"Elapsed": 10, **rates})).value == value


@pytest.mark.parametrize(
    "tree",
    [
        {"SUMMARY": [{"KHS 5s": 2}], "id": 1},
        {"SUMMARY": {"KHS 5s": 2}},
        {"summary": {"SUMMARY": [{"KHS 5s": 2}]}},
        {"summary": [{"SUMMARY": [{"KHS 5s": 2}]}], "devs": []},
        {"summary": [{"SUMMARY": [{}]}], "devs": [{"DEVS": [{"MHS 5s": 0.0005}, {"KHS av": 1.5}, {"GPU": 2}]}]},
    ],
)
def test_plain_objects_and_sums_over_devices_are_understood(tree: dict[str, Any]) -> None:
    """A reply to one command, objects for arrays, and a summary without a rate."""
    assert read(tree).value == pytest.approx(2000.0)


def test_a_reply_may_end_without_its_nul_and_nothing_after_it_counts() -> None:
    """The end of the connection ends it as well."""
    tree = joined({"KHS 5s": 2})
    assert read(tree, b"").value == read(tree, b"\0{}").value == 2000.0


def test_no_hashrate_is_warming_and_then_failing() -> None:
    """By the miner's own uptime."""
    young, old = read(joined({"Elapsed": 20, "KHS 5s": 0})), read(joined({"Elapsed": 500, "KHS 5s": 0}))
    assert (young.state, young.value, young.reason) == (WorkState.WARMING, 0.0, "no hashrate yet after 20 s")
    assert (old.state, old.reason) == (WorkState.FAILING, "no hashrate 500 s after its start")
    assert read(joined({"KHS 5s": 0})).state is WorkState.WARMING


def test_a_device_that_is_not_alive_is_named() -> None:
    """The miner runs on with the others; their numbers may lack."""
    well = {"GPU": 0, "Status": "Alive"}
    output = read(joined({"Elapsed": 500, "KHS 5s": 5}, well, {"GPU": 1, "Status": "Sick"}, {"Status": "Dead\x1b[0m"}))
    assert (output.state, output.reason) == (WorkState.RUNNING, "GPU 1 is Sick, device 2 is Dead[0m")
    many = read(joined({"KHS 5s": 5}, *[{"GPU": n, "Status": "Dead"} for n in range(6)]))
    assert many.reason.endswith("GPU 3 is Dead and 2 more")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"STATUS": [{"STATUS": "E", "Msg": "Invalid command"}], "id": 1}, "tells no summary: Invalid command"),
        ({"summary": [{"STATUS": [{"STATUS": "E", "Msg": "Access denied"}]}]}, "tells no summary: Access denied"),
        ({"summary": []}, "tells no summary"),
        ({}, "tells no summary"),
        (b"[]", "answers with what cgminer's API does not"),
        (b"SUMMARY,Elapsed=7|", "answers with what cgminer's API does not"),
        (b'{"summary": [', "answers with what cgminer's API does not"),
        (b"[" * 100_000, "answers with what cgminer's API does not"),
        (b"", "broke off without an answer"),
        (b" " * (MAX_REPLY + 1), "answers with more than 1 MiB"),
    ],
)
def test_what_is_no_reading_is_a_sentence(tree: Any, said: str) -> None:
    """With the address, and the miner's own words where it has some."""
    with pytest.raises(WorkloadError, match=rf"^tcp://127\.0\.0\.1:\d+ {said}"):
        read(tree)


def drips(connection: socket.socket) -> None:
    for _ in range(400):
        connection.sendall(b" ")
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b" " * 65536)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("answer", "said"), [(drips, "in time"), (silent, "in time"), (endless, "more than 1 MiB|in time")]
)
def test_a_reply_has_to_end_in_time(answer: Answer, said: str) -> None:
    """Each byte in time and all of them never, nothing, and too much: the time-out holds for the whole exchange."""
    with mining(answer) as miner:
        begun = time.monotonic()
        with pytest.raises(WorkloadError, match=said):
            meter_at(miner.url).read(0.5)
        assert time.monotonic() - begun < 3.0


def test_nobody_listening_is_told_at_once() -> None:
    """With the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(WorkloadError, match=f"nothing listens at {url}"):
            meter_at(url).read(5.0)
    with pytest.raises(WorkloadError, match=r"nothing listens at tcp://a\.\.b:1"):
        meter_at("tcp://a..b:1").read(5.0)


@pytest.mark.parametrize("url", ["tcp://127.0.0.1", "tcp://127.0.0.1:99999", "tcp://:4028", "tcp://[::1:4028", ""])
def test_an_address_that_is_none_is_told(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(WorkloadError, match="expected tcp://HOST:PORT"):
        meter_at(url)


def test_closing_ends_a_question_that_is_under_way() -> None:
    """From another thread, long before its time is up; afterwards nothing is asked."""
    with mining(silent) as miner:
        meter = meter_at(miner.url)

        def close_when_asked() -> None:
            end = time.monotonic() + 10
            while not miner.asked and time.monotonic() < end:
                time.sleep(0.01)
            meter.close()

        closer = threading.Thread(target=close_when_asked)
        closer.start()
        begun = time.monotonic()
        with pytest.raises(WorkloadError, match=r"the connection to tcp://\S+ is closed"):
            meter.read(30.0)
        assert time.monotonic() - begun < 15
        closer.join()
        with pytest.raises(WorkloadError, match="is closed"):
            meter.read(5.0)


FIELDS = st.dictionaries(
    st.sampled_from(["Elapsed", "KHS 5s", "MHS av", "Accepted", "Rejected", "Status", "GPU"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2),
)
TREES = st.fixed_dictionaries({"summary": st.lists(st.fixed_dictionaries({"SUMMARY": st.lists(FIELDS, max_size=2)}))})


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_any_reply_is_sound_figures_or_a_sentence(body: bytes) -> None:
    """No crash, and no figure that is negative or not finite."""
    said, output = "", None
    try:
        output = read(body)
    except WorkloadError as error:
        said = str(error)
    if output is None:
        assert "tcp://127.0.0.1" in said
        return
    figures = (output.value, output.accepted, output.rejected, output.uptime_s)
    assert all(figure is None or 0 <= figure < float("inf") for figure in figures)
