"""A program for a real terminal: the console on a still site whose every figure changes, with a record of its delays.

usage: still_program.py FILE TICK_S: posts a snapshot each TICK_S; at the end FILE holds the largest gap between two
turns of the event loop, in seconds, how many frames were dropped, and how many flips were confirmed.
"""

import sys
import threading
import time
from pathlib import Path

import msgspec

from console.app import ConsoleApp
from console.driver import PatientDriver
from tests.pilot import sample


class Watched(ConsoleApp):
    """The console, timing its own loop."""

    gap_s = 0.0
    last = 0.0

    def on_mount(self) -> None:
        """Begin to watch."""
        super().on_mount()
        self.last = time.monotonic()
        self.set_interval(0.05, self.turn)

    def turn(self) -> None:
        """One turn of the loop."""
        now = time.monotonic()
        self.gap_s, self.last = max(self.gap_s, now - self.last), now


def speak(site: sample.StillSite, tick_s: float, stop: threading.Event) -> None:
    """New figures in every row, until stopped."""
    at = 0
    while not stop.wait(tick_s):
        at += 1
        site.at = sample.NOW + at
        rows = tuple(
            msgspec.structs.replace(
                row,
                reading=msgspec.structs.replace(
                    row.reading, power_w=float(100 + (at * 37 + i) % 300), temp_c=30.0 + at % 40
                ),
            )
            for i, row in enumerate(site.shown.rows)
        )
        if site.heard is not None:
            site.tell(msgspec.structs.replace(site.shown, seq=at, at=site.at, rows=rows, host=f"rig-{at:05}"))


def main(record: str, tick_s: str) -> int:
    """Run until q."""
    site = sample.StillSite(sample.fleet(64))
    stop = threading.Event()
    speaker = threading.Thread(target=speak, args=(site, float(tick_s), stop))
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
    Path(record).write_text(f"{app.gap_s:.3f} {dropped} {flips}\n")
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
