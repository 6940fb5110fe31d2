"""The table alone: a still farm of so many GPUs on the whole screen, nothing sampled, keys pressed.

``python -m benchmarks.rows COUNT`` is the program that is measured: the console on snapshots that are made once.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence

from benchmarks.terminal import TimedTerminal
from benchmarks.visit import Pace, Sample, first_frame, presses

COUNTS = (8, 64, 1_000, 40_000)
KEYS = (
    ("key", ("down", "up"), "cursor key to paint"),
    ("page", ("pagedown", "pageup"), "page key to paint"),
    ("filter", ("4", "backspace"), "character of the filter to paint"),
)
TOLD = (
    ("ms", "median, ms", 1),
    ("p95_ms", "p95, ms", 1),
    ("bytes", "its frame, B", 0),
    ("cpu_ms", "CPU of each, ms", 1),
)
"""What is told of each kind of key: how its figure's key ends, the words and digits of it."""
GROWTH = ("page_ms", 1_000, 40_000)
"""A page among the last costs at most so many times what it costs among the first: see ``budgets``."""
_AGAIN_S = 1.0


def rows(count: int, pace: Pace) -> Sample:
    """Milliseconds from key to paint on a table of ``count`` rows; where it was not answered the figure is None."""
    command = [sys.executable, "-m", "benchmarks.rows", str(count)]
    with TimedTerminal(command, {**os.environ, "LANG": "C.UTF-8"}) as terminal:
        sample = dict(first_frame(terminal))
        terminal.pump(pace.settle_s)
        for what, keys, _ in KEYS:
            if what == "filter":
                terminal.press("slash", 2.0)
            sample |= presses(terminal, what, keys, pace.page_presses)
    return sample


def main(arguments: Sequence[str]) -> int:
    """Run the console until it is ended. Each second the same snapshot is told again, as if nothing had changed."""
    from console.app import ConsoleApp
    from tests.pilot import sample

    site = sample.StillSite(sample.fleet(int(arguments[0])))

    def tell() -> None:
        while True:
            time.sleep(_AGAIN_S)
            if site.heard is not None:
                site.heard(site.shown)

    threading.Thread(target=tell, daemon=True).start()
    ConsoleApp(site, mono=False).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
