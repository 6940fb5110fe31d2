"""The lines between a console and its runner."""

import os
import threading
import time

import pytest

from console.flips.orders import MAX_LINE, Go, Order, OrderError, Prepare, decode, encode
from console.flips.records import Progress
from console.model import Uuid
from console.running import outlet
from tests.unit.flipworld import World, miner, server


def test_a_plan_comes_through_whole() -> None:
    """What is encoded is decoded to the same, the largest plan included in one line."""
    world = World(64, [one for slot in range(64) for one in (miner(slot), server(slot))])
    world.run(*(f"ergo@{slot}" for slot in range(64)))
    go = Order(go=Go(plan=world.plan(tuple(range(64)), "vllm"), config="/etc/changeover/config.toml"))
    line = encode(go)
    assert len(line) < MAX_LINE / 4
    assert decode(line) == go
    prepare = Order(prepare=Prepare(uuids=(Uuid("GPU-1"),)))
    assert decode(encode(prepare)) == prepare


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"{}", b'{"stop": true, "prepare": {}}', b'{"go": {"plan": 1}}', b'{"rm": "-rf"}', b"\xff\xfe"],
)
def test_what_is_no_order(line: bytes) -> None:
    """Anything else is refused with a sentence."""
    with pytest.raises(OrderError, match="order"):
        decode(line)


def _progress(number: int) -> Progress:
    return Progress(flip_id=str(number), at=0.0, kind="step", step="warm", slots=(0,), text="x" * 500)


def test_a_reader_that_stalls_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """More lines than are kept, into a pipe that nobody reads, are taken at once; closing gives up after a while."""
    monkeypatch.setattr(outlet, "FLUSH_S", 0.1)
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "wb") as pipe:
        made = outlet.Outlet(pipe)
        for number in range(outlet.MOST_WAITING + 2000):
            made.tell(_progress(number))
        made.close()
        reader = _Reader(ours)
        reader.start()
        assert _ends("outlet")
    reader.join(10)
    assert outlet.MOST_WAITING <= reader.lines < outlet.MOST_WAITING + 2000


def test_a_reader_that_is_gone_is_no_error() -> None:
    """A broken pipe ends the telling, not the flip."""
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb", buffering=0) as pipe:
        made = outlet.Outlet(pipe)
        for number in range(10):
            made.tell(_progress(number))
        made.close()
    assert _ends("outlet")


class _Reader(threading.Thread):
    """Counts the lines of a pipe."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.lines = 0
        self._fd = fd

    def run(self) -> None:
        with os.fdopen(self._fd, "rb") as pipe:
            for _ in pipe:
                self.lines += 1


def _ends(name: str) -> bool:
    """True once no thread of that name is left."""
    end = time.monotonic() + 10
    while any(thread.name == name for thread in threading.enumerate()):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
