"""The market as it looks: at the three named sizes, in colour and without.

A picture that differs is looked at before it is taken over: ``pytest tests/snapshots --snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from console.model import Market
from tests.pilot import market, sample
from tests.pilot.wired import Wired, console

SIZES = [(200, 50), (120, 40), (80, 24)]
Compare = Callable[..., bool]


def keys(*names: str) -> Callable[[Pilot[None]], object]:
    """Press keys and wait until the screen has settled."""

    async def press(pilot: Pilot[None]) -> None:
        await pilot.press("2", *names)
        await pilot.pause(0.5)

    return press


def app(colours: str = "truecolor", **more: object) -> Wired:
    """The console on the composed market."""
    return console(sample.StillSite(market.snapshot(**more)), colours=colours)


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_market(snap_compare: Compare, size: tuple[int, int], colours: str) -> None:
    """Everything at once: two sources, one that disagrees, one held back, a stale one, feeds, pools, the plot."""
    assert snap_compare(app(colours), terminal_size=size, run_before=keys("j"))


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_all_about_a_quote(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Behind w."""
    assert snap_compare(app(), terminal_size=size, run_before=keys("j", "w"))


def test_a_model_whose_crossings_lie_far(snap_compare: Compare) -> None:
    """The plot is about prices that come; what lies beyond is told in words."""
    assert snap_compare(app(), terminal_size=(160, 45), run_before=keys("tab"))


def test_a_market_without_feeds(snap_compare: Compare) -> None:
    """What the config holds, and what would bring more."""
    quotes = tuple(q for q in market.quotes() if q.source == "config")
    bare = app(quotes=quotes, market=Market(), rows=())
    assert snap_compare(bare, terminal_size=(120, 40), run_before=keys())
