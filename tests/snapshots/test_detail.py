"""One GPU as it looks: at the three named sizes, in colour and without.

A picture that differs is looked at before it is taken over: ``pytest tests/snapshots --snapshot-update``.
"""

from collections.abc import Callable

import msgspec
import pytest
from textual.pilot import Pilot

from console.site.interface import Told
from tests.pilot import details
from tests.pilot.wired import console, text, until
from tests.unit.test_view_journal import FLIP

SIZES = [(200, 50), (120, 40), (80, 24)]
Compare = Callable[..., bool]


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_one_gpu(snap_compare: Compare, size: tuple[int, int], colours: str) -> None:
    """A card whose work has changed, with a gap in its day, three processes, two changes and a flip."""
    site = details.site()
    site.told = Told(flips=(msgspec.structs.replace(FLIP, slots=(0,)),))
    app = console(site, colours=colours)

    async def opened(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: any("last 15 min" in line for line in text(app)))
        await pilot.pause(0.2)

    assert snap_compare(app, terminal_size=size, run_before=opened)


def test_a_lost_gpu(snap_compare: Compare) -> None:
    """What became of it, what was known of it, and what to do."""
    app = console(details.site())

    async def opened(pilot: Pilot[None]) -> None:
        await pilot.press("j", "j", "j", "d", "z", "z")
        await until(pilot, lambda: any("GPU 3 ·" in line for line in text(app)))
        await until(pilot, lambda: any("last 24 h" in line for line in text(app)))
        await pilot.pause(0.2)

    assert snap_compare(app, terminal_size=(120, 40), run_before=opened)
