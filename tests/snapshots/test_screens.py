"""The screen as it looks: at the three named sizes, in colour and without, and what may stand over it.

A picture that differs is looked at before it is taken over: ``pytest tests/snapshots --snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from console.model import HostState
from tests.pilot import sample
from tests.pilot.wired import console, text, until

SIZES = [(200, 50), (120, 40), (80, 24)]
Compare = Callable[..., bool]


def keys(*names: str) -> Callable[[Pilot[None]], object]:
    """Press keys and wait until the screen has settled."""

    async def press(pilot: Pilot[None]) -> None:
        await pilot.press(*names)
        await pilot.pause(0.5)

    return press


@pytest.mark.parametrize("colours", ["truecolor", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_mixed_host(snap_compare: Compare, size: tuple[int, int], colours: str) -> None:
    """Everything at once: AI, mining, a flip, a lost card, a contract, a stale price, a foreign process."""
    assert snap_compare(console(colours=colours), terminal_size=size, run_before=keys("j"))


@pytest.mark.parametrize("size", SIZES[1:], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_flip_dialog(snap_compare: Compare, size: tuple[int, int]) -> None:
    """A plan with a warning, keys that count."""
    site = sample.StillSite()
    site.warnings = ("what vllm-qwen would earn is estimated, not measured here",)
    assert snap_compare(console(site), terminal_size=size, run_before=keys("j", "a"))


def test_the_picker(snap_compare: Compare) -> None:
    """The ladder to choose from."""
    assert snap_compare(console(), terminal_size=(120, 40), run_before=keys("j", "enter", "j"))


def test_the_keys(snap_compare: Compare) -> None:
    """The page behind the question mark."""
    assert snap_compare(console(), terminal_size=(120, 40), run_before=keys("question_mark"))


def test_the_palette(snap_compare: Compare) -> None:
    """Our actions by name, found by a search that runs beside the screen."""
    app = console()

    async def open_it(pilot: Pilot[None]) -> None:
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        await pilot.pause(0.3)

    assert snap_compare(app, terminal_size=(120, 40), run_before=open_it)


def test_a_host_without_a_driver(snap_compare: Compare) -> None:
    """What is missing and what to do."""
    empty = sample.snapshot(rows=(), host_state=HostState.NO_DRIVER, quotes=(), log=())
    assert snap_compare(console(sample.StillSite(empty)), terminal_size=(80, 24))


def test_sixty_four_gpus(snap_compare: Compare) -> None:
    """Rows before charts; where the table stands is seen at its right."""
    assert snap_compare(console(sample.StillSite(sample.fleet(64))), terminal_size=(160, 40), run_before=keys("G"))


def test_a_screen_that_is_too_small(snap_compare: Compare) -> None:
    """It says so and shows the rows."""
    assert snap_compare(console(), terminal_size=(60, 20))
