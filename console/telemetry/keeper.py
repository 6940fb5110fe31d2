"""Keeps readings coming: one sampler for the healthy GPUs, one more for each GPU that has ever hung.

A GPU whose reading does not end takes its sampler with it. That sampler is abandoned, another goes on with the rest,
and the suspect is asked again by a sampler of its own, which it keeps when it answers: should it hang again, nobody
else misses a tick. Taking it back into the common sampler lost: each relapse would stop every row for three periods.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from console.model import GpuState, HostState, Record, Uuid
from console.telemetry import frames, hoststate, layout
from console.telemetry.child import Child, Order
from console.telemetry.gpurows import GpuRows
from console.telemetry.suspects import REAP_EVERY_S, Graveyard, Suspects

_SILENT_PERIODS = 3.0
_SILENT_AT_LEAST_S = 1.0  # a busy host may hold up a healthy process for a good part of a second
_LATE_S = 1.0  # a wake-up this late means that this whole machine stood still, and proves nothing about a GPU
_QUIET_S = 1.0  # batches come at least this often (or every two periods) also while there is nothing to read
NOTHING_ANSWERS = "NVML does not answer at all; see dmesg for NVRM, reboot the host if it stays"


class Pace(Record):
    """How patient to be. The defaults are the product's; tests are in more of a hurry."""

    silence_s: float | None = None  # without a word this long, the GPU being read is hung; None: three periods
    grace_s: float = 30.0  # the same until a sampler's first reading: drivers initialise slowly
    longest_s: float = 10.0  # between looks at NVML's list, and attempts at a GPU that is lost or gone
    host_retry_s: tuple[float, float] = (5.0, 60.0)  # first and longest wait while there is no driver
    alone_retry_s: tuple[float, ...] = (10.0, 30.0, 60.0)  # until a hung GPU is asked again


