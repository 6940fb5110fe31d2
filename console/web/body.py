"""A body as it comes in, unpacked where it was packed, and never more of it than was bargained for."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable

MAX_BODY = 2 << 20
"""Bytes of one answer, where who asks does not say otherwise."""
_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body is not had; the rest of a sentence that begins with its address."""


def read(parts: Iterable[bytes], packing: str, end: float, most_bytes: int = MAX_BODY) -> bytes:
    """The whole body, at most ``most_bytes`` after unpacking, before monotonic ``end``.

    ``packing`` is identity or gzip. Unpacking is bounded as well: of a small answer that would unpack to gigabytes only
    the first ``most_bytes`` are made. httpx's own decoding unpacks whatever has arrived, whole. Raises BodyError.
    """
    if packing not in ("identity", "gzip"):
        raise BodyError("answers compressed though asked not to")
    unpacker = zlib.decompressobj(_GZIP) if packing == "gzip" else None
    body = bytearray()
    for part in parts:
        body += _unpacked(unpacker, part, most_bytes + 1 - len(body)) if unpacker else part
        if len(body) > most_bytes:
            raise BodyError(f"answers with more than {most_bytes / (1 << 20):g} MiB")
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
