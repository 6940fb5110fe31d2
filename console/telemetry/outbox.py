"""The sampler's end of the pipe: whole frames or nothing, and never a wait for a reader that is slow or stopped."""

from __future__ import annotations

import _thread
import os

from console.telemetry import layout

_WAITING = 32  # frames


class Outbox:
    """Frames on their way out through a non-blocking descriptor. Usable from two threads."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self._lock = _thread.allocate_lock()
        self._started = b""  # the rest of a frame of which some bytes are out already: it goes first, whole
        self._waiting: list[tuple[int, bytes]] = []

    def put(self, kind: int, *parts: bytes) -> None:
        """Send a frame now or as soon as there is room. When too many wait, the oldest reading is dropped.

        HELLO, XID and FAILURE are said once, so they are never the ones dropped. Raises OSError when nobody listens.
        """
        body = b"".join(parts)
        frame = layout.PREFIX.pack(layout.MAGIC, kind, layout.VERSION, len(body)) + body
        with self._lock:
            self._waiting.append((kind, frame))
            if len(self._waiting) > _WAITING:
                self._drop_oldest()
            self._flush()

    def flush(self) -> bool:
        """Write what fits; True when everything is out."""
        with self._lock:
            return self._flush()

    def _flush(self) -> bool:
        while self._started or self._waiting:
            if not self._started:
                self._started = self._waiting.pop(0)[1]
            try:
                written = os.write(self.fd, self._started)
            except BlockingIOError:
                return False
            self._started = self._started[written:]
        return True

    def _drop_oldest(self) -> None:
        for place, (kind, _) in enumerate(self._waiting):
            if kind in (layout.TICK, layout.CLIENTS, layout.BEAT):
                del self._waiting[place]
                return
