"""Opens this host's site for a command, and turns what is wrong with the config into one sentence and exit code 2."""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from console.model import Holder, HostState

if TYPE_CHECKING:
    from console.model import Snapshot
    from console.site.interface import Site

ENDS = (signal.SIGTERM, signal.SIGHUP)
METERS_S = 4.0
FEEDS_S = 2.0
POLL_S = 0.02


@contextmanager
def opened(args: Namespace, *, only_looks: bool = False, headless: bool = True) -> Iterator[Site]:
    """The site of ``--config``, closed at the end. A bad config is told on stderr and leaves with 2.

    ``only_looks`` is for commands that cannot act whatever the flags say: they leave no mark among running consoles.
    All but the console itself are ``headless``.
    """
    from console.config.loading import ConfigError
    from console.local import open_site

    read_only = "--read-only" if args.read_only else ""
    try:
        site = open_site(args.config, read_only=read_only, only_looks=only_looks, headless=headless)
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"changeover: {error}\n")
        raise SystemExit(2) from None
    try:
        yield site
    finally:
        site.close()


@contextmanager
def ended_tidily() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that what was opened is closed; exit code 128 and the signal's.

    While the screen stands its driver hears them, because a terminal has to be given back first.
    """

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    heeded = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays nohup
    before = {number: signal.signal(number, leave) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def settled(site: Site, samples: int, timeout_s: float = 35.0, *, patient: bool = False) -> Snapshot:
    """The snapshot after ``samples`` readings, or whatever stands after ``timeout_s`` (a hung driver tells so).

    More than one sample also waits, METERS_S at most, until everything that runs has been asked often enough for
    rates, and FEEDS_S at most for feeds: figures that are not there by then are unknown or old, and said to be. A
    ``patient`` caller, who is about to act, also lets doubts about who holds a GPU clear: a process that has just ended
    stays in NVML's list for a moment. A host whose NVML does not answer at all has nothing more to wait for than these.
    """
    seen = _Seen(site, samples)
    seen.enough.wait(timeout_s)
    end, feeds_end = time.monotonic() + METERS_S, time.monotonic() + FEEDS_S
    if samples > 1:
        _wait_for(site.priced, feeds_end)
        _wait_for(site.ready, end)
    seen.one_more(end)
    if patient:
        _wait_for(lambda: not _doubtful(site.snapshot()), end)
    return site.snapshot()


def _wait_for(done: Callable[[], bool], end: float) -> None:
    while not done() and time.monotonic() < end:
        time.sleep(POLL_S)


def _doubtful(snapshot: Snapshot) -> bool:
    return any(row.occupancy.holder is Holder.UNKNOWN or not row.fresh for row in snapshot.rows)


class _Seen:
    """Counts the snapshots of a site."""

    def __init__(self, site: Site, samples: int) -> None:
        self.enough = threading.Event()
        self._samples = samples
        self._seqs: list[int] = []
        site.listen(self._heard)

    def one_more(self, end: float) -> None:
        """Wait for a snapshot that knows what meters said by now; not on a host that has nothing to say."""
        had = len(self._seqs)
        while 0 < had == len(self._seqs) and time.monotonic() < end and self._samples > 1:
            time.sleep(POLL_S)

    def _heard(self, snapshot: Snapshot) -> None:
        if snapshot.rows and snapshot.host_state is HostState.OK:
            if snapshot.seq not in self._seqs[-1:]:
                self._seqs.append(snapshot.seq)
            if len(self._seqs) >= self._samples:
                self.enough.set()
        elif snapshot.reason:
            self.enough.set()
