"""Readings of this host's GPUs, whatever the driver does to whoever asks it."""

from __future__ import annotations

import os
import sys
import threading
import time

from console.model import Batch, HostReading, HostState, Uuid
from console.telemetry.child import Order
from console.telemetry.gpurows import GpuRows
from console.telemetry.host import HostMeter
from console.telemetry.keeper import Keeper, Pace
from console.telemetry.roster import Roster

_JOIN_S = 1.0


class NvmlSource:
    """A ``Source`` that reads NVML through samplers it can abandon.

    Every GPU of ``roster`` has a row from the first batch on. ``only`` limits it to these GPUs, which must be in the
    roster (ValueError). ``period_s`` is the time between batches, ``clients_period_s`` between readings of a GPU's
    process list. ``python`` runs the samplers; ``pace`` is how patient to be.
    """

    def __init__(
        self,
        roster: Roster,
        *,
        period_s: float = 1.0,
        only: tuple[Uuid, ...] | None = None,
        clients_period_s: float = 5.0,
        python: str = sys.executable,
        pace: Pace | None = None,
    ) -> None:
        for uuid in only or ():
            if roster.find(uuid) is None:
                raise ValueError(f"{uuid} is not in the roster")
        pace = pace or Pace()
        order = Order(period_s=period_s, clients_s=clients_period_s, longest_s=pace.longest_s, lists=only is None)
        self._keeper = Keeper(GpuRows(roster, only), order, pace, python, self._publish)
        self._host = HostMeter()
        self._batch: Batch | None = None
        self._news = threading.Condition()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="nvml", daemon=True)

    def start(self) -> None:
        """Begin reading. Call it in a thread that lasts: the first sampler ends when that thread does."""
        self._keeper.begin()
        self._thread.start()

    def latest(self) -> Batch | None:
        """The newest batch, or None before the first. Never blocks."""
        return self._batch

    def wait(self, after_seq: int, timeout_s: float) -> Batch | None:
        """The newest batch once its ``seq`` exceeds ``after_seq``, or None after ``timeout_s``."""
        with self._news:
            came = self._news.wait_for(lambda: self._batch is not None and self._batch.seq > after_seq, timeout_s)
            return self._batch if came else None

    def watch_clients(self, uuids: tuple[Uuid, ...], every_s: float) -> None:
        """Read the process lists of these GPUs every ``every_s`` from now on, beginning at once."""
        with self._keeper.lock:
            self._keeper.hurry(uuids, every_s)

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is gone: its row and its slot. Raises ValueError for one that is not."""
        with self._keeper.lock:
            self._keeper.forget(uuid)
            self._publish()

    def close(self) -> None:
        """Stop reading. Returns within a second even when a sampler is stuck in the driver."""
        if self._keeper.closing:
            return
        self._keeper.closing = True
        if self._thread.ident is not None:
            self._keeper.kill()
            os.eventfd_write(self._wake, 1)
            self._thread.join(_JOIN_S)
        if not self._thread.is_alive():
            os.close(self._wake)

    def _run(self) -> None:
        try:
            self._keeper.run(self._wake)
            self._keeper.rows.saw_present(time.time())
        except Exception as error:  # the screen must say that nothing is read any more, and stay
            self._put(HostState.HUNG, f"reading has stopped: {type(error).__name__}: {error}; restart the console")

    def _publish(self) -> None:
        """Make a batch of what the rows say now. Called with the keeper's lock held."""
        self._put(*self._keeper.host())

    def _put(self, state: HostState, reason: str) -> None:
        last = self._batch
        batch = Batch(
            seq=last.seq + 1 if last is not None else 1,
            at=time.time(),
            host_state=state,
            readings=self._keeper.rows.readings(),
            reason=reason,
            host=self._host.read() if last is not None else HostReading(),  # the first batch waits for no import
            driver=self._keeper.rows.driver,
        )
        with self._news:
            self._batch = batch
            self._news.notify_all()
