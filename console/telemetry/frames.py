"""Bytes from a sampler to typed frames. Whatever arrives, the answer is frames or FrameError, in bounded memory.

There is no search for the next good frame after a bad one: a sampler that sends anything else is not to be believed,
and starting another takes 20 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import NamedTuple

from console.telemetry import layout
from console.text import clean


class FrameError(Exception):
    """These bytes are no frame. ``str(error)`` says what was found."""


class Identity(NamedTuple):
    """Who a GPU is. ``nvml_index`` is None while the GPU is not in its list."""

    uuid: str
    pci: str
    name: str
    nvml_index: int | None


class Hello(NamedTuple):
    """The table of GPUs; ``unnamed`` are (NVML index, return code) of those that would not say who they are."""

    driver: str
    listed: int
    gpus: tuple[Identity, ...]
    unnamed: tuple[tuple[int, int], ...]


class GpuRecord(NamedTuple):
    """One GPU in a tick, as in ``layout.RECORD_FIELDS``; which fields mean something is in ``known``."""

    at: float
    mono_s: float
    energy_mj: int
    mem_version: int
    mem_pad: int
    mem_total: int
    mem_reserved: int
    mem_free: int
    mem_used: int
    reasons: int
    sw_thermal_ns: int
    hw_thermal_ns: int
    brake_ns: int
    ecc_corrected: int
    ecc_uncorrected: int
    status: int
    known: int
    absent: int
    util_pct: int
    mem_util_pct: int
    power_mw: int
    limit_mw: int
    temp_c: int
    fan_pct: int
    sm_mhz: int
    mem_mhz: int
    remap_pending: int
    remap_failed: int
    mig: int


class Tick(NamedTuple):
    """One sweep: a record per GPU, in the order of the newest Hello."""

    tick: int
    records: tuple[GpuRecord, ...]


class Clients(NamedTuple):
    """The processes on one GPU as (pid, kind, bytes or None); ``entries`` is None when they could not be read."""

    place: int
    at: float
    entries: tuple[tuple[int, int, int | None], ...] | None


class Beat(NamedTuple):
    """What is about to be asked, see the phases in ``layout``."""

    phase: int
    place: int


class XidEvent(NamedTuple):
    """An XID, told once."""

    uuid: str
    code: int
    at: float


class Failure(NamedTuple):
    """Why there is no NVML: a return code, and words or the path of the library."""

    code: int
    words: str


Frame = Hello | Tick | Clients | Beat | XidEvent | Failure


class _Body:
    """A body being read from front to back; nothing may be missing and nothing left over."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def take(self, shape: Struct) -> tuple[int, ...]:
        found = shape.unpack_from(self.raw, self.at)
        self.at += shape.size
        return found

    def text(self) -> str:
        (size,) = self.take(layout.TEXT)
        raw = self.raw[self.at : self.at + size]
        if len(raw) < size or size > layout.MAX_TEXT:
            raise FrameError(f"a text of {size} bytes, {len(raw)} are there")
        self.at += size
        return clean(raw.decode("utf-8", "replace"))

    def done(self) -> None:
        if self.at != len(self.raw):
            raise FrameError(f"{len(self.raw) - self.at} bytes too many")


def _bounded(number: int, limit: int, what: str) -> int:
    if number > limit:
        raise FrameError(f"{number} {what}, at most {limit} are believed")
    return number


def _moment(value: float) -> float:
    if not math.isfinite(value):
        raise FrameError("a time that is not finite")
    return value


def _hello(body: _Body) -> Hello:
    listed, gpus, unnamed = body.take(layout.HELLO_HEAD)
    driver = body.text()
    identities = []
    for _ in range(_bounded(gpus, layout.MAX_GPUS, "GPUs")):
        (index,) = body.take(layout.IDENTITY_HEAD)
        uuid, pci, name = body.text(), body.text(), body.text()
        identities.append(Identity(uuid, pci, name, index if index >= 0 else None))
    rest = [body.take(layout.UNNAMED) for _ in range(_bounded(unnamed, layout.MAX_GPUS, "unnamed GPUs"))]
    return Hello(driver, listed, tuple(identities), tuple((index, code) for index, code in rest))


def _tick(body: _Body) -> Tick:
    tick, gpus = body.take(layout.TICK_HEAD)
    _bounded(gpus, layout.MAX_GPUS, "GPUs")
    records = tuple(GpuRecord._make(body.take(layout.RECORD)) for _ in range(gpus))
    for record in records:
        _moment(record.at + record.mono_s)
    return Tick(tick, records)


def _clients(body: _Body) -> Clients:
    place, readable, number, at = body.take(layout.CLIENTS_HEAD)
    entries = [body.take(layout.CLIENT) for _ in range(_bounded(number, layout.MAX_CLIENTS, "processes"))]
    if any(kind > layout.MPS for _, kind, _ in entries):
        raise FrameError("a process of no known kind")
    told = tuple((pid, kind, size if size != layout.NO_VALUE else None) for pid, kind, size in entries)
    return Clients(place, _moment(at), told if readable else None)


def _beat(body: _Body) -> Beat:
    phase, place = body.take(layout.BEAT_BODY)
    return Beat(phase, place)


def _xid(body: _Body) -> XidEvent:
    at, code = body.take(layout.XID_HEAD)
    return XidEvent(body.text(), code, _moment(at))


def _failure(body: _Body) -> Failure:
    (code,) = body.take(layout.FAILURE_HEAD)
    return Failure(code, body.text())


_READERS: dict[int, Callable[[_Body], Frame]] = {
    layout.HELLO: _hello,
    layout.TICK: _tick,
    layout.CLIENTS: _clients,
    layout.BEAT: _beat,
    layout.XID: _xid,
    layout.FAILURE: _failure,
}


class Decoder:
    """Frames out of a stream that arrives in pieces. Holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes. Raises FrameError; the decoder is of no use afterwards."""
        self._rest += data
        while len(self._rest) >= layout.PREFIX.size:
            magic, kind, version, size = layout.PREFIX.unpack_from(self._rest)
            if (magic, version) != (layout.MAGIC, layout.VERSION) or kind not in _READERS:
                raise FrameError(f"no frame begins with {self._rest[: layout.PREFIX.size]!r}")
            end = layout.PREFIX.size + _bounded(size, layout.MAX_BODY, "bytes in a frame")
            if len(self._rest) < end:
                return
            body, self._rest = self._rest[layout.PREFIX.size : end], self._rest[end:]
            yield decode(kind, body)


def decode(kind: int, raw: bytes) -> Frame:
    """One body as a frame. Raises FrameError."""
    body = _Body(raw)
    try:
        frame = _READERS[kind](body)
    except StructError as error:
        raise FrameError(f"a frame of kind {kind} is cut short: {error}") from None
    body.done()
    return frame
