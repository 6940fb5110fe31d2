"""A program for a real terminal: the console on a still site whose every figure changes, with a record of its delays.

usage: still_program.py FILE TICK_S: posts a snapshot each TICK_S, the same again and again while FILE.still exists; at
the end FILE holds the largest gap between two turns of the event loop, in seconds, how many frames were dropped, how
many flips were confirmed, and how many writes have waited for the terminal at most.

Every figure of a tick is told by its number: see ``watts``.
"""

import re
import sys
import threading
import time
from pathlib import Path

import msgspec

from console.app import ConsoleApp
from console.driver import PatientDriver
from tests.pilot import sample


def watts(at: int, slot: int) -> int:
    """What a GPU draws at a tick."""
    return 100 + (at * 37 + slot) % 300


def other_ticks(text: str) -> list[str]:
    """Lines whose watts are not those of the tick that the header tells."""
    told = re.search(r"rig-(\d{5})", text)
    rows = re.finditer(r"^[ ▸]+(\d+) +RTX 4090.* (\d+)/450 W.*$", text, re.M)
    return [row[0] for row in rows if told and int(row[2]) != watts(int(told[1]), int(row[1]))]


class Watched(ConsoleApp):
    """The console, timing its own loop."""

    gap_s = 0.0
    last = 0.0
    deepest = 0

    def on_mount(self) -> None:
        """Begin to watch."""
        super().on_mount()
        self.last = time.monotonic()
        self.set_interval(0.05, self.turn)

    def turn(self) -> None:
        """One turn of the loop."""
        now = time.monotonic()
        self.gap_s, self.last = max(self.gap_s, now - self.last), now
        driver = self._driver
        if isinstance(driver, PatientDriver) and driver._writer_thread is not None:
            self.deepest = max(self.deepest, driver._writer_thread._queue.qsize())


def speak(site: sample.StillSite, tick_s: float, stop: threading.Event, still: Path) -> None:
    """New figures in every row, or the same once more, until stopped."""
    at = 0
    while not stop.wait(tick_s):
        if still.exists() and site.heard is not None:
            site.tell(site.shown)
            continue
        at += 1
        site.at = sample.NOW + at
        rows = tuple(
            msgspec.structs.replace(
                row,
                reading=msgspec.structs.replace(row.reading, power_w=float(watts(at, i)), temp_c=30.0 + at % 40),
            )
            for i, row in enumerate(site.shown.rows)
        )
        if site.heard is not None:
            site.tell(msgspec.structs.replace(site.shown, seq=at, at=site.at, rows=rows, host=f"rig-{at:05}"))


def main(record: str, tick_s: str) -> int:
    """Run until q."""
    site = sample.StillSite(sample.fleet(64))
    stop = threading.Event()
    speaker = threading.Thread(target=speak, args=(site, float(tick_s), stop, Path(record + ".still")))
    app = Watched(site)
    speaker.start()
    try:
        app.run()
    finally:
        stop.set()
        speaker.join()
    driver = app._driver
    dropped = driver.dropped if isinstance(driver, PatientDriver) else -1
    flips = sum(call[0] == "flip" for call in site.calls)
    Path(record).write_text(f"{app.gap_s:.3f} {dropped} {flips} {app.deepest}\n")
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
