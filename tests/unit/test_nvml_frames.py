"""The pipe between sampler and console: what comes out is what went in, and nothing else gets through."""

import os
import struct
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.telemetry import frames, layout
from console.telemetry.frames import Decoder, FrameError
from console.telemetry.outbox import Outbox


def framed(kind: int, body: bytes) -> bytes:
    return layout.PREFIX.pack(layout.MAGIC, kind, layout.VERSION, len(body)) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return layout.TEXT.pack(len(raw)) + raw


def record(**fields: float) -> bytes:
    return layout.RECORD.pack(*(fields.get(name, 0) for name, _ in layout.RECORD_FIELDS))


def hello(driver: str = "570.1", uuid: str = "GPU-1") -> bytes:
    identity = layout.IDENTITY_HEAD.pack(-1) + text(uuid) + text("00000000:01:00.0") + text("RTX")
    return layout.HELLO_HEAD.pack(2, 1, 1) + text(driver) + identity + layout.UNNAMED.pack(1, layout.GPU_IS_LOST)


STREAM = (
    framed(layout.BEAT, layout.BEAT_BODY.pack(layout.READING, 3))
    + framed(layout.HELLO, hello())
    + framed(layout.TICK, layout.TICK_HEAD.pack(7, 1) + record(at=5.0, status=15, power_mw=220_000))
    + framed(layout.CLIENTS, layout.CLIENTS_HEAD.pack(0, 1, 1, 6.0) + layout.CLIENT.pack(4711, 2, layout.NO_VALUE))
    + framed(layout.XID, layout.XID_HEAD.pack(8.0, 79) + text("GPU-1"))
    + framed(layout.FAILURE, layout.FAILURE_HEAD.pack(18) + text("/usr/lib/libnvidia-ml.so.570.1"))
)


def decoded(pieces: Iterable[bytes]) -> list[frames.Frame]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def test_each_kind_of_frame_means_what_was_packed() -> None:
    """One of each, in one piece."""
    beat, table, tick, clients, xid, failure = decoded([STREAM])
    assert beat == frames.Beat(layout.READING, 3)
    identity = frames.Identity("GPU-1", "00000000:01:00.0", "RTX", None)
    assert table == frames.Hello("570.1", 2, (identity,), ((1, layout.GPU_IS_LOST),))
    assert isinstance(tick, frames.Tick) and tick.tick == 7
    assert (tick.records[0].at, tick.records[0].status, tick.records[0].power_mw) == (5.0, 15, 220_000)
    assert clients == frames.Clients(0, 6.0, ((4711, layout.MPS, None),))
    assert xid == frames.XidEvent("GPU-1", 79, 8.0)
    assert failure == frames.Failure(18, "/usr/lib/libnvidia-ml.so.570.1")


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_frames_do_not_depend_on_where_the_pipe_cuts(cuts: list[int]) -> None:
    """Any division of the stream gives the same frames."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decoded(STREAM[a:b] for a, b in pairwise(edges)) == decoded([STREAM])


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_give_frames_or_one_typed_error(pieces: list[bytes]) -> None:
    """Noise never raises anything but FrameError, and is never kept."""
    decoder = Decoder()
    try:
        for piece in pieces:
            list(decoder.feed(piece))
    except FrameError:
        return
    assert len(decoder._rest) <= 20 * 200


@given(st.sampled_from(range(1, 7)), st.binary(max_size=400))
def test_any_body_gives_a_frame_or_one_typed_error(kind: int, body: bytes) -> None:
    """A right prefix does not help a wrong body."""
    try:
        found = decoded([framed(kind, body)])
    except FrameError:
        return
    assert len(found) == 1


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_flipped_byte_never_crashes_the_reader(place: int, change: int) -> None:
    """One wrong byte in a good stream gives frames, fewer frames or FrameError."""
    spoiled = bytearray(STREAM)
    spoiled[place] ^= change
    try:
        found = decoded([bytes(spoiled)])
    except FrameError:
        return
    assert len(found) <= 6


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (layout.TICK_HEAD.pack(1, 2000), layout.TICK, "2000 GPUs"),
        (layout.CLIENTS_HEAD.pack(0, 1, 4_000_000_000, 0.0), layout.CLIENTS, "4000000000 processes"),
        (layout.CLIENTS_HEAD.pack(0, 1, 1, 0.0) + layout.CLIENT.pack(1, 9, 0), layout.CLIENTS, "no known kind"),
        (layout.CLIENTS_HEAD.pack(0, 1, 0, float("nan")), layout.CLIENTS, "not finite"),
        (layout.TICK_HEAD.pack(1, 1) + record(at=float("inf")), layout.TICK, "not finite"),
        (layout.BEAT_BODY.pack(0, 0) + b"?", layout.BEAT, "1 bytes too many"),
        (b"", layout.XID, "cut short"),
        (layout.FAILURE_HEAD.pack(9) + struct.pack("<H", 400) + b"x" * 10, layout.FAILURE, "a text of 400 bytes"),
    ],
)
def test_a_lying_frame_is_refused_with_what_was_found(body: bytes, kind: int, words: str) -> None:
    """Counts beyond reason, times that are none, leftovers and missing parts."""
    with pytest.raises(FrameError, match=words):
        decoded([framed(kind, body)])


def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_stored() -> None:
    """Memory is bounded by the prefix alone."""
    with pytest.raises(FrameError, match="bytes in a frame"):
        decoded([layout.PREFIX.pack(layout.MAGIC, layout.TICK, layout.VERSION, layout.MAX_BODY + 1)])


def test_what_a_driver_prints_on_the_pipe_is_no_frame() -> None:
    """Text instead of frames ends the conversation."""
    with pytest.raises(FrameError, match="no frame begins with b'NVRM: he'"):
        decoded([b"NVRM: hello\n"])


def test_names_lose_what_could_command_a_terminal() -> None:
    """A card's name is outside text."""
    (table,) = decoded([framed(layout.HELLO, hello(driver="570\x1b[31m.1\u202e"))])
    assert isinstance(table, frames.Hello) and table.driver == "570[31m.1"


def test_the_outbox_drops_readings_but_never_what_is_said_once() -> None:
    """Into a full pipe: XIDs and HELLOs wait, the oldest ticks go, and every frame that comes out is whole."""
    reading, writing = os.pipe()
    try:
        outbox = Outbox(writing)
        sent = 0
        while outbox.flush():
            outbox.put(layout.TICK, layout.TICK_HEAD.pack(sent, 60), *[record()] * 60)
            sent += 1
        for code in range(20):
            outbox.put(layout.XID, layout.XID_HEAD.pack(1.0, code), text("GPU-1"))
        for tick in range(1000, 1100):
            outbox.put(layout.TICK, layout.TICK_HEAD.pack(tick, 60), *[record()] * 60)
        came, decoder = [], Decoder()
        while not outbox.flush() or not came:
            came += decoder.feed(os.read(reading, 1 << 16))
        os.set_blocking(reading, False)
        came += decoder.feed(os.read(reading, 1 << 20))
    finally:
        os.close(reading)
        os.close(writing)
    assert [frame.code for frame in came if isinstance(frame, frames.XidEvent)] == [*range(20)]
    ticks = [frame.tick for frame in came if isinstance(frame, frames.Tick)]
    assert ticks[: sent - 1] == [*range(sent - 1)] and ticks[-1] == 1099 and len(ticks) < sent + 40
