"""Mode 5 on the screen: opening it, moving, filtering, reading one flip whole."""

import msgspec

from console.site.interface import Told
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until
from tests.unit.test_view_journal import FLIP, STUCK


def app(flips: tuple[object, ...] | None = (FLIP, STUCK)) -> Wired:
    """The console with these flips in its journal."""
    site = sample.StillSite()
    site.told = Told(flips=flips)  # type: ignore[arg-type]
    return console(site)


async def test_5_opens_the_journal_and_1_goes_back() -> None:
    """With the newest flip under the cursor and all about it below."""
    one = app()
    async with one.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await until(pilot, lambda: any("flip · ab12cd34ef56" in line for line in text(one)))
        assert "5" not in [part for line in text(one)[-1:] for part in line.split()]
        await pilot.press("j")
        await until(pilot, lambda: any("flip · ffff00000000" in line for line in text(one)))
        await pilot.press("1")
        await until(pilot, lambda: any("per AI-h" in line for line in text(one)))


async def test_a_filter_is_typed_and_dropped() -> None:
    """Only what has the words, and esc shows all again."""
    one = app()
    async with one.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "slash", *"stuck")
        await until(pilot, lambda: any("1 of 2 flips" in line for line in text(one)))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: any("from → to" in line for line in text(one)))


async def test_w_reads_a_flip_whole_where_the_screen_is_low() -> None:
    """At 80x24 the steps of a long flip do not fit below the table."""
    long = msgspec.structs.replace(FLIP, steps=FLIP.steps * 8)
    one = app((long,))
    async with one.run_test(size=(80, 24)) as pilot:
        await pilot.press("5", "w")
        await until(pilot, lambda: any("↑↓ scroll" in line for line in text(one)))
        assert sum("stopped ergo" in line for line in text(one)) >= 5


async def test_no_key_of_the_journal_touches_a_workload() -> None:
    """Flips are made on the GPUs' screen: here nothing is under the cursor that could be flipped."""
    site = sample.StillSite()
    one = console(site)
    async with one.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "m", "a", "o", "f", "u", "X", "x")
        await pilot.pause(0.1)
        assert site.calls == []


async def test_new_flips_come_in_while_it_stands() -> None:
    """The cursor stays on the flip that it was on."""
    site = sample.StillSite()
    site.told = Told(flips=(STUCK,))
    one = console(site)
    async with one.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await until(pilot, lambda: any("✕ stuck" in line for line in text(one)))
        site.told = Told(flips=(FLIP, STUCK))
        site.tell(msgspec.structs.replace(site.shown, seq=2))
        await until(pilot, lambda: any("day rate" in line for line in text(one)))
        assert any(line.startswith(" ▸") and "stuck" in line for line in text(one))
