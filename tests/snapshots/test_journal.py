"""The journal as it looks: at the three named sizes, in colour and without.

A picture that differs is looked at before it is taken over: ``pytest tests/snapshots --snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from console.site.interface import Told
from tests.pilot import sample
from tests.pilot.wired import console, text, until
from tests.unit.test_view_journal import FLIP, OPEN, STUCK

SIZES = [(200, 50), (120, 40), (80, 24)]
Compare = Callable[..., bool]


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_journal(snap_compare: Compare, size: tuple[int, int], colours: str) -> None:
    """A flip under way, one that is done and realised, one that is stuck."""
    site = sample.StillSite()
    site.told = Told(flips=(OPEN, FLIP, STUCK))
    app = console(site, colours=colours)

    async def opened(pilot: Pilot[None]) -> None:
        await pilot.press("5", "j")
        await until(pilot, lambda: any("flip · ab12cd34ef56" in line for line in text(app)))
        await pilot.pause(0.2)

    assert snap_compare(app, terminal_size=size, run_before=opened)
