"""Whatever a workload answers, a meter gives sound figures or a sentence: each field in turn, and bytes at random."""

import copy
import json
import math
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.model import Output
from console.pci import normal_pci
from console.text import clean
from console.workloads.contract import Meter, WorkloadError
from tests.contract.meter_case import CASES, meter_at, running

PAST_ALL = "@past all@"
"""Stands for 1e400, which no JSON writer writes."""
GONE = object()
DEEP: list[Any] = [[[[{"a": [[]]}]]]]
HOSTILE = [None, -1, -0.5, 1e300, PAST_ALL, 2**70, True, "", "nan", "-7", "\x1b[31m\u202e" * 90, [], DEEP, {}, GONE]
SAMPLES = ["NaN", "+Inf", "-Inf", "-1", "1e400", "1e308", "", "many", "1 2 3 4"]
FOREIGN = [b"", b"\xff\xfe", b"<html>", b"[" * 100_000, b'{"a": NaN}', b"null", b"[]", b"{}", b"1e999", b'"text"', b"7"]


def sound(output: Output, unit: str) -> None:
    """Fails for a figure that cannot be and for text that is not harmless."""
    figures = [output.value, output.input_value, output.uptime_s, output.credited_hashes]
    figures += [output.accepted, output.rejected, output.running, output.waiting, *(v for _, v in output.per_gpu)]
    assert all(one is None or (math.isfinite(one) and one >= 0) for one in figures), output
    assert all(normal_pci(pci) == pci for pci, _ in output.per_gpu), output
    assert output.unit == unit
    for text in (output.algorithm or "", output.reason):
        assert clean(text, 400) == text.strip()


def read(meter: Meter, unit: str) -> Output | None:
    """A sound reading, or None where there was a sentence."""
    output, said = None, "it answers"
    try:
        output = meter.read()
    except WorkloadError as error:
        said = str(error)
    assert len(said) < 500 and clean(said, 500) == said
    if output is not None:
        sound(output, unit)
    return output


