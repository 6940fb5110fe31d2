"""Where batches of readings come from: NVML on this host, or a simulated farm. Nothing above can tell which."""

from __future__ import annotations

from typing import Protocol

from console.model import Batch, Uuid


class Source(Protocol):
    """Delivers one immutable batch per tick, kept in a slot of one: a slow reader skips, nothing queues."""

    def start(self) -> None:
        """Begin reading. Returns at once; the first batch may take until the driver has answered."""

    def latest(self) -> Batch | None:
        """The newest batch, or None before the first. Never blocks."""

    def wait(self, after_seq: int, timeout_s: float) -> Batch | None:
        """The newest batch once its ``seq`` exceeds ``after_seq``, or None after ``timeout_s``."""

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is no longer there from the roster. Raises ValueError for one that is."""

    def close(self) -> None:
        """Stop reading. Never waits for a hung driver."""
