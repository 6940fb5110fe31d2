"""A program for a real terminal: the console on a still site that ticks when it is told to.

usage: resting_program.py FOLDER GPUS: FOLDER holds a FIFO ``ticks``. A line ``busy`` in it is a second of a host that
works, ``same`` the same snapshot once more; after each has been painted a line is added to FOLDER/painted.
"""

import random
import sys
import threading
from pathlib import Path

import msgspec

from console.app import ConsoleApp, News
from tests.budget.test_wire_bytes import busy
from tests.pilot import market, sample


class Resting(ConsoleApp):
    """The console, telling when what it heard has been painted."""

    painted: Path

    @property
    def silent_s(self) -> float:
        """A still site is silent by nature; the slowness of a test must not be told on its screen."""
        return 0.0

    def on_news(self, message: News) -> None:
        """Paint, then say so."""
        super().on_news(message)
        self.screen.call_after_refresh(self.say)

    def say(self) -> None:
        """One more."""
        with self.painted.open("a") as file:
            file.write(".\n")


def speak(site: sample.StillSite, ticks: Path) -> None:
    """A tick per line, until there are no more."""
    first, chance, seconds = site.shown, random.Random(7), 0
    with ticks.open() as lines:
        for number, line in enumerate(lines, 2):
            if line == "busy\n":
                seconds += 1
                site.at = sample.NOW + seconds
                told = busy(first, seconds, chance)
            else:
                told = site.shown
            site.tell(msgspec.structs.replace(told, seq=number))


def main(folder: str, gpus: str) -> int:
    """Run until q."""
    first = market.snapshot() if gpus == "8" else sample.fleet(int(gpus))
    site = sample.StillSite(first)
    app = Resting(site)
    app.painted = Path(folder) / "painted"
    threading.Thread(target=speak, args=(site, Path(folder) / "ticks"), daemon=True).start()
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
