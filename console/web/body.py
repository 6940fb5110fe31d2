"""A body as it comes in, unpacked where it was packed, and never more of it than was bargained for."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable

MAX_BODY = 2 << 20
_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body is not had; the rest of a sentence that begins with its address."""


def read(parts: Iterable[bytes], packing: str, end: float) -> bytes:
    """The whole body, at most 2 MiB after unpacking, before monotonic ``end``. ``packing`` is identity or gzip.

    Unpacking is bounded as well: of a small answer that would unpack to gigabytes only the first 2 MiB are made.
    httpx's own decoding unpacks whatever has arrived, whole. Raises BodyError.
    """
    if packing not in ("identity", "gzip"):
        raise BodyError("answers compressed though asked not to")
    unpacker = zlib.decompressobj(_GZIP) if packing == "gzip" else None
    body = bytearray()
    for part in parts:
        body += _unpacked(unpacker, part, MAX_BODY + 1 - len(body)) if unpacker else part
        if len(body) > MAX_BODY:
            raise BodyError("answers with more than 2 MiB")
        if time.monotonic() >= end:
            raise BodyError("did not finish its answer in time")
    if unpacker and not unpacker.eof:
        raise BodyError("broke off in the middle of its answer")
    return bytes(body)


def _unpacked(unpacker: zlib._Decompress, part: bytes, room: int) -> bytes:
    try:
        return unpacker.decompress(part, room)
    except zlib.error:
        raise BodyError("answers with what it calls gzip and is not") from None
