"""The list of alarms as it looks: at the three named sizes, in colour and without.

A picture that differs is looked at before it is taken over: ``pytest tests/snapshots --snapshot-update``.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from console.attention import looked
from console.model import Alarm
from tests.pilot import sample
from tests.pilot.sample import NOW
from tests.pilot.wired import Wired, console

SIZES = [(200, 50), (120, 40), (80, 24)]
Compare = Callable[..., bool]
LOST = Alarm(
    key="lost:4",
    name="lost",
    severity="harm",
    sentence="GPU 4 lost: xid 79, GPU has fallen off the bus",
    do="see the kernel log for its XID, then reboot or reseat the card",
    slots=(4,),
    since=NOW - 100,
    seen=NOW,
)
HOT = msgspec.structs.replace(
    LOST, key="hot:1", severity="warn", sentence="GPU 1 is so hot that it slows itself down: 92 °C", since=NOW - 9000
)
KNOWN = msgspec.structs.replace(
    LOST,
    key="stuck:2",
    sentence="GPU 2 stuck: held by miner (pid 4711)",
    since=NOW - 700,
    acked_by="op-2",
    acked_at=NOW,
)
SHELVED = msgspec.structs.replace(
    HOT,
    key="power",
    sentence="3.30 kW at the wall, over the site's limit of 3.20 kW",
    shelved_by="op-1",
    shelved_at=NOW - 60,
    shelved_until=NOW + 840,
)
OVER = msgspec.structs.replace(LOST, key="lost:6", sentence="GPU 6 lost: xid 62", since=NOW - 7200, over_at=NOW - 3600)


def keys(*names: str) -> Callable[[Pilot[None]], object]:
    """Press keys and wait until the screen has settled."""

    async def press(pilot: Pilot[None]) -> None:
        await pilot.press(*names)
        await pilot.pause(0.5)

    return press


def app(colours: str = "truecolor", looked_in: Path | None = None) -> Wired:
    """The console of a host with one alarm of each kind."""
    site = sample.StillSite(sample.snapshot(alarms=(LOST, KNOWN, OVER, HOT, SHELVED)))
    return console(site, colours=colours, looked_in=looked_in)


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_list(snap_compare: Compare, size: tuple[int, int], colours: str) -> None:
    """What calls, is known, shelved and over; all about the chosen one, which is the shelved."""
    assert snap_compare(app(colours), terminal_size=size, run_before=keys("A", "j", "j", "j"))


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_what_came_meanwhile(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    """A line over the table that covers no row, and the count in the header."""
    assert looked.looked(tmp_path / looked.FILE, NOW - 3600)
    assert snap_compare(app(looked_in=tmp_path / looked.FILE), terminal_size=size, run_before=keys())
