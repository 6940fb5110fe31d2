"""Opens this host's site for a command, and turns what is wrong with the config into one sentence and exit code 2."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.model import Snapshot
    from console.site.interface import Site


@contextmanager
def opened(args: Namespace, *, only_looks: bool = False) -> Iterator[Site]:
    """The site of ``--config``, closed at the end. A bad config is told on stderr and leaves with 2.

    ``only_looks`` is for commands that cannot act whatever the flags say: they leave no mark among running consoles.
    """
    from console.config.loading import ConfigError
    from console.local import open_site

    read_only = "--read-only" if args.read_only else ""
    try:
        site = open_site(args.config, read_only=read_only, only_looks=only_looks)
    except ConfigError as error:
        sys.stderr.write(f"changeover: {error}\n")
        raise SystemExit(2) from None
    try:
        yield site
    finally:
        site.close()


def settled(site: Site, samples: int, timeout_s: float = 35.0) -> Snapshot:
    """The snapshot after ``samples`` readings, or whatever stands after ``timeout_s`` (a hung driver tells so).

    A host whose NVML does not answer at all settles at once: there is nothing to wait for.
    """
    import threading

    from console.model import HostState

    enough = threading.Event()
    seen: list[int] = []

    def heard(snapshot: Snapshot) -> None:
        if snapshot.host_state is not HostState.OK or not snapshot.rows:
            if snapshot.reason:
                enough.set()
            return
        if not seen or seen[-1] != snapshot.seq:
            seen.append(snapshot.seq)
        if len(seen) >= samples:
            enough.set()

    site.listen(heard)
    enough.wait(timeout_s)
    return site.snapshot()
