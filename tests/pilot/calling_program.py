"""A program for a real terminal: the console on a still site to which alarms come.

usage: calling_program.py on|off: whether the operator's file lets it ring. The host is named after each step, so that
whoever reads the screen knows how far it has come: one alarm begins, is there again, two more begin in one tick, all
are acknowledged, all are over.
"""

import sys
import threading
import time

import msgspec

from console.app import ConsoleApp
from console.attention import looked
from console.config.user import UserSettings
from console.model import Alarm
from tests.pilot import sample

STEPS = ("quiet", "one", "same", "three", "known", "over")
APART_S = 0.4


def alarms(step: str) -> tuple[Alarm, ...]:
    """What stands at a step."""
    first = Alarm(
        key="lost:1", name="lost", severity="harm", sentence="GPU 1 lost", since=sample.NOW + 1, seen=sample.NOW
    )
    more = [
        msgspec.structs.replace(first, key=f"more:{i}", sentence=f"more {i}", since=sample.NOW + 40) for i in (1, 2)
    ]
    if step == "quiet":
        return ()
    if step in ("one", "same"):
        return (first,)
    found = (*more, first)
    if step == "three":
        return found
    known = tuple(msgspec.structs.replace(alarm, acked_at=sample.NOW + 50, acked_by="op") for alarm in found)
    return known if step == "known" else tuple(msgspec.structs.replace(a, over_at=sample.NOW + 60) for a in known)


def speak(site: sample.StillSite) -> None:
    """One step after the other."""
    while site.heard is None:
        time.sleep(0.01)
    for place, step in enumerate(STEPS):
        time.sleep(APART_S)
        site.at = sample.NOW + 20 * place
        site.tell(msgspec.structs.replace(site.shown, seq=place, at=site.at, host=f"at-{step}", alarms=alarms(step)))


def main(bell: str) -> int:
    """Run until q."""
    looked.RING_EVERY_S = 0.0  # what comes within ten seconds would ring together
    site = sample.StillSite()
    threading.Thread(target=speak, args=(site,), daemon=True).start()
    app = ConsoleApp(site, own=UserSettings(bell=bell == "on"))
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