def places(tree: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every field; of a list its first two, the others are alike."""
    pairs = (
        list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))[:2] if isinstance(tree, list) else []
    )
    for key, inner in pairs:
        yield (key,)
        yield from ((key, *rest) for rest in places(inner))


def replaced(tree: Any, way: tuple[Any, ...], value: object) -> bytes:
    """The JSON with one field another."""
    root = copy.deepcopy(tree)
    inside = root
    for key in way[:-1]:
        inside = inside[key]
    if value is GONE:
        del inside[way[-1]]
    else:
        inside[way[-1]] = value
    return json.dumps(root).replace(f'"{PAST_ALL}"', "1e400").encode()


def immense(tree: Any) -> Any:
    """The same with numbers that are past all numbers once two are added."""
    if isinstance(tree, dict):
        return {key: immense(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [immense(value) for value in tree]
    return 1e308 if isinstance(tree, float | int) and not isinstance(tree, bool) else tree


def variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """``body`` with each of its fields in turn replaced by each hostile value, and what was done."""
    try:
        tree = json.loads(body)
    except ValueError:
        lines = body.decode().splitlines()
        for number, line in enumerate(lines):
            for sample in SAMPLES:
                other = [*lines[:number], re.sub(r"\S+$", sample, line), *lines[number + 1 :], ""]
                yield f"{line} = {sample}", "\n".join(other).encode()
        return
    yield "every number = 1e308", json.dumps(immense(tree)).encode()
    for way in places(tree):
        for value in HOSTILE:
            yield f"{way} = {value!r}", replaced(tree, way, value)


@pytest.mark.parametrize("kind", CASES)
def test_each_field_in_turn_may_hold_anything(kind: str, tmp_path: Path) -> None:
    """Null, negative, past all numbers, text, lists, objects, absent: no crash and no figure that cannot be."""
    case = CASES[kind]
    with running(kind, tmp_path) as workload:
        meter = meter_at(kind, workload.url)
        tried = 0
        for name in workload.bodies():
            for what, other in variants(workload.bodies()[name]):
                workload.at(610, lambda asked, body, name=name, other=other: other if asked == name else body)
                try:
                    read(meter, case.UNIT)
                except Exception as error:
                    raise AssertionError(f"{name}: {what}") from error
                tried += 1
        workload.at(620, lambda asked, body: body)
        healthy = read(meter, case.UNIT)
        meter.close()
    assert tried > 20 and healthy is not None


@pytest.mark.parametrize("body", FOREIGN, ids=[repr(body[:12]) for body in FOREIGN])
@pytest.mark.parametrize("kind", CASES)
def test_a_foreign_body_never_becomes_a_rate(kind: str, body: bytes, tmp_path: Path) -> None:
    """What is no answer of this workload is a sentence, or one that is not ready: twice, for those that count."""
    with running(kind, tmp_path) as workload:
        meter = meter_at(kind, workload.url)
        for seconds in (600, 610):
            workload.at(seconds, lambda asked, healthy: body)
            output = read(meter, CASES[kind].UNIT)
            assert output is None or (output.value is None and output.per_gpu == ()), output
        meter.close()


@pytest.mark.parametrize("kind", CASES)
def test_any_bytes_are_an_output_or_a_sentence(kind: str, tmp_path: Path) -> None:
    """Random bytes, alone and in the midst of a healthy answer."""
    with running(kind, tmp_path) as workload:
        meter = meter_at(kind, workload.url)

        @settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck), database=None)
        @given(noise=st.binary(max_size=40), start=st.integers(0, 5000), length=st.integers(0, 60), alone=st.booleans())
        def check(noise: bytes, start: int, length: int, alone: bool) -> None:
            def spoiled(name: str, body: bytes) -> bytes:
                cut = start % (len(body) + 1)
                return noise if alone else body[:cut] + noise + body[cut + length :]

            workload.at(610, spoiled)
            read(meter, CASES[kind].UNIT)

        check()
        meter.close()


def swollen(tree: Any) -> Any:
    """The same with a hundred thousand objects in place of each list."""
    if isinstance(tree, dict):
        return {key: swollen(value) for key, value in tree.items()}
    return [{} for _ in range(100_000)] if isinstance(tree, list) else tree


@pytest.mark.parametrize("kind", [kind for kind in CASES if next(iter(CASES[kind].document(1).values()))[:1] in b"{["])
def test_an_answer_with_endless_lists_is_done_with_soon(kind: str, tmp_path: Path) -> None:
    """What could be gone through for each of its entries is not: a reading ends, whatever it makes of them."""
    with running(kind, tmp_path) as workload:
        body = next(iter(workload.bodies().values()))
        big = json.dumps(swollen(json.loads(body)), separators=(",", ":")).encode()
        meter = meter_at(kind, workload.url)
        workload.at(610, lambda asked, healthy: big)
        begun = time.monotonic()
        read(meter, CASES[kind].UNIT)
        meter.close()
    assert time.monotonic() - begun < 20


def trickle(peer: socket.socket) -> None:
    """A byte in time, again and again."""
    while peer.send(b" "):
        time.sleep(0.05)


def flood(peer: socket.socket) -> None:
    """An answer without an end."""
    while peer.send(b" " * 65536):
        pass


def hush(peer: socket.socket) -> None:
    """Nothing, until the other side goes."""
    while peer.recv(4096):
        pass


TCP_WAYS: dict[str, Callable[[socket.socket], object]] = {
    "trickle": trickle,
    "flood": flood,
    "silence": hush,
    "hangs up": lambda peer: peer.recv(4096),
    "breaks off": lambda peer: (peer.recv(4096), peer.sendall(b'{"summary": [')),
    "empty": lambda peer: (peer.recv(4096), peer.sendall(b"\0")),
}


@pytest.mark.parametrize("way", TCP_WAYS)
@pytest.mark.parametrize("kind", [kind for kind in CASES if CASES[kind].TRANSPORT == "tcp"])
def test_misbehaving_tcp_peer_is_a_sentence_in_time(kind: str, way: str) -> None:
    """Slow, endless, silent and broken answers raise WorkloadError within the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                TCP_WAYS[way](peer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        meter = meter_at(kind, url)
        begun = time.monotonic()
        with pytest.raises(WorkloadError, match=url):
            meter.read(timeout_s=0.5)
        took_s = time.monotonic() - begun
        meter.close()
        thread.join()
    assert took_s < 2


@pytest.mark.parametrize("what", ["nothing", "folder", "fifo", "huge", "unreadable link"])
@pytest.mark.parametrize("kind", [kind for kind in CASES if CASES[kind].TRANSPORT == "file"])
def test_what_is_no_file_is_a_sentence_in_time(kind: str, what: str, tmp_path: Path) -> None:
    """A file that is not there, is something else or does not end raises WorkloadError and holds nobody up."""
    path = tmp_path / "status.json"
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "huge":
        path.write_bytes(b" " * (4 << 20))
    elif what == "unreadable link":
        path.symlink_to(path)
    meter = meter_at(kind, f"file://{path}")
    begun = time.monotonic()
    with pytest.raises(WorkloadError, match=re.escape(str(path))):
        meter.read(timeout_s=0.5)
    meter.close()
    assert time.monotonic() - begun < 2