class Keeper:
    """The reading thread's work. ``lock`` is held whenever rows change; take it to touch them from elsewhere.

    ``order`` is what samplers are told, but for the GPUs. ``changed`` is called, with the lock held, when there is
    something new to show.
    """

    def __init__(self, rows: GpuRows, order: Order, pace: Pace, python: str, changed: Callable[[], None]) -> None:
        self.lock = threading.Lock()
        self.closing = False
        self.rows = rows
        self._order = order
        self._pace = pace
        self._python = python
        self._changed = changed
        self._show_at = float("inf")
        self._main: Child | None = None
        self._main_due = 0.0
        self._failures = 0  # of common samplers, since one has ticked
        self._trouble: tuple[HostState, str] | None = None
        self._skip: set[int] = set()  # places in NVML's list that hung before they had said who they are
        self._suspects = Suspects(pace.alone_retry_s)
        self._graveyard = Graveyard()
        self._hurried: dict[Uuid, float] = {}

    def begin(self) -> None:
        """Start the first sampler. It dies with the thread that calls this."""
        self._start_due(time.monotonic())

    def run(self, wake: int) -> None:
        """Until ``closing``; ``wake`` is a descriptor that becomes readable when something outside changed."""
        try:
            while not self.closing:
                with self.lock:
                    planned = min(self._deadlines(time.monotonic()))
                    children = self._children()
                ready = _poll([wake, *(child.fileno() for child in children)], planned)
                with self.lock:
                    self._step(ready, planned)
        finally:
            if self._main is not None:
                self._graveyard.take(self._main)
            self._graveyard.close()
            self._suspects.close()

    def kill(self) -> None:
        """End every sampler, from any thread. The reading thread lets go of them."""
        for child in self._children():
            child.kill()

    def hurry(self, uuids: tuple[Uuid, ...], clients_s: float) -> None:
        """Read the process lists of these GPUs at this pace, now and in samplers to come."""
        self._hurried |= dict.fromkeys(uuids, clients_s)
        for child in self._children():
            child.hurry(uuids, clients_s)

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is gone. Raises ValueError for any other.

        While the host itself has trouble every row is gone, and nothing is known of any card: then all are refused.
        """
        state, why = self.host()
        if state is not HostState.OK:
            raise ValueError(f"which GPUs are gone cannot be told now: {why}")
        self.rows.forget(uuid)
        self._suspects.drop(uuid)

    def host(self) -> tuple[HostState, str]:
        """The host's state and what the operator should know of it."""
        if self._trouble is not None:
            return self._trouble
        state, notes = self.rows.host()
        nameless = [str(index) for index in sorted(self._skip) if self.rows.at_index(index) is None]
        if nameless:
            hung = f"NVML index {', '.join(nameless)} did not answer when opened and is left out; reboot the host"
            notes = f"{hung}; {notes}" if notes else hung
        return state, notes

    def _children(self) -> list[Child]:
        return [*([self._main] if self._main is not None else []), *self._suspects.children()]

    def _deadlines(self, now: float) -> Iterator[float]:
        yield self._show_at
        yield from (self._silent_at(child) for child in self._children())
        yield from self._suspects.deadlines(now)
        if self._main is None:
            yield self._main_due
        if not self._graveyard.empty:
            yield now + REAP_EVERY_S

    def _silent_at(self, child: Child) -> float:
        if not child.ticking and child.beat.phase != layout.READING:
            return child.heard + self._pace.grace_s
        usual_s = max(_SILENT_PERIODS * self._order.period_s, _SILENT_AT_LEAST_S)
        return child.heard + (self._pace.silence_s or usual_s)

    def _step(self, ready: set[int], planned: float) -> None:
        for child in self._children():
            if child.fileno() in ready:
                self._listen(child)
        now = time.monotonic()
        for child in self._children():
            if now - planned > _LATE_S:
                child.heard = now
            elif now >= self._silent_at(child):
                self._silent(child, now)
        self._graveyard.reap()
        self._start_due(now)
        if now >= self._show_at:
            self._show()

    def _listen(self, child: Child) -> None:
        try:
            for frame in child.receive():
                self._apply(child, frame)
        except (EOFError, frames.FrameError) as error:
            self._ended(child, str(error))

    def _apply(self, child: Child, frame: frames.Frame) -> None:
        if isinstance(frame, frames.Beat):
            child.beat = frame
        elif isinstance(frame, frames.Tick):
            self._ticked(child, frame)
        elif isinstance(frame, frames.Clients):
            self.rows.clients(child.place(frames.Beat(layout.READING, frame.place)), frame)
        elif isinstance(frame, frames.XidEvent):
            self.rows.xid(frame)
        elif isinstance(frame, frames.Failure):
            child.failure = frame
        else:
            child.table = frame.gpus
            self.rows.hello(frame, time.time(), whole=child.order.lists)
            self._placed(child)

    def _placed(self, child: Child) -> None:
        """A suspect's place in NVML's list came out: now the list can be gone through again, without that place."""
        suspect = self._suspects.of(child)
        if suspect is None or suspect.index is not None:
            return
        suspect.index = self.rows[suspect.uuid].reading.index
        if suspect.index is not None and self._order.lists:
            self._lose_main(0.0)

    def _ticked(self, child: Child, frame: frames.Tick) -> None:
        child.ticking = True
        common = child is self._main
        self.rows.tick(child.table, frame, time.time(), leave=self._suspects.uuids() if common else frozenset())
        if common:
            self._failures = 0
            self._trouble = None
            self._show()

    def _show(self) -> None:
        self._show_at = time.monotonic() + max(_QUIET_S, 2 * self._order.period_s)
        self._changed()

    def _ended(self, child: Child, words: str) -> None:
        """A sampler went by itself: it said why, or it crashed, was killed, or talked nonsense."""
        suspect = self._suspects.of(child)
        if suspect is not None:
            self._suspects.postpone(suspect, time.monotonic())
            return
        self._failures += 1
        by_accident = child.failure is None and self._failures == 1
        self._lose_main(0.0 if by_accident else self._host_wait_s())
        if not by_accident:
            self._give_up(child.failure or frames.Failure(layout.CRASHED, words))

    def _silent(self, child: Child, now: float) -> None:
        """Nothing came for too long: what the sampler was about to ask does not answer."""
        suspect = self._suspects.of(child)
        uuid = self._culprit(child)
        if suspect is not None:
            self._suspects.postpone(suspect, now)
        else:
            self._lose_main(0.0)
        if uuid is not None:
            if suspect is None:
                self._suspects.add(uuid, self.rows[uuid].reading.index, now)
            self.rows[uuid].fail(GpuState.HUNG, time.time() - (now - child.heard))
            self._show()
        elif child.beat.phase in (layout.STARTING, layout.COUNTING):
            self._failures += 1
            self._main_due = now + self._host_wait_s()
            self._give_up(frames.Failure(layout.CRASHED, NOTHING_ANSWERS))

    def _culprit(self, child: Child) -> Uuid | None:
        if child.beat.phase == layout.LISTING:
            self._skip.add(child.beat.place)
            return self.rows.at_index(child.beat.place)
        uuid = child.place(child.beat)
        return uuid if uuid in self.rows else None

    def _give_up(self, failure: frames.Failure) -> None:
        state, why = self._trouble = hoststate.explain(failure.code, failure.words)
        self.rows.fail_all(GpuState.HUNG if state is HostState.HUNG else GpuState.GONE, time.time(), why)
        self._show()

    def _host_wait_s(self) -> float:
        first, longest = self._pace.host_retry_s
        return min(first * 2.0 ** (self._failures - 1), longest)

    def _lose_main(self, wait_s: float) -> None:
        if self._main is not None:
            self._graveyard.take(self._main)
        self._main = None
        self._main_due = time.monotonic() + wait_s

    def _start_due(self, now: float) -> None:
        if self._main is None and now >= self._main_due:
            if self._graveyard.full:
                self._main_due = now + REAP_EVERY_S
            else:
                self._start_main(now)
        self._suspects.start_due(now, self._spawn_alone)

    def _start_main(self, now: float) -> None:
        others = tuple(pair for pair in self.rows.addresses() if pair[0] not in self._suspects)
        try:
            self._main = self._spawn(others, lists=self._order.lists)
        except OSError as error:  # no process to be had now, or Python was upgraded away
            self._failures += 1
            self._main_due = now + self._host_wait_s()
            self._give_up(frames.Failure(layout.CRASHED, f"no sampler starts: {error}"))

    def _spawn_alone(self, uuid: Uuid) -> Child:
        return self._spawn(((uuid, self.rows[uuid].reading.pci),), lists=False)

    def _spawn(self, expect: tuple[tuple[Uuid, str], ...], *, lists: bool) -> Child:
        places = self._suspects.indices()
        skip = tuple(sorted(self._skip | (places or set())))
        lists = lists and places is not None
        order = msgspec.structs.replace(self._order, expect=expect, lists=lists, skip=skip)
        child = Child(order, self._python)
        for uuid, clients_s in self._hurried.items():
            child.hurry((uuid,), clients_s)
        return child


def _poll(fds: list[int], until: float) -> set[int]:
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    timeout_s = max(until - time.monotonic(), 0.0)
    return {fd for fd, _ in poll.poll(min(timeout_s, 3600.0) * 1000.0)}
